//! Documents that nobody would write: loading never panics, problems lie inside the document, and what is taken prints
//! and reads back. So with inputs and plugins whose JSON Schemas nobody would write: a check of them ends, soon and within a
//! small stack.
//!
//! Each runs some thousand random inputs. `BOLERO_RANDOM_ITERATIONS=1000000` makes it more;
//! `cargo bolero test --package workflow` lets a fuzzer choose them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests that panics fails its test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use bolero::check;
use serde_json::{Map, Value, json};
use workflow::{PluginSchema, Surroundings, load, to_json, to_yaml};

/// What a mistake or an attack puts into a document.
const TOKENS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    - ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "ü",
    "${{",
    "}}",
    "${{ steps.a.output }}",
    "${{ item }}",
    "id: a",
    "if: true",
    "plugin: p",
    "parallel:",
    "choose:",
    "each:",
    "wait: 5m",
    "call:",
    "approval:",
    "catch:",
    "retry:",
    "on-failure:",
    "null",
    "18446744073709551616",
    "-1",
    "1e9",
    "|\n",
    ">-\n",
    "? ",
];

/// The shipped workflows.
fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn load_and_use(source: &str) {
    match load("w.yaml", source, &Surroundings::default()) {
        Ok(workflow) => {
            let written = to_json(source).unwrap();
            assert_eq!(to_json(&to_yaml(&written)).as_ref(), Some(&written));
            workflow.unfold(None);
            workflow.notes.render(true);
        }
        Err(problems) => {
            let lines = source.lines().count().max(1) + 1;
            assert!(problems.iter().count() > 0);
            assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line) && problem.column >= 1));
            problems.render(false);
        }
    }
}

#[test]
fn documents_of_any_bytes() {
    check!().with_iterations(2_000).for_each(|bytes: &[u8]| load_and_use(&String::from_utf8_lossy(bytes)));
}

#[test]
fn documents_of_tokens() {
    check!().with_type::<Vec<u8>>().with_iterations(2_000).for_each(|tokens| {
        let text: String = tokens.iter().map(|token| TOKENS[usize::from(*token) % TOKENS.len()]).collect();
        load_and_use(&text);
    });
}

#[test]
fn workflows_with_mistakes() {
    let shipped = shipped();
    check!().with_type::<(u8, Vec<(u16, u8, u8)>)>().with_iterations(2_000).for_each(|(which, edits)| {
        let mut text: Vec<char> = shipped[usize::from(*which) % shipped.len()].chars().collect();
        for (at, length, token) in edits.iter().take(5) {
            let from = usize::from(*at) % (text.len() + 1);
            let to = (from + usize::from(length % 16)).min(text.len());
            text.splice(from..to, TOKENS[usize::from(*token) % TOKENS.len()].chars());
        }
        load_and_use(&text.into_iter().collect::<String>());
    });
}

/// Half of what a thread of the server has.
const STACK: usize = 1 << 20;

/// What a schema can refer to.
const TARGETS: &[&str] = &[
    "#",
    "#/$defs/a",
    "#/$defs/b",
    "#/$defs/c",
    "#/properties/a",
    "#/properties/b",
    "#x",
    "#/$defs/a/items",
    "urn:x#",
];
/// What of a schema holds one other schema, several in a list, and several by name.
const ONE: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: &[&str] = &["properties", "$defs", "dependentSchemas", "patternProperties"];
const NAMES: &[&str] = &["a", "b", "c", "^a"];
const TYPES: &[&str] = &["string", "integer", "boolean", "array", "object", "null"];

/// Makes schemas, values and texts of a few bytes.
struct Maker<'b> {
    bytes: &'b [u8],
}

