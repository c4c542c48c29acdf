//! A second evaluator, written the plainest way from IAM's documentation over the JSON itself, and held against
//! [`grant::decide`] on random policies and requests.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of tests that panics fails its test"
)]

use std::collections::BTreeMap;

use grant::{Context, Decision, Layer, Policy, Request, decide};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Yes, no, or nothing for what cannot be known.
type Truth = Option<bool>;

/// The values of a key; nothing for a key whose value could not be found out.
type Keys = BTreeMap<String, Option<Vec<String>>>;

fn all(parts: &[Truth]) -> Truth {
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn any(parts: &[Truth]) -> Truth {
    let negated: Vec<Truth> = parts.iter().map(|part| part.map(|holds| !holds)).collect();
    all(&negated).map(|holds| !holds)
}

/// Takes the wildcards out of a text that is to be literal.
fn literal(text: &str) -> String {
    text.replace('*', "\u{1}").replace('?', "\u{2}")
}

fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|taken| glob(rest, &text[taken..])),
        ['?', rest @ ..] => !text.is_empty() && glob(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), literal(text).chars().collect());
    glob(&pattern, &text)
}

/// The pattern with its one variable replaced; nothing when that has no value.
fn resolve(pattern: &str, keys: &Keys) -> Option<String> {
    let Some((before, rest)) = pattern.split_once("${") else {
        return Some(pattern.into());
    };
    let (inside, after) = rest.split_once('}').unwrap();
    let (key, default) = match inside.split_once(", ") {
        Some((key, default)) => (key, Some(default.trim_matches('\'').to_string())),
        None => (inside, None),
    };
    let value = match keys.get(key) {
        Some(None) => None,
        Some(Some(values)) if values.len() > 1 => None,
        Some(Some(values)) if values.len() == 1 => Some(values[0].clone()),
        _ => default,
    };
    Some(format!("{before}{}{after}", literal(&value?)))
}

fn resource(pattern: &str, resource: &str, keys: &Keys) -> Truth {
    if pattern == "*" {
        return Some(true);
    }
    let pattern = resolve(pattern, keys)?;
    let fields = pattern.splitn(6, ':').zip(resource.splitn(6, ':'));
    let by_field =
        resource.matches(':').count() >= 5 && fields.into_iter().all(|(pattern, field)| like(pattern, field));
    if like(&pattern, resource) == by_field { Some(by_field) } else { None }
}

fn condition(operator: &str, key: &str, expected: &[String], keys: &Keys) -> Truth {
    let values = match keys.get(key) {
        Some(None) => return None,
        Some(Some(values)) => values.clone(),
        None => Vec::new(),
    };
    if operator == "Null" {
        return Some((expected[0] == "true") == values.is_empty());
    }
    let (set, plain) = operator.split_once(':').unwrap_or(("", operator));
    let base = plain.replace("IfExists", "").replace("Not", "");
    let negated = plain.contains("Not");
    let compare = |expected: &String, value: &String| match base.as_str() {
        "StringEquals" => resolve(&literal(expected), keys).map(|expected| expected == literal(value)),
        "StringLike" => resolve(expected, keys).map(|expected| like(&expected, value)),
        "NumericLessThan" => value.parse::<i64>().ok().map(|value| value < expected.parse::<i64>().unwrap()),
        "Bool" => value.parse::<bool>().ok().map(|value| value == expected.parse::<bool>().unwrap()),
        other => panic!("{other} is not generated"),
    };
    let matched = |value: &String| {
        let each: Vec<Truth> = expected.iter().map(|expected| compare(expected, value)).collect();
        any(&each).map(|holds| holds != negated)
    };
    let each: Vec<Truth> = values.iter().map(matched).collect();
    match (set, each.as_slice()) {
        ("ForAllValues", each) => all(each),
        ("ForAnyValue", each) => any(each),
        (_, []) => Some(negated || plain.ends_with("IfExists")),
        (_, [one]) => *one,
        _ => None,
    }
}

fn applies(statement: &Value, action: &str, on: &str, keys: &Keys) -> Truth {
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_string()).collect()
    };
    let element = |name: &str, matches: &dyn Fn(&String) -> Truth| {
        let negated = statement.get(name).is_none();
        let list = if negated { &statement[format!("Not{name}")] } else { &statement[name] };
        let each: Vec<Truth> = strings(list).iter().map(matches).collect();
        any(&each).map(|holds| holds != negated)
    };
    let mut parts = vec![
        element("Action", &|pattern| Some(like(&pattern.to_lowercase(), &action.to_lowercase()))),
        element("Resource", &|pattern| resource(pattern, on, keys)),
    ];
    for (operator, tests) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, expected) in tests.as_object().unwrap() {
            parts.push(condition(operator, &key.to_lowercase(), &strings(expected), keys));
        }
    }
    all(&parts)
}

