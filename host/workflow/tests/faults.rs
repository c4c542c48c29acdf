//! The numbered faults of workflow files: each document is refused, at its place, with what to do; or means just what it
//! says.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use cases::case;
use serde_json::{Value, json};
use workflow::{Surroundings, Workflow, load, to_json};

/// The document is refused, and one of its problems says so at this place.
fn refused(id: &str, input: &str, source: &str, place: &str, expected: &str) {
    let told = match load("w.yaml", source, &Surroundings::default()) {
        Ok(_) => panic!("{id}: {input} was taken"),
        Err(problems) => problems,
    };
    let all: Vec<String> =
        told.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message)).collect();
    let seen = all.iter().find(|told| told.starts_with(place) && told.contains(expected));
    assert!(seen.is_some(), "{id}, {input}: {all:#?}");
    let told = if expected.is_empty() { "refused".to_owned() } else { format!("refused: {expected}") };
    case(id, input, &told, &told);
}

/// A workflow of one plugin step with these fields besides.
fn step(fields: &str) -> String {
    format!("name: w\nsteps:\n  - id: a\n    plugin: p\n{fields}")
}

#[test]
fn sizes() {
    let comment = |size: usize| format!("# {}\nname: w\nsteps: [{{ id: a, plugin: p }}]\n", "x".repeat(size));
    let limit = "at most 262144 are accepted";
    refused("E01", "a document of 256 KiB and some", &comment(256 * 1024), "1:1", limit);
    refused("E01", "a document of 10 MB", &comment(10_000_000), "1:1", limit);
    let deep = |open: &str, close: &str| format!("name: w\nsteps: {}{}", open.repeat(10_000), close.repeat(10_000));
    refused("E03", "10,000 lists in each other", &deep("[", "]"), "2:", "");
    refused("E03", "10,000 mappings in each other", &deep("{a: ", "}"), "2:", "");
    let block: String = (0..100).map(|depth| format!("{}- a:\n", "  ".repeat(depth))).collect();
    refused("E03", "100 blocks in each other", &format!("name: w\nsteps:\n{block}"), "", "");
    let keys: String = (0..21_000).map(|key| format!("k{key}: 1\n")).collect();
    refused("E04", "21,000 keys", &keys, "", "the file has more than 20000 values");
    let items = "1,".repeat(21_000);
    refused("E04", "21,000 items", &format!("name: w\nsteps: [{items}]"), "2:", "the file has more than 20000 values");
    let steps: String = (0..1_001).map(|id| format!("  - {{ id: s{id}, plugin: p }}\n")).collect();
    refused("E15", "1,001 steps", &format!("name: w\nsteps:\n{steps}"), "1003:", "a workflow has at most 1000 steps");
    let branches: String = (0..101).map(|id| format!("{{ id: s{id}, plugin: p }},")).collect();
    let wide = format!("name: w\nsteps:\n  - parallel: {{ branches: [{branches}] }}");
    refused("E15", "101 branches", &wide, "3:", "`parallel` has from 1 to 100 branches");
    let nested = (0..100)
        .fold("[{ id: a, plugin: p }]".to_owned(), |inner, _| format!("[{{ each: {{ in: [1], steps: {inner} }} }}]"));
    refused("E15", "100 blocks in each other", &format!("name: w\nsteps: {nested}"), "2:", "");
}

#[test]
fn yaml_that_means_two_things() {
    let bomb = "a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    refused("E02", "an alias bomb", bomb, "1:", "anchors are not allowed");
    refused("E02", "an alias", bomb, "2:", "aliases are not allowed");
    refused("E02", "a merge key", &step("    <<: { if: true }\n"), "5:", "merge keys are not allowed");
    refused("E05", "a field twice", "name: w\nname: v\nsteps: []\n", "2:1", "`name` is given twice, first on line 1");
    refused(
        "E05",
        "an argument twice",
        &step("    with: { x: 1, x: 2 }\n"),
        "5:19",
        "`x` is given twice, first on line 5",
    );
    for tag in ["!!python/object:os.system", "!include", "!env", "!!str"] {
        refused("E06", tag, &step(&format!("    with: {{ x: {tag} y }}\n")), "5:", "tags are not allowed");
    }
    let document = "name: w\nsteps: [{ id: a, plugin: p }]\n";
    refused("E07", "two documents", &format!("{document}---\n{document}"), "3:1", "a second document is not allowed");
    refused("E07", "5,000 documents", &format!("{document}---\n").repeat(5_000), "3:1", "a second document");
    refused("E07", "NUL", "name: w\0\n", "", "");
    refused("E07", "UTF-16, read as UTF-8", "n\0a\0m\0e\0:\0 \0w\0", "", "");
    for (what, source) in
        [("CRLF", document.replace('\n', "\r\n")), ("a byte order mark", format!("\u{feff}{document}"))]
    {
        let workflow = load("w.yaml", &source, &Surroundings::default());
        assert_eq!(workflow.as_ref().map(|workflow| workflow.name.as_str()).ok(), Some("w"), "{what}");
        case("E07", what, "the same document", "the same document");
    }
    for (what, source) in [
        ("a tab", "name: w\nsteps:\n\t- id: a\n"),
        ("an indent that fits nothing", "name: w\nsteps:\n   - id: a\n  plugin: p\n"),
        ("a quote that is never closed", "name: \"w\nsteps: []\n"),
    ] {
        refused("E13", what, source, "", "not valid YAML");
    }
}

