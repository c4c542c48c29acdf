//! What requests are signed with: fetched ahead of what they are for, and, where the host acts with its own, only once they
//! are known to be of the account that it acts on.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use capability::Fault;
use tokio::sync::Mutex;

use crate::error::OtherAccount;
use crate::fault;

/// How long they may be good for at least when a write is about to be announced: longer than it takes until it is sent.
const AHEAD: Duration = Duration::from_secs(120);
/// How long they may be good for at least when a request is signed.
const LEFT: Duration = Duration::from_secs(5);
/// When those are fetched again that say no end: they may be replaced in the file or the environment that they are from.
const REREAD: Duration = Duration::from_secs(15 * 60);
/// How long it may take to fetch them, and to ask whose they are.
const FETCH: Duration = Duration::from_secs(10);

/// The credentials of one account, in one region.
#[derive(Clone, Debug)]
pub(crate) struct HeldCredentials(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: SharedCredentialsProvider,
    owner: Option<Owner>,
    held: RwLock<Option<Held>>,
    /// Held while others are fetched.
    fetching: Mutex<()>,
}

/// Whose the credentials must be, which is asked of STS.
#[derive(Debug)]
pub(crate) struct Owner {
    /// The account.
    pub account: String,
    /// What STS is asked with, but for the credentials.
    pub config: SdkConfig,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: Credentials,
    until: SystemTime,
}

impl HeldCredentials {
    /// Those that `source` has. Of an `owner`, they are refused when they are another account's.
    pub fn new(source: SharedCredentialsProvider, owner: Option<Owner>) -> HeldCredentials {
        HeldCredentials(Arc::new(Inner { source, owner, held: RwLock::default(), fetching: Mutex::default() }))
    }

    /// Has credentials at hand that are good until a write is sent that is announced now.
    pub async fn prepare(&self) -> Result<(), Fault> {
        self.0.good_for(AHEAD).await.map(drop).map_err(|error| fault::no_credentials(&error))
    }
}

impl ProvideCredentials for HeldCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.good_for(LEFT))
    }
}

impl Inner {
    /// Credentials that are good for this long, or for as long as the source has any. Whoever else needs others waits for the
    /// same ones; whoever can do with those that there are waits for nobody.
    async fn good_for(&self, span: Duration) -> provider::Result {
        if let Some(held) = self.held_for(span) {
            return Ok(held);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(held) = self.held_for(span) {
            return Ok(held);
        }
        let known = self.held().map(|held| held.credentials.access_key_id().to_owned());
        let fetched = tokio::time::timeout(FETCH, self.fetch(known.as_deref())).await;
        match fetched.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(FETCH))) {
            Ok(fetched) => {
                let credentials = fetched.credentials.clone();
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
                Ok(credentials)
            }
            // Those that there are may outlast a moment in which there are no others.
            Err(error) => self.held_for(LEFT * 3).ok_or(error),
        }
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those that there are, if they are good for this long.
    fn held_for(&self, span: Duration) -> Option<Credentials> {
        self.held().filter(|held| held.until > SystemTime::now() + span).map(|held| held.credentials)
    }

    /// New ones, unless they are those with the key `known`, which were asked about already.
    async fn fetch(&self, known: Option<&str>) -> Result<Held, CredentialsError> {
        let credentials = self.source.provide_credentials().await?;
        if let Some(owner) = self.owner.as_ref().filter(|_| known != Some(credentials.access_key_id())) {
            owner.check(&credentials).await?;
        }
        let until = credentials.expiry().unwrap_or_else(|| SystemTime::now() + REREAD);
        Ok(Held { credentials, until })
    }
}

impl Owner {
    /// Asks STS whose they are (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>: everybody may).
    async fn check(&self, credentials: &Credentials) -> Result<(), CredentialsError> {
        let provider = SharedCredentialsProvider::new(credentials.clone());
        let config = self.config.clone().into_builder().credentials_provider(provider).build();
        let asked = Client::new(&config).get_caller_identity().send().await;
        let identity = asked.map_err(CredentialsError::provider_error)?;
        match identity.account.as_deref() {
            Some(account) if account == self.account => Ok(()),
            other => Err(CredentialsError::invalid_configuration(OtherAccount {
                of: other.unwrap_or("unknown").to_owned(),
                wanted: self.account.clone(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Has credentials at once, which are good for a minute, and no others for ever.
    #[derive(Debug, Default)]
    struct Slow(AtomicUsize);

    impl ProvideCredentials for Slow {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => {
                    let end = SystemTime::now() + Duration::from_secs(60);
                    future::ProvideCredentials::ready(Ok(Credentials::new("a", "b", None, Some(end), "test")))
                }
                _ => future::ProvideCredentials::new(std::future::pending()),
            }
        }
    }

    /// Between an intent and its request there is no wait for what another call fetches.
    #[tokio::test(start_paused = true)]
    async fn what_is_good_to_sign_with_waits_for_nobody() {
        let held = HeldCredentials::new(SharedCredentialsProvider::new(Slow::default()), None);
        held.prepare().await.unwrap();
        let other = held.clone();
        let fetching = tokio::spawn(async move { other.prepare().await });
        tokio::task::yield_now().await;
        let begun = tokio::time::Instant::now();
        held.provide_credentials().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        // Those that there are will do where there are no others.
        assert_eq!(fetching.await.unwrap(), Ok(()));
    }
}
