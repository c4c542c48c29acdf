//! The format as a JSON Schema, for editors, which complete and check with it while a workflow is written.
//!
//! It takes the fields from the tables that the readers read with, and says what each is for. What only the checker can
//! tell (references, types, circles) is not in it. Source: <https://json-schema.org/draft/2020-12/schema>.

use serde_json::{Map, Value, json};

use crate::load;
use crate::step;

/// What each field is: its name, what it is for, what it may hold.
type Fields = &'static [(&'static str, &'static str, fn() -> Value)];

/// The fields of a workflow.
const WORKFLOW: Fields = &[
    ("name", "The workflow's name: lower-case letters, digits and `-`.", kebab),
    ("description", "What it is for.", text),
    ("on", "What starts it. Without it, people do.", triggers),
    ("dedupe", "How repeated events are known: a repeat within the window starts nothing.", dedupe),
    ("concurrency", "How many runs of it there are at once, and what becomes of more.", concurrency),
    ("timeout", "How long a run may take, `on-failure` not included.", duration),
    ("inputs", "What a run is given: by name, a JSON Schema with a `type`, and a `default`.", inputs),
    ("vars", "Values with a name, made of `event`, `inputs` and `run`: `vars.NAME` in expressions.", mapping),
    ("steps", "What a run does, one step after the other.", steps),
    ("on-failure", "What a run does when it would end failed, expired or timed out.", steps),
    ("output", "What a run comes to, and what a `call` of the workflow gives.", anything),
];

/// The fields of all steps, and what each kind has of its own.
const STEP: Fields = &[
    ("id", "Its name, unique in the workflow: `steps.ID` in expressions.", identifier),
    ("if", "Whether it is done: one expression that is true or false.", condition),
    ("catch", "What is done when it has failed for good; the first clause that fits.", catch),
    ("retry", "Whether, and after how long, a failed attempt is followed by another.", retry),
    ("timeout", "How long an attempt may take.", duration),
    (
        "on-unknown",
        "What to do about a write whose outcome is unknown: `repeat` it, or have a person `review` it.",
        on_unknown,
    ),
    ("plugin", "The plugin that it runs.", kebab),
    ("with", "What the plugin is given.", mapping),
    ("parallel", "Branches that run beside each other.", parallel),
    ("choose", "The first alternative whose `when` is true, or `otherwise`.", choose),
    ("each", "The same steps for every item of a list.", each),
    ("approval", "Waits until people have decided.", approval),
    ("wait", "Waits for a duration, or until a time.", wait),
    ("call", "The steps of another workflow, within the same run.", call),
];

/// The JSON Schema of a workflow's document.
pub fn json_schema() -> Value {
    let schema = object(WORKFLOW, load::FIELDS, &["name", "steps"]);
    let schema = with(schema, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    let schema = with(schema, "title", json!("A workflow of Quell"));
    let mut definitions = Map::new();
    definitions.insert("steps".into(), json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } }));
    let kinds = || step::kinds();
    // The one field that decides the kind decides what is said about the step, too.
    let one: Vec<Value> = kinds().map(|kind| json!({ "required": [kind] })).collect();
    let then = |kind: &str| json!({ "if": { "required": [kind] }, "then": { "$ref": format!("#/$defs/{kind}") } });
    let all: Vec<Value> = kinds().map(then).collect();
    definitions.insert("step".into(), json!({ "type": "object", "oneOf": one, "allOf": all }));
    for kind in kinds() {
        let needs_id = ["plugin", "approval", "call"].contains(&kind);
        let required: &[&str] = if needs_id { &["id", kind] } else { &[kind] };
        definitions.insert(kind.into(), object(STEP, &step::fields_of(kind), required));
    }
    with(schema, "$defs", Value::Object(definitions))
}

/// The schema with one field more.
fn with(mut schema: Value, name: &str, value: Value) -> Value {
    if let Value::Object(fields) = &mut schema {
        fields.insert(name.to_owned(), value);
    }
    schema
}

/// A mapping of these fields, all of which are described.
fn object(described: Fields, fields: &[&str], required: &[&str]) -> Value {
    let mut properties = Map::new();
    for (name, description, schema) in described.iter().filter(|(name, ..)| fields.contains(name)) {
        properties.insert((*name).to_owned(), with(schema(), "description", json!(description)));
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A mapping whose fields say themselves what they are.
fn small(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn kebab() -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 64 })
}

fn identifier() -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 64 })
}

fn duration() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+[smhd]$", "examples": ["30s", "5m", "4h", "1d"] })
}

fn expression() -> Value {
    json!({ "type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$", "examples": ["${{ event.detail.id }}"] })
}

fn condition() -> Value {
    json!({ "anyOf": [{ "type": "boolean" }, expression()] })
}

fn mapping() -> Value {
    json!({ "type": "object" })
}

fn anything() -> Value {
    json!({})
}

