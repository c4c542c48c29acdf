//! What the random cases were made of: a generator that never meets a rule does not test it.

use std::collections::BTreeMap;
use std::fmt;

use crate::evaluate::{Answer, Truth};
use crate::generate::{OPERATORS, Question, Statement};

pub struct Counts {
    answers: BTreeMap<&'static str, u64>,
    /// Of each part of the language, and of each operator, how often a statement that has it applied, did not, and could
    /// not be known.
    parts: [[u64; 3]; PARTS.len()],
    operators: [[u64; 3]; OPERATORS.len()],
    /// Requests with more than one value under a key.
    multi_valued: u64,
}

/// A part of the language, and whether a statement has it.
type Part = (&'static str, fn(&Statement) -> bool);

const PARTS: [Part; 14] = [
    ("Allow", |statement| statement.allow),
    ("Deny", |statement| !statement.allow),
    ("NotAction", |statement| statement.actions.all_but),
    ("NotResource", |statement| statement.resources.all_but),
    ("wildcard in Action", |statement| has(&statement.actions.entries, "*")),
    ("wildcard in Resource", |statement| has(&statement.resources.entries, "*")),
    ("single wildcard", |statement| has(&statement.resources.entries, "?")),
    ("variable in Resource", |statement| has(&statement.resources.entries, "${aws")),
    ("default of a variable", |statement| has(&statement.resources.entries, ", '")),
    ("case in Action", |statement| statement.actions.entries.contains(&"S3:get*")),
    ("Condition", |statement| !statement.tests.is_empty()),
    ("variable in Condition", |statement| statement.tests.iter().any(|test| has(&test.values, "${aws"))),
    ("case of a key", |statement| statement.tests.iter().any(|test| test.key.chars().any(char::is_uppercase))),
    ("set operator", |statement| statement.tests.iter().any(|test| test.name().starts_with("For"))),
];

fn has(entries: &[&str], part: &str) -> bool {
    entries.iter().any(|entry| entry.contains(part))
}

impl Counts {
    pub fn none() -> Counts {
        Counts {
            answers: BTreeMap::new(),
            parts: [[0; 3]; PARTS.len()],
            operators: [[0; 3]; OPERATORS.len()],
            multi_valued: 0,
        }
    }

    pub fn applied(&mut self, statement: &Statement, truth: Truth) {
        let at = match truth {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        };
        for ((_, is_in), counts) in PARTS.iter().zip(&mut self.parts) {
            counts[at] += u64::from(is_in(statement));
        }
        for test in &statement.tests {
            self.operators[test.operator][at] += 1;
        }
    }

    pub fn answered(&mut self, answer: &Answer, question: &Question) {
        let name = match answer {
            Answer::Allowed(..) => "allowed",
            Answer::Denied(..) => "denied",
            Answer::NotByGuardrail => "not allowed by a guardrail",
            Answer::NotByGrant => "not allowed by a grant",
        };
        *self.answers.entry(name).or_default() += 1;
        self.multi_valued += u64::from(question.has_several_values());
    }

    pub fn add(&mut self, other: &Counts) {
        for (name, count) in &other.answers {
            *self.answers.entry(name).or_default() += count;
        }
        let sums = self.parts.iter_mut().chain(&mut self.operators).flatten();
        let counts = other.parts.iter().chain(&other.operators).flatten();
        sums.zip(counts).for_each(|(sum, count)| *sum += count);
        self.multi_valued += other.multi_valued;
    }

    /// Whether every answer and every part of the language came up often enough for the cases to mean something.
    pub fn check(&self, cases: u64) {
        let answered: u64 = self.answers.values().sum();
        assert!(answered >= cases);
        let answer = |name: &str| self.answers.get(name).copied().unwrap_or_default();
        for name in ["allowed", "denied", "not allowed by a guardrail", "not allowed by a grant"] {
            assert!(answer(name) * 10 >= answered, "too few are {name}: {self}");
        }
        assert!(self.multi_valued * 10 >= answered, "too few have several values under a key: {self}");
        let rare = answered / 2_000;
        for (part, [yes, no, unknown]) in self.rows() {
            assert!(*yes >= rare && *no >= rare && *unknown >= rare, "`{part}` is too seldom decided each way: {self}");
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &[u64; 3])> {
        let parts = PARTS.iter().map(|(part, _)| *part).zip(&self.parts);
        parts.chain(OPERATORS.iter().map(|(operator, ..)| *operator).zip(&self.operators))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}, {} with several values under a key", self.answers, self.multi_valued)?;
        for (part, [yes, no, unknown]) in self.rows() {
            writeln!(f, "{part}: {yes} apply, {no} do not, {unknown} cannot be known")?;
        }
        Ok(())
    }
}
