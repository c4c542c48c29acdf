//! Checks that a text of a plugin is JSON, strictly: one document, no key twice, not deeper than 127 levels.
//!
//! A key that is there twice is refused because readers differ in which one they take: what a person approves would not
//! be what a program does.

use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// How many arrays and objects may be inside of each other. It is serde_json's own limit; a test holds the two together.
pub(crate) const MAX_DEPTH: usize = 127;

/// Checks a text; fails with what is wrong.
pub(crate) fn check(text: &str) -> Result<(), String> {
    serde_json::from_str::<Strict>(text).map(|Strict| ()).map_err(|error| error.to_string())
}

/// Checks and reads a text.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    check(text)?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            fields.next_value::<Self>()?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format_args!("the key `{twice}` is there twice")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(&nested(super::MAX_DEPTH)), Ok(()));
        assert!(check(&nested(super::MAX_DEPTH + 1)).unwrap_err().contains("recursion limit"));
    }

    #[test]
    fn b23_strict_json() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        for bad in ["", "NaN", "{}{}", "{'a': 1}", "1e999", "\"\\ud800\"", &deep] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let twice = check(r#"{"a": {"b": 1, "c": 2, "b": 3}}"#).unwrap_err();
        assert!(twice.contains("the key `b` is there twice"), "{twice}");
        for good in ["null", "[]", r#"{"a": {"b": 1}, "b": [true, -1, 1.5, "x"]}"#] {
            assert_eq!(check(good), Ok(()));
        }
    }
}
