//! Schemas: what is wrong with a value, or with the schema itself.

use serde_json::{Value, json};

use super::{Schema, Shape};

fn check(schema: Value, value: Value, expected: &[&str]) {
    let flaws = Schema::compile(&schema).unwrap().flaws(&value, 10);
    let told: Vec<String> = flaws.iter().map(|flaw| format!("{}: {}", flaw.place("v"), flaw.message)).collect();
    assert_eq!(told, expected, "{schema}");
}

#[test]
fn values_are_held_against_schemas() {
    let ports = json!({
        "type": "array", "maxItems": 2, "items": { "type": "object", "properties": { "from": { "type": "integer" } } },
    });
    check(ports.clone(), json!([{ "from": 1 }]), &[]);
    check(ports, json!([{ "from": "x" }]), &["v[0].from: it is not of type \"integer\""]);
    check(json!({ "enum": ["a", "b"] }), json!("c"), &["v: it is not one of \"a\" or \"b\""]);
    check(json!({ "type": "string", "pattern": "^sg-" }), json!("x"), &["v: it does not match \"^sg-\""]);
    check(json!({ "format": "ipv4" }), json!("x"), &["v: it is not a \"ipv4\""]);
}

#[test]
fn bad_schemas_are_refused_with_the_place() {
    let refused = |schema: Value| {
        let flaw = Schema::compile(&schema).unwrap_err();
        format!(
            "{}: {}{}",
            flaw.path.join("/"),
            flaw.message,
            flaw.help.map(|help| format!(" ({help})")).unwrap_or_default()
        )
    };
    assert_eq!(refused(json!({ "typ": "string" })), "typ: `typ` is no keyword of JSON Schema (did you mean `type`?)");
    let nested = json!({ "properties": { "a": { "items": { "minimun": 1 } } } });
    assert!(refused(nested).starts_with("properties/a/items/minimun: `minimun` is no keyword"));
    assert!(refused(json!({ "type": "text" })).starts_with("type: "));
    assert!(
        Schema::compile(&json!({ "pattern": "(?=a)" })).is_err(),
        "no pattern that cannot be matched in linear time"
    );
    assert!(Schema::compile(&json!({ "pattern": "a{1000}{1000}" })).is_err());
    assert!(Schema::compile(&json!({ "$ref": "https://example.com/schema.json" })).is_err(), "nothing is fetched");
}

#[test]
fn shapes_tell_fields_and_types() {
    let schema = json!({
        "properties": { "a": { "$ref": "#/$defs/A" }, "b": { "type": ["string", "null"] } },
        "$defs": { "A": { "properties": { "c": { "anyOf": [{ "type": "integer" }, { "type": "null" }] } } } },
    });
    let shape = Shape::new(&schema);
    assert_eq!(shape.closed_fields(), Some(vec!["a", "b"]));
    assert_eq!(shape.field("b").unwrap().types(), Some(vec!["string", "null"]));
    assert_eq!(shape.field("a").unwrap().field("c").unwrap().types(), Some(vec!["integer", "null"]));
    assert!(shape.field("a").unwrap().field("d").is_none());
}
