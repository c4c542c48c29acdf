//! Managed prefix lists.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types;
use capability::{Access, Effect, Fault, Marker, Scope, Spec, Touch};
use serde::{Deserialize, Serialize};

use super::{arn, ec2_fault, listing, tags};
use crate::check;
use crate::client::Aws;
use crate::operation::{AwsOperation, touch};

/// GetManagedPrefixListEntries: one page of the blocks of a prefix list.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetManagedPrefixListEntries {
    prefix_list_id: String,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PrefixListEntriesPage {
    entries: Vec<PrefixListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PrefixListEntry {
    cidr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[async_trait]
impl AwsOperation for GetManagedPrefixListEntries {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/prefix-lists@0.1.0#get-managed-prefix-list-entries",
        action: "ec2:GetManagedPrefixListEntries",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = PrefixListEntriesPage;

    fn check(&self) -> Result<(), Fault> {
        check::id("pl", &self.prefix_list_id)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "prefix-list", &self.prefix_list_id))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<PrefixListEntriesPage, Fault> {
        let request = aws
            .client(Client::new)
            .get_managed_prefix_list_entries()
            .prefix_list_id(&self.prefix_list_id)
            .max_results(listing::full_page())
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(ec2_fault)?;
        let entry =
            |entry: types::PrefixListEntry| Some(PrefixListEntry { cidr: entry.cidr?, description: entry.description });
        Ok(PrefixListEntriesPage {
            entries: reply.entries.unwrap_or_default().into_iter().filter_map(entry).collect(),
            next_token: reply.next_token,
        })
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }
}
