//! What events are looked up by: what an input names, and what a finding does.

use quell_sdk::Failure;
use quell_sdk::JsonSchema;
use quell_sdk::finding::Finding;
use quell_sdk::finding::named::Credential;
use serde::Serialize;

use crate::Input;

/// How many lookups a query makes at most. Each needs calls of its own, and CloudTrail allows two a second.
pub const MAX_SUBJECTS: usize = 6;

/// The longest value that CloudTrail takes, in characters.
const MAX_VALUE: usize = 2000;

/// What events have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub attribute: Attribute,
    pub value: String,
}

/// CloudTrail's names of what events can be looked up by. In the order of how much each tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
pub enum Attribute {
    /// The access key that signed the call.
    AccessKeyId,
    /// The name of the user, or of the session of a role, that made it.
    Username,
    /// What it was about.
    ResourceName,
}

impl Attribute {
    /// The name, as the API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessKeyId => "AccessKeyId",
            Self::Username => "Username",
            Self::ResourceName => "ResourceName",
        }
    }
}

/// What is looked up, the most telling first: what the input names itself before what the finding does. None of it twice.
pub fn of(input: &Input, finding: Option<&Finding<'_>>) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for (member, attribute, value) in [
        ("access_key_id", Attribute::AccessKeyId, &input.access_key_id),
        ("user_name", Attribute::Username, &input.user_name),
        ("resource_name", Attribute::ResourceName, &input.resource_name),
    ] {
        if let Some(value) = value {
            let length = value.chars().count();
            if value.trim().is_empty() || length > MAX_VALUE {
                let problem =
                    format!("`{member}` has {length} characters: it has to name something, in up to {MAX_VALUE}");
                return Err(invalid(problem));
            }
            subjects.push(Subject { attribute, value: value.clone() });
        }
    }
    match finding {
        Some(finding) => subjects.extend(of_finding(finding)),
        None if subjects.is_empty() => {
            return Err(invalid("give a `finding`, an `access_key_id`, a `user_name` or a `resource_name`"));
        }
        None => {}
    }
    Ok(subjects.into_iter().fold(Vec::new(), |mut seen, subject| {
        if !seen.contains(&subject) {
            seen.push(subject);
        }
        seen
    }))
}

fn of_finding(finding: &Finding<'_>) -> Vec<Subject> {
    let mut found: Vec<Subject> = finding.credentials().into_iter().flat_map(of_credential).collect();
    for instance in finding.instances() {
        // What was done to it; and what its role did, whose sessions are named after it.
        found.push(Subject { attribute: Attribute::ResourceName, value: instance.instance_id.clone() });
        found.push(Subject { attribute: Attribute::Username, value: instance.instance_id });
    }
    let buckets = finding.buckets().into_iter();
    found.extend(buckets.map(|value| Subject { attribute: Attribute::ResourceName, value }));
    found.sort_by_key(|subject| subject.attribute);
    found
}

/// The key, and the name that CloudTrail has for whoever it belongs to: of a role, that of the session. What is done to a
/// role whose session is unknown tells at least who took it on.
fn of_credential(credential: Credential) -> Vec<Subject> {
    let is = |of: &str| credential.user_type.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(of));
    let session = credential.principal_id.as_deref().and_then(|id| id.split_once(':')).map(|(_, name)| name);
    let user_name = credential.user_name.as_deref();
    let (attribute, name) = match session.filter(|session| !session.is_empty()) {
        _ if is("Root") => (Attribute::Username, Some("root")),
        Some(session) => (Attribute::Username, Some(session)),
        None if is("AssumedRole") || is("Role") => (Attribute::ResourceName, user_name),
        None => (Attribute::Username, user_name),
    };
    let key = credential.access_key_id.map(|value| Subject { attribute: Attribute::AccessKeyId, value });
    let name = name.map(|name| Subject { attribute, value: name.to_owned() });
    key.into_iter().chain(name).collect()
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}
