//! Replaces the first token, for whoever has the data folder: they can change everything in it anyway.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ledger::Ledger;
use registry::{Token, token_recovered};
use store::{DATABASE_FILE, Options, Store};

use super::people::{administrator, new_token};
use super::{Known, SystemClock};

/// Makes a token with all scopes, and has the tokens not count any more that the host itself made: the first one, and
/// those that replaced it. `show` is given its text, and what to say of it, before it counts: a crash in between leaves one
/// that is worth nothing. Refused while a server has the folder.
pub async fn recover_token(
    data: &Path,
    name: &str,
    show: impl FnOnce(&str, &str) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    // Opening would make a new ledger, of which this token would be the first.
    if !data.join(DATABASE_FILE).is_file() {
        bail!("there is no ledger in `{}`: it is not the data folder of a server", data.display());
    }
    let store = Arc::new(Store::open(data, Options::default()).await?);
    let recovered = recover(store.clone(), name, show).await;
    store.close().await;
    recovered
}

async fn recover(
    ledger: Arc<dyn Ledger>,
    name: &str,
    show: impl FnOnce(&str, &str) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let known = Known::load(ledger, Arc::new(SystemClock)).await.context("the ledger cannot be read")?;
    let new = new_token(administrator(name), None, known.now())?;
    let mut change = known.change().await;
    let replaced: Vec<String> = known.read().tokens().filter(|token| is_hosts(token)).map(|it| it.id.clone()).collect();
    let others = if replaced.is_empty() { String::new() } else { format!(" in place of {}", replaced.join(", ")) };
    let scopes = &new.terms.scopes;
    show(&new.text, &format!("the token {} of {name}: {scopes}{others}; it is shown only now:", new.id))?;
    Ok(change.append(token_recovered(&new, replaced, known.now())).await?)
}

/// Whether the host itself made it.
fn is_hosts(token: &Token) -> bool {
    token.by == "host"
}
