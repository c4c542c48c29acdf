//! The evidence: all that is known, as JSON. The same input is the same text, byte for byte: fields are sorted, and nothing in
//! it tells one attempt from another.
//!
//! What would make it larger than an object may be is cut off, and its `cut` says what and how much, so that nobody takes
//! a part for the whole.

use quell_sdk::Context;
use serde_json::{Map, Value, json};

use crate::Input;

/// The largest object: `put-object` of `quell:s3/objects`.
pub const MAX_OBJECT: usize = 256 * 1024;

/// How many places that were cut are listed; the others are counted.
const MAX_LISTED: usize = 200;

/// How much is kept of texts, in characters, of lists and of mappings, from generous to tight. The first that makes it small
/// enough is taken.
const BOUNDS: [Bounds; 4] = [
    Bounds { text: 16_384, items: 2000, depth: 64 },
    Bounds { text: 2048, items: 200, depth: 32 },
    Bounds { text: 256, items: 40, depth: 12 },
    Bounds { text: 128, items: 10, depth: 6 },
];

struct Bounds {
    text: usize,
    items: usize,
    depth: usize,
}

/// The evidence.
pub struct Evidence {
    /// The document.
    pub text: String,
    cut: bool,
}

impl Evidence {
    /// The evidence of this input, kept by this step.
    pub fn of(input: &Input, context: &Context) -> Self {
        let whole = sorted(&json!({ "finding": input.finding, "results": input.results }));
        let uncut = document(input, context, whole.clone(), &Cuts::default());
        if uncut.len() <= MAX_OBJECT {
            return Self { text: uncut, cut: false };
        }
        for bounds in &BOUNDS {
            let mut cuts = Cuts::default();
            let kept = cuts.keep(&whole, bounds, "", 0);
            let text = document(input, context, kept, &cuts);
            if text.len() <= MAX_OBJECT {
                return Self { text, cut: true };
            }
        }
        let nothing = Cuts { places: vec![json!({ "at": "", "why": "too large, and left out whole" })], count: 1 };
        Self { text: document(input, context, json!({}), &nothing), cut: true }
    }

    /// Whether something is missing.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

fn document(input: &Input, context: &Context, content: Value, cuts: &Cuts) -> String {
    let mut document = json!({
        "run": context.run,
        "step": context.step,
        "account": context.account,
        "region": context.region,
        // The whole title and severity are short in any reasonable case, and are bounded in every other.
        "title": input.title.as_deref().map(|title| title.chars().take(1000).collect::<String>()),
        "severity": input.severity.as_deref().map(|severity| severity.chars().take(100).collect::<String>()),
        "cut": cuts.places,
        "cut_count": cuts.count,
    });
    if let (Some(document), Value::Object(content)) = (document.as_object_mut(), content) {
        document.extend(content);
    }
    let pretty = format!("{document:#}\n");
    if pretty.len() <= MAX_OBJECT { pretty } else { format!("{document}\n") }
}

/// The same value with the fields of all mappings in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            let field = |name: &String| Some((name.clone(), sorted(fields.get(name)?)));
            Value::Object(names.into_iter().filter_map(field).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        scalar => scalar.clone(),
    }
}

/// What was cut, and where.
#[derive(Default)]
struct Cuts {
    places: Vec<Value>,
    count: usize,
}

impl Cuts {
    /// What is kept of a value at a JSON Pointer.
    fn keep(&mut self, value: &Value, bounds: &Bounds, at: &str, depth: usize) -> Value {
        match value {
            Value::String(text) => {
                let length = text.chars().count();
                if length <= bounds.text {
                    return value.clone();
                }
                self.note(at, format!("a text of {length} characters, of which the first {} are kept", bounds.text));
                Value::String(text.chars().take(bounds.text).collect())
            }
            Value::Array(items) if !items.is_empty() && depth >= bounds.depth => self.omit(at, "list", items.len()),
            Value::Object(fields) if !fields.is_empty() && depth >= bounds.depth => {
                self.omit(at, "mapping", fields.len())
            }
            Value::Array(items) => {
                self.count_items(at, "list", items.len(), bounds);
                let kept = items.iter().take(bounds.items).enumerate();
                kept.map(|(index, item)| self.keep(item, bounds, &format!("{at}/{index}"), depth + 1)).collect()
            }
            Value::Object(fields) => {
                self.count_items(at, "mapping", fields.len(), bounds);
                let kept = fields.iter().take(bounds.items);
                let kept = kept.map(|(name, field)| {
                    let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    let name = name.chars().take(bounds.text).collect();
                    (name, self.keep(field, bounds, &pointer, depth + 1))
                });
                Value::Object(kept.collect::<Map<_, _>>())
            }
            scalar => scalar.clone(),
        }
    }

