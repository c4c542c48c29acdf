//! What is known of the outputs of steps, by their ids.

use std::collections::BTreeMap;

use super::Surroundings;
use crate::document::Workflow;
use crate::schema::{Lookups, Shape};

pub(super) struct Outputs<'s> {
    /// What the plugins say of theirs.
    plugins: BTreeMap<String, Shape<'s>>,
    /// Of steps that run no plugin: fields and their types.
    own: BTreeMap<String, &'static [(&'static str, &'static str)]>,
}

impl<'s> Outputs<'s> {
    pub(super) fn of(workflow: &Workflow, surroundings: &Surroundings<'s>, lookups: &'s Lookups) -> Self {
        let mut outputs = Self { plugins: BTreeMap::new(), own: BTreeMap::new() };
        for step in workflow.walk() {
            let Some(id) = step.id() else { continue };
            if let Some(schema) = step.plugin().and_then(|plugin| surroundings.plugins?.get(plugin)?.output.as_ref()) {
                outputs.plugins.insert(id.to_owned(), Shape::new(schema, lookups));
            }
            if let Some(fields) = step.output_fields() {
                outputs.own.insert(id.to_owned(), fields);
            }
        }
        outputs
    }

    pub(super) fn plugin(&self, id: &str) -> Option<Shape<'s>> {
        self.plugins.get(id).copied()
    }

    pub(super) fn own(&self, id: &str) -> Option<&'static [(&'static str, &'static str)]> {
        self.own.get(id).copied()
    }
}