fn steps() -> Value {
    json!({ "$ref": "#/$defs/steps" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn whole(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn inputs() -> Value {
    let input = json!({ "type": "object", "required": ["type"], "properties": {
        "type": one_of(&["string", "number", "integer", "boolean", "array", "object"]), "description": text(), "default": {},
    } });
    json!({ "type": "object", "additionalProperties": input, "propertyNames": identifier() })
}

fn triggers() -> Value {
    let event =
        json!({ "type": "object", "minProperties": 1, "description": "An EventBridge pattern, as AWS writes it." });
    let split =
        json!({ "type": "string", "description": "The list whose items are an event each, before they are matched." });
    let cron = json!({ "type": "string", "description": "Minute, hour, day of month, month, day of week.", "examples": ["0 6 * * MON-FRI"] });
    let timezone =
        json!({ "type": "string", "description": "A name of the IANA time zone database.", "default": "UTC" });
    let schedule = small(json!({ "cron": cron, "timezone": timezone, "account": text(), "region": text() }), &["cron"]);
    let kinds = [
        small(json!({ "event": event, "split": split }), &["event"]),
        small(json!({ "schedule": schedule }), &["schedule"]),
        small(json!({ "manual": { "const": true, "description": "People may start it." } }), &["manual"]),
    ];
    json!({ "type": "array", "minItems": 1, "items": { "anyOf": kinds } })
}

fn dedupe() -> Value {
    let key = json!({ "type": "string", "description": "What repeats have in common: an expression over `event`." });
    let on_update = one_of(&["ignore", "signal", "restart"]);
    small(json!({ "key": key, "window": duration(), "on-update": on_update }), &["key", "window"])
}

fn concurrency() -> Value {
    let beyond = one_of(&["wait", "refuse", "cancel-oldest"]);
    small(json!({ "runs": whole(1, 1000), "beyond": beyond }), &["runs"])
}

fn catch() -> Value {
    let clause = json!({ "on": texts(), "steps": steps(), "then": one_of(&["fail", "continue"]) });
    json!({ "type": "array", "items": small(clause, &["steps"]) })
}

fn retry() -> Value {
    let backoff = json!({ "type": "number", "minimum": 1, "maximum": 10 });
    small(
        json!({
            "attempts": whole(1, 20), "delay": duration(), "backoff": backoff, "max-delay": duration(),
            "jitter": one_of(&["none", "full"]), "on": texts(),
        }),
        &["attempts"],
    )
}

fn on_unknown() -> Value {
    one_of(&["repeat", "review"])
}

fn parallel() -> Value {
    let branch = json!({ "anyOf": [{ "$ref": "#/$defs/step" }, small(json!({ "steps": steps() }), &["steps"])] });
    let branches = json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": branch });
    small(beside(json!({ "branches": branches })), &["branches"])
}

/// What `parallel` and `each` have in common.
fn beside(properties: Value) -> Value {
    let properties = with(properties, "on-error", one_of(&["fail", "continue"]));
    with(properties, "fail-fast", json!({ "type": "boolean" }))
}

fn choose() -> Value {
    let when = small(json!({ "when": condition(), "steps": steps() }), &["when", "steps"]);
    let otherwise = small(json!({ "otherwise": steps() }), &["otherwise"]);
    json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "anyOf": [when, otherwise] } })
}

fn each() -> Value {
    let list = json!({ "anyOf": [{ "type": "array" }, expression()] });
    let own = json!({ "in": list, "as": identifier(), "concurrency": whole(1, 100), "steps": steps() });
    small(beside(own), &["in", "steps"])
}

fn approval() -> Value {
    let approver = json!({ "type": "string", "pattern": "^(group|user):.+$", "examples": ["group:security-leads"] });
    small(
        json!({
            "title": text(), "show": { "type": "array", "items": identifier() }, "needs": whole(1, 10), "expires": duration(),
            "approvers": { "type": "array", "minItems": 1, "items": approver },
        }),
        &["title", "approvers"],
    )
}

fn wait() -> Value {
    let lasts = json!({ "anyOf": [duration(), expression()] });
    let mapping = [
        small(json!({ "for": lasts }), &["for"]),
        small(json!({ "until": { "type": "string", "examples": ["2026-01-31T06:00:00Z"] } }), &["until"]),
    ];
    let [lasting, until] = mapping;
    json!({ "anyOf": [duration(), expression(), lasting, until] })
}

fn call() -> Value {
    small(json!({ "workflow": kebab(), "inputs": mapping() }), &["workflow"])
}

#[cfg(test)]
mod tests {
    use super::{json_schema, load, step};

    #[test]
    fn every_field_that_is_read_is_described() {
        let schema = json_schema();
        let check = |place: &serde_json::Value, fields: &[&str]| {
            let described: Vec<&String> =
                place["properties"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
            let missing: Vec<&&str> =
                fields.iter().filter(|field| !described.iter().any(|name| name == *field)).collect();
            assert!(missing.is_empty() && described.len() == fields.len(), "{missing:?}");
        };
        check(&schema, load::FIELDS);
        step::kinds().for_each(|kind| check(&schema["$defs"][kind], &step::fields_of(kind)));
    }
}
