//! What an event is about: the account, the region and the partition that its `detail` names, in the fields in which AWS's
//! own services and those who follow them do.
//!
//! This only reads. Whether an event of one account may be about another is left to the installation. What is not named is
//! not guessed, and what is no account id or no name of a region, as an event of somebody's own may have under such a
//! name, is not looked at.

use std::fmt;

use serde_json::Value;

/// What an event names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The partition.
    pub partition: Option<String>,
}

/// An event names several accounts, regions or partitions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is about several {what}s, and a run acts in one: `{}` of it says `{}`, and `{}` says `{}`; a trigger with \
     `split: detail.findings` makes a run of each finding",
    first.0, first.1, second.0, second.1
)]
pub struct SubjectError {
    what: What,
    /// Where the first stands, and what it is.
    first: (String, String),
    /// Where another stands.
    second: (String, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Account,
    Region,
    Partition,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Account => "account",
            What::Region => "region",
            What::Partition => "partition",
        })
    }
}

/// Where accounts stand; `*` is each item of a list. Who called, in CloudTrail's records, is not among them: people of
/// other accounts may.
const ACCOUNTS: [&[&str]; 7] = [
    &["accountId"],
    &["awsAccountId"],
    &["recipientAccountId"],
    &["configurationItem", "awsAccountId"],
    &["newEvaluationResult", "awsAccountId"],
    &["findings", "*", "AwsAccountId"],
    &["findings", "*", "cloud", "account", "uid"],
];

/// Where regions stand.
const REGIONS: [&[&str]; 5] = [
    &["region"],
    &["awsRegion"],
    &["configurationItem", "awsRegion"],
    &["findings", "*", "Region"],
    &["findings", "*", "cloud", "region"],
];

/// Where ARNs of resources stand.
const RESOURCES: [&[&str]; 3] = [
    &["findings", "*", "Resources", "*", "Id"],
    &["findings", "*", "resources", "*", "uid"],
    &["configurationItem", "ARN"],
];

/// How Security Hub names an account as a resource.
const ACCOUNT_ITSELF: &str = "AWS::::Account:";

/// What the event is about.
pub fn subject(event: &Value) -> Result<Subject, SubjectError> {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    let mut found = Found::default();
    for (paths, what) in [(ACCOUNTS.as_slice(), What::Account), (REGIONS.as_slice(), What::Region)] {
        for path in paths {
            each(detail, path, "detail", &mut |place, text| found.add(what, place, text))?;
        }
    }
    for path in RESOURCES {
        each(detail, path, "detail", &mut |place, text| found.add_resource(place, text))?;
    }
    let value = |named: Option<(String, String)>| named.map(|(_, value)| value);
    Ok(Subject { account: value(found.account), region: value(found.region), partition: value(found.partition) })
}

