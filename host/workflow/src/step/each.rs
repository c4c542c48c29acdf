//! `each`: the same steps for every item of a list, some of them at once.
//!
//! The list is evaluated once, when the step begins. The results are in the order of the list, whichever ended first.

use serde_json::{Map, Value, json as value};

use super::beside::{self, Beside, Policy};
use super::frame::{Frame, INDEX};
use super::walk::{Begun, Mode, Place, Progress, Walk};
use super::{Kind, MAX_STEPS, Reader, Step};
use crate::event::{Event, StepError};
use crate::expression::json;
use crate::expression::scope::Scope;
use crate::expression::template::{Template, kind};
use crate::problem::Collector;
use crate::read::{self, Fields, Naming};
use crate::run::Run;
use crate::run::remembered::BegunItems;
use crate::yaml::Node;

pub(super) const FIELDS: &[&str] = &["each"];
const OWN_FIELDS: &[&str] = &["in", "as", "concurrency", "on-error", "fail-fast", "steps"];
const NAME: &str = "item";
/// Each one that runs is an instance of a plugin.
const MAX_CONCURRENCY: u32 = 100;
/// Bounds the table of a run, and what stopping it looks at.
const MAX_ITEMS: usize = 1_000;
/// What Jinja and the scope give a meaning of their own.
const RESERVED: &[&str] = &[
    INDEX, "event", "inputs", "vars", "run", "steps", "error", "loop", "not", "and", "or", "in", "is", "if", "else",
    "for", "true", "false", "none", "self",
];

/// A block that repeats its steps.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    list: Template,
    name: String,
    pub(super) concurrency: usize,
    pub(super) policy: Policy,
    steps: Vec<Vec<Step>>,
}

impl Each {
    pub(super) fn read(fields: &Fields<'_>, path: &str, reader: &mut Reader<'_, '_>) -> Option<Self> {
        let fields = Fields::of(fields.get("each")?, "`each`", OWN_FIELDS, reader.problems)?;
        let list = fields.required("in", "`each`", reader.problems).map(|node| read_list(node, reader.problems));
        let name = fields.get("as").and_then(|node| read_name(node, reader.problems));
        let concurrency = fields.get("concurrency");
        let concurrency =
            concurrency.and_then(|node| read::whole(node, "`concurrency`", 1, MAX_CONCURRENCY, reader.problems));
        let policy = Policy::read(&fields, reader.problems);
        let steps = fields.required("steps", "`each`", reader.problems);
        let steps = steps.map_or_else(Vec::new, |node| reader.sequence(node, &format!("{path}.steps")));
        Some(Self {
            list: list?,
            name: name.unwrap_or_else(|| NAME.to_owned()),
            concurrency: concurrency.and_then(|number| usize::try_from(number).ok()).unwrap_or(1),
            policy,
            steps: vec![steps],
        })
    }

    /// By which name its steps see their item.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The list that it goes through.
    pub(crate) fn list(&self) -> &Template {
        &self.list
    }

    pub(super) fn list_mut(&mut self) -> &mut Template {
        &mut self.list
    }

    pub(crate) fn steps(&self) -> &[Step] {
        self.steps.first().map_or(&[], Vec::as_slice)
    }

    /// Its steps, as the one sequence that is inside of it.
    pub(super) fn body_mut(&mut self) -> &mut [Vec<Step>] {
        &mut self.steps
    }

    /// Whether the run goes on when items failed.
    pub(crate) fn continues(&self) -> bool {
        self.policy.continues
    }

    pub(super) fn start(&self, path: String, place: Place<'_>, walk: &mut Walk<'_>) {
        let items = match self.list.evaluate(&Scope::Run(&place.view(walk.run))) {
            Ok(Value::Array(items)) => items,
            Ok(other) => {
                let message = format!("`in` must be a list, not {}", kind(&other));
                return walk.record_failure(path, StepError::new(StepError::EXPRESSION, message));
            }
            Err(error) => return walk.record_no_value(path, &error),
        };
        let size = self.size(place.frame);
        let all = items.len().saturating_mul(size).saturating_add(walk.begun_items());
        if items.len() > MAX_ITEMS || walk.run.size().saturating_add(all) > MAX_STEPS {
            let message = format!(
                "{} items of {} steps are too many: an `each` takes {MAX_ITEMS} items, a run {MAX_STEPS} steps",
                items.len(),
                size
            );
            return walk.record_failure(path, StepError::new(StepError::TOO_MANY, message));
        }
        let attempt = walk.run.next_attempt(&path);
        walk.record(Event::BlockStarted { path, attempt, input: Value::Array(items), again: Vec::new() });
    }

