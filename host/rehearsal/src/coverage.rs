//! What of a workflow its cases have tried, and what none of them has.
//!
//! This decides what there is to try: each step, each `if` both ways, each branch of a `choose`, each clause of a `catch`,
//! each plugin's failure, and each way in which an approval can end. The steps of workflows that are called are left to
//! their own cases.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use workflow::{Group, Label, Placed, Step, StepError, StepState};

use crate::case::Suite;
use crate::name::Names;
use crate::rehearse::Rehearsal;

/// Something that a case can try. Steps are named by their id or place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// The step is reached, and not skipped.
    Reached(String),
    /// The step's `if` is false.
    Skipped(String),
    /// The branch of the `choose` is taken, from 0.
    Branch(String, usize),
    /// None of the branches of the `choose` is taken.
    Nothing(String),
    /// The clause of the step's `catch` is taken, from 0.
    Caught(String, usize),
    /// The plugin step fails for good.
    Failed(String),
    /// The approval is given.
    Approved(String),
    /// The approval is refused.
    Refused(String),
    /// Nobody decides in time.
    Expired(String),
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached(step) => write!(f, "step `{step}` runs"),
            Self::Skipped(step) => write!(f, "the `if` of `{step}` is false"),
            Self::Branch(step, index) => write!(f, "branch {} of `{step}` is chosen", index + 1),
            Self::Nothing(step) => write!(f, "no branch of `{step}` is chosen"),
            Self::Caught(step, index) => write!(f, "clause {} of the `catch` of `{step}` is taken", index + 1),
            Self::Failed(step) => write!(f, "step `{step}` fails"),
            Self::Approved(step) => write!(f, "`{step}` is approved"),
            Self::Refused(step) => write!(f, "`{step}` is refused"),
            Self::Expired(step) => write!(f, "`{step}` expires"),
        }
    }
}

/// What was tried of one workflow.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// All that can be tried, in the order of the document.
    points: Vec<Point>,
    tried: BTreeSet<Point>,
    /// The first step of each branch and clause, which tells that it was taken.
    doors: Vec<(Point, String)>,
    names: Arc<Names>,
}

impl Coverage {
    /// Nothing has been tried.
    pub fn new(suite: &Suite) -> Self {
        let names = suite.names.clone();
        let mut coverage = Self { points: vec![], tried: BTreeSet::new(), doors: vec![], names };
        let (steps, on_failure) = suite.workflow.unfold(None);
        coverage.sequence(&steps);
        coverage.sequence(&on_failure);
        coverage
    }

    fn sequence(&mut self, steps: &[Placed<'_>]) {
        for placed in steps {
            self.step(placed.step);
            let name = || placed.step.path().to_owned();
            for group in &placed.groups {
                match group.label {
                    Label::Callee(_) | Label::CalleeOnFailure => continue,
                    Label::When(index, _) | Label::Otherwise(index) => self.door(Point::Branch(name(), index), group),
                    _ => {}
                }
                self.sequence(&group.steps);
            }
            let has_otherwise = placed.groups.iter().any(|group| matches!(group.label, Label::Otherwise(_)));
            if placed.step.kind_name() == "choose" && !has_otherwise {
                self.points.push(Point::Nothing(name()));
            }
            for (index, group) in placed.catch.iter().enumerate() {
                self.door(Point::Caught(name(), index), group);
                self.sequence(&group.steps);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let name = || step.path().to_owned();
        self.points.push(Point::Reached(name()));
        if step.condition().is_some() {
            self.points.push(Point::Skipped(name()));
        }
        match step.kind_name() {
            "plugin" => self.points.push(Point::Failed(name())),
            "approval" => {
                self.points.extend([Point::Approved(name()), Point::Refused(name())]);
                self.points.extend(step.manner().expires.map(|_| Point::Expired(name())));
            }
            _ => {}
        }
    }

    fn door(&mut self, point: Point, group: &Group<'_>) {
        self.points.push(point.clone());
        self.doors.extend(group.steps.first().map(|first| (point, first.step.path().to_owned())));
    }

    /// Takes in what a rehearsal has tried.
    pub fn add(&mut self, rehearsal: &Rehearsal) {
        let Some(run) = &rehearsal.run else { return };
        for (path, step) in run.steps() {
            let name = self.names.name_of(path);
            let doors = self.doors.iter().filter(|(_, first)| *first == name).map(|(point, _)| point.clone());
            self.tried.extend(doors);
            let reached = Point::Reached(name.clone());
            match step.state() {
                StepState::Skipped => self.tried.insert(Point::Skipped(name)),
                StepState::Failed { error } if error.code == StepError::CANCELLED => self.tried.insert(reached),
                StepState::Failed { .. } => {
                    self.tried.extend([reached, Point::Failed(name)]);
                    true
                }
                StepState::Succeeded { output } => {
                    if output.get("chosen").is_some_and(serde_json::Value::is_null) {
                        self.tried.insert(Point::Nothing(name.clone()));
                    }
                    self.tried.extend([reached, Point::Approved(name)]);
                    true
                }
                StepState::Refused => {
                    self.tried.extend([reached, Point::Refused(name)]);
                    true
                }
                StepState::Expired => {
                    self.tried.extend([reached, Point::Expired(name)]);
                    true
                }
                _ => self.tried.insert(reached),
            };
        }
    }

    /// What no rehearsal has tried, in the order of the document.
    pub fn untried(&self) -> Vec<&Point> {
        self.points.iter().filter(|point| !self.tried.contains(point)).collect()
    }

    /// How many things there are to try.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is nothing to try. A workflow has at least one step.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}
