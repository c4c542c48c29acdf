//! Documents, schemas and values that mean harm: whatever they say, a check ends, within a small stack and soon.
//!
//! Each check runs in a thread of its own whose stack is smaller than a server's, and is given up on after a while.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use workflow::{PluginSchema, Problems, SplitError, Surroundings, Workflow, load};

/// Half of what a thread of the server has.
const STACK: usize = 1 << 20;
/// Far more than any check takes, also in a debug build on a busy machine. What takes exponential time takes years.
const PATIENCE: Duration = Duration::from_secs(60);

fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let run = move || sender.send(run());
    thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("the check does not end: {error}"))
}

fn check(source: impl Into<String>) -> Result<Workflow, Problems> {
    let source = source.into();
    bounded(move || load("w.yaml", &source, &Surroundings::default()))
}

/// The problems with their places.
fn told(checked: Result<Workflow, Problems>) -> Vec<String> {
    let problems = checked.err().unwrap_or_default();
    problems.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message)).collect()
}

/// The same with one plugin `p`, both of whose schemas are this.
fn check_with(schema: Value, source: &str) -> Result<Workflow, Problems> {
    let source = source.to_owned();
    bounded(move || {
        let schema = PluginSchema { input: Some(schema.clone()), output: Some(schema) };
        let plugins = BTreeMap::from([("p".to_owned(), schema)]);
        load("w.yaml", &source, &Surroundings { plugins: Some(&plugins), ..Surroundings::default() })
    })
}

#[test]
fn variables_in_a_circle_are_told_with_the_circle() {
    let source = "name: w\nvars: { a: \"${{ vars.a }}\" }\nsteps: [{ id: s, if: \"${{ vars.a }}\", plugin: p }]\n";
    assert_eq!(told(check(source)), ["2:17: variables refer to each other in a circle: a -> a"]);
    let source = "name: w\nvars:\n  a: ${{ vars.b }}\n  b: [\"x ${{ vars.c | length }}\"]\n  c: { d: \"${{ vars.a }}\" }\n  \
                  e: ${{ vars.a }}\nsteps: [{ id: s, each: { in: \"${{ vars.a }}\", steps: [{ id: t, plugin: p }] } }]\n";
    let told = told(check(source));
    assert_eq!(
        told,
        [
            "3:10: variables refer to each other in a circle: a -> b -> c -> a",
            "6:10: a variable can only refer to `event`, `inputs`, `run`, not `vars.a`",
        ]
    );
}

/// Each refers to the next one, which none may: a chain that is as long as a document can be.
#[test]
fn chains_of_variables_end() {
    let variable = |number: usize| format!(" a{number}: ${{{{vars.a{}}}}}\n", number + 1);
    let chain: String = (0..9_500).map(variable).collect();
    let source =
        format!("name: w\nvars:\n{chain} a9500: 1\nsteps: [{{ id: s, if: \"${{{{ vars.a0 }}}}\", plugin: p }}]\n");
    let told = told(check(source));
    assert_eq!(told.len(), 100);
    assert_eq!(told[0], "3:9: a variable can only refer to `event`, `inputs`, `run`, not `vars.a1`");
}

/// A workflow with an input of this schema, given this default, whose values are asked for their types.
fn with_input(schema: &Value, default: &Value) -> String {
    let mut input = json!({ "type": "object", "default": default });
    let fields = schema.as_object().unwrap();
    fields.iter().for_each(|(name, value)| input[name] = value.clone());
    let document = json!({
        "name": "w",
        "inputs": { "i": input },
        "steps": [{ "id": "s", "if": "${{ inputs.i.a }}", "plugin": "p", "with": { "a": "${{ inputs.i.a }}", "b": "${{ inputs.i.b.c }}" } }],
    });
    document.to_string()
}