#[test]
fn traps_of_older_yaml_are_text() {
    let traps = ["no", "on", "012", "1:20", "1e3", ".inf", "2026-01-01", "0x1F", "yes", "~x"];
    for trap in traps {
        let read = to_json(&format!("a: {trap}")).unwrap();
        assert_eq!(read, json!({ "a": trap }));
        case("E08", trap, json!(trap), &read["a"]);
    }
    refused(
        "E08",
        "`id: on`-like values where text is not meant",
        &step("    timeout: 012\n"),
        "5:14",
        "`timeout` must be a duration",
    );
}

#[test]
fn fields_and_values() {
    let source = "name: w\nsteps:\n  - id: a\n    aproval: { title: t }\n";
    refused("E09", "`aproval:`", source, "4:5", "unknown field `aproval`");
    refused("E09", "`retry.atempts`", &step("    retry: { atempts: 3 }\n"), "5:14", "unknown field `atempts`");
    refused("E10", "an empty file", "", "1:1", "the file is empty");
    refused("E10", "`null`", "null\n", "1:1", "a workflow must be a mapping, not nothing");
    refused("E10", "no steps", "name: w\n", "1:1", "a workflow needs `steps`");
    refused("E10", "steps that are text", "name: w\nsteps: all\n", "2:8", "must be a list, not text");
    refused("E10", "a number as a name", "name: 7\nsteps: []\n", "1:7", "`name` must be text, not a number");
    for timeout in ["-5m", "0s", "1000000000000000000s", "1.5h", "5", "366d"] {
        let source = step(&format!("    timeout: {timeout}\n"));
        refused("E11", &format!("`timeout: {timeout}`"), &source, "5:14", "must be a duration from `1s` to `365d`");
    }
    refused(
        "E11",
        "`needs: 0`",
        "name: w\nsteps:\n  - { id: a, approval: { title: t, approvers: ['group:g'], needs: 0 } }\n",
        "3:67",
        "`needs` must be a whole number from 1 to 10",
    );
    for id in ["A", "a-b", "1a", "é", "__proto__", &"a".repeat(10 * 1024)] {
        let source = format!("name: w\nsteps:\n  - id: {id}\n    plugin: p\n");
        refused("E12", &format!("the id `{id:.16}`"), &source, "3:9", "cannot be an id");
    }
    for word in ["event", "steps", "not", "index"] {
        let source = format!("name: w\nsteps:\n  - each: {{ in: [1], as: {word}, steps: [{{ id: a, plugin: p }}] }}\n");
        refused("E12", &format!("an item named `{word}`"), &source, "3:26", "has a meaning of its own");
    }
    refused("E26", "a retry of 10^9 attempts", &step("    retry: { attempts: 1000000000 }\n"), "5:24", "from 1 to 20");
    refused("E26", "a backoff of 0", &step("    retry: { attempts: 2, backoff: 0 }\n"), "5:36", "from 1 to 10");
}

#[test]
fn references_to_what_is_not_there() {
    let two = |value: &str| {
        format!(
            "name: w\nsteps:\n  - {{ id: a, plugin: p, with: {{ x: '${{{{ {value} }}}}' }} }}\n  - {{ id: b, plugin: p }}\n"
        )
    };
    refused("E16", "a later step", &two("steps.b.output"), "3:", "step `b` comes later");
    refused("E16", "a step that is not there", &two("steps.c.output"), "3:", "unknown step `c`");
    refused("E16", "itself", &two("steps.a.output"), "3:", "step `a` cannot refer to itself");
    let branches = "name: w\nsteps:\n  - parallel:\n      branches:\n        - { id: a, plugin: p }\n        - { id: b, plugin: p, with: { x: '${{ steps.a.output }}' } }\n";
    refused("E16", "a step of a branch beside", branches, "6:", "step `a` is in a branch beside this one");
    refused("E16", "an input that is not there", &two("inputs.topic"), "3:", "unknown input `topic`");
}

