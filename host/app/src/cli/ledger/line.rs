//! An entry of the ledger as one line: when, where, who, what, and what came of it. Kinds that this file does not know
//! are shown by their facts, so that a newer server's entries are readable too.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::page::{Line, Style, cut};
use crate::cli::time;
use crate::wire::{Entry, PluginInfo};

/// Longer facts are cut off; `--json` has them whole.
const SHOWN_FACT: usize = 120;

/// The same for messages, which say more in their beginning.
const SHOWN_MESSAGE: usize = 200;

/// The names of plugins, by digest.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// The names of these plugins.
    pub fn of(plugins: &[PluginInfo]) -> Names {
        Names(plugins.iter().map(|plugin| (plugin.digest.clone(), plugin.name.clone())).collect())
    }

    /// An actor; a plugin by its name and the first digits of its digest.
    fn actor(&self, actor: &str) -> String {
        let Some(digest) = actor.strip_prefix("plugin:") else { return actor.to_owned() };
        let short = digest.get(..8).unwrap_or(digest);
        match self.0.get(digest) {
            Some(name) => format!("plugin:{name}@{short}"),
            None => format!("plugin:{short}"),
        }
    }
}

/// The line of an entry, with its run where that is not known anyway.
pub fn line(entry: &Entry, names: &Names, shows_run: bool) -> Line {
    let mut line = Line::default().and(Style::Dim, format!("{} {} ", time::date(entry.time), time::clock(entry.time)));
    if shows_run {
        line = line.and(Style::Plain, format!("{} ", short_run(&entry.run)));
    }
    line = line.and(kind_style(&entry.kind), format!("{:<20}", entry.kind));
    if let Some(place) = place(entry) {
        line = line.and(Style::Bold, format!(" {place}"));
    }
    let what = what(entry);
    line.and(Style::Dim, format!(" {} ", names.actor(&entry.actor))).and(Style::Plain, what)
}

/// The call without its run, or the step.
fn place(entry: &Entry) -> Option<&str> {
    match &entry.call {
        Some(call) => Some(call.strip_prefix(&entry.run).and_then(|call| call.strip_prefix('/')).unwrap_or(call)),
        None => entry.data.get("step")?.as_str(),
    }
}

/// The last digits: the first ones of runs that started close to each other are the same.
fn short_run(run: &str) -> String {
    match run.len().checked_sub(8).and_then(|at| run.get(at..)) {
        Some(end) if run.len() > 12 => format!("…{end}"),
        _ => run.to_owned(),
    }
}

fn kind_style(kind: &str) -> Style {
    match kind {
        "call.denied" | "step.failed" | "run.failing" | "plugin.refused" | "event.refused" => Style::Bad,
        "call.unknown" | "step.suspended" | "approval.requested" => Style::Attention,
        _ => Style::Plain,
    }
}

fn what(entry: &Entry) -> String {
    let text = |name: &str| entry.data.get(name).and_then(Value::as_str).unwrap_or("?");
    let function = || function(text("function"));
    match entry.kind.as_str() {
        "call.read" => format!("{} -> {}", touches(entry), result(entry)),
        "call.intent" => match entry.data.get("send").and_then(Value::as_u64) {
            Some(send) if send > 1 => format!("{}, send {send}", touches(entry)),
            _ => touches(entry),
        },
        "call.outcome" => format!("{} -> {}", function(), result(entry)),
        "call.unknown" => format!("{} -> unknown: {}: {}", function(), text("code"), text("message")),
        "call.settled" => match text("verdict") {
            "again" => format!("{} -> still unknown, may be sent again (by {})", function(), text("by")),
            verdict => format!("{} -> {verdict} (by {})", function(), text("by")),
        },
        "call.host-read" => format!("{} for {} -> {}", function(), text("purpose"), result(entry)),
        "call.denied" => denial(entry),
        "call.log" => {
            format!("{}: {}", text("level"), payload_text(entry, "arguments", "message").unwrap_or("(removed)"))
        }
        _ => facts(entry),
    }
}

