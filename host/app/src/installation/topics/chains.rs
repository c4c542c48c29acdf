//! The chains that messages are signed with: fetched once each, side by side, and kept.
//!
//! Addresses are in messages, so strangers choose which are asked, among SNS's own. One that is slow is waited for by those
//! whose messages name it, and by nobody else; how many are fetched, and how many wait for one, is bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use capability::Scope;
use ledger::Millis;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use tokio::sync::watch;
use tracing::Instrument as _;

use super::super::{Error, Result};
use super::certificate::Chain;
use super::fetch::Fetch;

/// How many certificates are kept. A region has one, and a new one each year.
const KEPT: usize = 64;
/// How many are fetched at once.
pub const FETCHES: usize = 8;
/// How many messages wait for one. Nobody needs a token to send one, and each holds a connection: all of them, and
/// the requests with a token, are fewer than there may be connections of one address.
const WAITING: usize = 16;
/// How long fetching a certificate and its issuer's may take, whatever each part of it does.
const TIME: Duration = Duration::from_secs(8);

/// What a fetch came to, for all who waited for it.
#[derive(Clone, Debug)]
enum Outcome {
    Right(Chain),
    Wrong(String),
    Unavailable(String),
}

/// A fetch, and those who wait for it. Nothing while it is under way.
type Fetching = Arc<watch::Sender<Option<Outcome>>>;

/// Where certificates come from, and those that are known.
#[derive(Clone)]
pub struct Chains(Arc<Inner>);

struct Inner {
    fetch: Arc<dyn Fetch>,
    /// Certificates of authorities; this machine's when there are none.
    roots: OnceLock<Vec<TrustAnchor<'static>>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Chains that were right when they were fetched, by their addresses.
    kept: HashMap<String, Chain>,
    /// Those that are being fetched.
    fetching: HashMap<String, Fetching>,
}

impl Chains {
    /// Chains from `fetch` that lead to this machine's authorities.
    pub fn of_this_machine(fetch: Arc<dyn Fetch>) -> Chains {
        Chains(Arc::new(Inner { fetch, roots: OnceLock::new(), known: Mutex::default() }))
    }

    /// The same, that lead to `roots`.
    #[cfg(test)]
    pub fn leading_to(fetch: Arc<dyn Fetch>, roots: &[CertificateDer<'_>]) -> Chains {
        Chains(Arc::new(Inner { fetch, roots: anchors(roots).into(), known: Mutex::default() }))
    }

    /// The authorities that are believed.
    pub fn roots(&self) -> &[TrustAnchor<'static>] {
        self.0.roots.get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "a certificate of this machine cannot be read");
            }
            anchors(&found.certs)
        })
    }

    /// The chain at an address that was checked. What is wrong with it is the message's fault, unless it cannot be had now.
    pub async fn at(&self, url: &str, scope: &Scope, now: Millis) -> Result<Chain> {
        let mut fetching = {
            let mut known = self.known();
            if let Some(chain) = known.kept.get(url) {
                return Ok(chain.clone());
            }
            match known.fetching.get(url) {
                Some(fetching) if fetching.receiver_count() >= WAITING => {
                    return Err(Error::Busy(format!("{WAITING} messages wait for their certificate already")));
                }
                Some(fetching) => fetching.subscribe(),
                None if known.fetching.len() >= FETCHES => {
                    return Err(Error::Busy(format!("{FETCHES} certificates are being fetched already")));
                }
                None => {
                    let told = Arc::new(watch::Sender::new(None));
                    let fetching = told.subscribe();
                    known.fetching.insert(url.to_owned(), told.clone());
                    let (here, url, scope) = (self.clone(), url.to_owned(), scope.clone());
                    let fetch = async move { here.fetch(&url, &scope, now, &told).await };
                    tokio::spawn(fetch.in_current_span());
                    fetching
                }
            }
        };
        let outcome = fetching.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(Outcome::Right(chain))) => Ok(chain),
            Ok(Some(Outcome::Wrong(why))) => Err(Error::Forbidden(why)),
            Ok(Some(Outcome::Unavailable(why))) => Err(Error::Unavailable(why)),
            Ok(None) | Err(_) => Err(Error::Unavailable("fetching a certificate was not carried to its end".into())),
        }
    }

    /// Fetches a chain, keeps it if it is right, and tells those who wait.
    async fn fetch(&self, url: &str, scope: &Scope, now: Millis, told: &watch::Sender<Option<Outcome>>) {
        let _gone = Fetched { chains: self, url };
        let outcome = match tokio::time::timeout(TIME, self.fetched(url, scope, now)).await {
            Ok(Ok(chain)) => Outcome::Right(chain),
            Ok(Err(outcome)) => outcome,
            Err(_) => Outcome::Unavailable(format!("the certificate is not there after {} s", TIME.as_secs())),
        };
        if let Outcome::Right(chain) = &outcome {
            let mut known = self.known();
            if known.kept.len() >= KEPT {
                known.kept.clear();
            }
            known.kept.insert(url.to_owned(), chain.clone());
        }
        told.send_replace(Some(outcome));
    }

    async fn fetched(&self, url: &str, scope: &Scope, now: Millis) -> std::result::Result<Chain, Outcome> {
        let fetch = async |url: &str| self.0.fetch.fetch(url).await.map_err(Outcome::Unavailable);
        let mut chain = Chain::read(&fetch(url).await?).map_err(Outcome::Wrong)?;
        if let Some(issuer) = chain.issuer_url() {
            chain = chain.with_issuer(fetch(&issuer).await?);
        }
        chain.check(self.roots(), scope, now).map_err(Outcome::Wrong)?;
        Ok(chain)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that ends, however: the next message that names the address begins another.
struct Fetched<'a> {
    chains: &'a Chains,
    url: &'a str,
}

impl Drop for Fetched<'_> {
    fn drop(&mut self) {
        self.chains.known().fetching.remove(self.url);
    }
}

/// What is no certificate is no authority.
fn anchors(roots: &[CertificateDer<'_>]) -> Vec<TrustAnchor<'static>> {
    roots
        .iter()
        .filter_map(|root| webpki::anchor_from_trusted_cert(root).ok())
        .map(|anchor| anchor.to_owned())
        .collect()
}
