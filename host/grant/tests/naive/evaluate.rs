//! The second evaluator. Slow, without types, and nothing but what IAM's pages say, and Quell of what cannot be known.

use std::collections::BTreeMap;

use crate::count::Counts;
use crate::generate::{Document, Question, Scope, Statement, Test};
use crate::glob::{like, literal};

/// Yes, no, or nothing for what cannot be known.
pub type Truth = Option<bool>;

type Keys = BTreeMap<String, Option<Vec<&'static str>>>;

/// The answer, and the policy and the statement that gave it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Allowed(String, String),
    Denied(String, String),
    NotByGuardrail,
    NotByGrant,
}

pub fn naive(guardrails: &[&Document], grants: &[&Document], question: &Question, counts: &mut Counts) -> Answer {
    let keys = question.keys();
    let mut first = |documents: &[&Document], allow: bool, applied: &[Truth]| {
        for document in documents {
            for (index, statement) in document.statements.iter().enumerate() {
                if statement.allow == allow {
                    let truth = applies(statement, question, &keys);
                    counts.applied(statement, truth);
                    if applied.contains(&truth) {
                        return Some((document.name.clone(), format!("Statement[{index}]")));
                    }
                }
            }
        }
        None
    };
    let unless_no = [Some(true), None];
    let deny = first(guardrails, false, &unless_no).or_else(|| first(grants, false, &unless_no));
    if let Some((policy, statement)) = deny {
        return Answer::Denied(policy, statement);
    }
    if !guardrails.is_empty() && first(guardrails, true, &[Some(true)]).is_none() {
        return Answer::NotByGuardrail;
    }
    match first(grants, true, &[Some(true)]) {
        Some((policy, statement)) => Answer::Allowed(policy, statement),
        None => Answer::NotByGrant,
    }
}

fn applies(statement: &Statement, question: &Question, keys: &Keys) -> Truth {
    let scope = |scope: &Scope, matches: &dyn Fn(&str) -> Truth| {
        let each: Vec<Truth> = scope.entries.iter().map(|entry| matches(entry)).collect();
        any(&each).map(|holds| holds != scope.all_but)
    };
    let action = |pattern: &str| Some(like(&pattern.to_lowercase(), &question.action.to_lowercase()));
    let mut parts = vec![
        scope(&statement.actions, &action),
        scope(&statement.resources, &|pattern| resource(pattern, question.resource, keys)),
    ];
    parts.extend(statement.tests.iter().map(|test| condition(test, keys)));
    all(&parts)
}

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

/// The pattern with its one variable replaced; nothing when that has no value.
fn resolve(pattern: &str, keys: &Keys) -> Option<String> {
    let pattern = pattern.replace("${*}", "\u{1}");
    let Some((before, rest)) = pattern.split_once("${") else {
        return Some(pattern);
    };
    let (inside, after) = rest.split_once('}').unwrap();
    let (key, default) = match inside.split_once(", ") {
        Some((key, default)) => (key, Some(default.trim_matches('\''))),
        None => (inside, None),
    };
    let value = match keys.get(key) {
        Some(None) => None,
        Some(Some(values)) if values.len() > 1 => None,
        Some(Some(values)) if values.len() == 1 => Some(values[0]),
        _ => default,
    };
    Some(format!("{before}{}{after}", literal(value?)))
}

fn resource(pattern: &str, resource: &str, keys: &Keys) -> Truth {
    if pattern == "*" {
        return Some(true);
    }
    let pattern = resolve(pattern, keys)?;
    let fields = pattern.splitn(6, ':').zip(resource.splitn(6, ':'));
    let by_field =
        resource.matches(':').count() >= 5 && fields.into_iter().all(|(pattern, field)| like(pattern, field));
    // A `*` that reaches over fields is not known to be meant.
    if like(&pattern, resource) == by_field { Some(by_field) } else { None }
}

fn condition(test: &Test, keys: &Keys) -> Truth {
    let (operator, expected) = (test.name(), &test.values);
    let values = match keys.get(&test.key.to_lowercase()) {
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
    let matched = |value: &&str| {
        let each: Vec<Truth> = expected.iter().map(|expected| compare(&base, expected, value, keys)).collect();
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

fn compare(base: &str, expected: &str, value: &str, keys: &Keys) -> Truth {
    let order = |text: &str| -> Option<f64> {
        match base.strip_prefix("Numeric") {
            Some(_) => text.parse().ok(),
            None => time(text),
        }
    };
    match base {
        "StringEquals" => Some(resolve(&literal(expected), keys)? == literal(value)),
        "StringEqualsIgnoreCase" => {
            Some(resolve(&literal(expected), keys)?.to_lowercase() == literal(value).to_lowercase())
        }
        "StringLike" => Some(like(&resolve(expected, keys)?, value)),
        "ArnEquals" | "ArnLike" => {
            if !value.starts_with("arn:") {
                return None;
            }
            let fields = expected.splitn(6, ':').zip(value.splitn(6, ':'));
            let each: Vec<Truth> = fields.map(|(pattern, field)| Some(like(&resolve(pattern, keys)?, field))).collect();
            all(&each)
        }
        "Bool" => match value.to_lowercase().as_str() {
            "true" => Some(expected == "true"),
            "false" => Some(expected == "false"),
            _ => None,
        },
        "IpAddress" => {
            let (network, bits) = expected.split_once('/').unwrap_or((expected, "32"));
            let address = |text: &str| -> Option<String> {
                let parts: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
                Some(parts?.iter().map(|part| format!("{part:08b}")).collect())
            };
            let bits: usize = bits.parse().unwrap();
            Some(address(network)?[..bits] == address(value)?[..bits])
        }
        ordered => {
            let (value, expected) = (order(value)?, order(expected)?);
            let how = ordered.trim_start_matches("Numeric").trim_start_matches("Date");
            Some(match how {
                "Equals" => value == expected,
                "LessThan" => value < expected,
                "LessThanEquals" => value <= expected,
                "GreaterThan" => value > expected,
                "GreaterThanEquals" => value >= expected,
                other => panic!("{other} is not generated"),
            })
        }
    }
}

/// A time as a number that orders like it: the digits of `2026-01-31T12:00:00.5Z` behind each other.
fn time(text: &str) -> Option<f64> {
    text.strip_suffix('Z')?.replace(['-', 'T', ':'], "").parse().ok()
}
