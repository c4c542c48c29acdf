//! Runs that Quell's own changes start: how long such a chain may get.
//!
//! CloudTrail says who made a call, and so whether it was this installation; it does not say for which run. The ledger does:
//! the runs that announced the same action in the same account and region at the time of the call. If there are several, the
//! one that is farthest down counts, so that a loop is cut rather too early than never.
//!
//! Other events that follow from a change (a Config evaluation, a finding) do not say who made it: they cannot be told from
//! those that somebody else caused, and are not counted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::{Filter, Millis};
use runner::Cause;
use serde_json::Value;

use super::{Error, Installation, Result};

/// A chain is followed so far: a run, the run that its changes start, and one more.
const DEEPEST: u32 = 3;
/// How far apart the ledger's clock and CloudTrail's may be, and a call take.
const APART: Millis = 120_000;
/// How many entries are read at once.
const PAGE: u32 = 500;

impl Installation {
    /// What caused the event, if it is the record of a call that Quell made. An event too far down a chain is an error.
    pub(super) async fn cause(&self, event: &Value) -> Result<Option<Cause>> {
        let account = event.get("account").and_then(Value::as_str).unwrap_or_default();
        let Some(detail) = event.get("detail").filter(|detail| self.operations.made(account, detail)) else {
            return Ok(None);
        };
        let runs = self.runs_that_called(event, detail).await?;
        let mut depth = 0;
        for run in &runs {
            depth = depth.max(self.depth(run).await?);
        }
        let people = self.runner.people_behind(&runs).await?;
        let cause = Cause { runs: runs.into_iter().collect(), depth: depth + 1, people };
        if cause.depth <= DEEPEST {
            return Ok(Some(cause));
        }
        Err(Error::Invalid(format!(
            "Quell made this change itself, in run `{}`, which is the last of {DEEPEST} that such changes started one after \
             the other: this looks like a loop, and is not followed",
            cause.runs.join("`, `")
        )))
    }

    /// The runs that announced this call when it was made.
    async fn runs_that_called(&self, event: &Value, detail: &Value) -> Result<BTreeSet<String>> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let service = text(detail, "eventSource").and_then(|source| Some(source.split('.').next()?.to_owned()));
        let action = format!("{}:{}", service.unwrap_or_default(), text(detail, "eventName").unwrap_or_default());
        let time = text(detail, "eventTime").and_then(|time| time.parse::<Timestamp>().ok());
        let Some(time) = time.map(Timestamp::as_millisecond) else { return Ok(BTreeSet::new()) };
        let mut filter = Filter {
            kind: Some("call.intent".into()),
            since: Some(time - APART),
            until: Some(time + APART),
            limit: PAGE,
            without: &["*"],
            ..Filter::default()
        };
        let mut runs = BTreeSet::new();
        loop {
            let page = self.ledger.query(&filter).await?;
            let Some((position, _)) = page.last() else { break };
            filter.after = Some(*position);
            let touches = |data: &Value| {
                let touches = data.get("touches").and_then(Value::as_array);
                touches.is_some_and(|all| all.iter().any(|touch| text(touch, "action").as_deref() == Some(&action)))
            };
            runs.extend(
                page.into_iter().filter(|(_, record)| touches(&record.data)).map(|(_, record)| record.entry.run),
            );
        }
        let mut here = BTreeSet::new();
        for run in runs {
            let data = self.start_of(&run).await?;
            if ["account", "region"].iter().all(|name| data.get(name) == event.get(name)) {
                here.insert(run);
            }
        }
        Ok(here)
    }

    /// How many runs were started by Quell's own changes, one after the other, down to this one.
    async fn depth(&self, run: &str) -> Result<u32> {
        let data = self.start_of(run).await?;
        let depth = data.pointer("/caused-by/depth").and_then(Value::as_u64).unwrap_or_default();
        Ok(u32::try_from(depth).unwrap_or(u32::MAX))
    }

    /// What the first entry of a run says.
    async fn start_of(&self, run: &str) -> Result<Value> {
        let filter = Filter {
            run: Some(run.into()),
            kind: Some("run.started".into()),
            limit: 1,
            without: &["*"],
            ..Filter::default()
        };
        let found = self.ledger.query(&filter).await?;
        Ok(found.into_iter().next().map(|(_, record)| record.data).unwrap_or_default())
    }
}
