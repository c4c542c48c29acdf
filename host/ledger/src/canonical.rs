//! The one text that a JSON value has in the ledger, and the hash by which recorded arguments are compared.
//!
//! Version 1: members in the order of their keys' bytes, no white space, integers exact (the whole range of `u64` and
//! `i64`), other numbers in the shortest form that reads back the same. An absent member is not a `null` one.

use serde_json::Value;

use crate::Hash;

/// The canonical text of `value`.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// The hash that stands for a call's function and arguments in the ledger. A replayed call must have the recorded one.
pub fn arguments_hash(function: &str, arguments: &Value) -> Hash {
    Hash::of(format!("quell-arguments/1\0{function}\0{}", canonical(arguments)).as_bytes())
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            out.push('{');
            for (index, (key, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_text_for_one_value() {
        let check = |value: Value, text: &str| assert_eq!(canonical(&value), text);
        check(json!({"b": 1, "a": [true, null, "x\n"]}), r#"{"a":[true,null,"x\n"],"b":1}"#);
        check(json!(u64::MAX), "18446744073709551615");
        check(json!(i64::MIN), "-9223372036854775808");
        check(json!(1.5), "1.5");
        check(json!({"z": {}, "é": []}), r#"{"z":{},"é":[]}"#);
    }

    #[test]
    fn none_is_not_null_and_neighbours_differ() {
        let hash = |value: Value| arguments_hash("f", &value);
        assert_ne!(hash(json!({})), hash(json!({"a": null})));
        assert_ne!(hash(json!({"a": 9007199254740993u64})), hash(json!({"a": 9007199254740992u64})));
        assert_ne!(arguments_hash("f", &json!({})), arguments_hash("g", &json!({})));
    }
}