#[test]
fn circles() {
    let named = |source: &str| {
        let workflow = load("w.yaml", source, &Surroundings::default()).unwrap();
        (workflow.name.clone(), Arc::new(workflow))
    };
    let call = |name: &str, callee: &str| format!("name: {name}\nsteps: [{{ id: x, call: {{ workflow: {callee} }} }}]");
    let others: BTreeMap<String, Arc<Workflow>> = [named(&call("b", "a"))].into();
    let surroundings = Surroundings { workflows: Some(&others), ..Surroundings::default() };
    let told = |source: &str| match load("w.yaml", source, &surroundings) {
        Ok(_) => panic!("{source} was taken"),
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; "),
    };
    let seen = told(&call("a", "b"));
    case("E14", "a calls b, b calls a", "workflows call each other in a circle: a -> b -> a", &seen);
    let seen = told(&call("a", "a"));
    case("E14", "a calls a", "workflow `a` cannot call itself", &seen);
    let seen = told(&call("a", "c"));
    case("E14", "a calls c, which is not there", "unknown workflow `c`", &seen);
}

#[test]
fn approvals_cannot_be_gone_round_unseen() {
    let ask = "{ id: ask, approval: { title: t, approvers: ['group:g'] } }";
    let catch = format!(
        "name: w\nsteps:\n  - choose: [{{ when: true, steps: [{ask}] }}]\n    catch: [{{ steps: [{{ id: c, plugin: p }}], then: continue }}]\n"
    );
    refused("E24", "a catch that continues past an approval", &catch, "3:", "cannot be around an approval");
    let parallel = format!("name: w\nsteps:\n  - parallel: {{ on-error: continue, branches: [{ask}] }}\n");
    refused("E24", "`on-error: continue` around an approval", &parallel, "3:", "the run could go on without it");
    let optional = "name: w\nsteps:\n  - { id: ask, if: '${{ event.ask }}', approval: { title: t, approvers: ['group:g'] } }\n  - { id: b, plugin: p }\n";
    let workflow = load("w.yaml", optional, &Surroundings::default()).unwrap();
    let notes: Vec<String> = workflow.notes.iter().map(|note| note.message.clone()).collect();
    case(
        "E24",
        "an approval under an `if`",
        "shown: `ask` is asked only if `event.ask`",
        format!("shown: {}", notes.join("; ")),
    );
}

#[test]
fn what_does_not_fit_is_told_before_it_runs() {
    let input = json!({ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] });
    let output = json!({ "type": "object", "properties": { "ids": { "type": "array" } } });
    let schema = workflow::PluginSchema { input: Some(input), output: Some(output) };
    let plugins = BTreeMap::from([("p".to_owned(), schema)]);
    let surroundings = Surroundings { plugins: Some(&plugins), ..Surroundings::default() };
    let check = |input: &str, with: &str, expected: &str| {
        let source = format!(
            "name: w\nsteps:\n  - {{ id: a, plugin: p, with: {{ id: x }} }}\n  - {{ id: b, plugin: p, with: {with} }}\n"
        );
        let problems = load("w.yaml", &source, &surroundings).unwrap_err();
        let seen: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        case("E17", input, expected, seen.join("; "));
    };
    check(
        "a list for text",
        "{ id: '${{ steps.a.output.ids }}' }",
        "`id` of `p` must be of type `string`, and `steps.a.output.ids` is `array`",
    );
    check("a number for text", "{ id: 7 }", "`id` of `p`: it is not of type \"string\"");
    check("a field that there is not", "{ id: '${{ steps.a.output.id }}' }", "the output of `a` has no field `id`");
    check("nothing", "{}", "`p` needs `id` in `with`");
}

#[test]
fn printing_and_reading() {
    let value: Value = json!({ "a": ["no", "012", "", { "b: c": null, "#": 1e300 }], "é\u{0}": "x\n  y" });
    let read = to_json(&workflow::to_yaml(&value)).unwrap();
    case(
        "E30",
        "hard texts and numbers, printed and read; random ones in tests/documents and tests/fuzz",
        &value,
        &read,
    );
}
