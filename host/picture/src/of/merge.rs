//! The iterations of an `each` as one: a picture has room for its steps once, and for how many are how far.

use std::collections::BTreeMap;

use crate::model::{Group, Kind, Label, Node, Status};

impl Node {
    /// Of an `each`, sets the iterations aside, and puts one body in their place that counts them.
    #[must_use]
    pub fn with_iterations(mut self) -> Node {
        let (items, others): (Vec<Group>, Vec<Group>) =
            self.groups.into_iter().partition(|group| matches!(group.label, Label::Item(_)));
        self.groups = others;
        if !items.is_empty() {
            self.count(items);
        }
        self
    }

    fn count(&mut self, items: Vec<Group>) {
        let done = items.iter().filter(|item| is_done(&item.steps)).count();
        if let Some(state) = &mut self.state {
            state.progress = Some(format!("{done} of {} done", items.len()));
        }
        let all: Vec<&[Node]> = items.iter().map(|item| item.steps.as_slice()).collect();
        self.groups.push(Group { label: Label::Body, steps: merged(&all) });
        self.iterations = items;
    }
}

/// Whether nothing more will come of an iteration: behind a step that failed there is only what catches that.
fn is_done(steps: &[Node]) -> bool {
    for step in steps {
        let Some(status) = step.state.as_ref().map(|state| state.status) else { return false };
        if !status.is_over() {
            return false;
        }
        if [Status::Failed, Status::Refused, Status::Expired].contains(&status) {
            let Some(clause) = step.catches.iter().find(|clause| !clause.steps.iter().all(Node::is_idle)) else {
                return true;
            };
            let goes_on = matches!(clause.label, Label::Catch { continues: Some(true), .. });
            if !goes_on || !is_done(&clause.steps) {
                return is_done(&clause.steps);
            }
        }
    }
    true
}

/// Sequences of the same steps as one.
fn merged(sequences: &[&[Node]]) -> Vec<Node> {
    let longest = sequences.iter().map(|steps| steps.len()).max().unwrap_or(0);
    let places = (0..longest).map(|at| sequences.iter().filter_map(|steps| steps.get(at)).collect::<Vec<_>>());
    places.filter_map(|same| one(&same)).collect()
}

/// The same step of several iterations as one.
fn one(same: &[&Node]) -> Option<Node> {
    let first = *same.first()?;
    let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
    for node in same {
        if node.tally.is_empty() {
            let status = node.state.as_ref().map_or(Status::Pending, |state| state.status);
            *counts.entry(status).or_default() += 1;
        }
        for (status, count) in &node.tally {
            *counts.entry(*status).or_default() += count;
        }
    }
    let mut node = Node { tally: counts.into_iter().collect(), iterations: vec![], details: vec![], ..first.clone() };
    if let Some(state) = &mut node.state {
        // What the first of them came to says nothing about the others.
        state.progress = None;
    }
    node.groups = if node.kind == Kind::Each {
        let bodies: Vec<&[Node]> =
            same.iter().flat_map(|node| &node.groups).map(|group| group.steps.as_slice()).collect();
        if bodies.is_empty() { vec![] } else { vec![Group { label: Label::Body, steps: merged(&bodies) }] }
    } else {
        groups(same, |node| &node.groups)
    };
    node.catches = groups(same, |node| &node.catches);
    Some(node)
}

fn groups<'n>(same: &[&'n Node], of: impl Fn(&'n Node) -> &'n [Group]) -> Vec<Group> {
    let Some(first) = same.first() else { return vec![] };
    let merge = |(at, group): (usize, &Group)| {
        let steps: Vec<&[Node]> =
            same.iter().filter_map(|node| of(node).get(at)).map(|group| group.steps.as_slice()).collect();
        Group { label: group.label.clone(), steps: merged(&steps) }
    };
    of(first).iter().enumerate().map(merge).collect()
}