/// `quell:ec2/security-groups@0.1.0#describe-security-groups` without what is always the same.
fn function(name: &str) -> String {
    match name.split_once('#') {
        Some((interface, function)) => {
            let interface = interface.split_once('@').map_or(interface, |(interface, _)| interface);
            format!("{}.{function}", interface.strip_prefix("quell:").unwrap_or(interface))
        }
        None => name.to_owned(),
    }
}

fn touches(entry: &Entry) -> String {
    let touches = entry.data.get("touches").and_then(Value::as_array).into_iter().flatten();
    let text = |touch: &Value, name: &str| touch.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    // A call of several resources names its action once.
    let mut resources: Vec<(String, Vec<String>)> = vec![];
    for touch in touches {
        let (action, resource) = (text(touch, "action"), text(touch, "resource"));
        match resources.iter_mut().find(|(known, _)| *known == action) {
            Some((_, resources)) => resources.push(resource),
            None => resources.push((action, vec![resource])),
        }
    }
    let actions = resources.into_iter().map(|(action, resources)| format!("{action} on {}", resources.join(", ")));
    actions.collect::<Vec<_>>().join("; ")
}

/// `ok`, or the error with its code.
fn result(entry: &Entry) -> String {
    let result = entry.data.get("result").and_then(Value::as_str).unwrap_or("?");
    let error = || entry.payloads.get("answer")?.json.as_ref()?.get("err")?.get(result);
    let error = error().map(|error| {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("?");
        format!("{result}: {}: {}", text("code"), cut(text("message").to_owned(), SHOWN_MESSAGE))
    });
    error.unwrap_or_else(|| result.to_owned())
}

fn denial(entry: &Entry) -> String {
    let text = |name: &str| entry.data.get(name).and_then(Value::as_str);
    let asked = match (text("action"), text("resource")) {
        (Some(action), Some(resource)) => format!("{action} on {resource}"),
        _ => function(text("function").unwrap_or("?")),
    };
    let why = match (text("policy"), text("statement")) {
        (Some(policy), Some(statement)) => format!(", by `{statement}` of `{policy}`"),
        (Some(policy), None) => format!(", by `{policy}`"),
        // Where no statement decided, the message says what no field does.
        _ => text("message").map(|message| format!(": {message}")).unwrap_or_default(),
    };
    format!("{asked} -> {}{why}", text("reason").unwrap_or("?"))
}

/// The facts of an entry of any kind, and its error where it has one.
fn facts(entry: &Entry) -> String {
    let facts = entry.data.as_object().into_iter().flatten();
    let says_nothing =
        |name: &str, value: &Value| value.is_null() || name == "step" || (name == "run" && *value == entry.run);
    let shown = facts.filter(|(name, value)| !says_nothing(name, value));
    let mut shown: Vec<String> = shown.map(|(name, value)| format!("{name}={}", fact(value))).collect();
    if let Some(code) = payload_text(entry, "error", "code") {
        let message = payload_text(entry, "error", "message").unwrap_or_default().to_owned();
        shown.push(format!("{code}: {}", cut(message, SHOWN_MESSAGE)));
    }
    shown.join(" ")
}

fn fact(value: &Value) -> String {
    let text = match value {
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"']) => text.clone(),
        value => value.to_string(),
    };
    cut(text, SHOWN_FACT)
}

