//! AWS IAM. One family of resources a file, as the interfaces of `quell:iam` are.
//!
//! IAM is global: its ARNs have no region, and the SDK sends each request to the one endpoint of the partition, whatever
//! the run's region. A call names a user or a role by its name alone, while the ARN also holds the path: the host reads it
//! before anything is decided.

mod access_keys;
mod instance_profiles;
mod name;
mod role_policies;
mod roles;
mod user_policies;
mod users;

use std::collections::BTreeMap;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types;
use capability::{Fault, FaultKind, Scope, Touch};

use crate::fault;
use crate::operation::{Entry, touch};

/// The operations of IAM.
pub(crate) const OPERATIONS: &[Entry] = &[
    Entry::of::<users::GetUser>(),
    Entry::of::<access_keys::ListAccessKeys>(),
    Entry::of::<access_keys::GetAccessKeyLastUsed>(),
    Entry::of::<access_keys::UpdateAccessKey>(),
    Entry::of::<user_policies::ListUserPolicies>(),
    Entry::of::<user_policies::GetUserPolicy>(),
    Entry::of::<user_policies::PutUserPolicy>(),
    Entry::of::<user_policies::DeleteUserPolicy>(),
    Entry::of::<roles::GetRole>(),
    Entry::of::<role_policies::ListRolePolicies>(),
    Entry::of::<role_policies::GetRolePolicy>(),
    Entry::of::<role_policies::PutRolePolicy>(),
    Entry::of::<role_policies::DeleteRolePolicy>(),
    Entry::of::<instance_profiles::GetInstanceProfile>(),
];

/// The code for whatever does not exist.
const ABSENT: &str = "NoSuchEntity";

/// The codes of IAM (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>, and those of each action).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        ABSENT => FaultKind::NotFound,
        "ConcurrentModification"
        | "DeleteConflict"
        | "EntityAlreadyExists"
        | "EntityTemporarilyUnmodifiable"
        | "LimitExceeded"
        | "UnmodifiableEntity" => FaultKind::Conflict,
        "InvalidInput" | "InvalidParameterValue" | "MalformedPolicyDocument" => FaultKind::Invalid,
        _ => return None,
    })
}

fn iam_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault::fault(error, kind)
}

/// The ARN of an entity without a path, which has no region.
fn arn(scope: &Scope, kind: &str, name: &str) -> String {
    format!("arn:{}:iam::{}:{kind}/{name}", scope.partition, scope.account)
}

/// What the host knows of a user, a role or an instance profile.
struct Entity {
    arn: String,
    tags: BTreeMap<String, String>,
}

impl Entity {
    fn new(arn: String, tags: Option<Vec<types::Tag>>) -> Entity {
        let tags = tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        Entity { arn, tags }
    }
}

/// What a call on one entity touches, by the entity's ARN. One that does not exist is taken for one without a path: a plugin
/// that has no grant for it is denied, and not told that there is none.
fn located(named: Vec<Touch>, entity: Result<Entity, Fault>) -> Result<Option<Vec<Touch>>, Fault> {
    match entity {
        Ok(entity) => Ok(Some(named.into_iter().map(|named| touch(&named.action, entity.arn.as_str())).collect())),
        Err(fault) if fault.code == ABSENT => Ok(Some(named)),
        Err(fault) => Err(fault),
    }
}

/// The tags of an entity; `None` of one that does not exist.
fn tags(entity: Result<Entity, Fault>) -> Result<Option<BTreeMap<String, String>>, Fault> {
    found(entity.map(|entity| entity.tags))
}

/// What a host read found; `None` where there is nothing.
fn found<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(fault) if fault.code == ABSENT => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// How to ask for the next page, if there is one.
fn next(is_truncated: bool, marker: Option<String>) -> Option<String> {
    marker.filter(|_| is_truncated)
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    use cases::case;

    /// C07: one endpoint for each partition, and a signature for the region that it stands in.
    #[tokio::test]
    async fn c07_the_run_s_region_decides_the_partition_and_nothing_else() {
        for (region, expected) in [
            ("eu-central-1", "https://iam.amazonaws.com us-east-1"),
            ("us-east-1", "https://iam.amazonaws.com us-east-1"),
            ("cn-north-1", "https://iam.cn-north-1.amazonaws.com.cn cn-north-1"),
            ("us-gov-east-1", "https://iam.us-gov.amazonaws.com us-gov-west-1"),
        ] {
            let params = Params::builder().region(region).build().unwrap();
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            let signed = endpoint.auth_schemes()[0].get("signingRegion").and_then(|region| region.as_string());
            let seen = format!("{} {}", endpoint.url(), signed.unwrap());
            case("C07", &format!("a call to IAM of a run in {region}"), expected, seen);
        }
    }
}
