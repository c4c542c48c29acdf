//! EBS volumes.

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, Marker, Spec};
use serde::{Deserialize, Serialize};

use super::ec2_fault;
use super::listing::{self, Filter};
use super::tags::{self, Tag};
use crate::check;
use crate::client::Aws;
use crate::operation::AwsOperation;

/// DescribeVolumes: one page of volumes.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeVolumes {
    volume_ids: Vec<String>,
    filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct VolumesPage {
    volumes: Vec<Volume>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Volume {
    volume_id: String,
    state: String,
    size: u32,
    encrypted: bool,
    attachments: Vec<VolumeAttachment>,
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct VolumeAttachment {
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    state: String,
}

impl From<types::Volume> for Volume {
    fn from(volume: types::Volume) -> Volume {
        let attachment = |attachment: types::VolumeAttachment| VolumeAttachment {
            instance_id: attachment.instance_id,
            device: attachment.device,
            state: attachment.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        };
        Volume {
            volume_id: volume.volume_id.unwrap_or_default(),
            state: volume.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            size: volume.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
            encrypted: volume.encrypted.unwrap_or_default(),
            attachments: volume.attachments.unwrap_or_default().into_iter().map(attachment).collect(),
            tags: tags::answered(volume.tags),
        }
    }
}

#[async_trait]
impl AwsOperation for DescribeVolumes {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/volumes@0.1.0#describe-volumes",
        action: "ec2:DescribeVolumes",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = VolumesPage;

    fn check(&self) -> Result<(), Fault> {
        check::ids("vol", &self.volume_ids)?;
        listing::check_filters(&self.filters)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<VolumesPage, Fault> {
        let request = aws
            .client(Client::new)
            .describe_volumes()
            .set_volume_ids(listing::named(&self.volume_ids))
            .set_filters(listing::filters(&self.filters))
            .set_max_results(listing::page(&self.volume_ids))
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        Ok(VolumesPage {
            volumes: reply.volumes.unwrap_or_default().into_iter().map(Volume::from).collect(),
            next_token: reply.next_token,
        })
    }
}
