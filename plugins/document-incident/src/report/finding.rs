//! What was found: the facts of a finding that people ask for first. GuardDuty has its names in `camelCase` in events and in
//! `PascalCase` from its API, Security Hub in `PascalCase`: they are read without regard to case. What is not there is left out;
//! the evidence has the finding as it came.

use serde_json::Value;

use crate::markdown::{code, table, text};

/// The facts: what people call them, and where they may be. An index is that of a list.
const FACTS: [(&str, &[&str]); 15] = [
    ("Kind", &["type", "types.0"]),
    ("Finding", &["id"]),
    ("Account", &["accountId", "awsAccountId"]),
    ("Region", &["region", "resources.0.region"]),
    ("Resource", &["resource.resourceType", "resources.0.type"]),
    ("Instance", &["resource.instanceDetails.instanceId"]),
    ("Resource ID", &["resources.0.id"]),
    ("User", &["resource.accessKeyDetails.userName"]),
    ("Access key", &["resource.accessKeyDetails.accessKeyId"]),
    ("Bucket", &["resource.s3BucketDetails.0.name"]),
    (
        "From address",
        &[
            "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4",
            "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4",
            "service.action.portProbeAction.portProbeDetails.0.remoteIpDetails.ipAddressV4",
            "network.sourceIpV4",
        ],
    ),
    ("Call", &["service.action.awsApiCallAction.api"]),
    ("First seen", &["service.eventFirstSeen", "firstObservedAt", "createdAt"]),
    ("Last seen", &["service.eventLastSeen", "lastObservedAt", "updatedAt"]),
    ("How often", &["service.count"]),
];

/// A finding, of whatever kind.
pub struct Finding<'v> {
    value: &'v Value,
}

impl<'v> Finding<'v> {
    /// The finding: one alone in a list `findings` is meant, too.
    pub fn new(value: &'v Value) -> Self {
        let only = at(value, "findings")
            .and_then(Value::as_array)
            .filter(|list| list.len() == 1)
            .and_then(|list| list.first());
        Self { value: only.unwrap_or(value) }
    }

    /// The first text or number that there is at one of these places.
    pub fn first(&self, places: &[&str]) -> Option<String> {
        places.iter().find_map(|place| match at(self.value, place)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// How severe its source says that it is.
    pub fn severity(&self) -> Option<String> {
        self.first(&["severity.label", "severity", "severity.normalized"])
    }

    /// What is said of it; nothing where nothing of it is known.
    pub fn section(&self) -> Option<String> {
        let facts =
            FACTS.iter().filter_map(|(name, places)| Some(vec![(*name).to_owned(), code(&self.first(places)?)]));
        let facts: Vec<Vec<String>> = facts.collect();
        let description = self.first(&["description"]).map(|description| format!("{}\n", text(&description)));
        let facts = (!facts.is_empty()).then(|| table(&[String::new(), String::new()], &facts));
        match (description, facts) {
            (Some(description), Some(facts)) => Some(format!("{description}\n{facts}")),
            (description, facts) => description.or(facts),
        }
    }
}

/// What is at a place, its names without regard to case.
fn at<'v>(value: &'v Value, place: &str) -> Option<&'v Value> {
    place.split('.').try_fold(value, |value, name| match value {
        Value::Object(fields) => {
            fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        }
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}
