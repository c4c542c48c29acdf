//! Rules of an event pattern: what one value must be.

use serde_json::{Number, Value};

use crate::network::Network;

/// Numbers in patterns are limited by EventBridge, which compares them in a decimal form of fixed width.
const MAX_NUMBER: f64 = 5.0e9;
const MAX_DIGITS: usize = 15;
const MAX_FRACTION: usize = 6;

/// A rule for one value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    Equals(Value),
    Prefix(String),
    PrefixIgnoreCase(String),
    Suffix(String),
    SuffixIgnoreCase(String),
    EqualsIgnoreCase(String),
    /// The literal pieces between the `*`.
    Wildcard(Vec<String>),
    AnythingBut(Vec<Rule>),
    /// All of these must hold.
    Numeric(Vec<(Comparison, f64)>),
    Cidr(Network),
    /// Whether there is a value at all; answered by the parent, since it is about the field.
    Exists(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Rule {
    /// Checks one item of a field's list.
    pub(super) fn read(item: &Value) -> Result<Self, String> {
        let operator = match item {
            Value::Array(_) => return Err("lists cannot be nested in a list of values".to_owned()),
            Value::Object(operator) => operator,
            scalar => return Ok(Self::Equals(scalar.clone())),
        };
        let mut entries = operator.iter();
        let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
            return Err("an operator must be a mapping of one field".to_owned());
        };
        match name.as_str() {
            "anything-but" => read_anything_but(operand).map(Self::AnythingBut),
            "numeric" => read_numeric(operand).map(Self::Numeric),
            "cidr" => read_cidr(operand),
            "exists" => {
                operand.as_bool().map(Self::Exists).ok_or_else(|| "`exists` must be `true` or `false`".to_owned())
            }
            _ => read_text_operator(name, operand),
        }
    }

    /// The text that the value must be, when it must be one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Equals(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// How many comparisons it is to match a value.
    pub(super) fn comparisons(&self, value: &Value) -> usize {
        let rules = match self {
            Self::AnythingBut(rules) => rules.len(),
            _ => 1,
        };
        rules.saturating_mul(1 + value.as_str().map_or(0, |text| text.len() / 16))
    }

    /// Whether a value that is there fits. Values of another type than the rule's do not.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Equals(Value::Number(expected)), Value::Number(number)) => equal(expected, number),
            (Self::Equals(expected), value) => expected == value,
            (Self::AnythingBut(rules), value) => !rules.iter().any(|rule| rule.matches(value)),
            (Self::Numeric(bounds), Value::Number(number)) => {
                let holds = |(comparison, bound): &(Comparison, f64)| {
                    number.as_f64().is_some_and(|number| comparison.holds(number, *bound))
                };
                bounds.iter().all(holds)
            }
            (rule, Value::String(text)) => rule.matches_text(text),
            _ => false,
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixIgnoreCase(prefix) => text.to_lowercase().starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixIgnoreCase(suffix) => text.to_lowercase().ends_with(suffix),
            Self::EqualsIgnoreCase(other) => text.to_lowercase() == *other,
            Self::Wildcard(pieces) => matches_wildcard(pieces, text),
            Self::Cidr(network) => text.parse().is_ok_and(|address| network.holds(Network::host(address))),
            Self::Equals(_) | Self::AnythingBut(_) | Self::Numeric(_) | Self::Exists(_) => false,
        }
    }
}

impl Comparison {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
        }
    }
}

/// `prefix`, `suffix`, `equals-ignore-case` and `wildcard`, of one text.
fn read_text_operator(name: &str, operand: &Value) -> Result<Rule, String> {
    let ignored_case = operand.as_object().filter(|operand| operand.len() == 1);
    let ignored_case = ignored_case.and_then(|operand| operand.get("equals-ignore-case")).and_then(Value::as_str);
    match (name, operand, ignored_case) {
        ("prefix", Value::String(text), _) => Ok(Rule::Prefix(text.clone())),
        ("prefix", _, Some(text)) => Ok(Rule::PrefixIgnoreCase(text.to_lowercase())),
        ("suffix", Value::String(text), _) => Ok(Rule::Suffix(text.clone())),
        ("suffix", _, Some(text)) => Ok(Rule::SuffixIgnoreCase(text.to_lowercase())),
        ("equals-ignore-case", Value::String(text), _) => Ok(Rule::EqualsIgnoreCase(text.to_lowercase())),
        ("wildcard", Value::String(text), _) => read_wildcard(text).map(Rule::Wildcard),
        ("prefix" | "suffix" | "equals-ignore-case" | "wildcard", ..) => Err(format!("`{name}` must be text")),
        _ => Err(format!("unknown operator `{name}`")),
    }
}

