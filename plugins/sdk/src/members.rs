//! Members of JSON objects that have a name in camelCase in events, and in PascalCase in the API.
//!
//! What the members mean is left to whoever reads them: [`finding`](crate::finding), and plugins.

use serde_json::{Map, Value};

/// A JSON object.
pub type Members = Map<String, Value>;

/// The member of this name, which is given in camelCase, or else of the same name in PascalCase. Null counts as absent.
#[must_use]
pub fn member<'v>(members: &'v Members, camel: &str) -> Option<&'v Value> {
    let present = |name: &str| members.get(name).filter(|value| !value.is_null());
    present(camel).or_else(|| present(&pascal(camel)))
}

/// The same, if it is an object.
#[must_use]
pub fn object<'v>(members: &'v Members, camel: &str) -> Option<&'v Members> {
    member(members, camel).and_then(Value::as_object)
}

/// The same, if it is a list; otherwise an empty one.
#[must_use]
pub fn list<'v>(members: &'v Members, camel: &str) -> &'v [Value] {
    member(members, camel).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The same, if it is a text with something in it.
#[must_use]
pub fn text<'v>(members: &'v Members, camel: &str) -> Option<&'v str> {
    member(members, camel).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// Whether the value is true, or a text that says so.
#[must_use]
pub fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// What people call the type of a value.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The name in PascalCase.
fn pascal(camel: &str) -> String {
    let mut rest = camel.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn either_spelling_is_found() {
        for value in
            [json!({ "accountId": "1" }), json!({ "AccountId": "1" }), json!({ "accountId": null, "AccountId": "1" })]
        {
            assert_eq!(text(value.as_object().unwrap(), "accountId"), Some("1"), "{value}");
        }
        for value in [json!({}), json!({ "accountid": "1" }), json!({ "accountId": " " }), json!({ "accountId": 1 })] {
            assert_eq!(text(value.as_object().unwrap(), "accountId"), None, "{value}");
        }
        assert_eq!((pascal("id").as_str(), pascal("").as_str(), pascal("äb").as_str()), ("Id", "", "äb"));
    }

    #[test]
    fn true_can_be_a_text() {
        for (value, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("True "), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(1), false),
            (json!(["true"]), false),
        ] {
            assert_eq!(is_true(Some(&value)), expected, "{value}");
        }
        assert!(!is_true(None));
    }
}
