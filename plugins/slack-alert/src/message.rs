//! What the message looks like: blocks (Slack, Block Kit reference), within the lengths that Slack documents for them.
//!
//! The headline is a block of its own; all else is in an attachment, since only those have a colour. `text` is what
//! notifications and screen readers have; Slack does not show it beside blocks.

use quell_sdk::{Context, Failure};
use serde_json::{Value, json};

use crate::text::{self, Shown};
use crate::{Field, Input, Link, Severity};

/// The longest headline: Slack, Header block.
const MAX_HEADER: usize = 150;

/// The longest text of a section: Slack, Section block.
const MAX_SECTION: usize = 3000;

/// The longest text of one field: Slack, Section block.
const MAX_FIELD: usize = 2000;

/// The longest name of a field, so that a part of its value is always seen.
const MAX_NAME: usize = 200;

/// How many fields a section has at most: Slack, Section block.
const FIELDS_IN_SECTION: usize = 10;

/// How many fields a message has at most. Five sections are far from the fifty blocks that Slack takes, and more than anybody
/// reads.
const MAX_FIELDS: usize = 50;

/// The longest preview in a notification. Slack takes more; no screen shows it.
const MAX_PREVIEW: usize = 300;

/// The longest text of a link.
const MAX_LINK_TEXT: usize = 150;

/// The longest URL of a link: what Slack takes for the URL of a button.
const MAX_LINK: usize = 2500;

/// A message.
pub struct Message {
    /// What the webhook is sent.
    pub payload: Value,
    /// The headline in it.
    pub headline: String,
    /// Whether something was cut off or left out.
    pub cut: bool,
}

/// The message of this input, sent by this step.
pub fn of(input: &Input, context: &Context) -> Result<Message, Failure> {
    let mut cut = false;
    let mut shown = |shown: Shown| {
        cut |= shown.cut;
        shown.text
    };
    let message = shown(text::lines(&input.message, MAX_SECTION));
    if message.is_empty() {
        return Err(Failure::new(Failure::INVALID_INPUT, "`message` is empty: Slack takes no such message"));
    }
    let (emoji, word, colour) = look(input.severity);
    let title = input.title.as_deref().filter(|title| !title.trim().is_empty());
    let headline = title.map_or_else(|| format!("{emoji} {word}"), |title| format!("{emoji} {word}: {title}"));
    let headline = shown(text::one_line(&headline, MAX_HEADER));
    let mut blocks = vec![json!({ "type": "section", "text": mrkdwn(&message) })];
    for some in input.fields.get(..MAX_FIELDS).unwrap_or(&input.fields).chunks(FIELDS_IN_SECTION) {
        let fields: Vec<Value> = some.iter().map(|field| mrkdwn(&shown(fact(field)))).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let missing = input.fields.len().saturating_sub(MAX_FIELDS);
    if let Some(link) = &input.link {
        blocks.push(json!({ "type": "section", "text": mrkdwn(&anchor(link)?) }));
    }
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&origin(context, missing))] }));
    // The preview is short by itself: what is missing there is in the message.
    let preview = text::one_line(&input.message, MAX_PREVIEW).text;
    let payload = json!({
        "text": format!("{headline}: {preview}"),
        "blocks": [{ "type": "header", "text": { "type": "plain_text", "text": headline, "emoji": false } }],
        "attachments": [{ "color": colour, "fallback": headline, "blocks": blocks }],
    });
    Ok(Message { payload, headline, cut: cut || missing > 0 })
}

/// The sign, the word and the colour of a severity.
fn look(severity: Severity) -> (&'static str, &'static str, &'static str) {
    match severity {
        Severity::Critical => ("🔴", "CRITICAL", "#b00020"),
        Severity::High => ("🟠", "HIGH", "#e8590c"),
        Severity::Medium => ("🟡", "MEDIUM", "#f2c744"),
        Severity::Low => ("🔵", "LOW", "#1c7ed6"),
        Severity::Informational => ("⚪", "INFORMATIONAL", "#868e96"),
    }
}

/// A text object. `verbatim`: what looks like a channel, a person or a URL in it is left as it is.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn fact(field: &Field) -> Shown {
    let value = match &field.value {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.trim().is_empty() => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let name = text::one_line(&field.name.replace('*', ""), MAX_NAME);
    let value = text::lines(&value, MAX_FIELD - MAX_NAME - "**\n".len());
    let text = if name.text.is_empty() { value.text } else { format!("*{}*\n{}", name.text, value.text) };
    Shown { text, cut: name.cut || value.cut }
}

/// A link as Slack writes it, `<url|text>`: neither part may hold what ends it.
fn anchor(link: &Link) -> Result<String, Failure> {
    let refused = |problem: &str| Err(Failure::new(Failure::INVALID_INPUT, format!("`link.url` {problem}")));
    let url = link.url.as_str();
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return refused("is no `https` or `http` URL");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'|' | b'"')) {
        return refused("has characters that no URL has: write them percent-encoded");
    }
    let url = quell_sdk::without_secrets(url).replace('&', "&amp;");
    if url.len() > MAX_LINK {
        return refused("is too long");
    }
    let text = text::one_line(&link.text.replace('|', "/"), MAX_LINK_TEXT).text;
    Ok(if text.is_empty() { format!("<{url}>") } else { format!("<{url}|{text}>") })
}

/// Where the message comes from, and what it lacks.
fn origin(context: &Context, missing: usize) -> String {
    let Context { run, step, account, region, .. } = context;
    let from = format!("Quell · run `{run}` · step `{step}` · account {account} · {region}");
    if missing == 0 { from } else { format!("{from} · {missing} more facts are not shown") }
}
