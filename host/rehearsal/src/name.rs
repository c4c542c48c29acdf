//! Names of steps, as cases write them.
//!
//! A step is named by its id, or by its place in the document where it has none; a step of a called workflow with that of
//! the `call` before it: `contain.isolate`. In a run its path also says in which iteration it is: `sweep[3].revoke`. A case
//! may write the path, and means that one, or the name, and means it in every iteration.

use std::collections::BTreeMap;

use workflow::{Group, Label, Placed, Workflow};

/// The steps of a workflow and of those that it calls: their kinds by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    kinds: BTreeMap<String, &'static str>,
    /// Their names by the paths that leave open in which iteration: `sweep[].revoke`.
    by_path: BTreeMap<String, String>,
}

impl Names {
    /// The steps of a workflow that is linked.
    pub(crate) fn of(workflow: &Workflow) -> Self {
        let mut names = Self::default();
        let (steps, on_failure) = workflow.unfold(None);
        names.sequence(&steps, "");
        names.sequence(&on_failure, "");
        names
    }

    fn sequence(&mut self, steps: &[Placed<'_>], calls: &str) {
        for Placed { path, step, groups, catch } in steps {
            let name = format!("{calls}{}", step.path());
            self.kinds.insert(name.clone(), step.kind_name());
            self.by_path.insert(path.clone(), name.clone());
            for Group { label, steps } in groups.iter().chain(catch) {
                match label {
                    Label::Callee(_) | Label::CalleeOnFailure => self.sequence(steps, &format!("{name}.")),
                    _ => self.sequence(steps, calls),
                }
            }
        }
    }

    /// The name of the step at a path of a run, or of a name.
    pub(crate) fn name_of(&self, path: &str) -> String {
        let open = open(path);
        self.by_path.get(&open).cloned().unwrap_or(open)
    }

    /// The kind of the step that a case means.
    pub(crate) fn kind(&self, written: &str) -> Option<&'static str> {
        self.kinds.get(&self.name_of(written)).copied()
    }

    /// The names of all steps of a kind, or of all steps.
    pub(crate) fn all(&self, kind: Option<&str>) -> Vec<&str> {
        let steps = self.kinds.iter().filter(|(_, is)| kind.is_none_or(|kind| **is == kind));
        steps.map(|(name, _)| name.as_str()).collect()
    }
}

/// A path that leaves open in which iteration it is: `sweep[3].revoke` is `sweep[].revoke`.
fn open(path: &str) -> String {
    let mut within = false;
    let kept = path.chars().filter(|c| {
        within = (within || *c == '[') && *c != ']';
        !within || *c == '['
    });
    kept.collect()
}
