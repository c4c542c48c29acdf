//! The condition operators, by name: what they compare, how, and what `ForAnyValue:` and `IfExists` add
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).

use std::cmp::Ordering;

use crate::nearest::nearest;

/// A condition operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator {
    pub family: Family,
    /// `StringNotEquals` and its like: what must not match.
    pub negated: bool,
    pub set: Option<SetOperator>,
    /// An absent key satisfies the condition.
    pub if_exists: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Text,
    TextIgnoringCase,
    TextLike,
    Arn,
    Number(Comparison),
    Time(Comparison),
    Bool,
    Address,
    /// Whether the key is absent.
    Null,
}

/// How a value of the request is compared with one of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How many of a key's values must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOperator {
    ForAllValues,
    ForAnyValue,
}

/// Why a name is no operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorFault {
    /// No such operator, and the one that may be meant.
    Unknown(Option<&'static str>),
    /// `IfExists` on `Null`, or beside a set operator, where IAM ignores it.
    Combination,
}

/// The operators without prefix and suffix; the flag is `negated`. `BinaryEquals` is missing on purpose: no condition
/// key of ours is binary.
const OPERATORS: [(&str, Family, bool); 26] = [
    ("StringEquals", Family::Text, false),
    ("StringNotEquals", Family::Text, true),
    ("StringEqualsIgnoreCase", Family::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Family::TextIgnoringCase, true),
    ("StringLike", Family::TextLike, false),
    ("StringNotLike", Family::TextLike, true),
    // The two pairs are one: both take wildcards.
    ("ArnEquals", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnLike", Family::Arn, false),
    ("ArnNotLike", Family::Arn, true),
    ("NumericEquals", Family::Number(Comparison::Equal), false),
    ("NumericNotEquals", Family::Number(Comparison::Equal), true),
    ("NumericLessThan", Family::Number(Comparison::Less), false),
    ("NumericLessThanEquals", Family::Number(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Family::Number(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Family::Number(Comparison::GreaterOrEqual), false),
    ("DateEquals", Family::Time(Comparison::Equal), false),
    ("DateNotEquals", Family::Time(Comparison::Equal), true),
    ("DateLessThan", Family::Time(Comparison::Less), false),
    ("DateLessThanEquals", Family::Time(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Family::Time(Comparison::Greater), false),
    ("DateGreaterThanEquals", Family::Time(Comparison::GreaterOrEqual), false),
    ("Bool", Family::Bool, false),
    ("IpAddress", Family::Address, false),
    ("NotIpAddress", Family::Address, true),
    ("Null", Family::Null, false),
];

impl Operator {
    /// Reads an operator's name, upper and lower case being different.
    pub fn parse(name: &str) -> Result<Operator, OperatorFault> {
        let (set, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(SetOperator::ForAllValues), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(SetOperator::ForAnyValue), rest)
        } else {
            (None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let Some((_, family, negated)) = OPERATORS.into_iter().find(|(known, ..)| *known == base) else {
            return Err(OperatorFault::Unknown(nearest(base, OPERATORS.map(|(known, ..)| known))));
        };
        if (set.is_some() && if_exists) || (family == Family::Null && (set.is_some() || if_exists)) {
            return Err(OperatorFault::Combination);
        }
        Ok(Operator { family, negated, set, if_exists })
    }
}

impl Comparison {
    /// Whether a value that stands in this order to the policy's satisfies the comparison.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}
