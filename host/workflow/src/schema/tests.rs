//! Schemas: what is wrong with a value, or with the schema itself.

use serde_json::{Value, json};

use super::{Lookups, Schema, Shape};

fn check(schema: Value, value: Value, expected: &[&str]) {
    let flaws = Schema::compile(&schema).unwrap().flaws(&value, 10).unwrap();
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
    let lookups = Lookups::new();
    let shape = Shape::new(&schema, &lookups);
    assert!(shape.is_closed());
    assert_eq!(shape.fields().collect::<Vec<_>>(), ["a", "b"]);
    assert!(shape.excludes("c") && !shape.excludes("a"));
    assert_eq!(shape.field("b").unwrap().types(), Some(vec!["string", "null"]));
    assert_eq!(shape.field("a").unwrap().field("c").unwrap().types(), Some(vec!["integer", "null"]));
    assert!(shape.field("a").unwrap().field("d").is_none());
}

#[test]
fn types_are_told_of_every_part_once() {
    let lookups = Lookups::new();
    let mut definitions = serde_json::Map::new();
    for n in 0..30 {
        let next = json!({ "$ref": format!("#/$defs/a{}", n + 1) });
        definitions.insert(format!("a{n}"), json!({ "anyOf": [next, next] }));
    }
    definitions.insert("a30".to_owned(), json!({ "type": "string" }));
    definitions.insert("b".to_owned(), json!({ "oneOf": [{ "$ref": "#/$defs/b" }, { "type": "null" }] }));
    definitions.insert("c".to_owned(), json!({ "anyOf": [{ "$ref": "#/$defs/c" }] }));
    let refer = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let schema = json!({ "properties": { "a": refer("a0"), "b": refer("b"), "c": refer("c") }, "$defs": definitions });
    let types = |name: &str| Shape::new(&schema, &lookups).field(name)?.types();
    assert_eq!(types("a"), Some(vec!["string"]));
    assert_eq!(types("b"), Some(vec!["null"]));
    assert_eq!(types("c"), None, "a circle of nothing else");
    while lookups.take(1_000) {}
    assert_eq!(types("a"), None, "beyond what is looked at, a type is unknown");
}

