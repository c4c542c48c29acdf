//! How often the validator compiles the parts of a schema.
//!
//! It compiles most of them once. For `unevaluatedProperties` and `unevaluatedItems` it follows all that is applied to the same
//! value, references included, once for each way that leads there, and compiles what it meets anew: thirty definitions, each
//! of which names the next one twice, are a billion ways.

use std::collections::HashMap;

use serde_json::Value;

use super::{Applied, Flaw, Targets, flaw, parts};

/// As many compilations as a schema takes beyond one of each part: less than a second, and more than in proportion above.
const MAX_REPEATED: usize = 10_000;
/// The keywords that follow what is applied to the same value.
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

/// Refuses a schema whose compilation is too much work. Nothing in it refers back to itself for the same value.
pub(super) fn check<'s>(
    root: &'s Value,
    targets: &Targets<'s>,
    schemas: impl ExactSizeIterator<Item = &'s Value>,
) -> Result<(), Flaw> {
    let once = schemas.len();
    let mut compiling = Compiling { targets, compiled: HashMap::new(), followed: HashMap::new() };
    let mut all = compiling.compiled(root);
    for schema in schemas {
        // What only a reference leads to. All others were counted where they are.
        if !compiling.compiled.contains_key(&std::ptr::from_ref(schema)) {
            all = all.saturating_add(compiling.compiled(schema));
        }
    }
    if all.saturating_sub(once) <= MAX_REPEATED {
        return Ok(());
    }
    let message = "compiling the schema is too much work: `unevaluatedProperties` and `unevaluatedItems` follow all that is \
                   applied to the same value";
    Err(flaw(
        &[],
        message,
        Some("list the fields in one place, with `additionalProperties: false`, or refer to fewer parts"),
    ))
}

struct Compiling<'c, 's> {
    targets: &'c Targets<'s>,
    /// Of each schema, how much is compiled for it.
    compiled: HashMap<*const Value, usize>,
    /// Of each schema, how much is compiled where `unevaluated…` follows it. While that is counted, it is too much: what leads
    /// back to it is followed in more ways than are counted here.
    followed: HashMap<*const Value, usize>,
}

impl<'s> Compiling<'_, 's> {
    /// What a reference leads to is compiled apart, once.
    fn compiled(&mut self, schema: &'s Value) -> usize {
        let Some(fields) = schema.as_object() else { return 1 };
        if let Some(known) = self.compiled.get(&std::ptr::from_ref(schema)) {
            return *known;
        }
        let mut compiled: usize = 1;
        for (.., part) in parts(fields) {
            compiled = compiled.saturating_add(self.compiled(part));
        }
        for _ in UNEVALUATED.iter().filter(|keyword| fields.contains_key(**keyword)) {
            compiled = compiled.saturating_add(self.followed(schema));
        }
        self.compiled.insert(schema, compiled);
        compiled
    }

    fn followed(&mut self, schema: &'s Value) -> usize {
        let Some(fields) = schema.as_object() else { return 1 };
        if let Some(known) = self.followed.get(&std::ptr::from_ref(schema)) {
            return *known;
        }
        self.followed.insert(schema, usize::MAX);
        let mut followed: usize = 1;
        for (.., applied, part) in parts(fields) {
            if matches!(applied, Applied::Field(_) | Applied::Names | Applied::Nothing) {
                continue;
            }
            followed = followed.saturating_add(self.compiled(part));
            if applied == Applied::Whole {
                followed = followed.saturating_add(self.followed(part));
            }
        }
        if let Some(target) = fields.get("$ref").and_then(|reference| self.targets.find(reference)) {
            followed = followed.saturating_add(self.followed(target));
        }
        self.followed.insert(schema, followed);
        followed
    }
}
