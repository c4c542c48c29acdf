//! What topics sent besides events: which of their messages were taken, and that they began and ended to send.

use ledger::{Draft, Millis};
use serde_json::json;

/// The entry of a message that was taken, whatever came of it.
pub fn topic_brought(topic: &str, message: &str, time: Millis, by: &str) -> Draft {
    Draft::new("topic.brought", time, by, json!({ "topic": topic, "message": message }))
}

/// The entry of a subscription that was confirmed.
pub fn topic_subscribed(topic: &str, subscription: &str, time: Millis) -> Draft {
    Draft::new("topic.subscribed", time, "host", json!({ "topic": topic, "subscription": subscription }))
}

/// The entry of a subscription that ended.
pub fn topic_unsubscribed(topic: &str, time: Millis) -> Draft {
    Draft::new("topic.unsubscribed", time, "host", json!({ "topic": topic }))
}
