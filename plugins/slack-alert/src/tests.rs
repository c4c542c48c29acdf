//! Messages, held against the lengths that Slack documents.

use serde_json::json;

use super::*;
use crate::message::Message;

fn context() -> quell_sdk::Context {
    quell_sdk::Context {
        run: "0198-r".to_owned(),
        step: "respond/notify".to_owned(),
        attempt: 1,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        time: "2026-03-01T12:00:00Z".to_owned(),
    }
}

fn made(input: &Value) -> Message {
    let mut whole = json!({ "url": "https://hooks.slack.com/services/${secret:slack-webhook}", "severity": "HIGH" });
    whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    let message = message::of(&serde_json::from_value(whole).unwrap(), &context()).unwrap();
    assert_valid(&message.payload);
    message
}

fn refused(input: &Value) -> String {
    let failure = message::of(&serde_json::from_value(input.clone()).unwrap(), &context()).err().unwrap();
    assert_eq!(failure.code, "invalid-input");
    failure.message
}

/// What Slack documents for blocks, as the stand-in of the end-to-end tests holds them.
fn assert_valid(payload: &Value) {
    let within = |text: &Value, most: usize| {
        let text = text["text"].as_str().unwrap();
        assert!((1..=most).contains(&text.encode_utf16().count()), "{text}");
        assert!(!text.contains("${secret:"), "{text}");
    };
    let attached = &payload["attachments"][0]["blocks"];
    let blocks: Vec<&Value> =
        [&payload["blocks"], attached].into_iter().flat_map(|list| list.as_array().unwrap()).collect();
    assert!(blocks.len() <= 50);
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => within(&block["text"], 150),
            "section" if block["fields"].is_null() => within(&block["text"], 3000),
            "section" => {
                let fields = block["fields"].as_array().unwrap();
                assert!((1..=10).contains(&fields.len()));
                fields.iter().for_each(|field| within(field, 2000));
            }
            "context" => within(&block["elements"][0], 3000),
            other => panic!("`{other}` is not used"),
        }
    }
}

#[test]
fn an_alert_has_a_headline_facts_a_link_and_where_it_comes_from() {
    let message = made(&json!({
        "severity": "CRITICAL",
        "title": "Credentials of i-0abc were used from outside",
        "message": "An instance role's credentials were used from 198.51.100.7.",
        "fields": [{ "name": "Snapshots", "value": 2 }, { "name": "Isolated", "value": null }, { "name": "Roles", "value": ["app"] }],
        "link": { "text": "GuardDuty", "url": "https://console.aws.amazon.com/guardduty?a=1&b=2" },
    }));
    assert_eq!(message.headline, "🔴 CRITICAL: Credentials of i-0abc were used from outside");
    assert!(!message.cut);
    let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
    let from = "Quell · run `0198-r` · step `respond/notify` · account 123456789012 · us-east-1";
    let expected = json!({
        "text": "🔴 CRITICAL: Credentials of i-0abc were used from outside: An instance role's credentials were used from 198.51.100.7.",
        "blocks": [{ "type": "header", "text": { "type": "plain_text", "text": message.headline, "emoji": false } }],
        "attachments": [{
            "color": "#b00020",
            "fallback": message.headline,
            "blocks": [
                { "type": "section", "text": mrkdwn("An instance role's credentials were used from 198.51.100.7.") },
                { "type": "section", "fields": [mrkdwn("*Snapshots*\n2"), mrkdwn("*Isolated*\n–"), mrkdwn("*Roles*\n[\"app\"]")] },
                { "type": "section", "text": mrkdwn("<https://console.aws.amazon.com/guardduty?a=1&amp;b=2|GuardDuty>") },
                { "type": "context", "elements": [mrkdwn(from)] },
            ],
        }],
    });
    assert_eq!(message.payload, expected);
}

#[test]
fn an_alert_needs_no_more_than_a_message() {
    let message = made(&json!({ "message": "closed", "title": "  " }));
    assert_eq!(message.headline, "🟠 HIGH");
    assert_eq!(message.payload["attachments"][0]["blocks"].as_array().unwrap().len(), 2);
}

#[test]
fn text_of_others_mentions_nobody_and_names_no_secret() {
    let evil = "<!channel> <!here|x> @here <https://a.example|login> ${secret:slack-webhook} | *b*";
    let message = made(&json!({
        "message": evil,
        "title": evil,
        "fields": [{ "name": evil, "value": evil }, { "name": "json", "value": { "${secret:x}": evil } }],
        "link": { "text": evil, "url": "https://a.example/${secret:x}" },
    }));
    let text = message.payload.to_string();
    assert!(!text.contains("${secret:"), "{text}");
    assert_eq!(text.matches('<').count(), 1, "the link alone begins something: {text}");
    assert!(text.contains("<https://a.example/$ {secret:x}|"), "{text}");
}

#[test]
fn what_is_too_long_is_cut_off_and_that_is_said() {
    let long = "<&".repeat(4000);
    let fields: Vec<Value> = (0..64).map(|_| json!({ "name": long, "value": long })).collect();
    let message =
        made(&json!({ "message": long, "title": long, "fields": fields, "link": { "text": long, "url": "http://a" } }));
    assert!(message.cut);
    let blocks = message.payload["attachments"][0]["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 1 + 5 + 1 + 1);
    let from = blocks.last().unwrap()["elements"][0]["text"].as_str().unwrap();
    assert!(from.ends_with("14 more facts are not shown"), "{from}");
    assert!(message.payload.to_string().len() < 256 * 1024, "what the host sends");
}

#[test]
fn what_slack_would_refuse_is_refused_before() {
    let input =
        |link: Value, message: &str| json!({ "url": "https://a", "severity": "LOW", "message": message, "link": link });
    assert_eq!(refused(&input(Value::Null, " \n ")), "`message` is empty: Slack takes no such message");
    let link = |url: &str| refused(&input(json!({ "text": "x", "url": url }), "x"));
    assert_eq!(link("javascript:alert(1)"), "`link.url` is no `https` or `http` URL");
    assert!(link("https://a.example/|<!channel>").contains("percent-encoded"));
    assert!(link("https://a.example/ b").contains("percent-encoded"));
    assert_eq!(link(&format!("https://a.example/{}", "a".repeat(2500))), "`link.url` is too long");
}

#[test]
fn the_url_alone_takes_secrets() {
    let schema = schemars_of();
    let marked = |name: &str| schema["properties"][name]["x-quell-secrets"] == true;
    assert!(marked("url"));
    assert!(!["message", "title", "fields", "link", "severity"].into_iter().any(marked));
    assert_eq!(schema["required"], json!(["url", "severity", "message"]));
}

fn schemars_of() -> Value {
    let description = quell_sdk::describe::<SlackAlert>("slack-alert", "0.1.0", "");
    serde_json::from_str(&description.input_schema).unwrap()
}

#[test]
fn the_readme_shows_the_grant() {
    assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
}
