//! Schedules: runs that the time starts.
//!
//! Which times there are is a pure function of `workflow`; that each of them starts at most one run is the ledger's
//! deduplication, so that neither a restart nor a clock that is set starts a second. Here only the newest time that has
//! come is looked at: after a downtime, or a jump of the clock, the latest one that was missed is made up for, if that is
//! less than a day ago, and the earlier ones are not.
//!
//! What was changed counts from the change on: a document that was stored, or a workflow that was enabled, does not make up
//! for times before that.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ledger::Millis;
use registry::NotStarted;
use runner::{Same, Start, Started};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use workflow::{Schedule, Workflow};

use super::{Error, Installation, Result};

/// A time that was missed longer ago is not made up for.
const LATEST: Duration = Duration::from_secs(24 * 3600);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// At least so often everything is looked at anew, whatever was missed.
const LOOK: Duration = Duration::from_secs(600);
/// Who starts these runs. No person's name has a colon.
const STARTER: &str = "quell:schedule";

/// Of each workflow, the newest time that is done with, so that the ledger is not asked again at every look.
#[derive(Default)]
pub(super) struct Scheduled(Mutex<HashMap<String, Millis>>);

impl Scheduled {
    fn is_done(&self, workflow: &str, time: Millis) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(workflow) == Some(&time)
    }

    fn done(&self, workflow: &str, time: Millis) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workflow.into(), time);
    }
}

/// A workflow whose time has come.
struct Due {
    workflow: Arc<Workflow>,
    schedule: Schedule,
    time: Millis,
}

impl Installation {
    /// Starts runs when their times come, until `stop` says so.
    pub async fn keep_schedules(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let next = self.start_scheduled().await;
            if let Err(error) = self.runner.admit_all().await {
                tracing::error!(%error, "runs that wait for a place cannot begin");
            }
            tokio::select! {
                () = self.runner.clock.until(next) => {}
                () = self.known.changed() => {}
                Ok(_) = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Starts the runs whose time has come, and gives when to look again.
    pub async fn start_scheduled(&self) -> Millis {
        let now = self.known.now();
        let (due, next) = self.due(now);
        let mut again = next.unwrap_or(Millis::MAX).min(now.saturating_add(millis(LOOK)));
        for Due { workflow, schedule, time } in due {
            match self.start_at(&workflow, &schedule, time).await {
                Ok(()) => self.scheduled.done(&format!("{}{}", workflow.name, named_place(&schedule)), time),
                Err(error) => {
                    tracing::error!(workflow = workflow.name, %error, "a scheduled run cannot be started now");
                    again = again.min(now.saturating_add(millis(AGAIN)));
                }
            }
        }
        again
    }

    /// The workflows whose time has come, and the next time.
    fn due(&self, now: Millis) -> (Vec<Due>, Option<Millis>) {
        let known = self.known.read();
        let (mut due, mut next): (Vec<Due>, Option<Millis>) = (vec![], None);
        for stored in known.workflows() {
            let name = &stored.workflow.name;
            if known.is_disabled(name) {
                continue;
            }
            let enabled = known.switch(name).map_or(Millis::MIN, |switch| switch.time);
            let since = now.saturating_sub(millis(LATEST)).max(stored.time).max(enabled);
            // The latest time of each place that schedules name.
            let mut latest: BTreeMap<String, (Millis, &Schedule)> = BTreeMap::new();
            for schedule in stored.workflow.schedules() {
                next = next.into_iter().chain(schedule.next(now)).min();
                if let Some(time) = schedule.latest(since, now) {
                    let newest = latest.entry(named_place(schedule)).or_insert((time, schedule));
                    if time > newest.0 {
                        *newest = (time, schedule);
                    }
                }
            }
            for (place, (time, schedule)) in latest {
                if !self.scheduled.is_done(&format!("{name}{place}"), time) {
                    due.push(Due { workflow: stored.workflow.clone(), schedule: schedule.clone(), time });
                }
            }
        }
        (due, next)
    }

    /// Starts the run of one time, unless it was started before. What cannot ever be started is on record and done with.
    async fn start_at(&self, workflow: &Arc<Workflow>, schedule: &Schedule, time: Millis) -> Result<()> {
        let scheduled = text(time);
        let named = named_place(schedule);
        let place = self.place(schedule);
        let (account, region) = place.clone().unwrap_or_default();
        let event = json!({
            "version": "0", "id": format!("schedule-{}-{scheduled}{named}", workflow.name), "source": "quell.schedule",
            "detail-type": "Scheduled Run", "account": account, "region": region, "time": scheduled, "resources": [],
            "detail": { "scheduled": scheduled, "workflow": workflow.name, "cron": schedule.cron, "timezone": schedule.timezone },
        });
        let started = match place {
            Err(why) => Err(Error::Invalid(why)),
            Ok(_) => {
                self.start(Start {
                    workflow: workflow.clone(),
                    plugins: BTreeMap::new(),
                    event: Some(event.clone()),
                    // A run for this time cannot have started before it.
                    same: Same::Key(format!("schedule {scheduled}{named}"), time.saturating_sub(1)),
                    cause: None,
                    inputs: Value::Object(Map::new()),
                    account,
                    region,
                    may_cancel: true,
                    by: STARTER.into(),
                })
                .await
            }
        };
        match started {
            Ok(Started::New(run)) => {
                tracing::info!(workflow = workflow.name, run, scheduled, "started by its schedule");
                Ok(())
            }
            Ok(Started::Repeated(_)) => Ok(()),
            Err(error @ Error::Unavailable(_)) => Err(error),
            Err(error) => {
                let why = format!("workflow `{}`: {error}", workflow.name);
                self.not_started(&event, NotStarted::Refused { why: &why }, "host").await
            }
        }
    }

    /// The account and the region that a schedule's runs act in: those that it names, or the only ones that there are.
    pub(super) fn place(&self, schedule: &Schedule) -> std::result::Result<(String, String), String> {
        let accounts = &self.operations.accounts().0;
        let account = only("account", schedule.account.as_ref(), accounts.keys())?;
        let regions = accounts.get(&account).map(|account| account.regions.as_slice()).unwrap_or_default();
        let region = only("region", schedule.region.as_ref(), regions.iter())?;
        Ok((account, region))
    }
}

/// The account and region that a schedule names, as what tells its runs from those of the same time elsewhere.
fn named_place(schedule: &Schedule) -> String {
    let named = [schedule.account.as_deref(), schedule.region.as_deref()];
    named.into_iter().flatten().map(|name| format!("/{name}")).collect()
}

/// The one that is named, or else the only one.
fn only<'a>(
    what: &str,
    named: Option<&'a String>,
    known: impl Iterator<Item = &'a String>,
) -> std::result::Result<String, String> {
    let known: Vec<&str> = known.map(String::as_str).collect();
    match (named, known.as_slice()) {
        (Some(named), known) if known.contains(&named.as_str()) => Ok(named.clone()),
        (Some(named), _) => Err(format!("the schedule's {what} `{named}` is not configured")),
        (None, [only]) => Ok((*only).into()),
        (None, []) => Err(format!("a schedule needs an {what} to act in, and none is configured")),
        (None, known) => {
            Err(format!("the schedule must name its `{what}`, since there are several: `{}`", known.join("`, `")))
        }
    }
}

fn text(time: Millis) -> String {
    Timestamp::from_millisecond(time).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
