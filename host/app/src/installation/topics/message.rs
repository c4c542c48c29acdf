//! A message of Amazon SNS as it comes by HTTPS: its parts, and the text that its signature is of
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html>).
//!
//! Nothing in it is true before the signature is checked, which `certificate` does. What is decided here is whether it can
//! be checked at all: who it says it is from, how it is signed, when.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ledger::Millis;
use serde::Deserialize;

/// A message is believed for so long after it was sent; SNS tries again for less.
pub const OLDEST: Millis = 3_600_000;
/// Clocks may be apart by so much.
const AHEAD: Millis = 300_000;
/// The longest id of a message; they have 36 characters.
const ID: usize = 64;

/// A message, as it is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    #[serde(rename = "Type")]
    kind: String,
    /// Its id.
    pub message_id: String,
    /// The topic.
    pub topic_arn: String,
    /// What it says.
    pub message: String,
    timestamp: String,
    #[serde(default)]
    signature_version: String,
    #[serde(default)]
    signature: String,
    /// Where the certificate is that it is signed with.
    #[serde(rename = "SigningCertURL")]
    pub signing_cert_url: String,
    subject: Option<String>,
    /// What a subscription is confirmed with.
    #[serde(default)]
    pub token: String,
    #[serde(rename = "SubscribeURL", default)]
    subscribe_url: String,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody subscribed the address of this host.
    SubscriptionConfirmation,
    /// Something was published.
    Notification,
    /// The subscription ended.
    UnsubscribeConfirmation,
}

impl Message {
    /// What it is. Why it cannot be one of SNS's that is signed as it must be is a text for whoever set it up.
    pub fn kind(&self, now: Millis) -> Result<Kind, String> {
        let kind = match self.kind.as_str() {
            "Notification" => Kind::Notification,
            "SubscriptionConfirmation" => Kind::SubscriptionConfirmation,
            "UnsubscribeConfirmation" => Kind::UnsubscribeConfirmation,
            _ => return Err("its `Type` is none of SNS's".into()),
        };
        if self.signature_version != "2" {
            return Err(
                "its `SignatureVersion` is not 2; `aws sns set-topic-attributes --topic-arn … --attribute-name \
                        SignatureVersion --attribute-value 2` has the topic sign with SHA-256"
                    .into(),
            );
        }
        let id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.message_id.is_empty() || self.message_id.len() > ID || !self.message_id.chars().all(id) {
            return Err("its `MessageId` is none".into());
        }
        // A line end in another field than the message would let the signed text be cut elsewhere.
        let others = [self.subject.as_deref().unwrap_or_default(), &self.token, &self.subscribe_url];
        if others.iter().any(|text| text.contains('\n')) {
            return Err("one of its fields has several lines".into());
        }
        let sent = self.timestamp.parse::<Timestamp>().map_err(|_| "its `Timestamp` is none")?.as_millisecond();
        if sent < now.saturating_sub(OLDEST) {
            return Err("it is more than an hour old".into());
        }
        if sent > now.saturating_add(AHEAD) {
            return Err("it is from the future: compare the clock of this host".into());
        }
        Ok(kind)
    }

    /// The signature, decoded.
    pub fn signature(&self) -> Result<Vec<u8>, String> {
        if self.signature.is_empty() {
            return Err("it has no `Signature`".into());
        }
        STANDARD.decode(&self.signature).map_err(|_| "its `Signature` is no base64".into())
    }

    /// The text that is signed.
    pub fn signed_text(&self, kind: Kind) -> String {
        let subject = self.subject.as_deref().map(|subject| ("Subject", subject));
        let fields = match kind {
            Kind::Notification => [
                Some(("Message", self.message.as_str())),
                Some(("MessageId", &self.message_id)),
                subject,
                Some(("Timestamp", &self.timestamp)),
                None,
                Some(("TopicArn", &self.topic_arn)),
                Some(("Type", &self.kind)),
            ],
            Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation => [
                Some(("Message", self.message.as_str())),
                Some(("MessageId", &self.message_id)),
                Some(("SubscribeURL", &self.subscribe_url)),
                Some(("Timestamp", &self.timestamp)),
                Some(("Token", &self.token)),
                Some(("TopicArn", &self.topic_arn)),
                Some(("Type", &self.kind)),
            ],
        };
        fields.into_iter().flatten().map(|(name, value)| format!("{name}\n{value}\n")).collect()
    }
}
