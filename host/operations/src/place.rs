//! Where a run acts that an event starts: in the account and the region that the event is about.
//!
//! The account and the region of the event itself are what its delivery vouches for. What its `detail` names may be others:
//! an administrator of Security Hub or GuardDuty sends the findings of its members, and Security Hub gathers those of all
//! regions in one. Nobody speaks for an account that did not say so, or one account could have Quell act on another.

use capability::Scope;

use crate::account::Accounts;
use crate::error::ScopeError;

/// What an event is about, as far as it names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The partition.
    pub partition: Option<String>,
}

impl Accounts {
    /// Whether events of this account and region can be about anything that this installation acts on.
    pub fn hears(&self, account: &str, region: &str) -> Result<(), ScopeError> {
        let speaks = |configured: &crate::Account| configured.delegated_by.iter().any(|delegate| delegate == account);
        let gathers = |configured: &crate::Account| configured.aggregation_region.as_deref() == Some(region);
        if self.0.values().any(speaks) || self.0.get(account).is_some_and(gathers) {
            return Ok(());
        }
        self.scope(account, region).map(drop)
    }

    /// Where a run acts for an event of this account and region that is about `about`.
    pub fn place(&self, account: &str, region: &str, about: &About) -> Result<Scope, ScopeError> {
        let subject = about.account.as_deref().unwrap_or(account);
        let there = about.region.as_deref().unwrap_or(region);
        let configured =
            self.0.get(subject).ok_or_else(|| ScopeError::UnknownAccount { account: subject.to_owned() })?;
        if subject != account && !configured.delegated_by.iter().any(|delegate| delegate == account) {
            return Err(ScopeError::NotDelegated { of: account.into(), about: subject.into() });
        }
        let partition = Scope::new(account, region).partition;
        let others = [about.partition.clone(), Some(Scope::new(subject, there).partition)];
        if let Some(other) = others.into_iter().flatten().find(|other| *other != partition) {
            return Err(ScopeError::OtherPartition { of: partition, about: other });
        }
        if there != region && configured.aggregation_region.as_deref() != Some(region) {
            let (of, about) = (region.to_owned(), there.to_owned());
            return Err(ScopeError::NotAggregated { account: subject.into(), of, about });
        }
        self.scope(subject, there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    const MEMBER: &str = "123456789012";
    const ADMIN: &str = "210987654321";
    const OTHER: &str = "333333333333";

    /// A member whose findings come from its administrator, which is not configured itself, and from `eu-west-1`; and an
    /// account that nobody speaks for.
    fn accounts() -> Accounts {
        let account = |region: &str| Account { regions: vec![region.into()], ..Account::default() };
        let member = Account {
            delegated_by: vec![ADMIN.into()],
            aggregation_region: Some("eu-west-1".into()),
            ..account("eu-central-1")
        };
        Accounts([(MEMBER.into(), member), (OTHER.into(), account("eu-central-1"))].into())
    }

    fn about(account: &str, region: &str) -> About {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        About { account: given(account), region: given(region), partition: None }
    }

    #[track_caller]
    fn check(of: (&str, &str), about: &About, expected: Result<(&str, &str), &str>) {
        let seen = accounts().place(of.0, of.1, about).map_err(|error| error.to_string());
        match expected {
            Ok((account, region)) => assert_eq!(seen, Ok(Scope::new(account, region))),
            Err(part) => assert!(seen.as_ref().is_err_and(|error| error.contains(part)), "{seen:?}"),
        }
    }

    #[test]
    fn a_run_acts_where_its_event_is_about() {
        let home = (MEMBER, "eu-central-1");
        check(home, &About::default(), Ok(home));
        check(home, &about(MEMBER, "eu-central-1"), Ok(home));
        check((MEMBER, "eu-west-1"), &about("", "eu-central-1"), Ok(home));
        check((ADMIN, "eu-central-1"), &about(MEMBER, ""), Ok(home));
        check((ADMIN, "eu-west-1"), &about(MEMBER, "eu-central-1"), Ok(home));
    }

    #[test]
    fn nobody_speaks_for_others() {
        let home = (MEMBER, "eu-central-1");
        check(home, &about(OTHER, ""), Err("only the accounts that `delegated-by` of `333333333333` lists"));
        check((OTHER, "eu-central-1"), &about(MEMBER, ""), Err("may speak for it"));
        check((ADMIN, "eu-central-1"), &about(OTHER, ""), Err("may speak for it"));
        check((ADMIN, "eu-central-1"), &About::default(), Err("the account `210987654321` is not configured"));
        check((ADMIN, "us-east-1"), &about(MEMBER, "eu-central-1"), Err("only events of its `aggregation-region`"));
        check((OTHER, "eu-west-1"), &about("", "eu-central-1"), Err("only events of its `aggregation-region`"));
        check(home, &about("", "eu-west-1"), Err("only events of its `aggregation-region`"));
        check((MEMBER, "eu-west-1"), &About::default(), Err("the region `eu-west-1` is not configured"));
        check(home, &about("444444444444", ""), Err("the account `444444444444` is not configured"));
        let china = About { partition: Some("aws-cn".into()), ..About::default() };
        check(home, &china, Err("the partition `aws` and about the partition `aws-cn`"));
        check(home, &about("", "cn-north-1"), Err("about the partition `aws-cn`"));
    }

    #[test]
    fn hears_those_who_may_speak() {
        let hears = |account: &str, region: &str| accounts().hears(account, region).is_ok();
        assert!(hears(MEMBER, "eu-central-1") && hears(MEMBER, "eu-west-1") && hears(ADMIN, "us-east-1"));
        assert!(!hears(MEMBER, "us-east-1") && !hears(OTHER, "eu-west-1") && !hears("444444444444", "eu-central-1"));
    }
}
