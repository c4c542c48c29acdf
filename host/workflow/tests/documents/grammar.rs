//! The format as a grammar that writes: documents that are right, and any value at all.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Anything that a document may hold, as deep as it may.
pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter_map("JSON has no infinity", |float| serde_json::Number::from_f64(float).map(Value::from)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::from), mapping(text(), inner).prop_map(Value::Object)]
    })
}

/// A workflow of up to some dozen steps.
pub fn workflow() -> impl Strategy<Value = Value> {
    let head = (name(), of(text()), of(triggers()), of(duration()), inputs(), vars());
    (head, vec(tree(), 1..5), vec(tree(), 0..3), of(template())).prop_map(
        |((name, description, triggers, timeout, inputs, vars), steps, on_failure, output)| {
            let mut ids = 0;
            let mut document = json!({ "name": name });
            let dedupe = triggers.as_ref().map(|_| json!({ "key": "${{ event.id }}", "window": "1h" }));
            set(&mut document, "description", description.map(Value::from));
            set(&mut document, "on", triggers);
            set(&mut document, "dedupe", dedupe);
            set(&mut document, "timeout", timeout.map(Value::from));
            set(&mut document, "inputs", Some(Value::Object(inputs)).filter(|inputs| inputs != &json!({})));
            set(&mut document, "vars", Some(Value::Object(vars)).filter(|vars| vars != &json!({})));
            document["steps"] = steps.iter().map(|step| step.write(&mut ids, true)).collect();
            if !on_failure.is_empty() {
                document["on-failure"] = on_failure.iter().map(|step| step.write(&mut ids, false)).collect();
            }
            set(&mut document, "output", output);
            document
        },
    )
}

fn set(document: &mut Value, field: &str, value: Option<Value>) {
    if let Some(value) = value {
        document[field] = value;
    }
}

/// A step without its id.
#[derive(Clone, Debug)]
struct Tree {
    kind: Kind,
    condition: Option<Value>,
    retry: Option<Value>,
    timeout: Option<String>,
    repeats: Option<bool>,
    catch: Option<(Vec<String>, Vec<Tree>)>,
}

#[derive(Clone, Debug)]
enum Kind {
    Plugin(String, Map<String, Value>),
    Approval { title: Value, needs: u32, expires: Option<String> },
    Wait(Value),
    Call(String, Map<String, Value>),
    Parallel { branches: Vec<Vec<Tree>>, fail_fast: bool },
    Choose { alternatives: Vec<(Value, Vec<Tree>)>, otherwise: Option<Vec<Tree>> },
    Each { list: Value, name: Option<String>, concurrency: u32, steps: Vec<Tree> },
}

fn tree() -> impl Strategy<Value = Tree> {
    let wait = prop_oneof![
        duration().prop_map(Value::from),
        Just(json!({ "until": "2026-03-01T12:00:00Z" })),
        Just(json!({ "for": "${{ event.pause }}" })),
    ];
    let leaf = prop_oneof![
        4 => (name(), mapping(identifier(), template())).prop_map(|(name, with)| Kind::Plugin(name, with)),
        1 => (text_template(), 1..4u32, of(duration()))
            .prop_map(|(title, needs, expires)| Kind::Approval { title, needs, expires }),
        1 => wait.prop_map(Kind::Wait),
        1 => (name(), mapping(identifier(), template()))
            .prop_map(|(name, inputs)| Kind::Call(format!("called-{name}"), inputs)),
    ];
    let plain = (leaf, of(condition()), of(retry()), of(duration()), of(any::<bool>()));
    let plain = plain.prop_map(|(kind, condition, retry, timeout, repeats)| Tree {
        kind,
        condition,
        retry,
        timeout,
        repeats,
        catch: None,
    });
    plain.prop_recursive(3, 20, 3, |inner| {
        let steps = || vec(inner.clone(), 1..3);
        let kind = prop_oneof![
            (vec(steps(), 1..3), any::<bool>())
                .prop_map(|(branches, fail_fast)| Kind::Parallel { branches, fail_fast }),
            (vec((condition(), steps()), 1..3), of(steps()))
                .prop_map(|(alternatives, otherwise)| Kind::Choose { alternatives, otherwise }),
            (vec(template(), 0..3), of(Just("volume".to_owned())), 1..5u32, steps()).prop_map(
                |(list, name, concurrency, steps)| Kind::Each { list: list.into(), name, concurrency, steps }
            ),
        ];
        (kind, of(condition()), of(retry()), of(duration()), of((vec(name(), 1..3), steps()))).prop_map(
            |(kind, condition, retry, timeout, catch)| Tree { kind, condition, retry, timeout, repeats: None, catch },
        )
    })
}

