//! One condition: an operator, a key and the values it is compared with. Decides whether a request's context
//! satisfies it, by IAM's rules for absent keys and for several values
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>).

use jiff::Timestamp;

use crate::arn::ArnPattern;
use crate::context::{Context, ContextValue};
use crate::operator::{Comparison, Family, Operator, SetOperator};
use crate::pattern::{Pattern, Wildcards};
use crate::truth::Truth;
use crate::value::{Decimal, Network, parse_address, parse_bool, parse_time};

/// One key under one operator of a `Condition`.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    key: String,
    operator: Operator,
    expected: Vec<Expected>,
}

/// A value of the policy, ready to be compared.
#[derive(Clone, Debug)]
enum Expected {
    Text(Pattern),
    TextIgnoringCase(Pattern),
    Arn(ArnPattern),
    Number(Comparison, Decimal),
    Time(Comparison, Timestamp),
    Bool(bool),
    Address(Network),
    Null(bool),
}

impl Condition {
    /// A condition on `key`, whose values are still to be added. The caller has checked that `key` can be one.
    pub fn new(operator: Operator, key: &str) -> Condition {
        Condition { key: key.to_lowercase(), operator, expected: Vec::new() }
    }

    /// The key, in lower case.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it asks with `Bool` for `true` and nothing else.
    pub fn expects_true(&self) -> bool {
        matches!(self.expected.as_slice(), [Expected::Bool(true)])
    }

    /// The key and the keys of the variables, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let variables = self.expected.iter().flat_map(|expected| match expected {
            Expected::Text(pattern) | Expected::TextIgnoringCase(pattern) => pattern.keys().collect::<Vec<_>>(),
            Expected::Arn(pattern) => pattern.keys().collect(),
            _ => Vec::new(),
        });
        std::iter::once(self.key()).chain(variables)
    }

    /// Adds a value. Fails with what the operator compares with instead.
    pub fn expect(&mut self, text: &str) -> Result<(), &'static str> {
        let variables_fit =
            matches!(self.operator.family, Family::Text | Family::TextIgnoringCase | Family::TextLike | Family::Arn);
        if !variables_fit && text.contains("${") {
            return Err("variables stand only in values of `String` and `Arn` operators");
        }
        self.expected.push(match self.operator.family {
            Family::Text => Expected::Text(Pattern::parse(text, Wildcards::Literal)?),
            Family::TextIgnoringCase => Expected::TextIgnoringCase(Pattern::parse(text, Wildcards::Literal)?),
            Family::TextLike => Expected::Text(Pattern::parse(text, Wildcards::Expand)?),
            Family::Arn => Expected::Arn(ArnPattern::parse(text)?),
            Family::Number(comparison) => {
                let number =
                    Decimal::parse(text).ok_or("this operator compares with a decimal number such as `12.5`")?;
                Expected::Number(comparison, number)
            }
            Family::Time(comparison) => {
                let time =
                    parse_time(text).ok_or("this operator compares with a time such as `2026-01-31T12:00:00Z`")?;
                Expected::Time(comparison, time)
            }
            Family::Bool => Expected::Bool(parse_bool(text).ok_or("this operator compares with `true` or `false`")?),
            Family::Address => {
                let network = Network::parse(text);
                Expected::Address(network.ok_or("this operator compares with a network such as `203.0.113.0/24`")?)
            }
            Family::Null if !self.expected.is_empty() => {
                return Err("`Null` has one value, `true` or `false`");
            }
            Family::Null => Expected::Null(parse_bool(text).ok_or("`Null` has one value, `true` or `false`")?),
        });
        Ok(())
    }

    /// Whether the context satisfies the condition.
    pub fn holds(&self, context: &Context) -> Truth {
        let values = match context.get(&self.key) {
            Some(ContextValue::Unresolvable) => return Truth::Unknown,
            Some(ContextValue::Values(values)) => values.as_slice(),
            None => &[],
        };
        if self.operator.family == Family::Null {
            let absent = values.is_empty();
            return Truth::any(self.expected.iter().map(|expected| match expected {
                Expected::Null(expected) => (*expected == absent).into(),
                _ => Truth::Unknown,
            }));
        }
        let matched = |value: &String| self.matches(value, context);
        match (self.operator.set, values) {
            (Some(SetOperator::ForAllValues), values) => Truth::all(values.iter().map(matched)),
            (Some(SetOperator::ForAnyValue), values) => Truth::any(values.iter().map(matched)),
            (None, []) => (self.operator.if_exists || self.operator.negated).into(),
            (None, [value]) => matched(value),
            // IAM leaves open what a plain operator makes of a list.
            (None, _) => Truth::Unknown,
        }
    }

    /// Whether one value of the request matches any value of the policy, or none of them when negated.
    fn matches(&self, value: &str, context: &Context) -> Truth {
        let matched = self.expected.iter().map(|expected| expected.matches(value, context));
        Truth::any(matched).negated_if(self.operator.negated)
    }
}

impl Expected {
    /// Whether a value of the request matches. One that is not of the operator's type cannot be decided.
    fn matches(&self, value: &str, context: &Context) -> Truth {
        let known = match self {
            Expected::Text(pattern) => return pattern.matches(value, context),
            Expected::TextIgnoringCase(pattern) => {
                return pattern.matches_ignoring_case(value, context);
            }
            Expected::Arn(pattern) => return pattern.matches(value, context),
            Expected::Number(comparison, number) => {
                Decimal::parse(value).map(|value| comparison.holds(value.cmp(number)))
            }
            Expected::Time(comparison, time) => parse_time(value).map(|value| comparison.holds(value.cmp(time))),
            Expected::Bool(expected) => parse_bool(value).map(|value| value == *expected),
            Expected::Address(network) => parse_address(value).map(|address| network.contains(address)),
            // Decided before any value is looked at.
            Expected::Null(_) => None,
        };
        known.map_or(Truth::Unknown, Truth::from)
    }
}
