//! The envelope of an event: what every EventBridge event has
//! (<https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>).
//!
//! This decides what is an event at all, for the server and for `quell events match` alike. Whether an installation acts
//! in the event's account is left to the installation.

use serde_json::Value;

/// What a person who gives something else most often has.
const OTHERS: &str = "what a Config rule's Lambda or an SNS topic receives is not one";

/// Why something is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not even an object.
    #[error("an event is a JSON object in EventBridge's envelope")]
    NotObject,
    /// A field is missing.
    #[error("this is not an EventBridge event: it has no `{0}`; {OTHERS}")]
    Missing(&'static str),
    /// A field must be a text that is not empty.
    #[error("the event's `{0}` is not a text")]
    NotText(&'static str),
    /// What happened is missing.
    #[error("the event's `detail` is not an object")]
    NoDetail,
}

/// Checks that a value is an event: an object in EventBridge's envelope.
pub fn check_envelope(event: &Value) -> Result<(), EnvelopeError> {
    let fields = event.as_object().ok_or(EnvelopeError::NotObject)?;
    for field in ["id", "source", "detail-type", "account", "region", "time"] {
        match fields.get(field) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(_) => return Err(EnvelopeError::NotText(field)),
            None => return Err(EnvelopeError::Missing(field)),
        }
    }
    match fields.get("detail") {
        Some(Value::Object(_)) => Ok(()),
        _ => Err(EnvelopeError::NoDetail),
    }
}
