//! How much work a schema is: before it is compiled, and before a value is held against it.
//!
//! A schema can ask for more work than there is time: thirty definitions, each of which names the next one twice, are a
//! billion ways to the last. It can also be deeper than a stack. The validator has no bound of its own, so both are found
//! out beforehand: [`check`] looks at the schema alone, and at how often it is compiled (in [`compiling`]); [`bounded`] counts
//! the evaluations for one value, each as often as the validator would make it.

mod compiling;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::Flaw;

/// As deep as schemas lie in each other and refer to each other: validating is recursive.
const MAX_DEPTH: usize = 64;
/// As many evaluations as holding one value against a schema takes: less than a second.
const MAX_WORK: usize = 500_000;
/// Keywords by which the meaning of a reference depends on where it is followed from, and those of older drafts.
const REFUSED: &[&str] = &[
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "additionalItems",
    "dependencies",
];

/// What stands for the name of any field.
static NAME: Value = Value::Null;

/// Why a value is not held against a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holding it against its schema is too much work: the value or the schema must be simpler")]
pub(crate) struct TooMuchWork;

/// To what of a value a part of a schema is applied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Applied<'s> {
    /// To the value itself.
    Whole,
    /// To one field.
    Field(&'s str),
    /// To any field.
    Fields,
    /// To the names of all fields.
    Names,
    /// To one item.
    Item(usize),
    /// To any item.
    Items,
    /// To nothing, unless it is referred to.
    Nothing,
}

/// A schema in a schema: the keyword that holds it, the name or number below that, and what it is applied to.
type Part<'s> = (&'s str, Option<String>, Applied<'s>, &'s Value);

/// The schemas in a schema, without those that it refers to.
fn parts(fields: &Map<String, Value>) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (keyword, value) in fields {
        let keyword = keyword.as_str();
        let of_name = |name| match keyword {
            "properties" => Some(Applied::Field(name)),
            "patternProperties" => Some(Applied::Fields),
            "dependentSchemas" => Some(Applied::Whole),
            "$defs" => Some(Applied::Nothing),
            _ => None,
        };
        let of_index = |index| match keyword {
            "allOf" | "anyOf" | "oneOf" => Some(Applied::Whole),
            "prefixItems" => Some(Applied::Item(index)),
            "items" => Some(Applied::Items),
            _ => None,
        };
        let alone = match keyword {
            "not" | "if" | "then" | "else" => Applied::Whole,
            "additionalProperties" | "unevaluatedProperties" => Applied::Fields,
            "propertyNames" => Applied::Names,
            "items" | "contains" | "unevaluatedItems" => Applied::Items,
            _ => Applied::Nothing,
        };
        match value {
            Value::Object(inner) if of_name("").is_some() => {
                let inner =
                    inner.iter().filter_map(|(name, part)| Some((keyword, Some(name.clone()), of_name(name)?, part)));
                parts.extend(inner);
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.filter_map(|(index, part)| Some((keyword, Some(index.to_string()), of_index(index)?, part)));
                parts.extend(items);
            }
            part if alone != Applied::Nothing => parts.push((keyword, None, alone, part)),
            _ => {}
        }
    }
    parts
}

/// What `$ref` can refer to: a part of the same schema, by its place or by a name.
struct Targets<'s> {
    root: &'s Value,
    anchors: BTreeMap<&'s str, &'s Value>,
}

impl<'s> Targets<'s> {
    fn of(root: &'s Value) -> Self {
        let mut anchors = BTreeMap::new();
        let mut left = vec![root];
        while let Some(schema) = left.pop() {
            let Some(fields) = schema.as_object() else { continue };
            if let Some(anchor) = fields.get("$anchor").and_then(Value::as_str) {
                anchors.insert(anchor, schema);
            }
            left.extend(parts(fields).into_iter().map(|(.., part)| part));
        }
        Self { root, anchors }
    }

    fn find(&self, reference: &Value) -> Option<&'s Value> {
        let fragment = decode(reference.as_str()?.strip_prefix('#')?)?;
        match self.root.pointer(&fragment) {
            Some(found) => Some(found),
            None => self.anchors.get(fragment.as_str()).copied(),
        }
    }
}