    fn omit(&mut self, at: &str, what: &str, length: usize) -> Value {
        self.note(at, format!("a {what} of {length}, too deep inside, and left out"));
        Value::Null
    }

    fn count_items(&mut self, at: &str, what: &str, length: usize, bounds: &Bounds) {
        if length > bounds.items {
            self.note(at, format!("a {what} of {length}, of which the first {} are kept", bounds.items));
        }
    }

    fn note(&mut self, at: &str, why: String) {
        self.count += 1;
        if self.places.len() < MAX_LISTED {
            let at: String = at.chars().take(200).collect();
            self.places.push(json!({ "at": at, "why": why }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::tests::{context, input};

    fn evidence(results: Value) -> Evidence {
        Evidence::of(&input(json!({ "results": results })), &context())
    }

    fn read(evidence: &Evidence) -> Value {
        assert!(evidence.text.len() <= MAX_OBJECT, "{} bytes", evidence.text.len());
        serde_json::from_str(&evidence.text).unwrap()
    }

    #[test]
    fn all_that_is_known_is_in_it() {
        let evidence = evidence(
            json!({ "b": { "status": "skipped" }, "a": { "status": "succeeded", "output": { "z": 1, "y": [null] } } }),
        );
        let expected = "\
{
  \"run\": \"run-1\",
  \"step\": \"respond/document\",
  \"account\": \"123456789012\",
  \"region\": \"us-east-1\",
  \"title\": null,
  \"severity\": null,
  \"cut\": [],
  \"cut_count\": 0,
  \"finding\": null,
  \"results\": {
    \"a\": {
      \"output\": {
        \"y\": [
          null
        ],
        \"z\": 1
      },
      \"status\": \"succeeded\"
    },
    \"b\": {
      \"status\": \"skipped\"
    }
  }
}
";
        assert_eq!(evidence.text, expected);
        assert!(!evidence.is_cut());
    }

    #[test]
    fn another_order_of_fields_is_the_same_evidence() {
        let one = evidence(json!({ "a": { "status": "failed", "error": { "code": "x", "message": "y" } } }));
        let other = evidence(json!({ "a": { "error": { "message": "y", "code": "x" }, "status": "failed" } }));
        assert_eq!(one.text, other.text);
    }

    #[test]
    fn what_is_larger_than_an_object_is_cut_off_and_that_is_said() {
        let events: Vec<Value> =
            (0..5000).map(|number| json!({ "name": format!("event {number}"), "more": "x".repeat(60) })).collect();
        let evidence = evidence(json!({ "forensics": { "output": { "events": events, "note": "short" } } }));
        let document = read(&evidence);
        assert!(evidence.is_cut());
        let kept = document["results"]["forensics"]["output"]["events"].as_array().unwrap().len();
        let why = format!("a list of 5000, of which the first {kept} are kept");
        assert_eq!(document["cut"], json!([{ "at": "/results/forensics/output/events", "why": why }]));
        assert_eq!(document["results"]["forensics"]["output"]["note"], "short");
        assert!(kept >= 2000, "{kept}");
    }

    #[test]
    fn whatever_it_is_it_is_no_larger_than_an_object() {
        let mut deep = json!("x".repeat(300));
        for level in 0..100 {
            deep = json!({ format!("{level}/~"): deep, "text": "\u{1}".repeat(3000) });
        }
        let wide: Map<String, Value> =
            (0..30_000).map(|number| (format!("field {number}"), json!({ "a": [number] }))).collect();
        let long = json!({ "n".repeat(300_000): "é".repeat(300_000) });
        for value in [deep, Value::Object(wide), long] {
            let document = read(&evidence(json!({ "step": { "status": "succeeded", "output": value } })));
            assert!(document["cut_count"].as_u64().unwrap() > 0);
            assert!(!document["cut"].as_array().unwrap().is_empty());
        }
    }
}