/// Gives each text at `path` to `take`, with its place.
fn each(
    value: &Value,
    path: &[&str],
    place: &str,
    take: &mut impl FnMut(&str, &str) -> Result<(), SubjectError>,
) -> Result<(), SubjectError> {
    match (path.split_first(), value) {
        (None, Value::String(text)) => take(place, text),
        (Some((&"*", rest)), Value::Array(items)) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| each(item, rest, &format!("{place}[{index}]"), take))
        }
        (Some((name, rest)), Value::Object(fields)) => match fields.get(*name) {
            Some(field) => each(field, rest, &format!("{place}.{name}"), take),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What was found so far, each with its place.
#[derive(Default)]
struct Found {
    account: Option<(String, String)>,
    region: Option<(String, String)>,
    partition: Option<(String, String)>,
}

impl Found {
    fn add(&mut self, what: What, place: &str, text: &str) -> Result<(), SubjectError> {
        let (slot, is_one) = match what {
            What::Account => (&mut self.account, is_account(text)),
            What::Region => (&mut self.region, is_region(text)),
            What::Partition => (&mut self.partition, !text.is_empty()),
        };
        match slot {
            _ if !is_one => Ok(()),
            Some((_, first)) if first == text => Ok(()),
            Some(first) => {
                Err(SubjectError { what, first: first.clone(), second: (place.to_owned(), text.to_owned()) })
            }
            None => {
                *slot = Some((place.to_owned(), text.to_owned()));
                Ok(())
            }
        }
    }

    /// What is no ARN is no matter: some resources have ids of other kinds.
    fn add_resource(&mut self, place: &str, id: &str) -> Result<(), SubjectError> {
        if let Some(account) = id.strip_prefix(ACCOUNT_ITSELF) {
            return self.add(What::Account, place, account);
        }
        let parts: Vec<&str> = id.splitn(6, ':').collect();
        let ["arn", partition, _, region, account, _] = parts.as_slice() else { return Ok(()) };
        self.add(What::Partition, place, partition)?;
        self.add(What::Region, place, region)?;
        self.add(What::Account, place, account)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two letters or more, words, and what begins with a digit at the end: `eu-central-1`. Config says `global`, which is none.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    let word = |word: &&str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2 && words.iter().all(word) && number.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "123456789012";
    const B: &str = "210987654321";

    #[track_caller]
    fn check(detail: Value, account: &str, region: &str, partition: &str) {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let expected = Subject { account: given(account), region: given(region), partition: given(partition) };
        assert_eq!(subject(&json!({ "detail": detail })), Ok(expected));
    }

    #[track_caller]
    fn several(detail: Value, expected: &str) {
        let error = subject(&json!({ "detail": detail })).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the event is about several {expected};")), "{error}");
    }

    #[test]
    fn services_name_what_their_events_are_about() {
        let eu = "eu-central-1";
        check(json!({ "accountId": A, "region": eu }), A, eu, "");
        check(json!({ "recipientAccountId": A, "awsRegion": eu, "userIdentity": { "accountId": B } }), A, eu, "");
        check(json!({ "awsAccountId": A, "awsRegion": eu }), A, eu, "");
        let item = json!({ "awsAccountId": A, "awsRegion": "global", "ARN": "arn:aws:iam::123456789012:user/x" });
        check(json!({ "configurationItem": item }), A, "", "aws");
        let finding = |id: &str| json!({ "findings": [{ "AwsAccountId": A, "Resources": [{ "Id": id }] }] });
        check(finding("arn:aws:ec2:eu-central-1:123456789012:instance/i-1"), A, eu, "aws");
        check(finding("arn:aws-cn:s3:::bucket"), A, "", "aws-cn");
        check(finding("AWS::::Account:123456789012"), A, "", "");
        check(finding("i-1"), A, "", "");
        let ocsf = json!({ "cloud": { "account": { "uid": A }, "region": eu }, "resources": [{ "uid": "i-1" }] });
        check(json!({ "findings": [ocsf] }), A, eu, "");
    }

    #[test]
    fn what_is_named_so_and_is_something_else_is_left_alone() {
        check(json!({}), "", "", "");
        check(json!({ "accountId": "acme", "region": "EMEA", "findings": "none" }), "", "", "");
        check(json!({ "accountId": 123456789012u64, "awsRegion": null, "findings": [1, []] }), "", "", "");
        check(json!({ "findings": [{ "Resources": [{ "Id": "arn:aws:iam::aws:policy/x" }] }] }), "", "", "aws");
    }

    #[test]
    fn an_event_about_several_is_told_with_the_places() {
        let finding = |account: &str, id: &str| json!({ "AwsAccountId": account, "Resources": [{ "Id": id }] });
        several(
            json!({ "findings": [finding(A, "x"), finding(B, "x")] }),
            "accounts, and a run acts in one: `detail.findings[0].AwsAccountId` of it says `123456789012`, and \
             `detail.findings[1].AwsAccountId` says `210987654321`",
        );
        several(
            json!({ "findings": [finding(A, "arn:aws:iam::210987654321:role/x")] }),
            "accounts, and a run acts in one: `detail.findings[0].AwsAccountId` of it says `123456789012`, and \
             `detail.findings[0].Resources[0].Id` says `210987654321`",
        );
        let id = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
        several(
            json!({ "region": "eu-central-1", "findings": [finding(A, id)] }),
            "regions, and a run acts in one: `detail.region` of it says `eu-central-1`, and \
             `detail.findings[0].Resources[0].Id` says `us-east-1`",
        );
        let resources = json!([{ "Id": "arn:aws:s3:::a" }, { "Id": "arn:aws-cn:s3:::a" }]);
        several(
            json!({ "findings": [{ "Resources": resources }] }),
            "partitions, and a run acts in one: `detail.findings[0].Resources[0].Id` of it says `aws`, and \
             `detail.findings[0].Resources[1].Id` says `aws-cn`",
        );
    }
}