#[test]
fn work_is_counted_as_the_validator_does_it() {
    let chain = |keyword: &str, length: usize| {
        let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
        let definition = |n: usize| (format!("a{n}"), json!({ keyword: [next(n + 1), next(n + 1)] }));
        let mut definitions: serde_json::Map<String, Value> = (0..length).map(definition).collect();
        definitions.insert(format!("a{length}"), json!({ "type": "string" }));
        json!({ "$ref": "#/$defs/a0", "$defs": definitions })
    };
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let short = Schema::compile(&chain(keyword, 5)).unwrap();
        assert!(short.flaws(&json!("x"), 1).is_ok(), "{keyword}");
        let long = Schema::compile(&chain(keyword, 30)).unwrap();
        assert_eq!(long.flaws(&json!("x"), 1), Err(super::TooMuchWork), "{keyword}");
    }
    // The same through the parts of a value, of which there are as many as it is deep.
    let node =
        json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }] });
    let deep = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    let tree = Schema::compile(&node).unwrap();
    assert_eq!(tree.flaws(&deep(5), 1), Ok(Vec::new()));
    assert_eq!(tree.flaws(&deep(30), 1), Err(super::TooMuchWork));
    // Each that has `unevaluatedProperties` asks those inside of it again, for each field.
    let inner = (0..7).fold(json!({}), |inner, _| json!({ "allOf": [inner], "unevaluatedProperties": true }));
    let value = json!({ "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8 });
    assert_eq!(Schema::compile(&inner).unwrap().flaws(&value, 1), Err(super::TooMuchWork));
}

/// The validator follows each way to a part for `unevaluated…`, when it compiles.
#[test]
fn schemas_that_compile_for_ever_are_refused() {
    let chain = |length: usize, by: &dyn Fn(&Value) -> Value, inner: bool, unevaluated: &str| {
        let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
        let mut definitions = json!({ format!("a{length}"): { "type": "object" } });
        for n in 0..length {
            definitions[format!("a{n}")] = by(&next(n + 1));
            if inner {
                definitions[format!("a{n}")][unevaluated] = json!(false);
            }
        }
        json!({ "$ref": "#/$defs/a0", "$defs": definitions, unevaluated: false })
    };
    let twice: [&dyn Fn(&Value) -> Value; 5] = [
        &|next| json!({ "allOf": [next, next] }),
        &|next| json!({ "anyOf": [next, next] }),
        &|next| json!({ "oneOf": [next, next] }),
        &|next| json!({ "if": next, "then": next, "else": next }),
        &|next| json!({ "dependentSchemas": { "x": next, "y": next } }),
    ];
    for by in twice {
        for (inner, unevaluated) in
            [(false, "unevaluatedProperties"), (true, "unevaluatedProperties"), (true, "unevaluatedItems")]
        {
            let refused = Schema::compile(&chain(30, by, inner, unevaluated)).unwrap_err();
            assert!(refused.message.starts_with("compiling the schema is too much work"), "{refused:?}");
            let short = Schema::compile(&chain(4, by, inner, unevaluated)).unwrap();
            assert!(short.flaws(&json!({ "a": 1 }), 1).is_ok());
        }
    }
    // The way leads through the parts of a value.
    let back = json!({ "$ref": "#", "unevaluatedProperties": false });
    let through = json!({ "additionalProperties": back, "unevaluatedProperties": true });
    assert!(Schema::compile(&through).is_err());
    // As it is written for fields that are in several places.
    let base = json!({ "properties": { "a": { "type": "string" } } });
    let flat = json!({ "allOf": [{ "$ref": "#/$defs/base" }], "properties": { "b": true }, "unevaluatedProperties": false, "$defs": { "base": base } });
    let flaws = Schema::compile(&flat).unwrap().flaws(&json!({ "a": "x", "b": 1, "c": 1 }), 5).unwrap();
    assert_eq!(flaws.len(), 1);
}

#[test]
fn schemas_that_refer_to_themselves_are_for_parts_of_a_value() {
    let list = json!({ "properties": { "next": { "$ref": "#" } }, "type": "object" });
    let schema = Schema::compile(&list).unwrap();
    assert_eq!(schema.flaws(&json!({ "next": { "next": {} } }), 1), Ok(Vec::new()));
    assert_eq!(schema.flaws(&json!({ "next": { "next": 1 } }), 1).unwrap()[0].place("v"), "v.next.next");
    let refused = |schema: Value| {
        let flaw = Schema::compile(&schema).unwrap_err();
        format!("{}: {}", flaw.path.join("/"), flaw.message)
    };
    let circle = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/b" }] }, "b": { "$ref": "#/$defs/a" } } });
    assert_eq!(refused(circle), "$defs/a: a schema refers back to itself: allOf -> #/$defs/b -> #/$defs/a");
    // It is met first as the schema of a part, and is a circle all the same.
    let hidden = json!({ "items": { "$ref": "#/$defs/d" }, "allOf": [{ "$ref": "#/$defs/d" }], "$defs": { "d": { "$ref": "#" } } });
    assert!(refused(hidden).contains("a schema refers back to itself: "));
    let far = json!({ "$ref": "other.json#/a" });
    assert_eq!(refused(far), "$ref: `$ref` can only refer to a part of the same schema");
    assert_eq!(refused(json!({ "items": { "$id": "x" } })), "items/$id: `$id` cannot be used here");
    let chain = (0..200).map(|n| (format!("a{n}"), json!({ "$ref": format!("#/$defs/a{}", n + 1) })));
    let mut definitions: serde_json::Map<String, Value> = chain.collect();
    definitions.insert("a200".to_owned(), json!(true));
    let deep = refused(json!({ "$ref": "#/$defs/a0", "$defs": definitions }));
    assert!(deep.ends_with("the schema is deeper than 64 levels, with what it refers to"), "{deep}");
    let anchored = json!({ "$ref": "#x", "$defs": { "a b": { "$anchor": "x", "type": "string" }, "c": { "$ref": "#/$defs/a%20b" } } });
    assert_eq!(Schema::compile(&anchored).unwrap().flaws(&json!(1), 1).unwrap().len(), 1);
}