/// What refers back to itself, each in another way.
fn circles() -> Vec<Value> {
    let a = || json!({ "$ref": "#/$defs/a" });
    let defined = |definition: Value| json!({ "properties": { "a": a(), "b": a() }, "$defs": { "a": definition } });
    vec![
        defined(a()),
        defined(json!({ "anyOf": [a()] })),
        defined(json!({ "oneOf": [a(), { "type": "string" }] })),
        defined(json!({ "allOf": [a(), a()] })),
        defined(json!({ "not": a() })),
        defined(json!({ "if": a(), "then": a(), "else": a() })),
        defined(json!({ "properties": { "c": a() } })),
        defined(json!({ "items": a() })),
        defined(json!({ "additionalProperties": a(), "unevaluatedProperties": a() })),
        defined(json!({ "dependentSchemas": { "c": a() } })),
        json!({ "properties": { "a": { "$ref": "#/properties/b" }, "b": { "$ref": "#/properties/a" } } }),
        json!({ "properties": { "a": { "$ref": "#" }, "b": { "anyOf": [{ "$ref": "#" }] } } }),
        json!({ "$ref": "#", "properties": { "a": { "$ref": "#" } } }),
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "anyOf": [{ "$ref": "#/anyOf/0" }] }),
        json!({ "$id": "urn:x", "properties": { "a": { "$ref": "urn:x" }, "b": { "$ref": "urn:x#/properties/a" } } }),
        json!({ "properties": { "a": { "$id": "b", "$ref": "b" }, "b": { "$id": "c", "anyOf": [{ "$ref": "b" }] } } }),
        json!({ "properties": { "a": { "$anchor": "x", "$ref": "#x" }, "b": { "anyOf": [{ "$ref": "#x" }] } } }),
        json!({ "$dynamicAnchor": "x", "properties": { "a": { "$dynamicRef": "#x" }, "b": { "allOf": [{ "$dynamicRef": "#x" }] } } }),
    ]
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let values =
        [json!({}), json!({ "a": true, "b": { "c": [] } }), json!({ "a": { "c": { "c": "x" } }, "b": [[[]]] })];
    for (schema, value) in circles().iter().flat_map(|schema| values.iter().map(move |value| (schema, value))) {
        let source = with_input(schema, value);
        let given = value.clone();
        bounded(move || {
            if let Ok(workflow) = load("w.yaml", &source, &Surroundings::default()) {
                let _ = workflow.inputs(&json!({ "i": given }));
            }
        });
        let steps = json!([
            { "id": "s", "plugin": "p", "with": value },
            { "id": "t", "if": "${{ steps.s.output.a }}", "plugin": "p", "with": { "a": "${{ steps.s.output.b }}", "b": "${{ steps.s.output.a.c.c }}" } },
            { "id": "u", "each": { "in": "${{ steps.s.output.b.c.a }}", "steps": [{ "id": "v", "plugin": "p" }] } },
        ]);
        let _ = check_with(schema.clone(), &json!({ "name": "w", "steps": steps }).to_string());
    }
}

/// Definitions of which each names the next one twice, so that there are 2^30 ways to the last.
fn chain(keyword: &str) -> Value {
    let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
    let mut definitions = json!({ "a30": { "type": "string" } });
    for n in 0..30 {
        definitions[format!("a{n}")] = json!({ keyword: [next(n + 1), next(n + 1)] });
    }
    json!({ "properties": { "a": next(0), "b": next(0) }, "$defs": definitions })
}

#[test]
fn schemas_of_a_billion_ways_end() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let source = with_input(&chain(keyword), &json!({ "a": "x" }));
        let defaulted = told(check(source));
        let expected = "the default of `i`: holding it against its schema is too much work";
        assert!(defaulted.iter().any(|told| told.contains(expected)), "{keyword}: {defaulted:#?}");
        let mut input = chain(keyword);
        input["type"] = json!("object");
        let source = json!({ "name": "w", "inputs": { "i": input }, "steps": [{ "id": "s", "plugin": "p" }] });
        let workflow = check(source.to_string()).unwrap_or_else(|problems| panic!("{problems}"));
        let refused = bounded(move || workflow.inputs(&json!({ "i": { "a": "x" } })).unwrap_err());
        assert!(
            refused.to_string().starts_with("input `i`: holding it against its schema is too much work"),
            "{refused}"
        );
        let source = "name: w\nsteps:\n  - { id: s, plugin: p, with: { a: x, b: '${{ steps.t.output.a }}' } }\n  \
                      - { id: t, plugin: p, if: '${{ steps.s.output.a }}' }\n";
        let problems = told(check_with(chain(keyword), source));
        // What is known without an evaluation is told.
        let typed = keyword != "allOf";
        assert_eq!(problems.iter().any(|told| told.contains("is `string`")), typed, "{keyword}: {problems:#?}");
    }
}

#[test]
fn suggestions_are_looked_for_only_for_what_is_shown() {
    let known: serde_json::Map<String, Value> =
        (0..3_500).map(|n| (format!("{}{n:04}", "known".repeat(10)), json!({}))).collect();
    let with: serde_json::Map<String, Value> =
        (0..6_000).map(|n| (format!("{}{n:04}", "given".repeat(6)), json!(1))).collect();
    let schema = json!({ "properties": known, "additionalProperties": false });
    let source = json!({ "name": "w", "steps": [{ "id": "s", "plugin": "p", "with": with }] }).to_string();
    let problems = check_with(schema, &source).unwrap_err();
    assert_eq!(problems.iter().count(), 100);
    let help = problems.iter().next().unwrap().help.clone().unwrap();
    assert!(help.len() < 5_000, "{} bytes of help", help.len());
    assert!(help.ends_with("and 3450 more"), "{help}");
    // The same of names that stand in expressions.
    let vars: serde_json::Map<String, Value> =
        (0..3_000).map(|n| (format!("{}{n:04}", "v".repeat(30)), json!(n))).collect();
    let wrong: Vec<String> = (0..6_000).map(|n| format!("${{{{ vars.x{n} }}}}")).collect();
    let source =
        json!({ "name": "w", "vars": vars, "steps": [{ "id": "s", "plugin": "p", "with": { "a": wrong.join(" ") } }] });
    assert_eq!(check(source.to_string()).unwrap_err().iter().count(), 100);
}

