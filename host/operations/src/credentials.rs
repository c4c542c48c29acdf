//! What requests are signed with: fetched ahead of what they are for, and, where the host acts with its own, only once they
//! are known to be of the account that it acts on.

use std::sync::Arc;
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
    held: Mutex<Option<Held>>,
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
        HeldCredentials(Arc::new(Inner { source, owner, held: Mutex::default() }))
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
    /// Credentials that are good for this long, or for as long as the source has any. Whoever else needs some waits for the
    /// same ones.
    async fn good_for(&self, span: Duration) -> provider::Result {
        let mut held = self.held.lock().await;
        let good = |held: &Held, span: Duration| held.until > SystemTime::now() + span;
        if let Some(held) = held.as_ref().filter(|held| good(held, span)) {
            return Ok(held.credentials.clone());
        }
        let known = held.as_ref().map(|held| held.credentials.access_key_id().to_owned());
        let fetched = tokio::time::timeout(FETCH, self.fetch(known.as_deref())).await;
        match fetched.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(FETCH))) {
            Ok(fetched) => Ok(held.insert(fetched).credentials.clone()),
            Err(error) => {
                // Those that there are may outlast a moment in which there are no others.
                let good = held.as_ref().filter(|held| good(held, LEFT * 3));
                good.map(|held| held.credentials.clone()).ok_or(error)
            }
        }
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
