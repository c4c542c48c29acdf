//! Reading the parts of a case: as strictly as a workflow, with the same tools.

pub(crate) mod answer;
pub(crate) mod decision;
pub(crate) mod expect;
pub(crate) mod given;

use std::collections::BTreeMap;

use workflow::Workflow;
use workflow::reading::{Collector, Content, Key, Node, suggestion};

use crate::files::Files;
use crate::name::Names;

/// What reading needs: where problems go, and what there is to refer to.
pub(crate) struct Reader<'a, 's> {
    pub(crate) problems: &'a mut Collector<'s>,
    pub(crate) names: &'a Names,
    pub(crate) workflow: &'a Workflow,
    pub(crate) files: &'a dyn Files,
}

impl Reader<'_, '_> {
    /// The entries of a mapping whose keys are names.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        match &node.content {
            Content::Map(entries) => entries,
            _ => {
                self.problems.add(&node.span, format!("{what} must be a mapping, not {}", node.kind()));
                &[]
            }
        }
    }

    /// Reads one or several of something for each step of a kind.
    fn by_step<T>(
        &mut self,
        node: &Node,
        what: &str,
        kind: &'static str,
        read: impl Fn(&Node, usize, &mut Self) -> Option<T>,
    ) -> BTreeMap<String, Vec<T>> {
        let mut read_all = BTreeMap::new();
        for (key, node) in self.entries(node, what) {
            if self.step(key, Some(kind)) {
                read_all.insert(key.name.clone(), self.one_or_more(node, &read));
            }
        }
        read_all
    }

    /// Reads one of something, or a list of them.
    fn one_or_more<T>(&mut self, node: &Node, read: impl Fn(&Node, usize, &mut Self) -> Option<T>) -> Vec<T> {
        let Content::List(items) = &node.content else { return read(node, 0, self).into_iter().collect() };
        if items.is_empty() {
            self.problems.add(&node.span, "the list must not be empty");
        }
        items.iter().enumerate().filter_map(|(index, item)| read(item, index, self)).collect()
    }

    /// Whether there is such a step.
    fn step(&mut self, key: &Key, kind: Option<&'static str>) -> bool {
        let found = self.names.kind(&key.name);
        match (found, kind) {
            (Some(is), Some(kind)) if is != kind => {
                let name = &key.name;
                let message = format!("this is for steps of the kind `{kind}`, and `{name}` is of the kind `{is}`");
                self.problems.add(&key.span, message);
                false
            }
            (Some(_), _) => true,
            (None, _) => {
                let help = suggestion(&key.name, &self.names.all(kind));
                let message = format!("workflow `{}` has no step `{}`", self.workflow.name, key.name);
                self.problems.add_with_help(&key.span, message, help);
                false
            }
        }
    }
}
