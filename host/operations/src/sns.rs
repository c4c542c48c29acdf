//! Amazon SNS: messages to topics.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use capability::{Access, Effect, Fault, FaultKind, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};

use crate::check::{self, invalid};
use crate::client::Aws;
use crate::fault::{self, incomplete};
use crate::operation::{AwsOperation, Entry, touch};

/// The operations of SNS.
pub(crate) const OPERATIONS: &[Entry] = &[Entry::of::<Publish>()];

/// The longest message, in bytes, and the longest subject, in characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const MESSAGE: usize = 256 * 1024;
const SUBJECT: usize = 100;

/// The codes of SNS (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors>).
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "NotFound" | "NotFoundException" | "ResourceNotFound" | "KMSNotFound" => FaultKind::NotFound,
        "AuthorizationError" | "KMSAccessDenied" | "KMSOptInRequired" | "InvalidSecurity" => FaultKind::AccessDenied,
        "KMSThrottling" => FaultKind::Throttled,
        "EndpointDisabled" | "PlatformApplicationDisabled" | "KMSDisabled" | "KMSInvalidState" => FaultKind::Conflict,
        "InvalidParameter" | "ParameterValueInvalid" => FaultKind::Invalid,
        _ => return None,
    })
}

fn sns_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault::fault(error, kind)
}

/// Publish: a message to everything that is subscribed to a topic.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Publish {
    topic_arn: String,
    subject: Option<String>,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PublishOutput {
    message_id: String,
}

#[async_trait]
impl AwsOperation for Publish {
    const SPEC: &'static Spec = &Spec {
        function: "quell:sns/topics@0.1.0#publish",
        action: "sns:Publish",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = PublishOutput;

    fn check(&self) -> Result<(), Fault> {
        check::topic_arn(&self.topic_arn)?;
        let printable = |c: char| c.is_ascii() && !c.is_ascii_control();
        if let Some(subject) = &self.subject
            && (subject.is_empty() || subject.len() > SUBJECT || !subject.chars().all(printable))
        {
            return Err(invalid(format!("`subject` must be ASCII without line breaks, of 1 to {SUBJECT} characters")));
        }
        if self.message.is_empty() || self.message.len() > MESSAGE {
            return Err(invalid(format!("`message` must have 1 to {MESSAGE} bytes")));
        }
        Ok(())
    }

    fn touches(&self, _scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, &self.topic_arn)]
    }

    /// Neither does SNS recognise a message, but on FIFO topics, nor does it tell which ones it took.
    fn settlement(&self) -> Settlement {
        Settlement::Review
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<PublishOutput, Fault> {
        let request = aws.client(Client::new).publish();
        let request = request.topic_arn(&self.topic_arn).set_subject(self.subject.clone()).message(&self.message);
        let message_id = request.send().await.map_err(sns_fault)?.message_id.ok_or_else(|| incomplete("MessageId"))?;
        Ok(PublishOutput { message_id })
    }

    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let request = aws.client(Client::new).list_tags_for_resource().resource_arn(resource);
        let tags = request.send().await.map_err(sns_fault)?.tags.unwrap_or_default();
        Ok(Some(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }

    /// The id of the message is lost with the answer.
    fn presumed(&self) -> Option<PublishOutput> {
        Some(PublishOutput { message_id: String::new() })
    }
}