fn naive(guardrails: &[Value], grants: &[Value], action: &str, on: &str, keys: &Keys) -> &'static str {
    let some = |policies: &[Value], effect: &str, applied: &[Truth]| {
        let statements = policies.iter().flat_map(|policy| policy["Statement"].as_array().unwrap());
        statements
            .filter(|statement| statement["Effect"] == effect)
            .any(|statement| applied.contains(&applies(statement, action, on, keys)))
    };
    if some(guardrails, "Deny", &[Some(true), None]) || some(grants, "Deny", &[Some(true), None]) {
        "denied"
    } else if !guardrails.is_empty() && !some(guardrails, "Allow", &[Some(true)]) {
        "not allowed by a guardrail"
    } else if !some(grants, "Allow", &[Some(true)]) {
        "not allowed by a grant"
    } else {
        "allowed"
    }
}

const ACTIONS: [&str; 6] = ["*", "s3:*", "S3:get*", "s3:GetObject", "ec2:?et*", "ec2:GetX"];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::a/?/*",
    "arn:aws:s3:::${aws:x}/b",
    "arn:aws:s3:::${aws:x, 'a*'}*",
    "arn:aws:ec2:*:1*:i/*",
    "arn:aws:ec2:r?:111111111111:i/${aws:y}",
    "arn:aws*:s3:*:*:a/b",
    "arn:aws:ec2:*:*:i/*:1",
];
const ASKED: [&str; 9] = [
    "*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::a/b",
    "arn:aws:s3:::a/b/c",
    "arn:aws:s3:::a*/b",
    "arn:aws:ec2:r1:111111111111:i/b",
    "arn:aws:ec2:r1:222222222222:111111111111:i/b",
    "arn:aws:ec2:r1:111111111111:i/*",
    "arn:aws:ec2:r1:111111111111:i/b:1",
];
const OPERATORS: [&str; 10] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLikeIfExists",
    "StringEqualsIfExists",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "NumericLessThan",
    "Bool",
    "Null",
];
const VALUES: [&str; 6] = ["a", "b", "a*", "*", "1", "true"];

fn condition_block() -> impl Strategy<Value = Value> {
    let tests = (prop::sample::select(&OPERATORS[..]), prop::sample::select(vec!["aws:x", "AWS:Y"]), any_values());
    prop::collection::vec(tests, 0..3).prop_map(|tests| {
        let mut block = json!({});
        for (operator, key, values) in tests {
            let fitting = match operator {
                "NumericLessThan" => vec!["2".into(), "-1".into()],
                "Bool" => vec!["true".into()],
                "Null" => vec![(values.len() == 1).to_string()],
                _ => values,
            };
            block[operator][key] = json!(fitting);
        }
        block
    })
}

fn any_values() -> impl Strategy<Value = Vec<String>> {
    let texts: Vec<String> =
        VALUES.iter().map(|value| value.to_string()).chain(["${aws:y}".into(), "${aws:x, 'b'}*".into()]).collect();
    prop::collection::vec(prop::sample::select(texts), 1..3)
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::collection::vec(prop::sample::select(&ACTIONS[..]), 1..3);
    let resources = prop::collection::vec(prop::sample::select(&RESOURCES[..]), 1..3);
    (
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        actions,
        resources,
        condition_block(),
    )
        .prop_map(|(allow, not_action, not_resource, actions, resources, conditions)| {
            let mut statement = json!({ "Effect": if allow { "Allow" } else { "Deny" } });
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            if conditions != json!({}) {
                statement["Condition"] = conditions;
            }
            statement
        })
}

fn policies(most: usize) -> impl Strategy<Value = Vec<Value>> {
    let policy = prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }));
    prop::collection::vec(policy, 0..=most)
}

fn keys() -> impl Strategy<Value = Keys> {
    let values = prop::collection::vec(prop::sample::select(&VALUES[..]).prop_map(String::from), 0..3);
    let known = prop::option::weighted(0.85, values);
    let key = prop::sample::select(vec!["aws:x".to_string(), "aws:y".to_string()]);
    prop::collection::btree_map(key, known, 0..3)
}

fn load(policies: &[Value]) -> Vec<Policy> {
    policies.iter().map(|policy| Policy::load("p", &policy.to_string()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn both_evaluators_decide_alike(
        guardrails in policies(1),
        grants in policies(2),
        action in prop::sample::select(vec!["s3:GetObject", "s3:PutObject", "ec2:GetX"]),
        resource in prop::sample::select(&ASKED[..]),
        keys in keys(),
    ) {
        let mut context = Context::new();
        for (key, values) in &keys {
            match values {
                Some(values) => context.insert_list(key, values.iter()),
                None => context.unresolvable(key),
            }
        }
        let request = Request { action, resource, context: &context };
        let decided = match decide(&load(&guardrails), &load(&grants), &request) {
            Decision::Allow(_) => "allowed",
            Decision::ExplicitDeny(_) => "denied",
            Decision::ImplicitDeny { by: Layer::Guardrail } => "not allowed by a guardrail",
            Decision::ImplicitDeny { by: Layer::Grant } => "not allowed by a grant",
        };
        prop_assert_eq!(decided, naive(&guardrails, &grants, action, resource, &keys));
    }
}
