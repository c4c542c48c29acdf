//! Access keys of users.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::{Client, types};
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{iam_fault, located, name, next, tags, users};
use crate::check::{invalid, quoted};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing};

/// What a key is switched to.
const STATUSES: [&str; 2] = ["Active", "Inactive"];

/// ListAccessKeys.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ListAccessKeys {
    user_name: String,
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AccessKeysPage {
    access_key_metadata: Vec<AccessKeyMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct AccessKeyMetadata {
    access_key_id: String,
    user_name: String,
    status: String,
    create_date: String,
}

impl From<types::AccessKeyMetadata> for AccessKeyMetadata {
    fn from(key: types::AccessKeyMetadata) -> AccessKeyMetadata {
        AccessKeyMetadata {
            access_key_id: key.access_key_id.unwrap_or_default(),
            user_name: key.user_name.unwrap_or_default(),
            status: key.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            create_date: key.create_date.map(|time| time.to_string()).unwrap_or_default(),
        }
    }
}

async fn list(aws: &Aws, user_name: &str, marker: Option<&String>) -> Result<AccessKeysPage, Fault> {
    let request = aws.client(Client::new).list_access_keys().user_name(user_name).set_marker(marker.cloned());
    let reply = request.send().await.map_err(iam_fault)?;
    Ok(AccessKeysPage {
        marker: next(reply.is_truncated, reply.marker),
        access_key_metadata: reply.access_key_metadata.into_iter().map(AccessKeyMetadata::from).collect(),
    })
}

#[async_trait]
impl AwsOperation for ListAccessKeys {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/access-keys@0.1.0#list-access-keys",
        action: "iam:ListAccessKeys",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = AccessKeysPage;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<AccessKeysPage, Fault> {
        list(aws, &self.user_name, self.marker.as_ref()).await
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }
}

/// GetAccessKeyLastUsed. IAM holds it against the user that has the key, whom only its answer names.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetAccessKeyLastUsed {
    access_key_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AccessKeyLastUsed {
    user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<String>,
    service_name: String,
    region: String,
}

impl GetAccessKeyLastUsed {
    async fn get(&self, aws: &Aws) -> Result<AccessKeyLastUsed, Fault> {
        let request = aws.client(Client::new).get_access_key_last_used().access_key_id(&self.access_key_id);
        let reply = request.send().await.map_err(iam_fault)?;
        let last_used = reply.access_key_last_used.ok_or_else(|| incomplete("AccessKeyLastUsed"))?;
        Ok(AccessKeyLastUsed {
            user_name: reply.user_name.ok_or_else(|| incomplete("UserName"))?,
            last_used_date: last_used.last_used_date.map(|time| time.to_string()),
            service_name: last_used.service_name,
            region: last_used.region,
        })
    }
}

#[async_trait]
impl AwsOperation for GetAccessKeyLastUsed {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/access-keys@0.1.0#get-access-key-last-used",
        action: "iam:GetAccessKeyLastUsed",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = AccessKeyLastUsed;

    fn check(&self) -> Result<(), Fault> {
        name::access_key(&self.access_key_id)
    }

    /// It may be anyone's, as far as the arguments tell.
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, "*")
    }

    /// The user, whom the call itself tells, and then that user's path.
    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        let user = match self.get(aws).await {
            Ok(last_used) => users::entity(aws, &last_used.user_name).await,
            Err(fault) => Err(fault),
        };
        located(self.touches(scope), user)
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<AccessKeyLastUsed, Fault> {
        self.get(aws).await
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        match resource.rsplit('/').next() {
            Some(user_name) if user_name != "*" => tags(users::entity(aws, user_name).await),
            _ => Ok(None),
        }
    }
}

/// UpdateAccessKey: a key switched on or off.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct UpdateAccessKey {
    user_name: String,
    access_key_id: String,
    status: String,
}

impl UpdateAccessKey {
    /// Host read: what the key is switched to; `None` when the user has no such key.
    async fn current(&self, aws: &Aws) -> Result<Option<String>, Fault> {
        let mut marker = None;
        loop {
            let page = list(aws, &self.user_name, marker.as_ref()).await?;
            let ours = page.access_key_metadata.into_iter().find(|key| key.access_key_id == self.access_key_id);
            match (ours, page.marker) {
                (Some(key), _) => return Ok(Some(key.status)),
                (None, None) => return Ok(None),
                (None, next) => marker = next,
            }
        }
    }
}

#[async_trait]
impl AwsOperation for UpdateAccessKey {
    const SPEC: &'static Spec = &Spec {
        function: "quell:iam/access-keys@0.1.0#update-access-key",
        action: "iam:UpdateAccessKey",
        also: &[],
        access: Access::PermissionsManagement,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        name::user(&self.user_name)?;
        name::access_key(&self.access_key_id)?;
        match STATUSES.contains(&self.status.as_str()) {
            true => Ok(()),
            false => Err(invalid(format!("`status` is `Active` or `Inactive`, and not {}", quoted(&self.status)))),
        }
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        users::named(Self::SPEC.action, scope, &self.user_name)
    }

    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        located(self.touches(scope), users::entity(aws, &self.user_name).await)
    }

    /// So that a grant can let a plugin switch keys off and not on.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("status", vec![self.status.clone()])]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .update_access_key()
            .user_name(&self.user_name)
            .access_key_id(&self.access_key_id)
            .status(self.status.as_str().into());
        request.send().await.map_err(iam_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        Ok(self.current(aws).await?.map(|status| json!({ "status": status })).unwrap_or_default())
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(users::entity(aws, &self.user_name).await)
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(json!({ "status": self.status }))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
