//! Variables that refer to each other in a circle: none of them would have a value.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Workflow;
use crate::expression::scope::VARS;
use crate::problem::{Collector, Span};

/// The variables that each variable refers to, with the place where it does.
type References<'w> = BTreeMap<&'w str, Vec<(&'w str, &'w Span)>>;

/// Tells of each circle once, and gives the variables that are in one.
pub(super) fn check(workflow: &Workflow, problems: &mut Collector<'_>) -> BTreeSet<String> {
    let references: References<'_> = workflow.vars.keys().map(|name| (name.as_str(), of(workflow, name))).collect();
    let mut circular = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for first in references.keys() {
        // The variables on the way from the first one, and how many of the references of each were followed.
        let mut way: Vec<(&str, usize)> = vec![(*first, 0)];
        while let Some((name, followed)) = way.last_mut() {
            let next = references.get(name).and_then(|all| all.get(*followed));
            *followed += 1;
            let Some((target, span)) = next.filter(|_| !ended.contains(*name)) else {
                ended.insert(*name);
                way.pop();
                continue;
            };
            match way.iter().position(|(open, _)| open == target) {
                Some(at) => {
                    let names: Vec<&str> = way.iter().skip(at).map(|(name, _)| *name).chain([*target]).collect();
                    let message = format!("variables refer to each other in a circle: {}", names.join(" -> "));
                    // Told where the first of them refers to the next.
                    let first = way.get(at).and_then(|(name, followed)| references.get(name)?.get(followed - 1));
                    let (target, span) = first.copied().unwrap_or((*target, *span));
                    problems.add(&problems.narrow(span, &format!("{VARS}.{target}")), message);
                    circular.extend(names.into_iter().map(str::to_owned));
                }
                None if !ended.contains(target) => way.push((*target, 0)),
                None => {}
            }
        }
    }
    circular
}

fn of<'w>(workflow: &'w Workflow, name: &str) -> Vec<(&'w str, &'w Span)> {
    let expressions = workflow.vars.get(name).map(|var| var.expressions()).unwrap_or_default();
    let referred = expressions.into_iter().flat_map(|(expression, span)| {
        let named = expression.references().iter().filter_map(|path| match path.as_slice() {
            [root, name, ..] if root == VARS => Some(name.as_str()),
            _ => None,
        });
        named.filter(|name| workflow.vars.contains_key(*name)).map(move |name| (name, span))
    });
    referred.collect()
}
