//! What waits, in all runs: for people, for a time, for a place.

use ledger::{LedgerError, Millis, Parking, QUEUED, Summary};
use runner::History;
use workflow::{Run, RunStatus, StepState};

use super::{Installation, Result};

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// The run.
    pub run: String,
    /// Its workflow.
    pub workflow: String,
    /// What for.
    pub what: Awaited,
    /// The step; none when the run as a whole waits.
    pub step: Option<String>,
    /// Since when.
    pub since: Millis,
    /// Until when at most.
    pub until: Option<Millis>,
    /// What there is to say of it: a question, a call's key, the run in front.
    pub about: Option<String>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// People's decision on an approval.
    Approval,
    /// A person's word on a write whose outcome is unknown.
    Review,
    /// A time.
    Timer,
    /// A place among the runs of the workflow.
    Place,
    /// A person who has it driven again: it is parked, or cannot be read.
    Resume,
}

/// How many summaries are read at once.
const PAGE: u32 = 500;

impl Installation {
    /// What runs wait for, what waits longest first.
    pub async fn waiting(&self) -> Result<Vec<Wait>> {
        let mut waits = vec![];
        // An attempt may run beside what waits, so runs under way are looked at as well.
        for status in [QUEUED, RunStatus::Waiting.name(), RunStatus::Running.name()] {
            for summary in self.all(status).await? {
                waits.extend(self.waits_of(summary).await?);
            }
        }
        waits.sort_by(|a, b| (a.since, &a.run, &a.step).cmp(&(b.since, &b.run, &b.step)));
        Ok(waits)
    }

    /// What one run waits for. One that nobody can drive waits for that, whatever else it would.
    async fn waits_of(&self, summary: Summary) -> Result<Vec<Wait>> {
        let Summary { run, workflow, started, parked, .. } = summary;
        let resume = |since, why| {
            let (run, workflow) = (run.clone(), workflow.clone());
            vec![Wait { run, workflow, what: Awaited::Resume, step: None, since, until: None, about: Some(why) }]
        };
        if let Some(Parking { why, since }) = parked {
            return Ok(resume(since, why));
        }
        match History::load(self.ledger.as_ref(), &run).await {
            Ok((history, _)) => Ok(waits_of(&history.run)),
            Err(error) if error.is_about_the_run() => Ok(resume(started, error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    async fn all(&self, status: &str) -> std::result::Result<Vec<Summary>, LedgerError> {
        let mut runs: Vec<Summary> = vec![];
        loop {
            let before = runs.last().map(|run| run.run.clone());
            let page = self.ledger.summaries(None, Some(status), before.as_deref(), PAGE).await?;
            let full = page.len() >= PAGE as usize;
            runs.extend(page);
            if !full {
                return Ok(runs);
            }
        }
    }
}

/// What one run waits for.
fn waits_of(run: &Run) -> Vec<Wait> {
    let info = run.info();
    let wait = |what, step: Option<&str>, since, until, about| Wait {
        run: info.id.clone(),
        workflow: info.workflow.clone(),
        what,
        step: step.map(Into::into),
        since,
        until,
        about,
    };
    if run.is_finished() {
        return vec![];
    }
    if let Some(queued) = run.queued() {
        return vec![wait(Awaited::Place, None, queued.since, None, queued.behind.clone())];
    }
    let steps = run.steps().filter_map(|(path, step)| match step.state() {
        StepState::Waiting => {
            let approval = step.approval()?;
            let (since, until) = (approval.requested_at, approval.expires_at);
            Some(wait(Awaited::Approval, Some(path), since, until, Some(approval.title.clone())))
        }
        StepState::Suspended { call } => {
            Some(wait(Awaited::Review, Some(path), step.changed_at(), None, Some(call.clone())))
        }
        StepState::Sleeping { until } => Some(wait(Awaited::Timer, Some(path), step.changed_at(), Some(*until), None)),
        StepState::RetryWaiting { at } => Some(wait(Awaited::Timer, Some(path), step.changed_at(), Some(*at), None)),
        _ => None,
    });
    steps.collect()
}
