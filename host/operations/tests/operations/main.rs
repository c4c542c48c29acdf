//! The operations against a server that answers what it is told to and records what it is asked.
//!
//! `rows` has a row for each operation, `check` is what holds for all of them, `contract` holds them against the WIT. What
//! is special to one operation stands in a file of its own.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod access;
mod check;
mod cloudtrail;
mod contract;
mod credentials;
mod gated;
mod iam;
mod http;
mod rows;
mod s3;
mod server;
mod settlement;
mod wit;

use std::collections::BTreeMap;
use std::sync::Arc;

use capability::{Catalog as _, Fault, FaultKind, Marker, Operation, Scope};
use operations::{Account, Accounts, Operations, TestKeys};
use serde_json::Value;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";

fn scope() -> Scope {
    Scope::new(ACCOUNT, REGION)
}

fn marker() -> Marker {
    Marker { call: "r-1/fix/1/1".into(), token: "0123456789abcdef0123456789abcdef".into(), addresses: vec![] }
}

/// An account whose requests all go to `endpoint`.
fn account(endpoint: &str) -> Account {
    Account {
        regions: vec![REGION.into()],
        endpoint: Some(endpoint.into()),
        test_keys: Some(TestKeys { access_key_id: "AKIATEST".into(), secret_access_key: "test".into() }),
        ..Account::default()
    }
}

fn operations(account: Account) -> Operations {
    Operations::new(Accounts(BTreeMap::from([(ACCOUNT.to_owned(), account)]))).unwrap()
}

/// The operation of a call, its requests going to `endpoint`.
async fn operation(endpoint: &str, function: &str, arguments: &Value) -> Result<Arc<dyn Operation>, Fault> {
    operations(account(endpoint)).operation(function, arguments, &scope()).await
}

/// Whether the state that the service answers is as it is when the call was carried out, or how it cannot be told.
async fn is_done(operation: &Arc<dyn Operation>) -> Result<bool, FaultKind> {
    let state = operation.state().await.map_err(|fault| fault.kind)?;
    Ok(operation.facet(&state, &marker()).unwrap() == operation.target(&marker()).unwrap())
}
