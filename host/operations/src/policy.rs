//! Policy documents that plugins hand over for a user, a role or a bucket: whether one can be read without a doubt, and
//! what a grant may compare of it. What the document allows is AWS's to decide.
//!
//! A grant can let a plugin write documents that only deny. So nothing may be read here otherwise than AWS reads it: a name
//! that stands twice, or one that is no element of a policy, is refused and never passed over.

use std::fmt;

use capability::Fault;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value, json};

use crate::account::is_account_id;
use crate::check::invalid;

/// The longest document that IAM's API takes, white space included, in characters
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>): no service takes a longer one.
const LONGEST: usize = 131_072;
/// The elements of a policy, and those of a statement
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>).
const POLICY: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// A policy as a plugin gave it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Document {
    text: String,
    value: Value,
    effects: Vec<&'static str>,
}

impl Document {
    /// The text as it was given, which is what is sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `Effect`s of its statements, each once: what a grant may compare.
    pub fn effects(&self) -> Vec<String> {
        self.effects.iter().map(|effect| (*effect).to_owned()).collect()
    }

    /// The policy in the form in which equal ones are equal: see [`canonical`].
    pub fn canonical(&self) -> Value {
        meaning(self.value.clone())
    }

    /// Refuses a document that has more bytes than `longest`, white space not counted, as IAM has it.
    pub fn at_most(&self, longest: usize) -> Result<(), Fault> {
        let bytes = self.text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
        match bytes <= longest {
            true => Ok(()),
            false => Err(invalid(format!("the policy has {bytes} bytes without white space, and may have {longest}"))),
        }
    }
}

impl TryFrom<String> for Document {
    type Error = String;

    fn try_from(text: String) -> Result<Document, String> {
        if text.len() > LONGEST {
            return Err(format!("the policy has {} bytes, and may have {LONGEST}", text.len()));
        }
        let Strict(value) =
            serde_json::from_str(&text).map_err(|error| format!("the policy is no JSON document: {error}"))?;
        let effects = effects(&value)?;
        Ok(Document { text, value, effects })
    }
}

/// A policy, as a service answers it, in the form in which equal ones are equal, however a service spells them: white space and
/// the order of names and lists, a list of one and its only item, an account by its id and by the ARN of its root
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
pub(crate) fn canonical(text: &str) -> Result<Value, Fault> {
    let unreadable = |error| Fault::unknown("unreadable-state", format!("the policy is no JSON document: {error}"));
    serde_json::from_str(text).map(meaning).map_err(unreadable)
}

fn meaning(mut policy: Value) -> Value {
    if let Some(statements) = policy.get_mut("Statement") {
        *statements = match statements.take() {
            Value::Array(statements) => statements.into_iter().map(statement).collect(),
            one => Value::Array(vec![statement(one)]),
        };
    }
    policy
}

fn statement(mut statement: Value) -> Value {
    let elements = statement.as_object_mut().into_iter().flatten();
    for (name, element) in elements {
        match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => *element = list(element.take(), |item| item),
            "Principal" | "NotPrincipal" => {
                if element == "*" {
                    *element = json!({ "AWS": "*" });
                }
                let kinds = element.as_object_mut().into_iter().flatten();
                kinds.for_each(|(_, principals)| *principals = list(principals.take(), principal));
            }
            "Condition" => {
                let operators = element.as_object_mut().into_iter().flatten();
                let keys = operators.filter_map(|(_, keys)| keys.as_object_mut()).flatten();
                keys.for_each(|(_, values)| *values = list(values.take(), text));
            }
            _ => {}
        }
    }
    statement
}

/// A list in one order, each item once.
fn list(value: Value, item: fn(Value) -> Value) -> Value {
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut items: Vec<Value> = items.into_iter().map(item).collect();
    items.sort_by_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}

/// An account by its id.
fn principal(principal: Value) -> Value {
    let root = principal.as_str().and_then(|arn| {
        let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
        let account = rest.strip_suffix(":root")?;
        (!partition.contains(':') && is_account_id(account)).then(|| account.to_owned())
    });
    root.map_or(principal, Value::String)
}

/// A value of a condition as text: `true` and `"true"` are one.
fn text(value: Value) -> Value {
    match value {
        Value::Bool(value) => value.to_string().into(),
        Value::Number(value) => value.to_string().into(),
        other => other,
    }
}

/// The document in an answer of IAM, which encodes it (RFC 3986) so that it fits into XML
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>).
pub(crate) fn decoded(text: &str) -> Result<String, Fault> {
    let wrong = || Fault::unknown("unreadable-reply", "IAM answered a policy that is not encoded as it should be");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit =
            || rest.next().and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(match byte {
            b'%' => digit().zip(digit()).map(|(high, low)| high << 4 | low).ok_or_else(wrong)?,
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// The distinct effects of the statements, of which there is one at least.
fn effects(policy: &Value) -> Result<Vec<&'static str>, String> {
    let policy = elements(policy, "the policy", &POLICY)?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    let mut effects = vec![];
    for statement in statements {
        let statement = elements(statement, "a statement of the policy", &STATEMENT)?;
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => "Allow",
            Some("Deny") => "Deny",
            _ => return Err("each statement of the policy has the `Effect` `Allow` or `Deny`".into()),
        };
        if !effects.contains(&effect) {
            effects.push(effect);
        }
    }
    match effects.is_empty() {
        true => Err("the policy has no statement: give at least one in `Statement`".into()),
        false => Ok(effects),
    }
}

fn elements<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let object = value.as_object().ok_or_else(|| format!("{what} is no JSON object"))?;
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{what} has {}, which is none of {}", crate::check::quoted(name), known.join(", "))),
        None => Ok(object),
    }
}

