//! The body of a workflow: what is carried out, by a run of it or by a `call`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Step};
use crate::expression::template::Template;
use crate::input::Inputs;

/// What a workflow does.
#[derive(Clone, Debug)]
pub struct Body {
    /// The workflow's name.
    pub name: String,
    /// SHA-256 of its source, in hexadecimal: a run keeps the workflow that it started with by this.
    pub digest: String,
    /// How long a run may take, `on-failure` not included.
    pub timeout: Option<Duration>,
    /// What a run is given, by name.
    pub inputs: Inputs,
    /// Values with a name, made of the event, the inputs and the run.
    pub(crate) vars: BTreeMap<String, Template>,
    /// What a run does.
    pub steps: Vec<Step>,
    /// What a run does when it would end failed, expired or timed out.
    pub on_failure: Vec<Step>,
    pub(crate) output: Option<Template>,
    /// The blocks around each step that has an id, by their paths in the document.
    pub(crate) blocks: BTreeMap<String, Vec<String>>,
}

impl Body {
    pub(crate) fn new(name: String, digest: String, inputs: Inputs, steps: Vec<Step>, on_failure: Vec<Step>) -> Self {
        let mut blocks = BTreeMap::new();
        collect(&steps, &mut Vec::new(), &mut blocks);
        collect(&on_failure, &mut Vec::new(), &mut blocks);
        Self { name, digest, timeout: None, inputs, vars: BTreeMap::new(), steps, on_failure, output: None, blocks }
    }

    /// The plugins that it runs, by name.
    pub fn plugins(&self) -> BTreeSet<&str> {
        self.walk().into_iter().filter_map(Step::plugin).collect()
    }

    /// The workflows that it calls itself, by name.
    pub fn calls(&self) -> BTreeSet<&str> {
        self.walk().into_iter().filter_map(Step::callee).collect()
    }

    /// All steps, nested ones and those of `catch` and `on-failure` included, in the order of the document.
    pub fn walk(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        self.steps.iter().chain(&self.on_failure).for_each(|step| step.collect(&mut steps));
        steps
    }

    /// Whether a run of it, or of what it calls, may ask for an approval. `find` gives what is called; what calls itself in
    /// a circle is looked at once.
    pub(crate) fn asks<'w>(&'w self, find: &dyn Fn(&str) -> Option<&'w Body>) -> bool {
        let mut seen = BTreeSet::new();
        let mut left = vec![self];
        while let Some(body) = left.pop() {
            for step in body.walk() {
                match step.kind() {
                    Kind::Approval(_) => return true,
                    Kind::Call(call) if seen.insert(call.workflow()) => left.extend(find(call.workflow())),
                    _ => {}
                }
            }
        }
        false
    }

    /// The blocks around the step with this id, by their paths in the document.
    pub(crate) fn blocks_around(&self, id: &str) -> &[String] {
        self.blocks.get(id).map_or(&[], Vec::as_slice)
    }
}

fn collect(steps: &[Step], around: &mut Vec<String>, blocks: &mut BTreeMap<String, Vec<String>>) {
    for step in steps {
        if let Some(id) = step.id() {
            blocks.entry(id.to_owned()).or_insert_with(|| around.clone());
        }
        step.catch().iter().for_each(|clause| collect(clause.steps(), around, blocks));
        around.push(step.path().to_owned());
        step.children().into_iter().for_each(|steps| collect(steps, around, blocks));
        around.pop();
    }
}

/// As many steps as a run has altogether: it bounds its table, and the time in which it is made of its events.
pub(crate) const MAX_STEPS: usize = 10_000;

/// How many steps these are with all that they call; more than [`MAX_STEPS`] are not counted on.
pub(crate) fn weight(steps: &[&Step], callees: &BTreeMap<String, Arc<Body>>) -> usize {
    let mut weight = steps.len();
    for callee in steps.iter().filter_map(|step| callees.get(step.callee()?)) {
        if weight > MAX_STEPS {
            break;
        }
        weight = weight.saturating_add(self::weight(&callee.walk(), callees));
    }
    weight
}
