//! What the parts of a workflow mean to each other: references, and rules about where a step may stand.
//!
//! This decides what is visible where. A step sees the steps before it, but not those of branches beside its own (they
//! may or may not have ended), nor those of a `catch` (they may never run). The steps of a `catch` see what failed;
//! those of `on-failure` see every step, whatever became of it.

mod bypass;
mod call;
mod circle;
mod given;
mod outputs;
mod place;
mod plugin;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use self::given::Given;
use self::outputs::Outputs;
use crate::document::Workflow;
use crate::expression::scope::{ERROR_FIELDS, RUN_FIELDS, STEP_FIELDS, VARS};
use crate::expression::{Reference, template::Template};
use crate::problem::{Collector, Span};
use crate::read;
use crate::schema::Lookups;
use crate::step::{INDEX, Step};

/// What the checker needs to know of the installation. All optional, so that a file can be checked offline.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// The plugins that there are, by name.
    pub plugins: Option<&'a BTreeMap<String, PluginSchema>>,
    /// The workflows that can be called, by name.
    pub workflows: Option<&'a BTreeMap<String, Arc<Workflow>>>,
}

/// What a plugin takes and gives, as JSON Schemas. Only `properties`, `required` and `additionalProperties` are used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSchema {
    /// Of its input.
    pub input: Option<Value>,
    /// Of its output.
    pub output: Option<Value>,
}

/// Checks a workflow that was read, and gives every bare `steps` what it may see.
///
/// References to `lost` steps, which could not be read, are not reported: what is wrong with those steps is.
pub(crate) fn resolve(
    workflow: &mut Workflow,
    surroundings: &Surroundings<'_>,
    lost: &BTreeSet<String>,
    problems: &mut Collector<'_>,
) {
    place::check(workflow, surroundings, problems);
    let circular = circle::check(workflow, problems);
    let lookups = Lookups::new();
    let outputs = Outputs::of(workflow, surroundings, &lookups);
    let given = Given::new(workflow, &outputs, &lookups);
    given::check_conditions(workflow, &given, problems);
    plugin::check(workflow, surroundings, &given, problems);
    call::check(workflow, surroundings, problems);
    secret::check(workflow, surroundings, &lookups, problems);
    bypass::note(workflow, problems);
    let mut resolver = Resolver {
        order: order(workflow),
        inputs: workflow.inputs.keys().cloned().collect(),
        vars: workflow.vars.keys().cloned().collect(),
        outputs,
        each_of: each_of(workflow),
        lost,
        problems,
    };
    if let Some(dedupe) = &workflow.dedupe {
        resolver.check_only(&dedupe.key, "`key`", &["event"], &BTreeSet::new());
    }
    for (name, var) in &workflow.vars {
        // What is wrong with those in a circle is told.
        let told = if circular.contains(name) { &circular } else { &BTreeSet::new() };
        if resolver.check_only(var, "a variable", &["event", "inputs", "run"], told) {
            resolver.template(&mut var.clone(), &Sight::default());
        }
    }
    let name = workflow.name.clone();
    let body = Arc::make_mut(&mut workflow.body);
    let mut sight = Sight::default();
    resolver.sequence(&mut body.steps, &mut sight);
    if let Some(output) = &mut body.output {
        resolver.template(output, &sight);
    }
    sight.visible = outside_of_each(&body.steps);
    sight.error = true;
    resolver.sequence(&mut body.on_failure, &mut sight);
    if lookups.are_used_up() {
        let message = format!("`{name}` was not held against all that its plugins say of what they take and give");
        problems.note(
            &(0..0),
            message,
            "their JSON Schemas are too large for that; what was left out is taken as right",
        );
    }
}

/// What can be seen at one place.
#[derive(Clone, Default)]
struct Sight {
    /// The ids of steps that have ended here, in the order of the document.
    visible: Vec<String>,
    /// The ids of steps in branches beside this place.
    beside: BTreeSet<String>,
    /// The step itself.
    own: Option<String>,
    /// The names that an `each` around gives.
    bindings: Vec<String>,
    /// Whether something failed before.
    error: bool,
}