#[test]
fn many_values_of_a_large_schema_end() {
    let definitions: serde_json::Map<String, Value> = (0..5_000)
        .map(|n| (format!("d{n}"), json!({ "type": "string", "pattern": format!("^(a{{1,100}}|b{n})+$") })))
        .collect();
    let properties: serde_json::Map<String, Value> =
        (0..5_000).map(|n| (format!("f{n}"), json!({ "$ref": format!("#/$defs/d{n}") }))).collect();
    let with: serde_json::Map<String, Value> = (0..5_000).map(|n| (format!("f{n}"), json!("x"))).collect();
    let source = json!({ "name": "w", "steps": [{ "id": "s", "plugin": "p", "with": with }] }).to_string();
    let workflow = check_with(json!({ "properties": properties, "$defs": definitions }), &source).unwrap();
    let notes: Vec<&str> = workflow.notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(notes, ["`w` was not held against all that its plugins say of what they take and give"]);
    let inputs: serde_json::Map<String, Value> = (0..2_000)
        .map(|n| (format!("i{n}"), json!({ "type": "string", "pattern": format!("^(a{{1,100}}|b{n})+$") })))
        .collect();
    let source = json!({ "name": "w", "inputs": inputs, "steps": [{ "id": "s", "plugin": "p" }] }).to_string();
    let told = told(check(source));
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with("the inputs of a workflow have at most 100 patterns"), "{told:?}");
}

#[test]
fn what_is_nested_deeply_is_refused() {
    let expressions = [
        "(",
        "[",
        "{'a':",
        "-",
        "not ",
        "a[",
        "a if b else ",
        "a|default(",
        "a and (",
        "f(",
        "- - ",
        "a.b",
        "1+",
        "1~",
        "a is not ",
        "1<",
    ];
    for open in expressions {
        let source = format!(
            "name: w\nsteps: [{{ id: s, plugin: p, with: {{ a: '${{{{ {} }}}}' }} }}]\n",
            open.repeat(2_000 / open.len()).replace('\'', "''")
        );
        let _ = check(source);
    }
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("a: ", "")] {
        let _ = check(format!("name: w\nsteps: {}{}\n", open.repeat(50_000), close.repeat(50_000)));
        let _ = check(format!("name: w\ninputs: {{ i: {}{} }}\n", open.repeat(30), close.repeat(30)));
        let _ = check(format!("name: w\non: [{{ event: {}{} }}]\n", open.repeat(28), close.repeat(28)));
    }
    // As deep as the JSON of a plugin can be, and as references can make it.
    for keyword in ["not", "items", "additionalProperties", "if"] {
        let deep = (0..120).fold(json!({ "type": "string" }), |inner, _| json!({ keyword: inner }));
        let value = (0..20).fold(json!({}), |inner, _| json!({ "a": [inner] }));
        let source =
            json!({ "name": "w", "steps": [{ "id": "s", "plugin": "p", "with": { "a": value } }] }).to_string();
        let _ = check_with(json!({ "properties": { "a": deep } }), &source);
    }
    let next = |n: usize| json!({ "$ref": format!("#/$defs/a{n}") });
    for keyword in ["not", "items", "allOf"] {
        let definition = |n: usize| if keyword == "allOf" { json!([next(n + 1)]) } else { next(n + 1) };
        let mut definitions: serde_json::Map<String, Value> =
            (0..5_000).map(|n| (format!("a{n}"), json!({ keyword: definition(n) }))).collect();
        definitions.insert("a5000".to_owned(), json!({ "type": "string" }));
        let schema = json!({ "properties": { "a": next(0) }, "$defs": definitions });
        let _ = check(with_input(&schema, &json!({ "a": [[[]]] })));
        let source = "name: w\nsteps: [{ id: s, plugin: p, with: { a: [[[x]]] } }, { id: t, plugin: p, if: '${{ steps.s.output.a }}' }]\n";
        let _ = check_with(schema, source);
    }
}

