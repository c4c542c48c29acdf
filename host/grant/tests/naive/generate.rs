//! Random policies and requests, from words that meet often enough for every answer.

use std::collections::BTreeMap;

use grant::{Context, Policy};

use crate::dice::Dice;

const ACTIONS: [&str; 7] = ["*", "s3:*", "S3:get*", "s3:GetObject", "ec2:?et*", "ec2:GetX", "s3:put*"];
pub const ASKED_ACTIONS: [&str; 5] = ["s3:GetObject", "s3:PutObject", "ec2:GetX", "S3:GETOBJECT", "ec2:getx"];

const RESOURCES: [&str; 11] = [
    "*",
    "*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::a/?/*",
    "arn:aws:s3:::${aws:x}/b",
    "arn:aws:s3:::${aws:x, 'a*'}*",
    "arn:aws:s3:::a${*}/b",
    "arn:aws:ec2:*:1*:i/*",
    "arn:aws:ec2:r?:111111111111:i/${aws:y}",
    "arn:aws*:s3:*:*:a/b",
    "arn:aws:ec2:*:*:i/*:1",
];
const ASKED_RESOURCES: [&str; 10] = [
    "*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::a/b",
    "arn:aws:s3:::a/b/c",
    "arn:aws:s3:::A/b",
    "arn:aws:s3:::a*/b",
    "arn:aws:ec2:r1:111111111111:i/b",
    "arn:aws:ec2:r1:222222222222:111111111111:i/b",
    "arn:aws:ec2:r1:111111111111:i/*",
    "arn:aws:ec2:r1:111111111111:i/b:1",
];

/// The keys of texts, as policies spell them.
const TEXT_KEYS: [&str; 3] = ["aws:x", "AWS:Y", "aws:y"];
const TEXTS: [&str; 10] = ["a", "A", "b", "a*", "*", "?", "1", "true", "${aws:y}", "${aws:x, 'b'}*"];

/// Operators, the keys that they are asked of, the values that they compare with.
pub const OPERATORS: [(&str, &[&str], &[&str]); 33] = [
    ("StringEquals", &TEXT_KEYS, &TEXTS),
    ("StringEquals", &TEXT_KEYS, &TEXTS),
    ("StringNotEquals", &TEXT_KEYS, &TEXTS),
    ("StringEqualsIfExists", &TEXT_KEYS, &TEXTS),
    ("StringEqualsIgnoreCase", &TEXT_KEYS, &TEXTS),
    ("StringNotEqualsIgnoreCase", &TEXT_KEYS, &TEXTS),
    ("StringLike", &TEXT_KEYS, &TEXTS),
    ("StringLike", &TEXT_KEYS, &TEXTS),
    ("StringNotLike", &TEXT_KEYS, &TEXTS),
    ("StringNotLikeIfExists", &TEXT_KEYS, &TEXTS),
    ("ForAllValues:StringLike", &TEXT_KEYS, &TEXTS),
    ("ForAnyValue:StringLike", &TEXT_KEYS, &TEXTS),
    ("ForAllValues:StringNotEquals", &TEXT_KEYS, &TEXTS),
    ("ForAnyValue:StringNotEquals", &TEXT_KEYS, &TEXTS),
    ("ArnEquals", &["aws:r"], &ARNS),
    ("ArnLike", &["aws:R"], &ARNS),
    ("ArnNotLike", &["aws:r"], &ARNS),
    ("NumericEquals", &["aws:n"], &NUMBERS),
    ("NumericNotEquals", &["aws:n"], &NUMBERS),
    ("NumericLessThan", &["aws:n"], &NUMBERS),
    ("NumericLessThanEquals", &["aws:n"], &NUMBERS),
    ("NumericGreaterThan", &["aws:n"], &NUMBERS),
    ("NumericGreaterThanEqualsIfExists", &["aws:n"], &NUMBERS),
    ("DateEquals", &["aws:t"], &TIMES),
    ("DateNotEquals", &["aws:t"], &TIMES),
    ("DateLessThan", &["aws:t"], &TIMES),
    ("DateLessThanEquals", &["aws:t"], &TIMES),
    ("DateGreaterThan", &["aws:t"], &TIMES),
    ("DateGreaterThanEquals", &["aws:t"], &TIMES),
    ("Bool", &["aws:b", "AWS:x"], &["true", "false"]),
    ("IpAddress", &["aws:i"], &NETWORKS),
    ("NotIpAddress", &["aws:i"], &NETWORKS),
    ("Null", &["aws:x", "aws:n"], &["true", "false"]),
];
const ARNS: [&str; 4] = [
    "arn:aws:iam::*:role/a*",
    "arn:aws:iam::111111111111:role/${aws:x}",
    "arn:aws*:iam::?????1*:role/b",
    "arn:*:iam:*:*:*",
];
const NUMBERS: [&str; 4] = ["-1", "2", "2.5", "10"];
const TIMES: [&str; 3] = ["2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00.5Z"];
const NETWORKS: [&str; 4] = ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "10.1.2.3"];

