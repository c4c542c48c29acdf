//! Loading cases: from text to cases that fit their workflow, or to everything that is wrong with them.
//!
//! This decides where the workflow of a file of cases is, and that every case has what it needs. Files are read by
//! whoever calls this. How the parts of a case are written is left to `read`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use workflow::reading::{Collector, Content, Fields, Node, Span, list, parse, text};
use workflow::{Problems, Surroundings, Workflow};

use crate::case::{Case, Suite};
use crate::files::Files;
use crate::name::Names;
use crate::read::given::Given;
use crate::read::{Reader, expect};

const WHAT: &str = "a file of cases";
const FIELDS: &[&str] = &["workflow", "defaults", "cases"];
/// More cases than this are not one workflow's.
const MAX_CASES: usize = 1_000;
/// The account that a run acts in when a case says nothing about it.
const ACCOUNT: &str = "123456789012";
/// The region that a run acts in when a case says nothing about it.
const REGION: &str = "us-east-1";
/// When a run starts when a case says nothing about it: 2026-01-01T00:00:00Z.
const STARTS_AT: i64 = 1_767_225_600_000;

/// Workflows that are called, by name.
type Callees = BTreeMap<String, Arc<Workflow>>;

/// Whether this is a file of cases, and not a workflow.
pub fn holds_cases(source: &str) -> bool {
    let root = parse(source, &mut Collector::new(source));
    let Some(Content::Map(entries)) = root.map(|root| root.content) else { return false };
    entries.iter().any(|(key, _)| key.name == "cases") && !entries.iter().any(|(key, _)| key.name == "steps")
}

/// Loads the cases in `source`, and the workflow that they are about. `file` is its name: for the text of problems, and
/// because the cases in `x.yaml` are about `../x.yaml` unless they say otherwise.
pub fn load(file: &str, source: &str, files: &dyn Files) -> Result<Suite, Problems> {
    let mut problems = Collector::new(source);
    let Some(root) = parse(source, &mut problems) else { return Err(problems.finish(file)) };
    let Some(fields) = Fields::of(&root, WHAT, FIELDS, &mut problems) else { return Err(problems.finish(file)) };
    let path = fields.get("workflow").and_then(|node| Some((text(node, "`workflow`", &mut problems)?, &node.span)));
    let (path, span) = match path {
        Some((path, span)) => (path.to_owned(), span.clone()),
        None => (format!("../{}", base_name(file)), 0..0),
    };
    let Some((workflow, callees)) = workflow(&path, &span, files, &mut problems)? else {
        return Err(problems.finish(file));
    };
    let names = Arc::new(Names::of(&workflow));
    let cases = cases(&fields, &workflow, &names, files, &mut problems);
    if problems.is_empty() {
        Ok(Suite { file: file.to_owned(), source: source.to_owned(), workflow, callees, names, cases })
    } else {
        Err(problems.finish(file))
    }
}

/// The workflow, linked with those that it calls, which are beside it. What is wrong with one of them is not the cases'
/// fault, and comes instead of anything about them.
fn workflow(
    path: &str,
    span: &Span,
    files: &dyn Files,
    problems: &mut Collector<'_>,
) -> Result<Option<(Workflow, Callees)>, Problems> {
    let source = match files.read(path) {
        Ok(source) => source,
        Err(why) => {
            let help = "the cases in `tests/x.yaml` are about `x.yaml` beside `tests`; `workflow:` names another file";
            problems.add_with_help(span, format!("the workflow `{path}` cannot be read: {why}"), help);
            return Ok(None);
        }
    };
    let workflow = workflow::load(path, &source, &Surroundings::default())?;
    let mut callees = BTreeMap::new();
    let folder = path.rsplit_once(['/', '\\']).map_or_else(String::new, |(folder, _)| format!("{folder}/"));
    collect_callees(&workflow, &folder, files, &mut callees)?;
    // Once more, now that what it calls is known: whether the inputs of each call fit.
    let surroundings = Surroundings { workflows: Some(&callees), ..Surroundings::default() };
    let workflow = workflow::load(path, &source, &surroundings)?;
    match workflow.link(&|name| callees.get(name).cloned()) {
        Ok(linked) => Ok(Some((linked, callees))),
        Err(error) => {
            problems.add(span, error.to_string());
            Ok(None)
        }
    }
}

/// The workflows that one calls, and that these call, as far as there are files of their names.
fn collect_callees(
    workflow: &Workflow,
    folder: &str,
    files: &dyn Files,
    callees: &mut Callees,
) -> Result<(), Problems> {
    for name in workflow.calls() {
        let file = format!("{folder}{name}.yaml");
        if callees.contains_key(name) {
            continue;
        }
        if let Ok(source) = files.read(&file) {
            let callee = Arc::new(workflow::load(&file, &source, &Surroundings::default())?);
            callees.insert(name.to_owned(), callee.clone());
            collect_callees(&callee, folder, files, callees)?;
        }
    }
    Ok(())
}

fn base_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

fn cases(
    fields: &Fields<'_>,
    workflow: &Workflow,
    names: &Arc<Names>,
    files: &dyn Files,
    problems: &mut Collector<'_>,
) -> Vec<Case> {
    let mut reader = Reader { problems, names, workflow, files };
    let defaults = fields.get("defaults").and_then(|node| {
        let fields = Fields::of(node, "`defaults`", Given::FIELDS, reader.problems)?;
        Some(Given::read(&fields, &mut reader))
    });
    let defaults = defaults.unwrap_or_default();
    let Some(node) = fields.required("cases", WHAT, reader.problems) else { return Vec::new() };
    let items = list(node, "`cases`", reader.problems).unwrap_or_default();
    if items.is_empty() || items.len() > MAX_CASES {
        reader.problems.add(&node.span, format!("`cases` has from 1 to {MAX_CASES} cases"));
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut cases = Vec::new();
    for item in items {
        let Some(case) = read_case(item, &defaults, names, &mut reader) else { continue };
        let line = reader.problems.line_of(case.span.start);
        if let Some(first) = taken.insert(case.name.clone(), line) {
            reader.problems.add(&case.span, format!("there is a case `{}` on line {first} already", case.name));
        }
        cases.push(case);
    }
    cases
}

fn read_case(node: &Node, defaults: &Given, names: &Arc<Names>, reader: &mut Reader<'_, '_>) -> Option<Case> {
    let known: Vec<&str> = ["name"].into_iter().chain(Given::FIELDS.iter().copied()).chain(["expect"]).collect();
    let fields = Fields::of(node, "a case", &known, reader.problems)?;
    let name = fields.required("name", "a case", reader.problems);
    let given = Given::read(&fields, reader).over(defaults);
    let expect = fields.required("expect", "a case", reader.problems).and_then(|node| expect::read(node, reader));
    let name = name?;
    Some(Case {
        name: text(name, "`name`", reader.problems)?.to_owned(),
        span: name.span.clone(),
        event: given.event.flatten(),
        inputs: given.inputs.map_or(Value::Null, Value::Object),
        started_by: given.started_by,
        account: given.account.unwrap_or_else(|| ACCOUNT.to_owned()),
        region: given.region.unwrap_or_else(|| REGION.to_owned()),
        starts_at: given.starts_at.unwrap_or(STARTS_AT),
        cancel: given.cancel,
        answers: given.answers,
        plugins: given.plugins,
        decisions: given.decisions,
        expect: expect?,
        names: names.clone(),
    })
}
