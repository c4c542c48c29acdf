//! Attributes of instances, one at a time.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::InstanceAttributeName;
use capability::{Access, Effect, Fault, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, ec2_fault, tags};
use crate::check::{self, invalid, quoted};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, Nothing, touch};

/// Which attribute.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    DisableApiTermination,
    InstanceInitiatedShutdownBehavior,
}

impl Name {
    fn to_sdk(self) -> InstanceAttributeName {
        match self {
            Name::DisableApiTermination => InstanceAttributeName::DisableApiTermination,
            Name::InstanceInitiatedShutdownBehavior => InstanceAttributeName::InstanceInitiatedShutdownBehavior,
        }
    }
}

/// An attribute with its value.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum InstanceAttribute {
    DisableApiTermination(bool),
    InstanceInitiatedShutdownBehavior(String),
}

impl InstanceAttribute {
    fn name(&self) -> Name {
        match self {
            InstanceAttribute::DisableApiTermination(_) => Name::DisableApiTermination,
            InstanceAttribute::InstanceInitiatedShutdownBehavior(_) => Name::InstanceInitiatedShutdownBehavior,
        }
    }

    /// The value as the API has it.
    fn value(&self) -> String {
        match self {
            InstanceAttribute::DisableApiTermination(value) => value.to_string(),
            InstanceAttribute::InstanceInitiatedShutdownBehavior(value) => value.clone(),
        }
    }
}

/// Reads one attribute.
async fn read(aws: &Aws, instance_id: &str, name: Name) -> Result<InstanceAttribute, Fault> {
    let request =
        aws.client(Client::new).describe_instance_attribute().instance_id(instance_id).attribute(name.to_sdk());
    let reply = request.send().await.map_err(ec2_fault)?;
    let attribute = match name {
        Name::DisableApiTermination => {
            let value = reply.disable_api_termination.and_then(|attribute| attribute.value);
            value.map(InstanceAttribute::DisableApiTermination)
        }
        Name::InstanceInitiatedShutdownBehavior => {
            let value = reply.instance_initiated_shutdown_behavior.and_then(|attribute| attribute.value);
            value.map(InstanceAttribute::InstanceInitiatedShutdownBehavior)
        }
    };
    attribute.ok_or_else(|| incomplete(name.to_sdk().as_str()))
}

/// DescribeInstanceAttribute: one attribute of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DescribeInstanceAttribute {
    instance_id: String,
    attribute: Name,
}

#[async_trait]
impl AwsOperation for DescribeInstanceAttribute {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/instances@0.1.0#describe-instance-attribute",
        action: "ec2:DescribeInstanceAttribute",
        also: &[],
        access: Access::List,
        effect: Effect::Read,
    };
    type Output = InstanceAttribute;

    fn check(&self) -> Result<(), Fault> {
        check::id("i", &self.instance_id)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "instance", &self.instance_id))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<InstanceAttribute, Fault> {
        read(aws, &self.instance_id, self.attribute).await
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }
}

/// ModifyInstanceAttribute: one attribute of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ModifyInstanceAttribute {
    instance_id: String,
    attribute: InstanceAttribute,
}

#[async_trait]
impl AwsOperation for ModifyInstanceAttribute {
    const SPEC: &'static Spec = &Spec {
        function: "quell:ec2/instances@0.1.0#modify-instance-attribute",
        action: "ec2:ModifyInstanceAttribute",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = Nothing;

    fn check(&self) -> Result<(), Fault> {
        check::id("i", &self.instance_id)?;
        match &self.attribute {
            InstanceAttribute::InstanceInitiatedShutdownBehavior(value)
                if !["stop", "terminate"].contains(&value.as_str()) =>
            {
                Err(invalid(format!("{} is not what a shutdown can lead to: `stop` or `terminate`", quoted(value))))
            }
            _ => Ok(()),
        }
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, arn(scope, "instance", &self.instance_id))]
    }

    /// Both as they are sent, so `attribute` is spelt as in the API: `disableApiTermination`.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        let attribute = self.attribute.name().to_sdk().as_str().to_owned();
        vec![("attribute", vec![attribute]), ("value", vec![self.attribute.value()])]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Nothing, Fault> {
        let request = aws
            .client(Client::new)
            .modify_instance_attribute()
            .instance_id(&self.instance_id)
            .attribute(self.attribute.name().to_sdk())
            .value(self.attribute.value());
        request.send().await.map_err(ec2_fault)?;
        Ok(Nothing {})
    }

    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        Ok(json!({ "attribute": read(aws, &self.instance_id, self.attribute.name()).await? }))
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags::of(aws, resource).await
    }

    fn target(&self, _marker: &Marker) -> Result<Value, Fault> {
        Ok(json!({ "attribute": self.attribute }))
    }

    fn presumed(&self) -> Option<Nothing> {
        Some(Nothing {})
    }
}
