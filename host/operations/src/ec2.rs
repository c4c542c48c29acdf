//! Amazon EC2. One family of resources a file, as the interfaces of `quell:ec2` are.

mod instance_attributes;
mod instances;
mod listing;
mod network;
mod network_interfaces;
mod permission;
mod prefix_lists;
mod security_group_rules;
mod security_groups;
mod snapshots;
mod tags;
mod volumes;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use capability::{Fault, FaultKind, Scope};

use crate::fault;
use crate::operation::Entry;

/// The operations of EC2.
pub(crate) const OPERATIONS: &[Entry] = &[
    Entry::of::<security_groups::DescribeSecurityGroups>(),
    Entry::of::<security_groups::CreateSecurityGroup>(),
    Entry::of::<security_groups::DeleteSecurityGroup>(),
    Entry::of::<security_group_rules::AuthorizeSecurityGroupIngress>(),
    Entry::of::<security_group_rules::RevokeSecurityGroupIngress>(),
    Entry::of::<security_group_rules::RevokeSecurityGroupEgress>(),
    Entry::of::<network_interfaces::DescribeNetworkInterfaces>(),
    Entry::of::<network_interfaces::ModifyNetworkInterfaceAttribute>(),
    Entry::of::<instances::DescribeInstances>(),
    Entry::of::<instance_attributes::DescribeInstanceAttribute>(),
    Entry::of::<instance_attributes::ModifyInstanceAttribute>(),
    Entry::of::<volumes::DescribeVolumes>(),
    Entry::of::<prefix_lists::GetManagedPrefixListEntries>(),
    Entry::of::<snapshots::CreateSnapshot>(),
    Entry::of::<snapshots::DescribeSnapshots>(),
    Entry::of::<tags::CreateTags>(),
];

/// The codes of EC2, by how they are formed (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "Blocked" | "PendingVerification" => FaultKind::AccessDenied,
        "SnapshotCreationPerVolumeRateExceeded" => FaultKind::Throttled,
        "OperationNotPermitted" | "DependencyViolation" | "CannotDelete" | "VolumeInUse" | "ConcurrentTagAccess" => {
            FaultKind::Conflict
        }
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

/// The fault of a read that a resource with this id is not in.
fn not_found(what: &str, id: &str) -> Fault {
    Fault::known(FaultKind::NotFound, "not-found", format!("EC2 answered no {what} `{id}`"))
}

/// The ARN of a resource, `*` for one that is yet to be created. Those of images and snapshots have no account
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>).
fn arn(scope: &Scope, resource_type: &str, id: &str) -> String {
    let Scope { partition, region, .. } = scope;
    match resource_type {
        "image" | "snapshot" => format!("arn:{partition}:ec2:{region}::{resource_type}/{id}"),
        _ => scope.arn("ec2", &format!("{resource_type}/{id}")),
    }
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
            ("DependencyViolation", Some(FaultKind::Conflict)),
            ("CannotDelete", Some(FaultKind::Conflict)),
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
