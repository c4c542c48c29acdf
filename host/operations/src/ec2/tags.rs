//! Tags: what a tag may be, the one by which the host finds again what it made, and how they are set.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self, Filter, ResourceType, TagSpecification};
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, ec2_fault};
use crate::check::{self, invalid, quoted};
use crate::client::Aws;
use crate::operation::{AwsOperation, Nothing, part_of, touch};

/// The tag that a resource is found again by: its value is the marker's token.
const MARKER: &str = "quell:call";
/// How many tags a resource may have
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>).
const TAGS: usize = 50;
/// How many resources a plugin may tag in one call: EC2 takes 1,000, but a filter, which they are looked up with, takes 200
/// values (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>).
const RESOURCES: usize = 200;
/// The types of resources that can be tagged, by the prefix of their ids, as their ARNs have them
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>). What is not here could not be
/// held against a grant.
const TYPES: &[(&str, &str)] = &[
    ("acl", "network-acl"),
    ("ami", "image"),
    ("eipalloc", "elastic-ip"),
    ("eni", "network-interface"),
    ("fl", "vpc-flow-log"),
    ("i", "instance"),
    ("igw", "internet-gateway"),
    ("lt", "launch-template"),
    ("nat", "natgateway"),
    ("pl", "prefix-list"),
    ("rtb", "route-table"),
    ("sg", "security-group"),
    ("sgr", "security-group-rule"),
    ("snap", "snapshot"),
    ("subnet", "subnet"),
    ("vol", "volume"),
    ("vpc", "vpc"),
];

/// One tag.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Tag {
    pub key: String,
    pub value: String,
}

/// Tags as EC2 answers them.
pub(super) fn answered(tags: Option<Vec<types::Tag>>) -> Vec<Tag> {
    let tag = |tag: types::Tag| Some(Tag { key: tag.key?, value: tag.value.unwrap_or_default() });
    tags.unwrap_or_default().into_iter().filter_map(tag).collect()
}

/// Whether a plugin may give these tags to what it creates: the marker comes on top.
pub(super) fn check_new(tags: &[Tag]) -> Result<(), Fault> {
    check(tags, TAGS - 1)
}

fn check(tags: &[Tag], most: usize) -> Result<(), Fault> {
    if tags.len() > most {
        return Err(invalid(format!("there may be at most {most} `tags`")));
    }
    for Tag { key, value } in tags {
        if !(1..=127).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(invalid("a tag has a key of 1 to 127 characters and a value of at most 256"));
        }
        // `aws:` is AWS's; a plugin that could set `quell:call` could pass what it made off as another call's.
        let lower = key.to_lowercase();
        if lower.starts_with("aws:") || lower.starts_with("quell:") {
            return Err(invalid(format!("the tag {} has a reserved prefix", quoted(key))));
        }
    }
    Ok(())
}

fn sdk(tag: &Tag) -> types::Tag {
    types::Tag::builder().key(&tag.key).value(&tag.value).build()
}

/// The tags that something is created with: the plugin's and the marker.
pub(super) fn marked(resource_type: ResourceType, tags: &[Tag], marker: &Marker) -> TagSpecification {
    let own = types::Tag::builder().key(MARKER).value(&marker.token).build();
    let all = tags.iter().map(sdk).chain([own]).collect();
    TagSpecification::builder().resource_type(resource_type).set_tags(Some(all)).build()
}

/// What finds a resource by its marker.
pub(super) fn marker_filter(marker: &Marker) -> Filter {
    Filter::builder().name(format!("tag:{MARKER}")).values(&marker.token).build()
}

/// The tags of a resource, by their keys.
type Tags = BTreeMap<String, String>;

/// Host read: the tags of the resource with this ARN. A resource that does not exist has none; one that is yet to be
/// created (`…/*`) cannot be asked for.
pub(super) async fn of(aws: &Aws, resource: &str) -> Result<Option<Tags>, Fault> {
    let Some((_, id)) = resource.rsplit_once('/').filter(|(_, id)| *id != "*") else {
        return Ok(None);
    };
    Ok(Some(described(aws, &[id.to_owned()]).await?.into_values().flatten().collect()))
}

