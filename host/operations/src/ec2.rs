//! Amazon EC2. One family of resources a file, as the interfaces of `quell:ec2` are.

mod instances;
mod listing;
mod network;
mod permission;
mod prefix_lists;
mod security_groups;
mod snapshots;
mod volumes;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::Filter;
use capability::{Fault, FaultKind};

use crate::client::Aws;
use crate::fault;
use crate::operation::Entry;

/// The operations of EC2.
pub(crate) const OPERATIONS: &[Entry] = &[
    Entry::of::<security_groups::DescribeSecurityGroups>(),
    Entry::of::<security_groups::RevokeSecurityGroupIngress>(),
    Entry::of::<instances::DescribeInstances>(),
    Entry::of::<volumes::DescribeVolumes>(),
    Entry::of::<prefix_lists::GetManagedPrefixListEntries>(),
    Entry::of::<snapshots::CreateSnapshot>(),
    Entry::of::<snapshots::DescribeSnapshots>(),
];

/// The codes of EC2, by how they are formed (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "Blocked" | "PendingVerification" => FaultKind::AccessDenied,
        "SnapshotCreationPerVolumeRateExceeded" => FaultKind::Throttled,
        "OperationNotPermitted" | "DependencyViolation" | "VolumeInUse" | "ConcurrentTagAccess" => FaultKind::Conflict,
        "UnknownParameter" | "UnsupportedOperation" => FaultKind::Invalid,
        _ if code.ends_with("NotFound") => FaultKind::NotFound,
        _ if code.ends_with(".Duplicate") || code.ends_with(".InUse") || code.ends_with("LimitExceeded") => {
            FaultKind::Conflict
        }
        _ if code.starts_with("Incorrect") => FaultKind::Conflict,
        _ if ["Invalid", "Malformed", "Missing"].iter().any(|start| code.starts_with(start)) => FaultKind::Invalid,
        _ => return None,
    })
}

fn ec2_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault::fault(error, kind)
}

/// Host read: the tags of the resource with this ARN. A resource that does not exist has none; one that is yet to be
/// created (`…/*`) cannot be asked for.
async fn tags(aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let Some((_, id)) = resource.rsplit_once('/').filter(|(_, id)| *id != "*") else {
        return Ok(None);
    };
    let filter = Filter::builder().name("resource-id").values(id).build();
    let reply = aws.client(Client::new).describe_tags().filters(filter).send().await.map_err(ec2_fault)?;
    let tags = reply.tags.unwrap_or_default();
    Ok(Some(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_by_their_form() {
        for (code, expected) in [
            ("InvalidGroup.NotFound", Some(FaultKind::NotFound)),
            ("InvalidPermission.NotFound", Some(FaultKind::NotFound)),
            ("InvalidVolume.NotFound", Some(FaultKind::NotFound)),
            ("InvalidPermission.Duplicate", Some(FaultKind::Conflict)),
            ("IncorrectState", Some(FaultKind::Conflict)),
            ("SnapshotLimitExceeded", Some(FaultKind::Conflict)),
            ("InvalidParameterValue", Some(FaultKind::Invalid)),
            ("MissingParameter", Some(FaultKind::Invalid)),
            ("SomethingElse", None),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }
}
