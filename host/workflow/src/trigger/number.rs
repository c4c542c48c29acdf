//! Numbers in patterns, as JSON has them.
//!
//! A pattern is pasted from EventBridge, which reads JSON: `3.018e2` is a number there. Elsewhere in a workflow it is text,
//! and a number that no reader keeps exactly is, too, so that a pattern would silently be another one. Here the first is a
//! number, and the second is refused.

use serde_json::{Number, Value};

use crate::problem::Collector;
use crate::read::shorten;
use crate::yaml::{Content, Node};

/// The pattern as JSON; `None` when a number in it cannot be compared.
pub(super) fn as_written(node: &Node, problems: &mut Collector<'_>) -> Option<Value> {
    match &node.content {
        Content::List(items) => {
            // All of them, so that all problems are told.
            let items: Vec<Option<Value>> = items.iter().map(|item| as_written(item, problems)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Content::Map(entries) => {
            let fields: Vec<_> =
                entries.iter().map(|(key, node)| Some((key.name.clone(), as_written(node, problems)?))).collect();
            fields.into_iter().collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
        Content::Text(text) if is_number(text) && problems.is_plain(&node.span, text) => {
            let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            match serde_json::from_str::<Number>(text) {
                Ok(number) if !is_whole => Some(Value::Number(number)),
                _ => {
                    let message =
                        format!("not an event pattern: `{}` is a number that cannot be compared", shorten(text));
                    problems.add_with_help(&node.span, message, "write it in quotes, if it is a text in the event");
                    None
                }
            }
        }
        _ => Some(node.to_json()),
    }
}

/// Whether a text is written as JSON writes numbers (RFC 8259, 6), however large.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(before, behind)| (before, Some(behind)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(before, behind)| (before, Some(behind)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
