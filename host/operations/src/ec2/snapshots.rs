//! Snapshots of EBS volumes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, ResourceType, TagSpecification};
use capability::{Access, Effect, Fault, Marker, Observation, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::listing::{self, Filter, Tag};
use super::{ec2_fault, tags};
use crate::check::{self, invalid, quoted};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, observed, touch};

/// The tag that a snapshot is found again by: its value is the marker's token.
const MARKER: &str = "quell:call";
/// Whose snapshots are listed: without it, EC2 lists every public one too.
const OWNER: &str = "self";
/// How many tags a plugin may give; EC2 takes 50
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>), and one is the marker.
const TAGS: usize = 49;
/// The longest description, in characters.
const DESCRIPTION: usize = 255;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Snapshot {
    snapshot_id: String,
    volume_id: String,
    state: String,
    start_time: String,
    description: String,
    tags: Vec<Tag>,
}

impl From<types::Snapshot> for Snapshot {
    fn from(snapshot: types::Snapshot) -> Snapshot {
        Snapshot {
            snapshot_id: snapshot.snapshot_id.unwrap_or_default(),
            volume_id: snapshot.volume_id.unwrap_or_default(),
            state: snapshot.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            start_time: snapshot.start_time.map(|time| time.to_string()).unwrap_or_default(),
            description: snapshot.description.unwrap_or_default(),
            tags: listing::tags(snapshot.tags),
        }
    }
}

/// CreateSnapshot: a snapshot of a volume, tagged as it is created.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CreateSnapshot {
    volume_id: String,
    description: String,
    tags: Vec<Tag>,
}

impl CreateSnapshot {
    fn marked(&self, marker: &Marker) -> TagSpecification {
        let tag = |key: &str, value: &str| types::Tag::builder().key(key).value(value).build();
        let own = self.tags.iter().map(|own| tag(&own.key, &own.value));
        let all = own.chain([tag(MARKER, &marker.token)]).collect();
        TagSpecification::builder().resource_type(ResourceType::Snapshot).set_tags(Some(all)).build()
    }
}

#[async_trait]
impl AwsOperation for CreateSnapshot {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/snapshots@0.1.0#create-snapshot",
        action: "ec2:CreateSnapshot",
        also: &[("ec2:CreateTags", Access::Tagging)],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Snapshot;

    fn check(&self) -> Result<(), Fault> {
        check::id("vol", &self.volume_id)?;
        if self.description.chars().count() > DESCRIPTION {
            return Err(invalid(format!("`description` must have at most {DESCRIPTION} characters")));
        }
        if self.tags.len() > TAGS {
            return Err(invalid(format!("there may be at most {TAGS} `tags`")));
        }
        for Tag { key, value } in &self.tags {
            if !(1..=127).contains(&key.chars().count()) || value.chars().count() > 256 {
                return Err(invalid("a tag has a key of 1 to 127 characters and a value of at most 256"));
            }
            // `aws:` is AWS's; a plugin that could set `quell:call` could pass its snapshot off as another call's.
            let lower = key.to_lowercase();
            if lower.starts_with("aws:") || lower.starts_with("quell:") {
                return Err(invalid(format!("the tag {} has a reserved prefix", quoted(key))));
            }
        }
        Ok(())
    }

    /// IAM checks both the volume and the snapshot, and the tags on it
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>). A snapshot's ARN has no
    /// account.
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let Scope { partition, region, .. } = scope;
        let snapshot = format!("arn:{partition}:ec2:{region}::snapshot/*");
        vec![
            touch(Self::SPEC.action, scope.arn("ec2", &format!("volume/{}", self.volume_id))),
            touch(Self::SPEC.action, snapshot.as_str()),
            touch("ec2:CreateTags", snapshot),
        ]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Observe
    }

    async fn send(&self, aws: &Aws, marker: &Marker) -> Result<Snapshot, Fault> {
        let request = aws
            .client(Client::new)
            .create_snapshot()
            .volume_id(&self.volume_id)
            .description(&self.description)
            .tag_specifications(self.marked(marker));
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(Snapshot {
            snapshot_id: reply.snapshot_id.ok_or_else(|| incomplete("snapshotId"))?,
            volume_id: reply.volume_id.unwrap_or_default(),
            state: reply.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            start_time: reply.start_time.map(|time| time.to_string()).unwrap_or_default(),
            description: reply.description.unwrap_or_default(),
            tags: listing::tags(reply.tags),
        })
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, resource).await
    }

    /// The snapshot of this volume that carries the marker.
    async fn observe(&self, aws: &Aws, marker: &Marker) -> Result<Observation, Fault> {
        let filter = |name: String, value: &str| types::Filter::builder().name(name).values(value).build();
        let request = aws
            .client(Client::new)
            .describe_snapshots()
            .owner_ids(OWNER)
            .filters(filter(format!("tag:{MARKER}"), &marker.token))
            .filters(filter("volume-id".into(), &self.volume_id));
        let mut found = request.send().await.map_err(ec2_fault)?.snapshots.unwrap_or_default();
        observed(found.pop().map(Snapshot::from))
    }

    /// Id and time are lost with the answer. The time is one that can be read, so that no plugin fails on it.
    fn presumed(&self) -> Option<Snapshot> {
        Some(Snapshot {
            snapshot_id: String::new(),
            volume_id: self.volume_id.clone(),
            state: types::SnapshotState::Pending.as_str().into(),
            start_time: "1970-01-01T00:00:00Z".into(),
            description: self.description.clone(),
            tags: self.tags.clone(),
        })
    }
}

/// DescribeSnapshots: one page of this account's snapshots.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeSnapshots {
    snapshot_ids: Vec<String>,
    filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SnapshotsPage {
    snapshots: Vec<Snapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[async_trait]
impl AwsOperation for DescribeSnapshots {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/snapshots@0.1.0#describe-snapshots",
        action: "ec2:DescribeSnapshots",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = SnapshotsPage;

    fn check(&self) -> Result<(), Fault> {
        check::ids("snap", &self.snapshot_ids)?;
        listing::check_filters(&self.filters)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<SnapshotsPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_snapshots()
            .owner_ids(OWNER)
            .set_snapshot_ids(listing::named(&self.snapshot_ids))
            .set_filters(listing::filters(&self.filters))
            .set_max_results(listing::page(&self.snapshot_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(SnapshotsPage {
            snapshots: reply.snapshots.unwrap_or_default().into_iter().map(Snapshot::from).collect(),
            next_token: reply.next_token,
        })
    }
}
