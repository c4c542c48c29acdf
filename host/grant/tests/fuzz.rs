//! Documents and patterns that nobody would write. Loading never panics, what it complains of lies inside the document,
//! what it takes can be evaluated, and patterns match what the plainest matcher matches.
//!
//! Each runs some thousand random inputs, and the corpus in `__fuzz__`. `BOLERO_RANDOM_ITERATIONS=1000000` makes it
//! more; `cargo bolero test --package grant` lets a fuzzer choose them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests that panics fails its test")]

#[path = "naive/glob.rs"]
mod glob;

use bolero::check;
use grant::{Context, Decision, Policy, Request, danger, decide, decide_marked};
use serde_json::{Value, json};

use crate::glob::like;

/// Every policy of the conformance cases and the documents that are to be refused, as text over several lines; the
/// Lambda policy; one with all that is Quell's own.
fn documents() -> Vec<String> {
    let conformance: Value = serde_json::from_str(include_str!("conformance.json")).unwrap();
    let list = |name: &str| conformance[name].as_array().unwrap().clone();
    let cases = list("cases").into_iter().flat_map(|case| case["policies"].as_array().unwrap().clone());
    let invalid = list("invalid").into_iter().map(|case| case["policy"].clone());
    let texts = cases.chain(invalid).map(|policy| serde_json::to_string_pretty(&policy).unwrap());
    texts.chain([include_str!("lambda-permissions.json").into(), OWN.into()]).collect()
}

const OWN: &str = r#"{"Version": "2012-10-17", "Id": "ü", "Statement": [
  {"Sid": "Hook", "Effect": "Allow", "Action": "http:Post", "Resource": "https://*.example.com/a/${aws:x, 'b'}/*"},
  {"Effect": "Allow", "Action": ["secret:Use"], "Resource": "hook-*"},
  {"Effect": "Deny", "NotAction": "iam:*", "NotResource": ["arn:aws:s3:::${aws:PrincipalTag/é}", "*"], "Condition": {
    "ForAnyValue:StringLike": {"aws:x": ["${*}a?", "${$}"]}, "IpAddress": {"aws:i": ["2001:db8::/32", "10.0.0.1"]},
    "DateLessThanIfExists": {"aws:t": "2026-01-31T12:00:00Z"}, "NumericLessThan": {"aws:n": 12.5}, "Null": {"aws:z": true},
    "Bool": {"quell:Dangerous": "true"}, "ArnLike": {"aws:r": "arn:aws:iam::*:role/${aws:x}"}}}]}"#;

/// What a mistake or an attack puts into a document.
const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "*",
    "?",
    "${",
    "}",
    "'",
    "null",
    "true",
    "-1e9",
    "\\u0000",
    "\\ud800",
    "ü",
    "\n",
    "\r\n",
    "\u{feff}",
    "\"NotAction\":",
    "arn:aws:s3:::",
    "https://",
];

#[test]
fn documents_of_any_bytes() {
    check!().with_iterations(4_000).for_each(|bytes: &[u8]| load_and_use(&String::from_utf8_lossy(bytes)));
}

#[test]
fn documents_with_mistakes() {
    let documents = documents();
    documents.iter().for_each(|document| load_and_use(document));
    check!().with_type::<(u16, Vec<(u16, u8, u8)>)>().with_iterations(4_000).for_each(|(which, edits)| {
        let mut text: Vec<char> = documents[usize::from(*which) % documents.len()].chars().collect();
        for (at, how, what) in edits.iter().take(6) {
            edit(&mut text, usize::from(*at), *how, usize::from(*what));
        }
        load_and_use(&text.into_iter().collect::<String>());
    });
}

fn edit(text: &mut Vec<char>, at: usize, how: u8, what: usize) {
    let at = at % (text.len() + 1);
    let end = (at + what % 16).min(text.len());
    match how % 6 {
        0 => drop(text.splice(at..at, TOKENS[what % TOKENS.len()].chars())),
        1 => drop(text.splice(at..end, TOKENS[what % TOKENS.len()].chars())),
        2 => drop(text.drain(at..end)),
        3 => {
            let again: Vec<char> = text[at..end].to_vec();
            drop(text.splice(at..at, again));
        }
        4 => text[at..end].reverse(),
        _ => text.truncate(text.len() - what % 8.min(text.len() + 1)),
    }
}

/// Loads a text. What is wrong with it lies inside of it; what is right can be asked.
fn load_and_use(text: &str) {
    match Policy::load("fuzz", text) {
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in &error.problems {
                let line = text.split('\n').nth(problem.place.line.checked_sub(1).unwrap());
                let columns = line.unwrap_or_else(|| unreachable!("{problem} is behind the end of {text:?}")).chars();
                let within = 1..=columns.count() + 1;
                assert!(within.contains(&problem.place.column), "{problem} is outside of {text:?}");
            }
            assert!(error.problems.is_sorted_by_key(|problem| (problem.place.line, problem.place.column)));
            assert!(error.to_string().starts_with("policy `fuzz` is refused\n"));
        }
        Ok(policy) => ask(&policy),
    }
}

