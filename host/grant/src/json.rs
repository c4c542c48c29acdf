//! JSON whose values know their place, with what `serde_json` would let pass made visible: a name that occurs twice.
//! What the values have to be is decided in `load`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Fault, Place, Problem};

/// A JSON value, read only as deep as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Node<'d> {
    raw: &'d str,
    path: String,
}

/// A name in an object and its value.
#[derive(Clone, Debug)]
pub(crate) struct Member<'d> {
    pub name: String,
    /// The place of the name.
    pub at: Node<'d>,
    pub value: Node<'d>,
}

impl<'d> Node<'d> {
    /// The value that a document consists of. Fails with the place of the mistake.
    pub fn document(text: &'d str) -> Result<Node<'d>, Problem> {
        let path = String::new();
        serde_json::from_str::<&RawValue>(text).map(|raw| Node { raw: raw.get(), path: path.clone() }).map_err(
            |error| {
                // The parser counts columns in bytes.
                let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
                let before = line.get(..error.column().saturating_sub(1)).unwrap_or(line);
                let place = Place { line: error.line(), column: before.chars().count() + 1, path };
                Problem { place, fault: json_fault(&error) }
            },
        )
    }

    /// Where the value stands in `document`, which it was read from.
    pub fn place(&self, document: &str) -> Place {
        let offset = self.raw.as_ptr().addr().saturating_sub(document.as_ptr().addr());
        let before = document.get(..offset).unwrap_or(document);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Place { line, column: in_line.chars().count() + 1, path: self.path.clone() }
    }

    /// The members of an object, in order.
    pub fn members(&self) -> Result<Vec<Member<'d>>, Fault> {
        if self.kind() != "an object" {
            return Err(Fault::Type { expected: "an object", found: self.kind() });
        }
        let RawMembers(raw) = serde_json::from_str(self.raw).map_err(|error| json_fault(&error))?;
        raw.into_iter()
            .map(|(key, value)| {
                let name: String = serde_json::from_str(key.get()).map_err(|error| json_fault(&error))?;
                let path = self.path_to(&name);
                let at = Node { raw: key.get(), path: path.clone() };
                Ok(Member { name, at, value: Node { raw: value.get(), path } })
            })
            .collect()
    }

    /// The items of a list; a value that is no list stands for a list of itself, as everywhere in IAM.
    pub fn items(&self) -> Result<Vec<Node<'d>>, Fault> {
        if self.kind() != "a list" {
            return Ok(vec![self.clone()]);
        }
        let raw: Vec<&'d RawValue> = serde_json::from_str(self.raw).map_err(|error| json_fault(&error))?;
        let items = raw.into_iter().enumerate();
        Ok(items.map(|(index, raw)| Node { raw: raw.get(), path: format!("{}[{index}]", self.path) }).collect())
    }

    /// A string.
    pub fn string(&self) -> Result<String, Fault> {
        match self.kind() {
            "a string" => serde_json::from_str(self.raw).map_err(|error| json_fault(&error)),
            found => Err(Fault::Type { expected: "a string", found }),
        }
    }

    /// A string, or the text of a number or a boolean.
    pub fn scalar(&self) -> Result<String, Fault> {
        match self.kind() {
            "a number" | "a boolean" => Ok(self.raw.into()),
            "a string" => self.string(),
            found => Err(Fault::Type { expected: "a string, a number or a boolean", found }),
        }
    }

    /// The type of the value, as errors call it.
    pub fn kind(&self) -> &'static str {
        match self.raw.bytes().next() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') | None => "null",
            Some(_) => "a number",
        }
    }

    fn path_to(&self, name: &str) -> String {
        if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            format!("{}[{name:?}]", self.path)
        } else if self.path.is_empty() {
            name.into()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

/// The parser's words without the place, which is told apart.
fn json_fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let words = text.split_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    Fault::Json(words.into())
}

/// The members of an object as they are, duplicates included.
struct RawMembers<'d>(Vec<(&'d RawValue, &'d RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawMembersVisitor)
    }
}

struct RawMembersVisitor;

impl<'de> Visitor<'de> for RawMembersVisitor {
    type Value = RawMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(RawMembers(members))
    }
}