#[test]
fn problems_of_a_long_line_are_shown_with_what_is_around_them() {
    let wrong: Vec<String> = (0..6_000).map(|n| format!("${{{{ vars.x{n} }}}}")).collect();
    let source =
        json!({ "name": "w", "steps": [{ "id": "s", "plugin": "p", "with": { "ä": wrong.join(" ") } }] }).to_string();
    let problems = check(source.clone()).unwrap_err();
    let text = bounded(move || problems.render(false));
    assert!(text.len() < 100 * 1_000, "{} bytes", text.len());
    let first = text.split("\n\n").next().unwrap();
    let column = source.chars().position(|c| c == '$').unwrap() + 5;
    assert!(first.starts_with(&format!("error: unknown variable `x0`\n --> w.yaml:1:{column}\n")), "{first}");
    let (line, carets) = first.lines().nth(3).zip(first.lines().nth(4)).unwrap();
    let at = carets.chars().position(|c| c == '^').unwrap();
    assert_eq!(line.chars().skip(at).take(7).collect::<String>(), "vars.x0", "{first}");
}

#[test]
fn calls_of_a_billion_ways_end() {
    // Seven rows of twenty workflows, each of which calls all of the next row.
    let calls = |row: usize| -> Value {
        let call = |n: usize| json!({ "id": format!("c{n}"), "call": { "workflow": format!("w{row}-{n}") } });
        (0..20).map(call).collect()
    };
    let mut workflows = BTreeMap::new();
    for (row, n) in (1..8).flat_map(|row| (0..20).map(move |n| (row, n))) {
        let steps = if row == 7 { json!([{ "id": "s", "plugin": "p" }]) } else { calls(row + 1) };
        let source = json!({ "name": format!("w{row}-{n}"), "steps": steps }).to_string();
        let workflow = load("w.yaml", &source, &Surroundings::default()).unwrap();
        workflows.insert(workflow.name.clone(), Arc::new(workflow));
    }
    let source = json!({ "name": "w", "steps": calls(1) }).to_string();
    let checked = bounded(move || {
        load("w.yaml", &source, &Surroundings { workflows: Some(&workflows), ..Surroundings::default() })
    });
    let told = told(checked);
    assert!(told.iter().any(|told| told.contains("workflow `w` has more than 10000 steps")), "{told:?}");
}

#[test]
fn values_as_deep_as_json_can_be_end() {
    let recursive = [
        json!({ "properties": { "a": { "$ref": "#" } } }),
        json!({ "additionalProperties": { "$ref": "#" } }),
        json!({ "anyOf": [{ "type": "string" }, { "properties": { "a": { "$ref": "#" } }, "unevaluatedProperties": false }] }),
    ];
    for mut input in recursive {
        input["type"] = json!("object");
        let source = json!({ "name": "w", "inputs": { "i": input }, "steps": [{ "id": "s", "plugin": "p" }] });
        for depth in [10, 30, 40, 60, 62, 64, 120] {
            let workflow = check(source.to_string()).unwrap_or_else(|problems| panic!("{problems}"));
            let value = (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
            let _ = bounded(move || workflow.inputs(&json!({ "i": value })));
        }
    }
}

/// Thousands of values in a pattern, each held against ten thousands of the event, by every event that comes.
#[test]
fn events_of_a_billion_comparisons_are_refused() {
    let event = |values: usize| json!({ "id": "e", "detail": { "x": vec!["É"; values], "y": vec![json!({ "z": ["b"] }); values] } });
    let texts =
        |operator: &str, count: usize| (0..count).map(|n| json!({ operator: format!("z{n}") })).collect::<Vec<_>>();
    let patterns = [
        json!({ "detail": { "x": texts("equals-ignore-case", 6_000) } }),
        json!({ "detail": { "x": [{ "anything-but": (0..6_000).map(|n| format!("z{n}")).chain(["É".into()]).collect::<Vec<String>>() }] } }),
        json!({ "detail": { "y": { "z": texts("wildcard", 6_000) } } }),
        json!({ "detail": { "$or": vec![json!({ "x": ["a"] }); 1_000] } }),
    ];
    for pattern in patterns {
        let document = json!({ "name": "w", "on": [{ "event": pattern }], "steps": [{ "id": "s", "wait": "1s" }] });
        bounded(move || {
            let workflow = load("w.yaml", &document.to_string(), &Surroundings::default()).unwrap();
            assert_eq!(workflow.starts(&event(30_000)).map(|parts| parts.len()), Err(SplitError::Work));
            assert!(workflow.starts(&event(1)).is_ok());
        });
    }
    // As many texts as EventBridge takes, and as many findings as Security Hub sends.
    let on = json!([{ "event": { "detail": { "findings": { "Types": texts("wildcard", 120) } } }, "split": "detail.findings" }]);
    let finding = json!({ "Types": vec!["Software and Configuration Checks/Industry and Regulatory Standards"; 50], "other": vec!["x"; 500] });
    let document = json!({ "name": "w", "on": on, "steps": [{ "id": "s", "wait": "1s" }] });
    let workflow = check(document.to_string()).unwrap();
    assert!(workflow.starts(&json!({ "id": "e", "detail": { "findings": vec![finding; 100] } })).unwrap().is_empty());
}
