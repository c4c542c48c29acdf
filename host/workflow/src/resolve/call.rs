//! Calls, held against the workflows that there are: that they exist, take what they are given, and never come back to
//! where they began.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Surroundings;
use crate::document::Workflow;
use crate::link::LinkError;
use crate::problem::Collector;
use crate::read::{self, shorten};
use crate::step::{Call, Kind, Step};

pub(super) fn check(workflow: &Workflow, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) {
    for step in workflow.walk() {
        let Kind::Call(call) = step.kind() else { continue };
        if call.workflow() == workflow.name {
            problems.add(call.span(), format!("workflow `{}` cannot call itself", workflow.name));
            continue;
        }
        let Some(workflows) = surroundings.workflows else { continue };
        let Some(callee) = workflows.get(call.workflow()) else {
            let message = || format!("unknown workflow `{}`", shorten(call.workflow()));
            let known = || workflows.keys().map(String::as_str).collect();
            read::unknown(|_| call.span().clone(), message, call.workflow(), known, problems);
            continue;
        };
        check_inputs(step, call, callee, problems);
    }
    check_link(workflow, surroundings, problems);
}

/// That all of it together can be a run. Who is missing has been told.
fn check_link(workflow: &Workflow, surroundings: &Surroundings<'_>, problems: &mut Collector<'_>) {
    let Some(workflows) = surroundings.workflows else { return };
    // The workflow itself stands for what is stored under its name now.
    let own = Arc::new(workflow.clone());
    let find = |name: &str| if name == workflow.name { Some(own.clone()) } else { workflows.get(name).cloned() };
    let error = match workflow.link(&find) {
        Err(error) => error,
        Ok(_) => return,
    };
    let first = match &error {
        LinkError::Cycle { path } if path.len() == 2 => return,
        LinkError::Cycle { path } | LinkError::Deep { path } => path.get(1),
        // Told at its place, and in the words of the document.
        LinkError::Bypass { by, .. } | LinkError::Missing { by, .. } if *by == workflow.name => return,
        LinkError::Bypass { .. } | LinkError::Missing { .. } | LinkError::Large { .. } => None,
    };
    let calls = || {
        workflow.walk().into_iter().filter_map(|step| match step.kind() {
            Kind::Call(call) => Some(call),
            _ => None,
        })
    };
    let place = calls().find(|call| first.is_some_and(|first| call.workflow() == first)).or_else(|| calls().next());
    if let Some(call) = place {
        problems.add(call.span(), error.to_string());
    }
}

fn check_inputs(step: &Step, call: &Call, callee: &Workflow, problems: &mut Collector<'_>) {
    for key in call.given().iter().filter(|key| !callee.inputs.contains_key(&key.name)) {
        let message = || format!("workflow `{}` has no input `{}`", callee.name, shorten(&key.name));
        let known = || callee.inputs.keys().map(String::as_str).collect();
        read::unknown(|_| key.span.clone(), message, &key.name, known, problems);
    }
    let given: BTreeSet<&str> = call.given().iter().map(|key| key.name.as_str()).collect();
    let missing =
        callee.inputs.iter().filter(|(name, input)| input.default.is_none() && !given.contains(name.as_str()));
    for (name, _) in missing {
        problems.add(step.span(), format!("workflow `{}` needs the input `{name}`", callee.name));
    }
}