/// The keys of requests with the values that they may have, some of which do not fit.
const KEYS: [(&str, &[&str]); 7] = [
    ("aws:x", &["a", "A", "b", "a*", "*", "1", "true"]),
    ("Aws:y", &["a", "b", "*", "?", "a*"]),
    ("aws:n", &["-1", "2", "2.25", "2.50", "10", "a"]),
    ("aws:t", &["2026-01-31T12:00:00Z", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z", "a"]),
    ("aws:b", &["true", "false", "True", "a"]),
    ("aws:i", &["10.1.2.3", "10.1.2.4", "10.2.0.1", "192.0.2.1", "a"]),
    (
        "aws:r",
        &[
            "arn:aws:iam::111111111111:role/a",
            "arn:aws-cn:iam::222222222222:role/b",
            "arn:aws:iam::111111111111:role/*",
            "a",
        ],
    ),
];

/// One key under one operator.
pub struct Test {
    /// Its place among the operators.
    pub operator: usize,
    pub key: &'static str,
    pub values: Vec<&'static str>,
}

/// The entries of an element, or of its opposite.
pub struct Scope {
    pub all_but: bool,
    pub entries: Vec<&'static str>,
}

pub struct Statement {
    pub allow: bool,
    pub actions: Scope,
    pub resources: Scope,
    pub tests: Vec<Test>,
}

/// A policy, twice: as it was made, and as it was loaded from its text.
pub struct Document {
    pub name: String,
    pub statements: Vec<Statement>,
    pub policy: Policy,
}

impl Document {
    pub fn random(dice: &mut Dice, name: String) -> Document {
        let count = dice.pick(&[1, 1, 2, 2, 3]);
        let statements: Vec<Statement> = (0..count).map(|_| Statement::random(dice)).collect();
        let texts: Vec<String> = statements.iter().map(Statement::text).collect();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, texts.join(","));
        let policy = Policy::load(&name, &text).unwrap_or_else(|error| panic!("{text}: {error}"));
        Document { name, statements, policy }
    }
}

impl Test {
    pub fn name(&self) -> &'static str {
        OPERATORS[self.operator].0
    }
}

impl Statement {
    fn random(dice: &mut Dice) -> Statement {
        let scope = |dice: &mut Dice, words| Scope { all_but: dice.chance(20), entries: dice.some(words, 1, 2) };
        let mut tests: Vec<Test> = Vec::new();
        for _ in 0..dice.pick(&[0, 0, 0, 1, 1, 2]) {
            let operator = dice.below(OPERATORS.len());
            let (name, keys, values) = OPERATORS[operator];
            if tests.iter().all(|test| test.name() != name) {
                let most = if name == "Null" { 1 } else { 3 };
                tests.push(Test { operator, key: dice.pick(keys), values: dice.some(values, 1, most) });
            }
        }
        Statement { allow: dice.chance(75), actions: scope(dice, &ACTIONS), resources: scope(dice, &RESOURCES), tests }
    }

    fn text(&self) -> String {
        let list = |entries: &[&str]| format!("[\"{}\"]", entries.join("\",\""));
        let scope = |name: &str, scope: &Scope| {
            let not = if scope.all_but { "Not" } else { "" };
            format!("\"{not}{name}\":{}", list(&scope.entries))
        };
        let tests: Vec<String> = self
            .tests
            .iter()
            .map(|test| format!("\"{}\":{{\"{}\":{}}}", test.name(), test.key, list(&test.values)))
            .collect();
        let condition =
            if tests.is_empty() { String::new() } else { format!(",\"Condition\":{{{}}}", tests.join(",")) };
        let effect = if self.allow { "Allow" } else { "Deny" };
        let (actions, resources) = (scope("Action", &self.actions), scope("Resource", &self.resources));
        format!("{{\"Effect\":\"{effect}\",{actions},{resources}{condition}}}")
    }
}

/// A request. A key without values could not be found out.
#[derive(Debug)]
pub struct Question {
    pub action: &'static str,
    pub resource: &'static str,
    keys: Vec<(&'static str, Option<Vec<&'static str>>)>,
}

impl Question {
    pub fn random(dice: &mut Dice) -> Question {
        let mut keys = Vec::new();
        for (key, values) in KEYS {
            match dice.below(100) {
                0..15 => {}
                15..20 => keys.push((key, None)),
                20..25 => keys.push((key, Some(vec![]))),
                25..40 => keys.push((key, Some(dice.some(values, 2, 3)))),
                _ => keys.push((key, Some(vec![dice.pick(values)]))),
            }
        }
        Question { action: dice.pick(&ASKED_ACTIONS), resource: dice.pick(&ASKED_RESOURCES), keys }
    }

    /// The keys as [`grant::decide`] takes them.
    pub fn context(&self) -> Context {
        let mut context = Context::new();
        for (key, values) in &self.keys {
            match values {
                Some(values) => context.insert_list(*key, values.iter().copied()),
                None => context.unresolvable(*key),
            }
        }
        context
    }

    pub fn has_several_values(&self) -> bool {
        self.keys.iter().any(|(_, values)| values.as_ref().is_some_and(|values| values.len() > 1))
    }

    /// The keys in lower case.
    pub fn keys(&self) -> BTreeMap<String, Option<Vec<&'static str>>> {
        self.keys.iter().map(|(key, values)| (key.to_lowercase(), values.clone())).collect()
    }
}