/// Finds the place of a reference, which is worth it only for a problem that is shown.
type Place<'p> = &'p dyn Fn(&Collector<'_>) -> Span;

struct Resolver<'a, 's> {
    /// Every id with its position in the document.
    order: BTreeMap<String, usize>,
    inputs: BTreeSet<String>,
    vars: BTreeSet<String>,
    outputs: Outputs<'a>,
    /// The `each` that a step is in, as messages say it.
    each_of: BTreeMap<String, String>,
    lost: &'a BTreeSet<String>,
    problems: &'a mut Collector<'s>,
}

impl Resolver<'_, '_> {
    fn sequence(&mut self, steps: &mut [Step], sight: &mut Sight) {
        for step in steps {
            self.step(step, sight);
        }
    }

    fn step(&mut self, step: &mut Step, sight: &mut Sight) {
        sight.own = step.id().map(str::to_owned);
        for template in step.templates_mut() {
            self.template(template, sight);
        }
        for (id, span) in step.named_steps() {
            self.step_reference(id, &|_| span.clone(), sight);
        }
        match step.binding().map(str::to_owned) {
            Some(name) => self.body(&name, step.children_mut(), sight),
            None => self.branches(step.children_mut(), sight),
        }
        sight.visible.extend(step.id().map(str::to_owned));
        for clause in step.catch_mut() {
            self.sequence(clause.steps_mut(), &mut Sight { error: true, ..sight.clone() });
        }
    }

    /// No branch sees another; what follows sees all of them.
    fn branches(&mut self, branches: &mut [Vec<Step>], sight: &mut Sight) {
        let each: Vec<Vec<String>> = branches.iter().map(|branch| ids(branch)).collect();
        for (index, branch) in branches.iter_mut().enumerate() {
            let mut inner = sight.clone();
            let others = each.iter().enumerate().filter(|(other, _)| *other != index);
            inner.beside.extend(others.flat_map(|(_, ids)| ids.iter().cloned()));
            self.sequence(branch, &mut inner);
        }
        let direct = branches.iter().flat_map(|branch| visible_behind(branch));
        sight.visible.extend(direct);
    }

    /// The steps of an `each` see their item; what follows sees only what they came to together.
    fn body(&mut self, name: &str, body: &mut [Vec<Step>], sight: &Sight) {
        let mut inner = sight.clone();
        inner.bindings.extend([name.to_owned(), INDEX.to_owned()]);
        body.iter_mut().for_each(|steps| self.sequence(steps, &mut inner));
    }

    fn template(&mut self, template: &mut Template, sight: &Sight) {
        for (expression, span) in template.expressions() {
            for reference in expression.references() {
                self.reference(reference, span, sight);
            }
        }
        template.see(&sight.visible);
    }

    fn reference(&mut self, reference: &Reference, span: &Span, sight: &Sight) {
        let mut path = reference.iter().map(String::as_str);
        let root = path.next().unwrap_or_default();
        let (first, second) = (path.next(), path.next());
        let of_output: Vec<&str> = path.collect();
        let narrow = |problems: &Collector<'_>| problems.narrow(span, &reference.join("."));
        match (root, first) {
            ("event", _) | ("steps" | "inputs" | "run", None) => {}
            (VARS, None) => {
                let message = "`vars` is no value of its own: name the variable, as in `vars.bucket`";
                self.problems.add(&narrow(self.problems), message);
            }
            (VARS, Some(name)) => {
                if !self.vars.contains(name) {
                    let known = || self.vars.iter().map(String::as_str).collect();
                    read::unknown(narrow, || format!("unknown variable `{name}`"), name, known, self.problems);
                }
            }
            ("steps", Some(id)) => {
                if self.step_reference(id, &narrow, sight) {
                    self.step_field(id, second, &of_output, &narrow);
                }
            }
            ("inputs", Some(name)) => {
                if !self.inputs.contains(name) {
                    let known = || self.inputs.iter().map(String::as_str).collect();
                    read::unknown(narrow, || format!("unknown input `{name}`"), name, known, self.problems);
                }
            }
            ("run", Some(field)) => self.known(field, "run", RUN_FIELDS, &narrow),
            ("error", _) if !sight.error => {
                self.problems.add(&narrow(self.problems), "there is an `error` only in `catch` and `on-failure`");
            }
            ("error", Some(field)) => self.known(field, "error", ERROR_FIELDS, &narrow),
            ("error", None) => {}
            (name, _) if sight.bindings.iter().any(|binding| binding == name) => {}
            (other, _) => {
                let known = || {
                    let roots = ["event", "inputs", VARS, "run", "steps", "error"];
                    roots.into_iter().chain(sight.bindings.iter().map(String::as_str)).collect()
                };
                read::unknown(narrow, || format!("unknown name `{other}`"), other, known, self.problems);
            }
        }
    }

    fn known(&mut self, field: &str, root: &str, fields: &[&str], place: Place<'_>) {
        if !fields.contains(&field) {
            let message = || format!("`{root}` has no field `{field}`");
            read::unknown(place, message, field, || fields.to_vec(), self.problems);
        }
    }

    /// Whether a step can be referred to here.
    fn step_reference(&mut self, id: &str, place: Place<'_>, sight: &Sight) -> bool {
        if sight.visible.iter().any(|visible| visible == id) || self.lost.contains(id) {
            return true;
        }
        let own = sight.own.as_deref();
        let position = |id: Option<&str>| id.and_then(|id| self.order.get(id)).copied();
        let message = match position(Some(id)) {
            None => {
                let known = || sight.visible.iter().map(String::as_str).collect();
                read::unknown(place, || format!("unknown step `{id}`"), id, known, self.problems);
                return false;
            }
            Some(_) if own == Some(id) => format!("step `{id}` cannot refer to itself"),
            Some(_) if sight.beside.contains(id) => {
                format!("step `{id}` is in a branch beside this one, so it may not have ended here")
            }
            Some(at) if position(own).is_some_and(|own| at < own) => match self.each_of.get(id) {
                Some(each) => format!("step `{id}` is not visible here: it runs for each item of {each}"),
                None => format!("step `{id}` is not visible here: it is part of a `catch`, or encloses this step"),
            },
            Some(_) => format!("step `{id}` comes later"),
        };
        self.problems.add(&place(self.problems), message);
        false
    }

    fn step_field(&mut self, id: &str, field: Option<&str>, of_output: &[&str], place: Place<'_>) {
        let Some(field) = field else { return };
        if field != "output" {
            return self.known(field, &format!("steps.{id}"), STEP_FIELDS, place);
        }
        if let (Some(fields), Some(name)) = (self.outputs.own(id), of_output.first()) {
            if !fields.iter().any(|(field, _)| field == name) {
                let message = || format!("the output of `{id}` has no field `{name}`");
                let known = || fields.iter().map(|(name, _)| *name).collect();
                read::unknown(place, message, name, known, self.problems);
            }
            return;
        }
        let Some(mut shape) = self.outputs.plugin(id) else { return };
        for (depth, name) in of_output.iter().enumerate() {
            if shape.excludes(name) {
                let message = || {
                    let within = of_output.iter().take(depth);
                    let within =
                        within.fold(format!("the output of `{id}`"), |within, name| format!("`{name}` in {within}"));
                    format!("{within} has no field `{name}`")
                };
                return read::unknown(place, message, name, || shape.fields().collect(), self.problems);
            }
            match shape.field(name) {
                Some(inner) => shape = inner,
                None => return,
            }
        }
    }

    /// What is evaluated before there is a run, or whenever it is needed, sees only what never changes.
    /// References to the variables in `told` are passed over.
    fn check_only(&mut self, template: &Template, what: &str, roots: &[&str], told: &BTreeSet<String>) -> bool {
        let mut clean = true;
        for (expression, span) in template.expressions() {
            let allowed =
                |reference: &&Reference| reference.first().is_some_and(|root| !roots.contains(&root.as_str()));
            for reference in expression.references().iter().filter(allowed) {
                if reference.first().is_some_and(|root| root == VARS)
                    && reference.get(1).is_some_and(|name| told.contains(name))
                {
                    clean = false;
                    continue;
                }
                clean = false;
                if self.problems.is_full() {
                    continue;
                }
                let name = reference.join(".");
                let span = self.problems.narrow(span, &name);
                let roots = roots.join("`, `");
                self.problems.add(&span, format!("{what} can only refer to `{roots}`, not `{name}`"));
            }
        }
        clean
    }
}

/// All ids of these steps and of what is inside of them, `catch` included, in the order of the document.
fn ids(steps: &[Step]) -> Vec<String> {
    let mut all = Vec::new();
    steps.iter().for_each(|step| step.collect(&mut all));
    all.iter().filter_map(|step| step.id()).map(str::to_owned).collect()
}

/// The ids that can be seen behind these steps: all but those of a `catch` and those inside of an `each`.
fn visible_behind(steps: &[Step]) -> Vec<String> {
    let mut visible = Vec::new();
    for step in steps {
        if step.binding().is_none() {
            visible.extend(step.children().into_iter().flat_map(visible_behind));
        }
        visible.extend(step.id().map(str::to_owned));
    }
    visible
}

/// All ids but those inside of an `each`.
fn outside_of_each(steps: &[Step]) -> Vec<String> {
    let mut all = Vec::new();
    for step in steps {
        all.extend(step.id().map(str::to_owned));
        if step.binding().is_none() {
            all.extend(step.children().into_iter().flat_map(outside_of_each));
        }
        all.extend(step.catch().iter().flat_map(|clause| outside_of_each(clause.steps())));
    }
    all
}

/// The `each` that each step is in, innermost.
fn each_of(workflow: &Workflow) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for each in workflow.walk().into_iter().filter(|step| step.binding().is_some()) {
        let name = match each.id() {
            Some(id) => format!("`{id}`, whose results are in `steps.{id}.output.results`"),
            None => "an `each`; give that an `id` and use its `output.results`".to_owned(),
        };
        for id in each.inside().into_iter().filter_map(Step::id) {
            all.insert(id.to_owned(), name.clone());
        }
    }
    all
}

/// Every id with its position; of two steps with the same id, the first counts.
fn order(workflow: &Workflow) -> BTreeMap<String, usize> {
    let mut order = BTreeMap::new();
    for (at, step) in workflow.walk().into_iter().enumerate() {
        if let Some(id) = step.id() {
            order.entry(id.to_owned()).or_insert(at);
        }
    }
    order
}