fn payload_text<'a>(entry: &'a Entry, payload: &str, name: &str) -> Option<&'a str> {
    entry.payloads.get(payload)?.json.as_ref()?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::page::Page;

    const RUN: &str = "r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b";
    const PLUGIN: &str = "plugin:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const GROUP: &str = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1";

    fn entry(kind: &str, call: Option<&str>, actor: &str, data: Value, payloads: &[(&str, Value)]) -> Entry {
        let payload = |json: &Value| json!({ "hash": "ab", "size": 1, "json": json });
        let payloads: BTreeMap<&str, Value> = payloads.iter().map(|(name, json)| (*name, payload(json))).collect();
        let entry = json!({
            "position": 1, "run": RUN, "sequence": 1, "kind": kind, "call": call.map(|call| format!("{RUN}/{call}")),
            "time": "2026-03-01T12:00:05.25Z", "actor": actor, "data": data, "payloads": payloads, "previous": "", "hash": "",
        });
        serde_json::from_value(entry).unwrap()
    }

    fn calls() -> Vec<Entry> {
        const REVOKE: &str = "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress";
        let touch = |action: &str, resource: &str| json!({ "action": action, "resource": resource });
        let revoke = touch("ec2:RevokeSecurityGroupIngress", GROUP);
        let throttled = json!({ "err": { "throttled": { "code": "RequestLimitExceeded", "message": "slow down" } } });
        let denied = json!({
            "function": REVOKE, "reason": "explicit-deny", "action": "ec2:RevokeSecurityGroupIngress", "resource": GROUP,
            "policy": "guardrail", "statement": "KeepProd", "message": "`KeepProd` in `guardrail` denies it",
        });
        let two = json!([touch("ec2:CreateSnapshot", "arn:a"), touch("ec2:CreateSnapshot", "arn:b")]);
        let log = json!({ "level": "info", "message": "done\u{1b}[2J\n2026-03-01 run.finished" });
        let of = |call, kind, actor, data| entry(kind, Some(call), actor, data, &[]);
        vec![
            entry(
                "call.read",
                Some("revoke/1/1"),
                PLUGIN,
                json!({ "touches": [touch("ec2:DescribeSecurityGroups", "*")], "result": "throttled" }),
                &[("answer", throttled)],
            ),
            of(
                "revoke/1/2",
                "call.host-read",
                "host",
                json!({ "purpose": "before", "function": REVOKE, "result": "ok" }),
            ),
            of("revoke/1/2", "call.intent", PLUGIN, json!({ "touches": [revoke], "send": 1 })),
            of(
                "revoke/1/2",
                "call.unknown",
                "host",
                json!({ "function": REVOKE, "code": "timeout", "message": "no answer in 30s" }),
            ),
            of(
                "revoke/1/2",
                "call.settled",
                "host",
                json!({ "function": REVOKE, "by": "compare", "verdict": "not-done" }),
            ),
            of(
                "revoke/1/2",
                "call.settled",
                "host",
                json!({ "function": REVOKE, "by": "on-unknown", "verdict": "again" }),
            ),
            of("revoke/1/2", "call.intent", PLUGIN, json!({ "touches": two, "send": 2 })),
            of("revoke/1/2", "call.outcome", "host", json!({ "function": REVOKE, "result": "ok" })),
            of("revoke/1/3", "call.denied", "plugin:0000", denied),
            entry("call.log", Some("revoke/1/4"), PLUGIN, json!({ "level": "info" }), &[("arguments", log)]),
        ]
    }

    fn events() -> Vec<Entry> {
        let started =
            json!({ "run": RUN, "workflow": "contain", "account": "123456789012", "plugins": { "revoke": "9f86" } });
        let error = json!({ "code": "access-denied", "message": "no statement of the grant allows it" });
        vec![
            entry("run.started", None, "user:alice", started, &[]),
            entry(
                "approval.decided",
                None,
                "user:bob",
                json!({ "step": "approve", "by": "user:bob", "decision": "approve", "reason": "looks right" }),
                &[],
            ),
            entry("step.failed", None, "host", json!({ "step": "revoke", "attempt": 1 }), &[("error", error)]),
            entry("some.later-kind", None, "host", json!({ "note": "\u{202e}x" }), &[]),
        ]
    }

    #[test]
    fn entries_are_lines() {
        let plugin = json!({
            "digest": PLUGIN.strip_prefix("plugin:"), "name": "sg-revoke-open-ports", "version": "1.0.0", "summary": "",
            "size": 1, "latest": true, "granted": true, "imports": [], "by": "user:alice", "time": "2026-03-01T12:00:00Z",
        });
        let names = Names::of(&[serde_json::from_value(plugin).unwrap()]);
        let mut page = Page::default();
        calls().iter().for_each(|entry| page.push(line(entry, &names, false)));
        events().iter().for_each(|entry| page.push(line(entry, &names, true)));
        insta::assert_snapshot!(page.render(false));
    }
}