    pub(super) fn advance(&self, begun: &Begun<'_>, place: Place<'_>, walk: &mut Walk<'_>) {
        let items = begun.now.input().as_array().map_or(&[][..], Vec::as_slice);
        let progress = beside::walk(self.policy, place, walk, |place, walk| self.walk_items(begun, items, place, walk));
        let Some(ended) = beside::ended(progress, self.policy, || walk.ended_by_people(begun.step, place)) else {
            return;
        };
        let ended = ended.map(|errors| {
            let results = items.iter().enumerate().map(|(index, item)| {
                let frame = place.frame.iteration(begun.step, &self.name, Some(item), index);
                results(self.steps(), &frame, walk.run)
            });
            value!({ "results": results.collect::<Vec<_>>(), "errors": errors })
        });
        let output = ended.as_ref().map_or(0, json::size);
        walk.record(match output > json::MAX_RESULT {
            true => {
                let message = format!("the results have {output} bytes together, more than {}", json::MAX_RESULT);
                let (path, attempt) = (begun.path.clone(), begun.now.attempt());
                Event::StepFailed { path, attempt, error: StepError::new(StepError::TOO_LARGE, message) }
            }
            false => beside::ending(begun, ended, "items", items.len()),
        });
    }

    /// No item begins while as many as may run at once have not ended.
    fn walk_items(&self, begun: &Begun<'_>, items: &[Value], place: Place<'_>, walk: &mut Walk<'_>) -> Beside {
        let item = |(index, item): (usize, &Value), walk: &mut Walk<'_>| {
            let frame = place.frame.iteration(begun.step, &self.name, Some(item), index);
            walk.sequence(self.steps(), Place { frame: &frame, ..place })
        };
        if place.mode != Mode::Stop {
            let goes = place.mode == Mode::Go;
            let known = if goes { walk.remembered.items(&begun.path) } else { BegunItems::default() };
            let known = self.go_on(known, items, |one| item(one, walk));
            let (live, failed) = (!known.live.is_empty() || known.begun < items.len(), known.failed);
            if goes {
                walk.remembered.set_items(&begun.path, known);
            }
            if live {
                return Beside::Ongoing { failed };
            }
        }
        Beside::of(items.iter().enumerate().map(|one| item(one, walk)).collect())
    }

    /// Walks the items that have not ended, then those behind them, as far as they may run at once.
    fn go_on<'i>(
        &self,
        mut known: BegunItems,
        items: &'i [Value],
        mut walk: impl FnMut((usize, &'i Value)) -> Progress,
    ) -> BegunItems {
        let before: Vec<usize> = known.live.iter().copied().collect();
        let mut ongoing = 0;
        for index in before.into_iter().chain(known.begun..items.len()) {
            if ongoing == self.concurrency {
                break;
            }
            let Some(item) = items.get(index) else { break };
            known.begun = known.begun.max(index + 1);
            known.live.remove(&index);
            match walk((index, item)) {
                Progress::Ongoing => {
                    ongoing += 1;
                    known.live.insert(index);
                }
                Progress::Failed(_) => known.failed = true,
                Progress::Done | Progress::Stopped => {}
            }
        }
        known
    }

    /// How many steps an item has, those of called workflows included.
    fn size(&self, frame: &Frame<'_, '_>) -> usize {
        let mut steps = Vec::new();
        self.steps().iter().for_each(|step| step.collect(&mut steps));
        frame.weight(&steps)
    }
}

/// What `steps` holds for the steps of one item.
fn results(steps: &[Step], frame: &Frame<'_, '_>, run: &Run) -> Value {
    fn collect(steps: &[Step], frame: &Frame<'_, '_>, run: &Run, results: &mut Map<String, Value>) {
        for step in steps {
            // What an `each` inside came to is in its own results.
            if !matches!(step.kind(), Kind::Each(_)) {
                step.children().into_iter().for_each(|inner| collect(inner, frame, run, results));
            }
            if let Some(id) = step.id() {
                results.insert(id.to_owned(), frame.result(id, run).to_json());
            }
        }
    }
    let mut all = Map::new();
    collect(steps, frame, run, &mut all);
    Value::Object(all)
}

fn read_list(node: &Node, problems: &mut Collector<'_>) -> Template {
    let template = Template::read(node, problems);
    if template.as_expression().is_none() && !template.is_list() {
        problems.add_with_help(&node.span, "`in` must be a list", "write one expression, or a list of values");
    }
    template
}

fn read_name(node: &Node, problems: &mut Collector<'_>) -> Option<String> {
    let name = read::text(node, "`as`", problems)?;
    let fits = read::name(name, &node.span, "an item's name", Naming::Identifier, problems);
    if fits && RESERVED.contains(&name) {
        problems.add(&node.span, format!("`{name}` has a meaning of its own, so it cannot be an item's name"));
    }
    Some(name.to_owned())
}
