//! The operations that there are, one service a file: the only place that knows the AWS SDK, and that sends anything.
//!
//! `SERVICES` is the table of contents. Whether a call may be made, and what becomes of its outcome, is the gate's
//! (`capability`); this crate says what a call is and carries it out.

mod account;
mod check;
mod client;
mod credentials;
mod endpoint;
mod error;
mod fault;
mod operation;
mod place;
mod queue;
mod policy;
mod topic;
mod trail;

mod cloudtrail;
mod ec2;
mod iam;
mod http;
mod s3;
mod sns;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use capability::{Catalog, Fault, FaultKind, Operation, Scope, Spec};
use serde_json::Value;

pub use account::{Account, Accounts, TestKeys};
pub use error::{ConfigError, Problem, ScopeError};
pub use http::{Http, RootsError, Secret, SecretValue, Secrets};
pub use place::About;
pub use queue::{Message, Queue};

use client::Clients;
use operation::Entry;

/// Every operation of AWS, by service. Beside them stands [`http::SPEC`], which has no account.
const SERVICES: &[&[Entry]] =
    &[cloudtrail::OPERATIONS, ec2::OPERATIONS, iam::OPERATIONS, s3::OPERATIONS, sns::OPERATIONS];

/// How long one request may take, its answer included, unless it is said otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The operations, bound to the AWS accounts that this installation acts on.
pub struct Operations {
    accounts: Accounts,
    clients: Clients,
    http: Arc<Http>,
}

impl Operations {
    /// Checks `accounts` as a whole. Connects to nothing: the clients of an account and region are made at its first call.
    /// There are no secrets yet: see [`Operations::sending`].
    pub fn new(accounts: Accounts) -> Result<Operations, ConfigError> {
        accounts.check()?;
        let clients = Clients::new(&accounts, REQUEST_TIMEOUT);
        Ok(Operations { accounts, clients, http: Arc::default() })
    }

    /// Gives up on a request after `request_timeout`, its answer included. It must be the one that the gate reckons with:
    /// [`capability::Limits::request_timeout`].
    pub fn within(self, request_timeout: Duration) -> Operations {
        Operations { clients: Clients::new(&self.accounts, request_timeout), ..self }
    }

    /// Sends HTTP requests with `http`.
    pub fn sending(self, http: Http) -> Operations {
        Operations { http: Arc::new(http), ..self }
    }

    /// Whether CloudTrail's record of an API call in this account says that this installation made it.
    pub fn made(&self, account: &str, record: &serde_json::Value) -> bool {
        self.accounts.0.get(account).is_some_and(|account| trail::is_own(record, account))
    }

    /// The accounts that this installation acts on.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

#[async_trait]
impl Catalog for Operations {
    async fn operation(&self, function: &str, arguments: &Value, scope: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        if function == http::SPEC.function {
            return self.http.operation(arguments);
        }
        let entry = entries().find(|entry| entry.spec.function == function).ok_or_else(|| {
            Fault::known(FaultKind::Invalid, "unknown-function", format!("there is no function `{function}`"))
        })?;
        let aws = self.clients.of(scope).await?;
        (entry.decode)(arguments, scope, aws)
    }

    fn specs(&self) -> Vec<&'static Spec> {
        entries().map(|entry| entry.spec).chain([http::SPEC]).collect()
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    SERVICES.iter().copied().flatten()
}