impl Maker<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) = self.bytes.split_first().map_or((0, self.bytes), |(first, rest)| (*first, rest));
        self.bytes = rest;
        usize::from(first)
    }

    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.byte() % all.len()]
    }

    fn schema(&mut self, depth: usize) -> Value {
        let mut fields = Map::new();
        for _ in 0..=self.byte() % 3 {
            if depth == 0 || self.bytes.is_empty() {
                break;
            }
            match self.byte() % 8 {
                0 | 1 => fields.insert("$ref".into(), json!(self.one_of(TARGETS))),
                2 => fields.insert(self.one_of(ONE).into(), self.schema(depth - 1)),
                3 => {
                    let inner: Vec<Value> = (0..=self.byte() % 2).map(|_| self.schema(depth - 1)).collect();
                    fields.insert(self.one_of(LISTED).into(), json!(inner))
                }
                4 | 5 => {
                    let inner = (0..=self.byte() % 2).map(|_| (self.one_of(NAMES).to_owned(), self.schema(depth - 1)));
                    let inner: Map<String, Value> = inner.collect();
                    fields.insert(self.one_of(NAMED).into(), Value::Object(inner))
                }
                6 => fields.insert("type".into(), json!(self.one_of(TYPES))),
                _ => match self.byte() % 4 {
                    0 => fields.insert("$anchor".into(), json!("x")),
                    1 => fields.insert("$id".into(), json!("urn:x")),
                    2 => fields.insert("required".into(), json!(["a"])),
                    _ => fields.insert("enum".into(), json!([1, "a", [[]]])),
                },
            };
        }
        Value::Object(fields)
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.byte() % if depth == 0 { 4 } else { 7 } {
            0 => json!("a"),
            1 => json!(1),
            2 => json!("${{ vars.a }}"),
            3 => json!(format!("${{{{ {} }}}}", self.reference())),
            4 => (0..self.byte() % 3).map(|_| self.value(depth - 1)).collect::<Vec<_>>().into(),
            _ => (0..self.byte() % 3)
                .map(|_| (self.one_of(NAMES).to_owned(), self.value(depth - 1)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    fn reference(&mut self) -> String {
        let root = self
            .one_of(&["inputs.a", "inputs", "vars", "steps.s.output", "steps.t.output", "event", "item"])
            .to_owned();
        (0..self.byte() % 4).fold(root, |path, _| format!("{path}.{}", self.one_of(&["a", "b", "c"])))
    }

    /// A workflow that has such an input, and gives what it has to plugins.
    fn workflow(&mut self) -> Value {
        let mut input = typed(self.schema(4));
        if self.byte().is_multiple_of(2) {
            input["default"] = self.value(3);
        }
        let condition = format!("${{{{ {} }}}}", self.reference());
        let list = format!("${{{{ {} }}}}", self.reference());
        json!({
            "name": "w",
            "inputs": { "a": input },
            "vars": { "a": self.value(2), "b": self.value(2), "c": self.value(1) },
            "steps": [
                { "id": "s", "plugin": "p", "with": { "a": self.value(3), "b": self.value(3) } },
                { "id": "t", "if": condition, "plugin": "p", "with": { "a": self.value(2), "c": self.value(2) } },
                { "each": { "in": list, "steps": [{ "id": "u", "plugin": "p", "with": { "b": self.value(2) } }] } },
            ],
        })
    }
}

/// An input needs a type.
fn typed(mut schema: Value) -> Value {
    schema["type"] = json!("object");
    schema
}

#[test]
fn workflows_with_schemas_of_inputs_and_plugins() {
    check!().with_type::<Vec<u8>>().with_iterations(2_000).for_each(|bytes| {
        let run = || {
            let mut maker = Maker { bytes };
            let schema = PluginSchema { input: Some(maker.schema(5)), output: Some(maker.schema(5)) };
            let document = maker.workflow().to_string();
            let plugins = BTreeMap::from([("p".to_owned(), schema)]);
            let surroundings = Surroundings { plugins: Some(&plugins), ..Surroundings::default() };
            let given = json!({ "a": maker.value(4) });
            match load("w.yaml", &document, &surroundings) {
                Ok(workflow) => drop(workflow.inputs(&given)),
                Err(problems) => assert!(!problems.render(false).is_empty()),
            }
            // The same without the faults of the document, so that its values are held against the schemas.
            let input = json!({ "name": "w", "inputs": { "a": typed(maker.schema(5)) }, "steps": [{ "id": "s", "plugin": "p" }] });
            if let Ok(workflow) = load("w.yaml", &input.to_string(), &Surroundings::default()) {
                drop(workflow.inputs(&given));
            }
        };
        thread::scope(|scope| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).unwrap().join().unwrap());
    });
}
