//! Linking: a workflow with those that it calls, and those that these call.
//!
//! This decides that calls never come back to where they began, and that a run of it all stays within its size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::document::Workflow;
use crate::step::{Body, MAX_STEPS, Step, weight};

/// How deep calls go: more can hardly be followed by a person.
const MAX_DEPTH: usize = 8;

/// Why a workflow cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// A called workflow is not there.
    #[error("workflow `{by}` calls `{name}`, which is not there")]
    Missing {
        /// Who calls it.
        by: String,
        /// The called one.
        name: String,
    },
    /// It would call itself without end.
    #[error("workflows call each other in a circle: {}", path.join(" -> "))]
    Cycle {
        /// From the workflow to itself.
        path: Vec<String>,
    },
    /// A called workflow asks for an approval where the run could go on without it.
    #[error(
        "workflow `{by}` calls `{name}`, which asks for an approval, inside of `{step}`, which goes on when something in it fails"
    )]
    Bypass {
        /// Who calls it.
        by: String,
        /// The called one.
        name: String,
        /// The step that goes on.
        step: String,
    },
    /// With all that it calls, it is too large.
    #[error("with all that it calls, workflow `{name}` has more than {MAX_STEPS} steps")]
    Large {
        /// The workflow.
        name: String,
    },
    /// Calls are nested too deeply.
    #[error("calls are nested more than {MAX_DEPTH} deep: {}", path.join(" -> "))]
    Deep {
        /// From the workflow on.
        path: Vec<String>,
    },
}

impl Workflow {
    /// The workflow with everything that it calls. `find` gives workflows by name, the same one each time.
    pub fn link(&self, find: &dyn Fn(&str) -> Option<Arc<Workflow>>) -> Result<Workflow, LinkError> {
        let mut callees = BTreeMap::new();
        follow(&self.body, find, &mut vec![self.name.clone()], &mut callees, &mut BTreeMap::new())?;
        if weight(&self.body.walk(), &callees) > MAX_STEPS {
            return Err(LinkError::Large { name: self.name.clone() });
        }
        callees.values().map(Arc::as_ref).chain([self.body.as_ref()]).try_for_each(|body| no_bypass(body, &callees))?;
        Ok(Workflow { callees, ..self.clone() })
    }

    /// The workflows that it was linked with, by name.
    pub fn callees(&self) -> impl Iterator<Item = (&str, &Arc<Body>)> {
        self.callees.iter().map(|(name, callee)| (name.as_str(), callee))
    }

    /// The plugins that a run of it needs, those of called workflows included.
    pub fn all_plugins(&self) -> BTreeSet<&str> {
        self.plugins().into_iter().chain(self.callees.values().flat_map(|callee| callee.plugins())).collect()
    }
}

/// Gives how deep the calls of `body` are. What was followed before is not followed again: the ways through workflows that call
/// each other can be many more than there are workflows.
fn follow(
    body: &Body,
    find: &dyn Fn(&str) -> Option<Arc<Workflow>>,
    path: &mut Vec<String>,
    callees: &mut BTreeMap<String, Arc<Body>>,
    depths: &mut BTreeMap<String, usize>,
) -> Result<usize, LinkError> {
    let mut depth = 0;
    for name in body.calls() {
        let cycle = path.iter().any(|other| other == name);
        path.push(name.to_owned());
        if cycle {
            return Err(LinkError::Cycle { path: path.clone() });
        }
        let known = depths.get(name).copied();
        if path.len() + known.unwrap_or_default() > MAX_DEPTH {
            return Err(LinkError::Deep { path: path.clone() });
        }
        let below = match known {
            Some(below) => below,
            None => {
                let missing = || LinkError::Missing { by: body.name.clone(), name: name.to_owned() };
                let callee = find(name).ok_or_else(missing)?;
                let below = follow(&callee.body, find, path, callees, depths)?;
                callees.insert(name.to_owned(), callee.body.clone());
                depths.insert(name.to_owned(), below);
                below
            }
        };
        depth = depth.max(below + 1);
        path.pop();
    }
    Ok(depth)
}

/// No approval of a called workflow can be passed without a decision. A workflow is checked when it is stored; what it calls
/// may have been changed since.
fn no_bypass(body: &Body, callees: &BTreeMap<String, Arc<Body>>) -> Result<(), LinkError> {
    let find = |name: &str| callees.get(name).map(Arc::as_ref);
    for step in body.walk().into_iter().filter(|step| step.continues() || step.catch_continues().any(|goes_on| goes_on))
    {
        let calls = std::iter::once(step).chain(step.inside()).filter_map(Step::callee);
        for name in calls {
            if callees.get(name).is_some_and(|callee| callee.asks(&find)) {
                let (by, name, step) = (body.name.clone(), name.to_owned(), step.path().to_owned());
                return Err(LinkError::Bypass { by, name, step });
            }
        }
    }
    Ok(())
}