/// A fragment without its percent-encoding (RFC 3986).
fn decode(fragment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(if byte == b'%' { digit()? * 16 + digit()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

/// Refuses a schema whose references lead out of it or nowhere, or back to where they began without going into the value,
/// and one that is too deep.
pub(super) fn check(root: &Value) -> Result<(), Flaw> {
    let mut check = Check { targets: Targets::of(root), heights: HashMap::new(), places: Vec::new() };
    check.height(root, &mut Vec::new(), 0)?;
    let mut ended = HashSet::new();
    check.places.iter().try_for_each(|(schema, _)| check.circle(schema, &mut Vec::new(), &mut ended))?;
    compiling::check(root, &check.targets, check.places.iter().map(|(schema, _)| *schema))
}

struct Check<'s> {
    targets: Targets<'s>,
    /// How deep each schema is; `None` while it is being looked at.
    heights: HashMap<*const Value, Option<usize>>,
    /// Each schema, and the way to it.
    places: Vec<(&'s Value, Vec<String>)>,
}

impl<'s> Check<'s> {
    fn height(&mut self, schema: &'s Value, path: &mut Vec<String>, depth: usize) -> Result<usize, Flaw> {
        let Some(fields) = schema.as_object() else { return Ok(0) };
        let known = self.heights.get(&std::ptr::from_ref(schema)).map(|height| height.unwrap_or_default());
        if depth + known.unwrap_or_default() > MAX_DEPTH {
            return Err(too_deep(path));
        }
        if let Some(height) = known {
            return Ok(height);
        }
        self.heights.insert(schema, None);
        self.places.push((schema, path.clone()));
        refuse_keywords(fields, path)?;
        let mut height = 0;
        for (keyword, key, _, part) in parts(fields) {
            let length = path.len();
            path.extend([Some(keyword.to_owned()), key].into_iter().flatten());
            height = height.max(1 + self.height(part, path, depth + 1)?);
            path.truncate(length);
        }
        if let Some(reference) = fields.get("$ref") {
            path.push("$ref".to_owned());
            let Some(target) = self.targets.find(reference) else {
                let message = "`$ref` can only refer to a part of the same schema";
                return Err(flaw(path, message, Some("write the place of the part, as in `#/$defs/port`")));
            };
            height = height.max(1 + self.height(target, path, depth + 1)?);
            path.pop();
        }
        self.heights.insert(schema, Some(height));
        Ok(height)
    }

    /// Follows what is applied to the same value. `chain` has what was followed so far, and by which keyword or reference.
    fn circle(
        &self,
        schema: &'s Value,
        chain: &mut Vec<(&'s Value, &'s str)>,
        ended: &mut HashSet<*const Value>,
    ) -> Result<(), Flaw> {
        let Some(fields) = schema.as_object() else { return Ok(()) };
        if let Some(at) = chain.iter().position(|(open, _)| std::ptr::eq(*open, schema)) {
            let circle: Vec<&str> = chain.iter().skip(at).map(|(_, by)| *by).collect();
            let message = format!("a schema refers back to itself: {}", circle.join(" -> "));
            return Err(flaw(
                self.place(schema),
                message,
                Some("a schema can refer to itself only for a part of the value"),
            ));
        }
        if chain.len() > MAX_DEPTH {
            return Err(too_deep(self.place(schema)));
        }
        if !ended.insert(schema) {
            return Ok(());
        }
        let whole = parts(fields).into_iter().filter(|(.., applied, _)| *applied == Applied::Whole);
        let referred =
            fields.get("$ref").and_then(|reference| Some((reference.as_str()?, self.targets.find(reference)?)));
        for (by, part) in whole.map(|(keyword, .., part)| (keyword, part)).chain(referred) {
            chain.push((schema, by));
            self.circle(part, chain, ended)?;
            chain.pop();
        }
        Ok(())
    }

    fn place(&self, schema: &Value) -> &[String] {
        self.places.iter().find(|(other, _)| std::ptr::eq(*other, schema)).map_or(&[], |(_, place)| place)
    }
}

fn refuse_keywords(fields: &Map<String, Value>, path: &[String]) -> Result<(), Flaw> {
    let inner = if path.is_empty() { &[][..] } else { &["$id", "$schema"] };
    match fields.keys().find(|keyword| inner.contains(&keyword.as_str()) || REFUSED.contains(&keyword.as_str())) {
        Some(keyword) => {
            let at: Vec<String> = path.iter().chain([keyword]).cloned().collect();
            Err(flaw(&at, format!("`{keyword}` cannot be used here"), None))
        }
        None => Ok(()),
    }
}

fn too_deep(path: &[String]) -> Flaw {
    flaw(path, format!("the schema is deeper than {MAX_DEPTH} levels, with what it refers to"), None)
}

fn flaw(path: &[String], message: impl Into<String>, help: Option<&str>) -> Flaw {
    Flaw { path: path.to_vec(), message: message.into(), help: help.map(str::to_owned) }
}

/// Whether a value can be held against a schema that [`check`] has passed.
pub(super) fn bounded(root: &Value, value: &Value) -> Result<(), TooMuchWork> {
    let mut meter = Meter { targets: Targets::of(root), known: HashMap::new() };
    meter.work(root, value, 0).map(|_| ())
}

struct Meter<'s> {
    targets: Targets<'s>,
    /// Of each schema and value: the evaluations, and how deep they are.
    known: HashMap<(*const Value, *const Value), (usize, usize)>,
}

impl<'s> Meter<'s> {
    fn work(&mut self, schema: &'s Value, value: &Value, depth: usize) -> Result<(usize, usize), TooMuchWork> {
        let pair = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        if let Some((work, height)) = self.known.get(&pair) {
            return if depth + height > 2 * MAX_DEPTH { Err(TooMuchWork) } else { Ok((*work, *height)) };
        }
        if depth > 2 * MAX_DEPTH || self.known.len() > MAX_WORK {
            return Err(TooMuchWork);
        }
        let Some(fields) = schema.as_object() else { return Ok((1, 0)) };
        let mut work = own(fields, value);
        let mut whole = 0;
        let mut height = 0;
        for (.., applied, part) in parts(fields) {
            let mut add = |value: &Value, times: usize| {
                let (inner, below) = self.work(part, value, depth + 1)?;
                height = height.max(below + 1);
                let inner = inner.saturating_mul(times);
                *(if applied == Applied::Whole { &mut whole } else { &mut work }) += inner.min(MAX_WORK);
                if work.max(whole) > MAX_WORK { Err(TooMuchWork) } else { Ok(()) }
            };
            match (applied, value) {
                (Applied::Whole, value) => add(value, 1)?,
                (Applied::Field(name), Value::Object(inner)) => {
                    inner.get(name).map_or(Ok(()), |value| add(value, 1))?
                }
                (Applied::Fields, Value::Object(inner)) => inner.values().try_for_each(|value| add(value, 1))?,
                (Applied::Names, Value::Object(inner)) if !inner.is_empty() => add(&NAME, inner.len())?,
                (Applied::Item(index), Value::Array(items)) => items.get(index).map_or(Ok(()), |item| add(item, 1))?,
                (Applied::Items, Value::Array(items)) => items.iter().try_for_each(|item| add(item, 1))?,
                _ => {}
            }
        }
        if let Some(target) = fields.get("$ref").and_then(|reference| self.targets.find(reference)) {
            let (inner, below) = self.work(target, value, depth + 1)?;
            whole += inner;
            height = height.max(below + 1);
        }
        // What was evaluated is found out for each field or item.
        let unevaluated = ["unevaluatedProperties", "unevaluatedItems"].iter().any(|name| fields.contains_key(*name));
        let times = if unevaluated { 1 + length(value) } else { 1 };
        work = work.saturating_add(whole.saturating_mul(times));
        if work > MAX_WORK {
            return Err(TooMuchWork);
        }
        self.known.insert(pair, (work, height));
        Ok((work, height))
    }
}

/// The work of the keywords that hold no schemas.
fn own(fields: &Map<String, Value>, value: &Value) -> usize {
    let listed = fields.get("enum").map_or(0, size) + fields.get("const").map_or(0, size);
    let unique = if fields.contains_key("uniqueItems") { size(value) } else { 0 };
    let text = value.as_str().map_or(0, |text| text.len() / 64);
    let format =
        if fields.get("format").is_some_and(|format| format == "regex") && value.is_string() { 1_000 } else { 0 };
    1 + fields.len() * (1 + text) + listed + unique + format
}

fn length(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    }
}

/// How many values are in a value, itself included.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}
