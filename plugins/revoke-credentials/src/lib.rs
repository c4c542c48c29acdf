//! Revokes the credentials of compromised principals: access keys of users are switched off, sessions of users and roles
//! that are older than the revocation are denied everything.
//!
//! Whose credentials are meant is decided in `subject`, from when on sessions count, and the policy that says so, in
//! `cutoff`: both pure. `revoke` finds the principals and does the work; `aws` is what it needs of IAM and EC2.

mod aws;
mod cutoff;
mod revoke;
mod subject;

use std::fmt;

use quell_sdk::finding::Finding;
use quell_sdk::members::Members;
use quell_sdk::{Context, Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Aws;

/// The plugin.
struct RevokeCredentials;

quell_sdk::export!(RevokeCredentials);

/// Whose credentials are revoked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// A finding of GuardDuty or Security Hub: the `detail` of its event, or the finding as the API returns it. The
    /// credentials are those that it names, or else the roles of the instances that it is about.
    #[schemars(with = "Option<Members>")]
    finding: Option<Value>,
    /// Whose they are instead.
    principal: Option<Principal>,
    /// When the credentials were last misused: RFC 3339. Sessions that were issued until then are denied in any case.
    /// Default: when the finding was last seen. It is needed where there is no finding.
    last_seen: Option<String>,
}

/// Exactly one of these.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Principal {
    /// The name of a user.
    user_name: Option<String>,
    /// The name of a role.
    role_name: Option<String>,
    /// A long-term access key (`AKIA…`), for the user that has it.
    access_key_id: Option<String>,
    /// An instance, for its role.
    instance_id: Option<String>,
}

/// What was found and done.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// What it came to.
    outcome: Outcome,
    /// The users and roles, each once.
    principals: Vec<Revoked>,
    /// Why nothing was to be revoked, for people.
    reasons: Vec<String>,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Outcome {
    /// Something was revoked.
    Revoked,
    /// An earlier run had revoked everything.
    AlreadyRevoked,
    /// There are no credentials.
    NothingToRevoke,
}

/// A user or role whose credentials are revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Revoked {
    /// What it is.
    kind: Kind,
    /// Its name.
    name: String,
    /// Sessions that were issued before this time are denied everything: RFC 3339.
    sessions_denied_before: String,
    /// Whether this run set that time; otherwise an earlier one did.
    policy_written: bool,
    /// The access keys of a user.
    access_keys: Vec<AccessKey>,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "quell_sdk::schemars")]
enum Kind {
    /// A user.
    User,
    /// A role.
    Role,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Role => "role",
        })
    }
}

/// An access key, which is inactive now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct AccessKey {
    /// The id of the key.
    access_key_id: String,
    /// Whether this run switched it off; otherwise it was off already.
    deactivated: bool,
}

impl Plugin for RevokeCredentials {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        run(&mut aws::Live, &input, &quell_sdk::context())
    }
}

fn run(aws: &mut impl Aws, input: &Input, context: &Context) -> Result<Output, Failure> {
    let finding = input.finding.as_ref().map(Finding::read).transpose()?;
    if let Some(finding) = finding {
        finding.must_be_of(&context.account)?;
    }
    let meant = subject::meant(input.principal.as_ref(), finding.as_ref(), &context.account)?;
    if meant.subjects.is_empty() {
        return revoke::nothing(meant.refused);
    }
    let last_seen = input.last_seen.as_deref().or_else(|| finding.and_then(|finding| finding.last_seen()));
    let cutoff = cutoff::Cutoff::new(last_seen, &context.time)?;
    revoke::revoke(aws, meant, &cutoff)
}

#[cfg(test)]
mod tests;