fn read_anything_but(operand: &Value) -> Result<Vec<Rule>, String> {
    match operand {
        Value::Object(operator) => {
            let mut entries = operator.iter();
            let (Some((name, inner)), None) = (entries.next(), entries.next()) else {
                return Err("`anything-but` takes one operator".to_owned());
            };
            let items = one_or_more(inner)?;
            if matches!(name.as_str(), "prefix" | "suffix") && items.iter().any(|item| item == "") {
                return Err(format!("`{name}` of `anything-but` must not be empty"));
            }
            items.iter().map(|item| read_text_operator(name, item)).collect()
        }
        _ => {
            let items = one_or_more(operand)?;
            if items.iter().any(Value::is_string) && items.iter().any(Value::is_number) {
                return Err("`anything-but` takes texts or numbers, not both".to_owned());
            }
            let equals = items.iter().map(|item| match item {
                Value::String(_) => Ok(Rule::Equals(item.clone())),
                Value::Number(number) => comparable(number, "anything-but").map(|_| Rule::Equals(item.clone())),
                _ => Err("`anything-but` takes texts or numbers".to_owned()),
            });
            equals.collect()
        }
    }
}

fn one_or_more(operand: &Value) -> Result<&[Value], String> {
    match operand {
        Value::Array(items) if items.is_empty() => Err("`anything-but` must not be an empty list".to_owned()),
        Value::Array(items) => Ok(items),
        item => Ok(std::slice::from_ref(item)),
    }
}

fn read_numeric(operand: &Value) -> Result<Vec<(Comparison, f64)>, String> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let reason =
        "`numeric` must be a comparison and a number, or a lower and an upper bound like [\">\", 0, \"<=\", 5]";
    let items = operand.as_array().ok_or(reason)?;
    let bounds = items.chunks(2).map(|pair| {
        let [comparison, number] = pair else { return Err(reason.to_owned()) };
        let comparison = match comparison.as_str() {
            Some("<") => Less,
            Some("<=") => LessOrEqual,
            Some("=") => Equal,
            Some(">=") => GreaterOrEqual,
            Some(">") => Greater,
            _ => return Err(reason.to_owned()),
        };
        let Value::Number(number) = number else { return Err("`numeric` compares with numbers".to_owned()) };
        Ok((comparison, comparable(number, "numeric")?))
    });
    let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
    match bounds.as_slice() {
        [_] => Ok(bounds),
        [(Greater | GreaterOrEqual, low), (Less | LessOrEqual, high)] if low < high => Ok(bounds),
        [(Greater | GreaterOrEqual, _), (Less | LessOrEqual, _)] => {
            Err("the lower bound must be below the upper".to_owned())
        }
        _ => Err(reason.to_owned()),
    }
}

/// A number that EventBridge compares by its value, as its guide has it: "between -5.0e9 and +5.0e9 inclusive, with 15 digits
/// of precision, or six digits to the right of the decimal point".
fn comparable(number: &Number, operator: &str) -> Result<f64, String> {
    let value = number.as_f64().filter(|value| value.abs() <= MAX_NUMBER);
    let value = value.ok_or_else(|| format!("`{operator}` takes numbers from -5e9 to 5e9, not `{number}`"))?;
    // The shortest text that reads as the number.
    let text = format!("{}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0').len();
    if significant > MAX_DIGITS || fraction.len() > MAX_FRACTION {
        return Err(format!(
            "`{operator}` takes numbers of at most {MAX_DIGITS} digits, {MAX_FRACTION} of them behind the point, not `{number}`"
        ));
    }
    Ok(value)
}

fn read_cidr(operand: &Value) -> Result<Rule, String> {
    let network = operand.as_str().and_then(Network::parse).map(Rule::Cidr);
    network.ok_or_else(|| "`cidr` must be a range of addresses like `10.0.0.0/24`".to_owned())
}

/// The literal pieces between the `*`; `\*` and `\\` stand for themselves.
fn read_wildcard(text: &str) -> Result<Vec<String>, String> {
    let mut pieces = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' if characters.peek() == Some(&'*') => return Err("`wildcard` cannot have `**`".to_owned()),
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => match characters.next() {
                Some(escaped @ ('*' | '\\')) => escaped,
                _ => return Err("in `wildcard`, `\\` must stand before `*` or `\\`".to_owned()),
            },
            other => other,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.push(literal);
        }
    }
    Ok(pieces)
}

/// The first piece begins the text, the last one ends it, the others follow in between. Taking each at its first place is
/// enough, since what is between them is free.
fn matches_wildcard(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        match rest.split_once(piece.as_str()) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// Numbers are equal by value: 1, 1.0 and 1e0 are one number. Integers beyond 2^53 are compared exactly.
fn equal(left: &Number, right: &Number) -> bool {
    left == right || (!both_integers(left, right) && left.as_f64() == right.as_f64())
}

fn both_integers(left: &Number, right: &Number) -> bool {
    !left.is_f64() && !right.is_f64()
}