/// JSON in which no name stands twice in one object: of two, each reader takes the one that it likes.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Strict, E> {
        Number::from_f64(value).map(|number| Strict(number.into())).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut all = vec![];
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Strict(all.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut all = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("{} stands twice in one object", crate::check::quoted(&name))));
            }
            all.insert(name, value);
        }
        Ok(Strict(all.into()))
    }
}

#[cfg(test)]
mod tests {
    use cases::case;

    use super::*;

    fn read(text: &str) -> Result<Document, String> {
        Document::try_from(text.to_owned())
    }

    #[test]
    fn effects_are_told_once_each() {
        let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
        let allow = deny.replace("Deny", "Allow");
        for (statements, expected) in [
            (deny.to_owned(), vec!["Deny"]),
            (format!("[{deny}]"), vec!["Deny"]),
            (format!("[{deny},{deny}]"), vec!["Deny"]),
            (format!("[{deny},{allow},{deny}]"), vec!["Deny", "Allow"]),
        ] {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
            assert_eq!(read(&text).unwrap().effects(), expected, "{text}");
        }
    }

    #[test]
    fn c22_a_policy_that_can_be_read_in_two_ways_is_refused() {
        let of = |statement: &str| format!(r#"{{"Statement":{statement}}}"#);
        for (trick, text) in [
            ("`Effect` twice", of(r#"{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}"#)),
            ("`Effect` twice, once escaped", of(r#"{"Effect":"Deny","\u0045ffect":"Allow","Action":"*"}"#)),
            ("`effect` beside `Effect`", of(r#"{"Effect":"Deny","effect":"Allow","Action":"*"}"#)),
            ("`Statement` twice", r#"{"Statement":{"Effect":"Deny"},"Statement":{"Effect":"Allow"}}"#.into()),
            (
                "`statement` beside `Statement`",
                r#"{"Statement":{"Effect":"Deny"},"statement":{"Effect":"Allow"}}"#.into(),
            ),
            ("`allow` in lower case", of(r#"{"Effect":"allow","Action":"*","Resource":"*"}"#)),
            ("white space in the effect", of(r#"{"Effect":"Deny ","Action":"*","Resource":"*"}"#)),
            ("two effects in a list", of(r#"{"Effect":["Deny","Allow"],"Action":"*","Resource":"*"}"#)),
            ("a statement without effect", of(r#"{"Action":"*","Resource":"*"}"#)),
            ("a list in the list of statements", of(r#"[[{"Effect":"Allow","Action":"*","Resource":"*"}]]"#)),
            ("no statement", of("[]")),
            ("no `Statement`", r#"{"Version":"2012-10-17"}"#.into()),
            ("a second document behind", of(r#"{"Effect":"Deny"}"#).repeat(2)),
            ("a comment", of(r#"{"Effect":"Deny" /* Allow */}"#)),
            ("no object", r#""{}""#.into()),
            ("nothing", String::new()),
            ("128 KiB and a byte", format!("{}{}", of(r#"{"Effect":"Deny"}"#), " ".repeat(LONGEST))),
        ] {
            case("C22", &format!("a policy: {trick}"), "refused", read(&text).map_or("refused", |_| "taken"));
        }
    }

    /// However a service spells it; and what means something else is something else.
    #[test]
    fn spellings_of_a_policy_are_one() {
        let policy = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let one = policy(
            r#"{"Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":["s3:Get*","s3:Put*"],"Resource":"r",
            "Condition":{"Bool":{"aws:SecureTransport":false}}}"#,
        );
        let same = canonical(&one).unwrap();
        assert_eq!(read(&one).unwrap().canonical(), same);
        for other in [
            policy(
                r#"{"Condition":{"Bool":{"aws:SecureTransport":["false"]}},"Resource":["r"],"Action":["s3:Put*","s3:Get*"],
                "Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Effect":"Deny"}"#,
            ),
            one.replace("[{", "{").replace("}]", "}"),
        ] {
            assert_eq!(canonical(&other).unwrap(), same, "{other}");
        }
        for other in [
            one.replace("Deny", "Allow"),
            one.replace("s3:Get*", "s3:*"),
            one.replace("\"r\"", "\"r2\""),
            one.replace("false", "true"),
            one.replace("\"123456789012\"", "\"210987654321\""),
            one.replace("\"123456789012\"", "\"arn:aws:iam::123456789012:role/root\""),
            one.replace("\"Principal\"", "\"NotPrincipal\""),
            one.replace("2012-10-17", "2008-10-17"),
        ] {
            assert_ne!(canonical(&other).unwrap(), same, "{other}");
        }
        let anybody = |principal: &str| canonical(&policy(&format!(r#"{{"Effect":"Deny","Principal":{principal}}}"#)));
        assert_eq!(anybody(r#""*""#).unwrap(), anybody(r#"{"AWS":"*"}"#).unwrap());
        assert!(canonical("").is_err());
    }

    #[test]
    fn an_answer_is_decoded() {
        for (encoded, expected) in [
            ("%7B%22a%22%3A%20%22b+c%25%22%7D", Some("{\"a\": \"b+c%\"}")),
            ("%c3%A4", Some("ä")),
            ("", Some("")),
            ("%7", None),
            ("%", None),
            ("%+7", None),
            ("%7g", None),
            ("%ff", None),
        ] {
            assert_eq!(decoded(encoded).ok().as_deref(), expected, "{encoded}");
        }
    }

    #[test]
    fn white_space_does_not_count() {
        let text = r#"{ "Statement": { "Effect": "Deny" } }"#;
        assert_eq!(read(text).unwrap().at_most(31), Ok(()));
        assert!(read(text).unwrap().at_most(30).is_err());
    }
}
