//! Snapshots of EBS volumes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, ResourceType};
use capability::{Access, Effect, Fault, Marker, Observation, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::listing::{self, Filter};
use super::tags::{self, Tag};
use super::{arn, ec2_fault};
use crate::check::{self, invalid};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, observed, touch};

/// Whose snapshots are listed: without it, EC2 lists every public one too.
const OWNER: &str = "self";
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
            tags: tags::answered(snapshot.tags),
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
        tags::check_new(&self.tags)
    }

    /// IAM checks both the volume and the snapshot, and the tags on it
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>).
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let snapshot = arn(scope, "snapshot", "*");
        vec![
            touch(Self::SPEC.action, arn(scope, "volume", &self.volume_id)),
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
            .tag_specifications(tags::marked(ResourceType::Snapshot, &self.tags, marker));
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(Snapshot {
            snapshot_id: reply.snapshot_id.ok_or_else(|| incomplete("snapshotId"))?,
            volume_id: reply.volume_id.unwrap_or_default(),
            state: reply.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            start_time: reply.start_time.map(|time| time.to_string()).unwrap_or_default(),
            description: reply.description.unwrap_or_default(),
            tags: tags::answered(reply.tags),
        })
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    /// The snapshot of this volume that carries the marker.
    async fn observe(&self, aws: &Aws, marker: &Marker) -> Result<Observation, Fault> {
        let request = aws
            .client(Client::new)
            .describe_snapshots()
            .owner_ids(OWNER)
            .filters(tags::marker_filter(marker))
            .filters(types::Filter::builder().name("volume-id").values(&self.volume_id).build());
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
