//! Findings of GuardDuty and Security Hub, as events and as the APIs have them: which kind a JSON value is, whose and
//! when it is. What it names, credentials and instances, is in [`named`].
//!
//! How severe a finding is and what is to be done about it is the plugin's to say.

pub mod named;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::members::{Members, kind, member, object, text};

/// The code of a failure where a finding is about another account than the run's.
pub const OTHER_ACCOUNT: &str = "other-account";

/// Whose finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Amazon GuardDuty.
    Guardduty,
    /// AWS Security Hub, also of what it has from others.
    SecurityHub,
}

/// One finding.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'v> {
    /// Whose it is.
    pub source: Source,
    /// All that it has, in either spelling: read it with [`members`](crate::members).
    pub members: &'v Members,
}

impl<'v> Finding<'v> {
    /// The finding in an input: the `detail` of an event, or one finding as the API returns it. Of a list `findings` in it
    /// there must be exactly one.
    ///
    /// # Errors
    /// It is neither kind of finding, or not one.
    pub fn read(given: &'v Value) -> Result<Self, Failure> {
        let outer = as_object(given, "`finding`")?;
        let members = match member(outer, "findings") {
            Some(list) => only(list)?,
            None => outer,
        };
        if text(members, "productArn").is_some() {
            Ok(Self { source: Source::SecurityHub, members })
        } else if object(members, "service").is_some() || text(members, "arn").is_some_and(is_guardduty) {
            Ok(Self { source: Source::Guardduty, members })
        } else if object(members, "detail").is_some() {
            Err(invalid("`finding` is a whole event: give its `detail`"))
        } else {
            let missing = "neither `service`, as a GuardDuty finding, nor `ProductArn`, as a Security Hub finding";
            Err(invalid(format!("`finding` has {missing}")))
        }
    }

    /// Its id.
    ///
    /// # Errors
    /// It has none.
    pub fn id(&self) -> Result<&'v str, Failure> {
        text(self.members, "id").ok_or_else(|| {
            invalid(match self.source {
                Source::Guardduty => "the GuardDuty finding has no `id`",
                Source::SecurityHub => "the Security Hub finding has no `Id`",
            })
        })
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> Option<&'v str> {
        text(self.members, "title")
    }

    /// The account that it is about.
    #[must_use]
    pub fn account(&self) -> Option<&'v str> {
        text(self.members, self.source.account_member())
    }

    /// The region that it is about.
    #[must_use]
    pub fn region(&self) -> Option<&'v str> {
        let named = text(self.members, "region");
        match self.source {
            Source::Guardduty => named,
            Source::SecurityHub => named.or_else(|| text(self.members, "productArn").and_then(region_of)),
        }
    }

    /// When what it is about was last seen, as the finding has it: RFC 3339. Where it does not say so, when the finding was
    /// last updated.
    #[must_use]
    pub fn last_seen(&self) -> Option<&'v str> {
        let seen = match self.source {
            Source::Guardduty => object(self.members, "service").and_then(|service| text(service, "eventLastSeen")),
            Source::SecurityHub => object(self.members, "productFields")
                .and_then(|fields| text(fields, "aws/guardduty/service/eventLastSeen"))
                .or_else(|| text(self.members, "lastObservedAt")),
        };
        seen.or_else(|| text(self.members, "updatedAt"))
    }

    /// Refuses a finding that is about another account than `account`, the run's.
    ///
    /// # Errors
    /// [`OTHER_ACCOUNT`], or it does not say which account it is about.
    pub fn must_be_of(&self, account: &str) -> Result<(), Failure> {
        match self.account() {
            Some(found) if found == account => Ok(()),
            Some(found) => {
                let problem = format!("the finding is about account `{found}`, and this run is in `{account}`");
                Err(Failure::new(OTHER_ACCOUNT, format!("{problem}: run it there")))
            }
            None => Err(invalid(match self.source {
                Source::Guardduty => "the GuardDuty finding has no `accountId`",
                Source::SecurityHub => "the Security Hub finding has no `AwsAccountId`",
            })),
        }
    }
}

impl Source {
    const fn account_member(self) -> &'static str {
        match self {
            Self::Guardduty => "accountId",
            Self::SecurityHub => "awsAccountId",
        }
    }
}

/// The only finding of a list.
fn only(list: &Value) -> Result<&Members, Failure> {
    let Some(list) = list.as_array() else {
        return Err(invalid(format!("`findings` is {}, not a list", kind(list))));
    };
    match list.as_slice() {
        [finding] => as_object(finding, "what `findings` has"),
        [] => Err(invalid("`findings` is empty")),
        _ => Err(invalid(format!("`findings` has {}, one is taken at a time: `split` the event", list.len()))),
    }
}

fn as_object<'v>(value: &'v Value, what: &str) -> Result<&'v Members, Failure> {
    value.as_object().ok_or_else(|| invalid(format!("{what} is {}, not a finding", kind(value))))
}

fn is_guardduty(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("guardduty")
}

fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}

#[cfg(test)]
mod tests;
