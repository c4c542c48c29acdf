//! A driver without IO: it performs the effects of `next` on a run, in whatever order a test asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use workflow::{Effect, Event, Millis, Run, RunInfo, Surroundings, Workflow, load, next, next_remembered};

/// A run that is being driven, and everything that happened to it.
pub struct Simulation {
    pub workflow: Workflow,
    pub run: Run,
    pub log: Vec<(Event, Millis)>,
    pub now: Millis,
    /// The number of commits: what one `next` records is one.
    pub commits: usize,
}

impl Simulation {
    pub fn new(source: &str) -> Self {
        Self::linked(source, &[])
    }

    /// A run of a workflow that calls others.
    pub fn linked(source: &str, others: &[&str]) -> Self {
        let others: BTreeMap<String, Arc<Workflow>> = others
            .iter()
            .map(|source| loaded(source, &Surroundings::default()))
            .map(|workflow| (workflow.name.clone(), Arc::new(workflow)))
            .collect();
        let workflow = loaded(source, &Surroundings { workflows: Some(&others), ..Surroundings::default() });
        let workflow = workflow.link(&|name| others.get(name).cloned()).unwrap();
        let info = RunInfo {
            id: "run-1".to_owned(),
            workflow: workflow.name.clone(),
            workflow_digest: workflow.digest.clone(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            started_by: "carol".into(),
            caused_by: vec![],
            plugins: BTreeMap::new(),
            callees: BTreeMap::new(),
        };
        let inputs = workflow.inputs(&Value::Null).unwrap();
        let started = Event::Started { info, event: Some(json!({ "id": "e-1" })), inputs };
        let run = Run::new(&started, 0).unwrap();
        Self { workflow, run, log: vec![(started, 0)], now: 0, commits: 1 }
    }

    /// Appends an event that must be legal.
    pub fn append(&mut self, event: Event) {
        let applied = self.run.apply(&event, self.now);
        assert_eq!(applied, Ok(()), "{event:?}\n{:#?}", self.log);
        self.log.push((event, self.now));
    }

    /// The run made of its events, of which nothing is remembered.
    pub fn anew(&self) -> Run {
        Run::fold(self.log.iter().map(|(event, at)| (event, *at))).unwrap()
    }

    /// Records all that there is to record; the effects that are left.
    pub fn settle(&mut self) -> Vec<Effect> {
        loop {
            let effects = next_remembered(&self.workflow, &mut self.run);
            assert_eq!(effects, next(&self.workflow, &self.anew()), "what is remembered changes what comes next");
            let records: Vec<Event> = effects.iter().filter_map(record).collect();
            if records.is_empty() {
                return effects;
            }
            assert_eq!(records.len(), effects.len(), "what is recorded comes alone: {effects:?}");
            self.commits += 1;
            records.into_iter().for_each(|event| self.append(event));
        }
    }
}

fn loaded(source: &str, surroundings: &Surroundings<'_>) -> Workflow {
    let workflow = load("workflow.yaml", source, surroundings);
    workflow.unwrap_or_else(|problems| panic!("{}\n{source}", problems.render(false)))
}

fn record(effect: &Effect) -> Option<Event> {
    match effect {
        Effect::Record(event) => Some(event.clone()),
        _ => None,
    }
}