impl Tree {
    fn write(&self, ids: &mut usize, approvals: bool) -> Value {
        *ids += 1;
        let mut step = json!({ "id": format!("s{ids}") });
        set(&mut step, "if", self.condition.clone());
        let all = |steps: &[Tree], ids: &mut usize| -> Value {
            steps.iter().map(|step| step.write(ids, approvals)).collect()
        };
        let doing = match &self.kind {
            // Nothing that failed already asks people.
            Kind::Approval { .. } if !approvals => {
                step["plugin"] = json!("p");
                true
            }
            Kind::Approval { title, needs, expires } => {
                step["approval"] = json!({ "title": title, "approvers": ["group:g"], "needs": needs });
                set(&mut step["approval"], "expires", expires.clone().map(Value::from));
                false
            }
            Kind::Wait(wait) => {
                step["wait"] = wait.clone();
                false
            }
            Kind::Plugin(name, with) => {
                step["plugin"] = json!(name);
                step["with"] = Value::Object(with.clone());
                true
            }
            Kind::Call(name, inputs) => {
                step["call"] = json!({ "workflow": name, "inputs": inputs });
                true
            }
            Kind::Parallel { branches, fail_fast } => {
                let branches: Value = branches.iter().map(|steps| json!({ "steps": all(steps, ids) })).collect();
                step["parallel"] = json!({ "branches": branches, "fail-fast": fail_fast });
                true
            }
            Kind::Choose { alternatives, otherwise } => {
                let alternative =
                    |(when, steps): &(Value, Vec<Tree>)| json!({ "when": when, "steps": all(steps, ids) });
                let mut alternatives: Vec<Value> = alternatives.iter().map(alternative).collect();
                alternatives.extend(otherwise.iter().map(|steps| json!({ "otherwise": all(steps, ids) })));
                step["choose"] = json!(alternatives);
                true
            }
            Kind::Each { list, name, concurrency, steps } => {
                step["each"] = json!({ "in": list, "concurrency": concurrency, "steps": all(steps, ids) });
                set(&mut step["each"], "as", name.clone().map(Value::from));
                true
            }
        };
        if doing {
            set(&mut step, "retry", self.retry.clone());
            set(&mut step, "timeout", self.timeout.clone().map(Value::from));
            let repeats = self.repeats.map(|repeats| json!(if repeats { "repeat" } else { "review" }));
            set(&mut step, "on-unknown", repeats);
        }
        let catch =
            self.catch.as_ref().map(|(on, steps)| json!([{ "on": on, "steps": all(steps, ids), "then": "fail" }]));
        set(&mut step, "catch", catch);
        step
    }
}

fn triggers() -> impl Strategy<Value = Value> {
    let pattern = vec(name(), 1..3).prop_map(|sources| json!([{ "event": { "source": sources } }]));
    prop_oneof![
        pattern,
        Just(
            json!([{ "event": { "detail": { "$or": [{ "a": [{ "prefix": "x" }] }, { "b": [{ "exists": false }] }] } } }])
        ),
    ]
}

fn inputs() -> impl Strategy<Value = Map<String, Value>> {
    let input = prop_oneof![
        text().prop_map(|default| json!({ "type": "string", "default": default })),
        any::<i32>().prop_map(|default| json!({ "type": "integer", "default": default, "minimum": i32::MIN })),
        vec(name(), 0..3)
            .prop_map(|default| json!({ "type": "array", "items": { "type": "string" }, "default": default })),
    ];
    mapping(identifier(), input)
}

fn vars() -> impl Strategy<Value = Map<String, Value>> {
    mapping(identifier(), template())
}

fn retry() -> impl Strategy<Value = Value> {
    (1..21u32, duration(), 1..11u32, any::<bool>(), vec(name(), 1..3)).prop_map(|(attempts, delay, backoff, full, on)| {
        json!({ "attempts": attempts, "delay": delay, "backoff": backoff, "jitter": if full { "full" } else { "none" }, "on": on })
    })
}

fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(true)), Just(json!("${{ event.id == \"e\" }}")), Just(json!("${{ run.id != 'r: #' }}"))]
}

/// A value with an expression here and there.
fn template() -> impl Strategy<Value = Value> {
    prop_oneof![
        value().prop_map(without_delimiters),
        text_template(),
        Just(json!(["${{ event.id }}", { "a": "${{ run.region }}" }]))
    ]
}

fn text_template() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("${{ event.detail.id | default('none') }}")),
        text().prop_map(|text| json!(format!("{}${{{{ run.id }}}}", text.replace('$', "")))),
    ]
}

fn without_delimiters(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${{", "")),
        Value::Array(items) => items.into_iter().map(without_delimiters).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, without_delimiters(value))).collect())
        }
        other => other,
    }
}

fn mapping<V>(
    names: impl Strategy<Value = String>,
    values: impl Strategy<Value = V>,
) -> impl Strategy<Value = Map<String, Value>>
where
    V: Into<Value> + std::fmt::Debug,
{
    let merge = |name: &str| name != "<<";
    vec((names, values), 0..4).prop_map(move |entries| {
        entries.into_iter().filter(|(name, _)| merge(name)).map(|(name, value)| (name, value.into())).collect()
    })
}

fn duration() -> impl Strategy<Value = String> {
    (1..60u32, "[smhd]").prop_map(|(number, unit)| format!("{number}{unit}"))
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}"
}

fn identifier() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,8}"
}

/// Texts that are hard to write in YAML, too.
fn text() -> impl Strategy<Value = String> {
    const HARD: &[&str] = &[
        "",
        " ",
        "~",
        "null",
        "true",
        "no",
        "on",
        "012",
        "1e3",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%",
        "@",
        "`",
        "{a",
        "[a",
        "a,b",
        "\"",
        "'",
        "\\",
        "\n",
        "a\nb\n",
        "\t",
        "\r",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "😀",
        "---",
        "...",
        "? a",
        "${{",
        "}}",
        "2026-01-01",
        ".inf",
        "0x1",
        "1_000",
        "a:",
        " a ",
        "=",
        "y",
    ];
    prop_oneof![3 => ".{0,12}", 1 => proptest::sample::select(HARD).prop_map(str::to_owned)]
}
