//! The AWS accounts that an installation acts on, as configured. What is read from the configuration file is `app`'s; how
//! clients are made from it is `client`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use capability::Scope;
use serde::Deserialize;

use crate::endpoint;
use crate::error::{ConfigError, Problem, ScopeError};

/// The accounts, by their ids.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Accounts(pub BTreeMap<String, Account>);

/// One AWS account.
///
/// Endpoints come from here and from nowhere else: the `AWS_ENDPOINT_URL…` variables and the profile files of the AWS
/// tools do not redirect the host.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Account {
    /// The regions that runs may act in.
    pub regions: Vec<String>,
    /// The role that the host assumes; without one, it acts with its own credentials, if they are of this account.
    pub role_arn: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Where all requests for this account go instead of AWS: for tests.
    pub endpoint: Option<String>,
    /// Where the requests to one service go, by its name: to a VPC endpoint, or an emulator of its own. Before `endpoint`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
    /// Keys for an emulator behind `endpoint` or `endpoints`, instead of the default chain of the AWS SDK.
    pub test_keys: Option<TestKeys>,
    /// The accounts whose events may be about this one: its administrator in Security Hub or GuardDuty.
    #[serde(default)]
    pub delegated_by: Vec<String>,
    /// The region in which Security Hub gathers the findings of this account's other regions.
    pub aggregation_region: Option<String>,
}

/// An access key that only an emulator takes.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestKeys {
    /// The id of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
}

impl fmt::Debug for TestKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKeys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The scope of a run in `account` and `region`, if this installation acts there.
    pub fn scope(&self, account: &str, region: &str) -> Result<Scope, ScopeError> {
        let configured = self.0.get(account).ok_or_else(|| ScopeError::UnknownAccount { account: account.into() })?;
        if !configured.regions.iter().any(|known| known == region) {
            return Err(ScopeError::UnknownRegion { account: account.into(), region: region.into() });
        }
        Ok(Scope::new(account, region))
    }

    /// Finds everything that is wrong.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let problems: Vec<Problem> = self.0.iter().flat_map(|(id, account)| account.problems(id)).collect();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }
}

impl Account {
    fn problems(&self, id: &str) -> Vec<Problem> {
        let account = || id.to_owned();
        let mut problems = vec![];
        if !is_account_id(id) {
            problems.push(Problem::AccountId { account: account() });
        }
        if self.regions.is_empty() {
            problems.push(Problem::NoRegion { account: account() });
        }
        for region in self.regions.iter().filter(|region| !is_region(region)) {
            problems.push(Problem::Region { account: account(), region: region.clone() });
        }
        let partitions: BTreeSet<String> =
            self.regions.iter().map(|region| Scope::new(id, region.as_str()).partition).collect();
        if partitions.len() > 1 {
            problems.push(Problem::Partitions { account: account() });
        }
        if let Some(role_arn) = &self.role_arn
            && !partitions.iter().any(|partition| is_role(role_arn, partition, id))
        {
            problems.push(Problem::Role { account: account(), role_arn: role_arn.clone() });
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            problems.push(Problem::ExternalId { account: account() });
        }
        let own = |delegate: &&String| !is_account_id(delegate) || *delegate == id;
        for delegate in self.delegated_by.iter().filter(own) {
            problems.push(Problem::Delegate { account: account(), delegate: delegate.clone() });
        }
        if let Some(region) = self.aggregation_region.as_ref().filter(|region| !is_region(region)) {
            problems.push(Problem::Region { account: account(), region: region.clone() });
        }
        problems.extend(self.endpoint_problems(id));
        problems
    }

    fn endpoint_problems(&self, id: &str) -> Vec<Problem> {
        let account = || id.to_owned();
        let mut problems = vec![];
        if self.test_keys.is_some() && self.endpoint.is_none() && self.endpoints.is_empty() {
            problems.push(Problem::TestKeys { account: account() });
        }
        // Keys that are no secret must not be tried on AWS, by whatever service has no endpoint.
        if self.test_keys.is_some() && self.endpoint.is_none() && !self.endpoints.is_empty() {
            problems.push(Problem::TestKeysElsewhere { account: account() });
        }
        for service in self.endpoints.keys().filter(|service| endpoint::service_id(service).is_none()) {
            problems.push(Problem::Service { account: account(), service: service.clone() });
        }
        for endpoint in self.endpoint.iter().chain(self.endpoints.values()) {
            match endpoint::is_tls(endpoint) {
                None => problems.push(Problem::Endpoint { account: account(), endpoint: endpoint.clone() }),
                Some(false) if self.test_keys.is_none() => {
                    problems.push(Problem::PlainText { account: account(), endpoint: endpoint.clone() });
                }
                Some(_) => {}
            }
        }
        problems
    }
}

pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two letters, one or more words, a number.
pub(crate) fn is_region(text: &str) -> bool {
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [area, words @ .., number] => {
            area.len() == 2 && letters(area) && !words.is_empty() && words.iter().all(|w| letters(w)) && digits(number)
        }
        _ => false,
    }
}

