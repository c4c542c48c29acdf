//! What can be wrong with the configured accounts, and with an account that a run names.

use std::fmt;

use capability::{Fault, FaultKind};

use crate::endpoint::SERVICES;

/// All problems of the configured accounts.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one, in the order of the accounts.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// One problem of an account's configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The account's id is not one.
    #[error("account `{account}`: an account id has twelve digits")]
    AccountId {
        /// As configured.
        account: String,
    },
    /// The account names no region.
    #[error("account `{account}`: `regions` must name at least one region")]
    NoRegion {
        /// The account.
        account: String,
    },
    /// A region's name is not one.
    #[error("account `{account}`: `{region}` is not the name of a region, such as `eu-central-1`")]
    Region {
        /// The account.
        account: String,
        /// As configured.
        region: String,
    },
    /// The regions belong to more than one partition, but an account belongs to one.
    #[error("account `{account}`: its regions belong to different partitions")]
    Partitions {
        /// The account.
        account: String,
    },
    /// The role's ARN is not one, or is a role of another account or partition.
    #[error("account `{account}`: `{role_arn}` is not the ARN of a role of this account")]
    Role {
        /// The account.
        account: String,
        /// As configured.
        role_arn: String,
    },
    /// An external id is only ever sent along with a role.
    #[error("account `{account}`: `external-id` needs `role-arn`")]
    ExternalId {
        /// The account.
        account: String,
    },
    /// The endpoint is not the URL of a server.
    #[error("account `{account}`: `{endpoint}` is not a URL of the form `https://host[:port]`")]
    Endpoint {
        /// The account.
        account: String,
        /// As configured.
        endpoint: String,
    },
    /// Requests that are signed with real credentials go over TLS only.
    #[error("account `{account}`: the endpoint `{endpoint}` needs https, or `test-keys`")]
    PlainText {
        /// The account.
        account: String,
        /// As configured.
        endpoint: String,
    },
    /// Keys in a configuration file are for emulators, not for AWS.
    #[error("account `{account}`: `test-keys` needs `endpoint`")]
    TestKeys {
        /// The account.
        account: String,
    },
    /// With `test-keys`, nothing may go to AWS itself.
    #[error("account `{account}`: `test-keys` needs `endpoint`, for the services that `endpoints` does not name")]
    TestKeysElsewhere {
        /// The account.
        account: String,
    },
    /// No requests go to such a service.
    #[error("account `{account}`: `endpoints` has no service `{service}`; those that there are: {}", services())]
    Service {
        /// The account.
        account: String,
        /// As configured.
        service: String,
    },
    /// Who may speak for the account is another account.
    #[error("account `{account}`: `delegated-by` lists ids of other accounts, and `{delegate}` is none")]
    Delegate {
        /// The account.
        account: String,
        /// As configured.
        delegate: String,
    },
}

fn services() -> String {
    format!("`{}`", SERVICES.map(|(name, _)| name).join("`, `"))
}

/// The host's own credentials are of another account than the one that it is to act on.
#[derive(Debug, thiserror::Error)]
#[error(
    "the host's own credentials are of the account `{of}`, and would be used for the account `{wanted}`: set `role-arn` of \
     `accounts.{wanted}` in the configuration to a role of `{wanted}` that `{of}` may assume, or run the host with \
     credentials of `{wanted}`"
)]
pub(crate) struct OtherAccount {
    /// Whose they are.
    pub of: String,
    /// Whose they would have to be.
    pub wanted: String,
}

/// Why a run cannot act where it says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The installation has no such account.
    #[error("the account `{account}` is not configured")]
    UnknownAccount {
        /// As the run has it.
        account: String,
    },
    /// The installation has the account, without this region.
    #[error("the region `{region}` is not configured for the account `{account}`")]
    UnknownRegion {
        /// The account.
        account: String,
        /// As the run has it.
        region: String,
    },
    /// What an event is about is in another account than the event.
    #[error(
        "the event is of the account `{of}` and about the account `{about}`; only the accounts that `delegated-by` of \
         `{about}` lists may speak for it"
    )]
    NotDelegated {
        /// The account of the event.
        of: String,
        /// The account that it is about.
        about: String,
    },
    /// What an event is about is in another region than the event.
    #[error(
        "the event is of the region `{of}` and about the region `{about}`; only events of its `aggregation-region` may be \
         about other regions of the account `{account}`"
    )]
    NotAggregated {
        /// The account that it is about.
        account: String,
        /// The region of the event.
        of: String,
        /// The region that it is about.
        about: String,
    },
    /// What an event is about is in another partition than the event.
    #[error("the event is of the partition `{of}` and about the partition `{about}`")]
    OtherPartition {
        /// The partition of the event's region.
        of: String,
        /// The partition that it is about.
        about: String,
    },
}

impl From<ScopeError> for Fault {
    fn from(error: ScopeError) -> Fault {
        let code = match error {
            ScopeError::UnknownAccount { .. } => "unknown-account",
            ScopeError::UnknownRegion { .. } | ScopeError::NotAggregated { .. } => "unknown-region",
            ScopeError::NotDelegated { .. } => "not-delegated",
            ScopeError::OtherPartition { .. } => "other-partition",
        };
        Fault::known(FaultKind::AccessDenied, code, error.to_string())
    }
}