/// Host read: the tags of the resources with these ids; one without tags is missing.
async fn described(aws: &Aws, ids: &[String]) -> Result<BTreeMap<String, Tags>, Fault> {
    let filter = Filter::builder().name("resource-id").set_values(Some(ids.to_vec())).build();
    let mut pages = aws.client(Client::new).describe_tags().filters(filter).into_paginator().items().send();
    let mut all: BTreeMap<String, Tags> = BTreeMap::new();
    while let Some(tag) = pages.next().await {
        let tag = tag.map_err(ec2_fault)?;
        if let Some(key) = tag.key {
            all.entry(tag.resource_id.unwrap_or_default()).or_default().insert(key, tag.value.unwrap_or_default());
        }
    }
    Ok(all)
}

/// The type of the resource with this id.
fn resource_type(id: &str) -> Result<&'static str, Fault> {
    let prefix = id.split('-').next().unwrap_or_default();
    let Some((prefix, resource_type)) = TYPES.iter().find(|(known, _)| *known == prefix) else {
        let known: Vec<String> = TYPES.iter().map(|(prefix, _)| format!("`{prefix}-…`")).collect();
        let message = format!("{} is not the id of a resource that can be tagged: {}", quoted(id), known.join(", "));
        return Err(invalid(message));
    };
    check::id(prefix, id)?;
    Ok(resource_type)
}

/// CreateTags: tags set on resources of any of [`TYPES`].
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CreateTags {
    resources: Vec<String>,
    tags: Vec<Tag>,
}

impl CreateTags {
    /// What each resource has under each key, as `value` tells it.
    fn set_on(&self, value: impl Fn(&str, &Tag) -> Option<String>) -> Value {
        let on = |id: &String| {
            let values = self.tags.iter().map(|tag| (tag.key.clone(), value(id, tag)));
            (id.clone(), values.collect::<BTreeMap<_, _>>())
        };
        json!(self.resources.iter().map(on).collect::<BTreeMap<_, _>>())
    }
}

#[async_trait]
impl AwsOperation for CreateTags {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/tags@0.1.0#create-tags",
        action: "ec2:CreateTags",
        also: &[],
        access: Access::Tagging,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        if !(1..=RESOURCES).contains(&self.resources.len()) {
            return Err(invalid(format!("`resources` must name 1 to {RESOURCES} resources")));
        }
        self.resources.iter().try_for_each(|id| resource_type(id).map(|_| ()))?;
        if self.tags.is_empty() {
            return Err(invalid("`tags` must name what to set"));
        }
        check(&self.tags, TAGS)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let resource = |id: &String| Some(touch(Self::SPEC.action, arn(scope, resource_type(id).ok()?, id)));
        self.resources.iter().filter_map(resource).collect()
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("tag-key", self.tags.iter().map(|tag| tag.key.clone()).collect())]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws.client(Client::new).create_tags().set_resources(Some(self.resources.clone()));
        request.set_tags(Some(self.tags.iter().map(sdk).collect())).send().await.map_err(ec2_fault)?;
        Ok(Nothing {})
    }

    /// All tags of each resource, not only those that are about to be set.
    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        let mut described = described(aws, &self.resources).await?;
        let tags = |id: &String| {
            let tags = described.remove(id).unwrap_or_default().into_iter();
            (id.clone(), tags.map(|(key, value)| Tag { key, value }).collect())
        };
        let all: BTreeMap<String, Vec<Tag>> = self.resources.iter().map(tags).collect();
        Ok(json!({ "tags": all }))
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        of(aws, resource).await
    }

    /// What each resource has under each key that is to be set.
    fn facet(&self, state: &Value, _marker: &Marker) -> Result<Value, Fault> {
        let described: BTreeMap<String, Vec<Tag>> = part_of(state, "tags")?.unwrap_or_default();
        Ok(self.set_on(|id, tag| {
            let tags = described.get(id).into_iter().flatten();
            tags.into_iter().find(|there| there.key == tag.key).map(|there| there.value.clone())
        }))
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(self.set_on(|_, tag| Some(tag.value.clone())))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
