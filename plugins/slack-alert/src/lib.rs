//! Sends an alert to a Slack channel by its incoming webhook.
//!
//! What the message looks like is in `message`, what of a text Slack is shown in `text`, and what its answers mean in
//! `webhook`. Who is told what is the workflow's to say. A message cannot be taken back, and Slack does not recognise one that
//! is sent twice: that it is sent once is the host's to see to.

mod message;
mod text;
mod webhook;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The plugin.
struct SlackAlert;

quell_sdk::export!(SlackAlert);

/// What is said where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The URL of the incoming webhook, which decides the channel. `${secret:name}` in its path is the value of that secret.
    #[schemars(extend("x-quell-secrets" = true))]
    url: String,
    /// How severe it is: the colour of the message, and the first word of its headline.
    severity: Severity,
    /// What happened. Slack's `*bold*`, `_italic_` and `` `code` `` have their meaning, mentions and links have none. What is
    /// beyond 3,000 characters is cut off visibly.
    message: String,
    /// The headline behind the severity, in one line. What is beyond 150 characters is cut off visibly.
    title: Option<String>,
    /// Facts, two beside each other. What is beyond 50 of them is left out, which is said.
    #[serde(default)]
    fields: Vec<Field>,
    /// Where to read on.
    link: Option<Link>,
}

/// How severe it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(crate = "quell_sdk::schemars")]
enum Severity {
    /// Red.
    Critical,
    /// Orange.
    High,
    /// Yellow.
    Medium,
    /// Blue.
    Low,
    /// Grey.
    Informational,
}

/// One fact.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Field {
    /// What it is.
    name: String,
    /// Its value: text as it is, nothing as a dash, all else as JSON. What is beyond 2,000 characters, the name among them, is
    /// cut off visibly.
    value: Value,
}

/// A link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Link {
    /// What is clicked on.
    text: String,
    /// Where it leads: an `https` or `http` URL.
    url: String,
}

/// What was said.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The headline, as it was sent.
    headline: String,
    /// Whether something of the alert was cut off or left out.
    cut: bool,
}

impl Plugin for SlackAlert {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        let message = message::of(&input, &quell_sdk::context())?;
        if message.cut {
            quell_sdk::warn!("the alert is longer than Slack takes: a part of it is not sent");
        }
        webhook::post(&mut webhook::Live, &input.url, message.payload.to_string())?;
        Ok(Output { headline: message.headline, cut: message.cut })
    }
}

#[cfg(test)]
mod tests;