/// `arn:<partition>:iam::<account>:role/<path><name>`, of this very account.
fn is_role(text: &str, partition: &str, account: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    text.strip_prefix(&format!("arn:{partition}:iam::{account}:role/"))
        .is_some_and(|name| !name.is_empty() && !name.ends_with('/') && name.chars().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "123456789012";

    fn account() -> Account {
        Account { regions: vec!["eu-central-1".into()], ..Account::default() }
    }

    fn keys() -> Option<TestKeys> {
        Some(TestKeys { access_key_id: "id".into(), secret_access_key: "hidden".into() })
    }

    #[track_caller]
    fn check(id: &str, account: Account, problems: Vec<Problem>) {
        let accounts = Accounts(BTreeMap::from([(id.to_owned(), account)]));
        let expected = if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) };
        assert_eq!(accounts.check(), expected);
    }

    #[test]
    fn takes_what_is_right() {
        check(ID, account(), vec![]);
        let gov = vec!["us-gov-west-1".into(), "us-gov-east-1".into()];
        let role_arn = Some("arn:aws-us-gov:iam::123456789012:role/security/quell".into());
        check(ID, Account { regions: gov, role_arn, external_id: Some("x".into()), ..account() }, vec![]);
        check(ID, Account { endpoint: Some("https://vpce.example.com/".into()), ..account() }, vec![]);
        check(ID, Account { endpoint: Some("http://[::1]:5000".into()), test_keys: keys(), ..account() }, vec![]);
    }

    #[test]
    fn reports_all_problems_at_once() {
        let broken = Account {
            regions: vec!["eu-central-1".into(), "cn-north-1".into(), "EU".into()],
            external_id: Some("x".into()),
            test_keys: keys(),
            ..account()
        };
        let account = || "12".to_owned();
        check(
            "12",
            broken,
            vec![
                Problem::AccountId { account: account() },
                Problem::Region { account: account(), region: "EU".into() },
                Problem::Partitions { account: account() },
                Problem::ExternalId { account: account() },
                Problem::TestKeys { account: account() },
            ],
        );
    }

    #[test]
    fn refuses_roles_of_other_accounts() {
        for role_arn in [
            "quell",
            "arn:aws:iam::999999999999:role/quell",
            "arn:aws-cn:iam::123456789012:role/quell",
            "arn:aws:iam::123456789012:user/quell",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/*",
        ] {
            let configured = Account { role_arn: Some(role_arn.into()), ..account() };
            check(ID, configured, vec![Problem::Role { account: ID.into(), role_arn: role_arn.into() }]);
        }
    }

    #[test]
    fn refuses_endpoints_that_are_none() {
        for endpoint in ["", "localhost:5000", "ftp://host", "https://", "https://user@host", "https://host/path"] {
            let configured = Account { endpoint: Some(endpoint.into()), test_keys: keys(), ..account() };
            check(ID, configured, vec![Problem::Endpoint { account: ID.into(), endpoint: endpoint.into() }]);
        }
        let endpoint = || "http://127.0.0.1:5000".to_owned();
        let plain = Account { endpoint: Some(endpoint()), ..account() };
        check(ID, plain, vec![Problem::PlainText { account: ID.into(), endpoint: endpoint() }]);
    }

    #[test]
    fn refuses_endpoints_of_services_that_there_are_not() {
        let with = |service: &str, endpoint: &str, test_keys: Option<TestKeys>| Account {
            endpoints: BTreeMap::from([(service.to_owned(), endpoint.to_owned())]),
            test_keys,
            ..account()
        };
        check(ID, with("cloudtrail", "https://vpce-1.cloudtrail.eu-central-1.vpce.amazonaws.com", None), vec![]);
        let service = |service: &str| Problem::Service { account: ID.into(), service: service.into() };
        check(ID, with("cloud-trail", "https://host", None), vec![service("cloud-trail")]);
        check(ID, with("EC2", "https://host", None), vec![service("EC2")]);
        let endpoint = || "http://127.0.0.1:4567".to_owned();
        let plain = Problem::PlainText { account: ID.into(), endpoint: endpoint() };
        check(ID, with("s3", &endpoint(), None), vec![plain]);
        let wrong = Problem::Endpoint { account: ID.into(), endpoint: "s3:4567".into() };
        check(ID, with("s3", "s3:4567", None), vec![wrong]);
        check(ID, with("s3", &endpoint(), keys()), vec![Problem::TestKeysElsewhere { account: ID.into() }]);
        let both = Account { endpoint: Some(endpoint()), ..with("s3", "http://127.0.0.1:4568", keys()) };
        check(ID, both, vec![]);
        let text = service("cloud-trail").to_string();
        assert!(text.contains("`cloudtrail`, `ec2`"), "{text}");
    }

    #[test]
    fn refuses_delegates_that_are_none() {
        let delegated = |by: &str| Account { delegated_by: vec![by.into()], ..account() };
        check(ID, delegated("210987654321"), vec![]);
        for delegate in [ID, "admin", "2109876543210"] {
            check(ID, delegated(delegate), vec![Problem::Delegate { account: ID.into(), delegate: delegate.into() }]);
        }
        let aggregated = Account { aggregation_region: Some("home".into()), ..account() };
        check(ID, aggregated, vec![Problem::Region { account: ID.into(), region: "home".into() }]);
    }

    #[test]
    fn knows_where_it_acts() {
        let accounts = Accounts(BTreeMap::from([(ID.to_owned(), account())]));
        assert_eq!(accounts.scope(ID, "eu-central-1"), Ok(Scope::new(ID, "eu-central-1")));
        let (account, region) = (ID.to_owned(), "us-east-1".to_owned());
        assert_eq!(accounts.scope(ID, "us-east-1"), Err(ScopeError::UnknownRegion { account, region }));
        assert_eq!(
            accounts.scope("210987654321", "eu-central-1"),
            Err(ScopeError::UnknownAccount { account: "210987654321".into() })
        );
    }

    #[test]
    fn reads_kebab_case_and_nothing_else() {
        let read = |json| serde_json::from_value::<Accounts>(json);
        let accounts = read(serde_json::json!({ ID: { "regions": ["eu-central-1"], "role-arn": "r" } })).unwrap();
        assert_eq!(accounts.0[ID].role_arn.as_deref(), Some("r"));
        assert!(read(serde_json::json!({ ID: { "regions": [], "role_arn": "r" } })).is_err());
        assert!(!format!("{:?}", keys()).contains("hidden"));
    }
}