fn ask(policy: &Policy) {
    let mut context = Context::new();
    context.insert("quell:Dangerous", "true");
    context.insert_list("aws:x", ["a", "*"]);
    for (index, key) in policy.condition_keys().iter().enumerate() {
        match index % 5 {
            0 => context.insert(key, "true"),
            1 => context.insert(key, "arn:aws:iam::123456789012:role/a"),
            2 => context.unresolvable(key),
            3 => context.insert_list(key, ["12.5", "2026-01-31T12:00:00Z", "10.0.0.1"]),
            _ => {}
        }
    }
    let own = std::slice::from_ref(policy);
    for (action, resource) in [
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/a"),
        ("s3:GetObject", "arn:aws:s3:::acme/a/../b*"),
        ("ec2:DescribeInstances", "*"),
        ("http:Post", "https://a.example.com/a/b/c"),
        ("secret:Use", "hook-1"),
        ("", ""),
    ] {
        for context in [&Context::new(), &context] {
            let request = Request { action, resource, context };
            let alone = decide(&[], own, &request);
            // Being above oneself changes nothing but who is said to lack an allowance.
            assert_eq!(decide(own, own, &request).is_allowed(), alone.is_allowed());
            if let Some(decider) = decide_marked(own, &request) {
                assert!(matches!(alone, Decision::ExplicitDeny(_)) || alone.is_allowed(), "{decider}");
            }
            if alone.is_allowed() {
                assert!(policy.allowing(action).count() > 0, "{}", policy.source());
            }
        }
    }
    for allowed in policy.dangerous() {
        assert_eq!(danger(allowed.action.action), Some(allowed.action));
        assert!(policy.allowing(allowed.action.action).any(|allowance| allowance.statement == allowed.statement));
    }
}

/// Text of few letters, so that patterns match now and then.
fn text(bytes: &[u8], letters: &[char]) -> String {
    bytes.iter().take(12).map(|byte| letters[usize::from(*byte) % letters.len()]).collect()
}

#[test]
fn patterns_match_what_the_plainest_matcher_matches() {
    check!().with_type::<(Vec<u8>, Vec<u8>)>().with_iterations(6_000).for_each(|(pattern, value)| {
        let pattern = text(pattern, &['a', 'b', '*', 'B', '?', '/', '*', ':']);
        let value = text(value, &['a', 'b', 'B', '/', ':', '*']);
        let expected = like(&pattern, &value);
        let mut context = Context::new();
        context.insert("aws:x", &value);
        let holds = |statement: Value, action: &str, resource: &str| {
            let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
            let policy = Policy::load("p", &document).unwrap();
            decide(&[], &[policy], &Request { action, resource, context: &context }).is_allowed()
        };
        let condition = json!({
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringLike": { "aws:x": pattern } }
        });
        assert_eq!(holds(condition, "s3:GetObject", "*"), expected, "{pattern} {value}");
        if !pattern.is_empty() {
            let arn = |resource: &str| format!("arn:aws:s3:::{resource}");
            let resource = json!({ "Effect": "Allow", "Action": "*", "Resource": arn(&pattern) });
            assert_eq!(holds(resource, "s3:GetObject", &arn(&value)), expected, "{pattern} {value}");
        }
        let name = pattern.replace(['/', ':'], "");
        if !name.is_empty() {
            let asked = value.replace(['/', ':'], "");
            let expected = like(&name.to_lowercase(), &asked.to_lowercase());
            let action = json!({ "Effect": "Allow", "Action": format!("s3:{name}"), "Resource": "*" });
            assert_eq!(holds(action, &format!("S3:{asked}"), "*"), expected, "{name} {asked}");
        }
    });
}

#[test]
fn fields_of_arns_match_each_by_itself() {
    check!().with_type::<(Vec<u8>, Vec<u8>)>().with_iterations(4_000).for_each(|(pattern, value)| {
        let pattern: Vec<String> = pattern.chunks(3).take(3).map(|part| text(part, &['a', '1', '*', '?'])).collect();
        let value: Vec<String> = value.chunks(3).take(4).map(|part| text(part, &['a', '1', '1', ':'])).collect();
        let arn = |parts: &[String]| {
            let part = |at: usize| parts.get(at).map_or("", String::as_str);
            format!("arn:aws:ec2:{}:{}:i/{}", part(0), part(1), parts.get(2..).unwrap_or_default().concat())
        };
        let (pattern, value) = (arn(&pattern), arn(&value));
        let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": pattern });
        let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        // A region or account that none can be is refused.
        let Ok(policy) = Policy::load("p", &document) else { return };
        let request = Request { action: "ec2:X", resource: &value, context: &Context::new() };
        let each = pattern.splitn(6, ':').zip(value.splitn(6, ':')).all(|(pattern, value)| like(pattern, value));
        assert_eq!(decide(&[], &[policy], &request).is_allowed(), each, "{pattern} {value}");
    });
}
