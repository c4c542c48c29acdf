//! How events of a run stand in the ledger, and how they are read back. The stored form is its own (version 1): a field
//! of `workflow::Event` may be renamed without touching a ledger.

use ledger::{CANCEL_REQUESTED, Draft, Entry, Hash, Malformed, Millis, Record};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::time::Duration;
use workflow::{Decision, Event, Principal, RunInfo, RunStatus, StepError, Verdict};

use crate::provenance::{people, people_value, token_value, with_token};

/// The beginning of the names that Quell itself starts and cancels runs under. No person's name has a colon.
const OURS: &str = "quell:";

/// The actor that a person, Quell itself, or what else brings events (`queue:<name>`, `topic:<name>`) is in the ledger.
pub(crate) fn person(name: &str) -> String {
    match name {
        ours if ours.starts_with(OURS) => "host".into(),
        source if source.contains(':') => source.into(),
        name => format!("user:{name}"),
    }
}

/// The entry of `event`, and the event as it will be read from there. It is followed in this form only, so that a run is
/// the same whether it was just driven or read back: the order of a value's members, for example, is not kept.
pub(crate) fn stored(event: &Event, time: Millis, actor: &str) -> Result<(Draft, Event), Malformed> {
    let draft = draft_of(event, time, actor);
    let record = Record {
        entry: draft.seal("unsealed", 0, Hash::ZERO),
        data: draft.data.clone(),
        payloads: draft.payloads.iter().map(|(name, bytes)| (name.clone(), Some(bytes.clone()))).collect(),
    };
    let read = event_of(&record)?.ok_or_else(|| Reader { record: &record }.wrong("it is no event".into()))?;
    Ok((draft, read))
}

/// The entry of `event`.
fn draft_of(event: &Event, time: Millis, actor: &str) -> Draft {
    let entry = |kind, data| Draft::new(kind, time, actor, data);
    match event {
        Event::Started { info, event, inputs } => {
            let draft = entry(
                "run.started",
                json!({
                    "run": info.id, "workflow": info.workflow, "workflow-digest": info.workflow_digest,
                    "account": info.account, "region": info.region, "started-by": info.started_by.name,
                    "started-with": token_value(&info.started_by), "people-behind": people_value(&info.caused_by),
                    "plugins": info.plugins, "callees": info.callees, "has-event": event.is_some(),
                }),
            )
            .with("inputs", inputs);
            match event {
                Some(event) => draft.with("event", event),
                None => draft,
            }
        }
        Event::Queued { behind } => entry("run.queued", json!({ "behind": behind })),
        Event::Admitted => entry("run.admitted", json!({})),
        Event::StepSkipped { path } => entry("step.skipped", json!({ "step": path })),
        Event::BlockStarted { path, attempt, input, again } => {
            entry("step.block-started", json!({ "step": path, "attempt": attempt, "again": again }))
                .with("input", input)
        }
        Event::StepTimedOut { path, attempt } => entry("step.timed-out", json!({ "step": path, "attempt": attempt })),
        Event::WaitStarted { path, lasts, until } => {
            entry("step.wait-started", json!({ "step": path, "lasts-ms": lasts.map(whole_millis), "until": until }))
        }
        Event::StepStarted { path, attempt, input } => {
            entry("step.started", json!({ "step": path, "attempt": attempt })).with("input", input)
        }
        Event::StepSucceeded { path, attempt, output } => {
            entry("step.succeeded", json!({ "step": path, "attempt": attempt })).with("output", output)
        }
        Event::StepFailed { path, attempt, error } => {
            entry("step.failed", json!({ "step": path, "attempt": attempt })).with("error", &error_value(error))
        }
        Event::RetryScheduled { path, attempt, at } => {
            entry("step.retry-scheduled", json!({ "step": path, "attempt": attempt, "due": at }))
        }
        Event::StepSuspended { path, attempt, call } => {
            entry("step.suspended", json!({ "step": path, "attempt": attempt })).about(call.as_str())
        }
        Event::ReviewSettled { path, attempt, call, by, verdict, reason } => entry(
            "review.settled",
            json!({ "step": path, "attempt": attempt, "by": by, "verdict": verdict_name(*verdict), "reason": reason }),
        )
        .about(call.as_str()),
        Event::ApprovalRequested { path, title, approvers, needs, expires, show } => entry(
            "approval.requested",
            json!({
                "step": path, "title": title, "approvers": approvers, "needs": needs,
                "expires-ms": expires.map(whole_millis),
            }),
        )
        .with("show", show),
        Event::Decided { path, by, decision, reason } => entry(
            "approval.decided",
            json!({
                "step": path, "by": by.name, "with": token_value(by), "decision": decision_name(*decision),
                "reason": reason,
            }),
        ),
        Event::ApprovalExpired { path } => entry("approval.expired", json!({ "step": path })),
        Event::ApprovalReopened { path, again, reopened } => {
            entry("approval.reopened", json!({ "step": path, "again": again, "reopened": reopened }))
        }
        Event::CancelRequested { by, reason } => entry(CANCEL_REQUESTED, json!({ "by": by, "reason": reason })),
        Event::RunTimedOut => entry("run.timed-out", json!({})),
        Event::Failing { status, step, error } => {
            entry("run.failing", json!({ "status": status.name(), "step": step })).with("error", &error_value(error))
        }
        Event::Finished { status, error, output } => {
            let (has_error, has_output) = (error.is_some(), output.is_some());
            let data = json!({ "status": status.name(), "has-error": has_error, "has-output": has_output });
            let error = error.as_ref().map(error_value);
            let payloads = [("error", error.as_ref()), ("output", output.as_ref())];
            let payloads = payloads.into_iter().filter_map(|(name, value)| Some((name, value?)));
            payloads.fold(entry("run.finished", data), |draft, (name, value)| draft.with(name, value))
        }
        Event::Retried { by, again, reopened } => {
            let (name, with) = (&by.name, token_value(by));
            entry("run.retried", json!({ "by": name, "with": with, "again": again, "reopened": reopened }))
        }
    }
}

/// The event that an entry is; `None` for one that moves no run. One that does, and is not known here, was written by a newer
/// Quell: what the run is behind it is not guessed.
pub fn event_of(record: &Record) -> Result<Option<Event>, Malformed> {
    let read = Reader { record };
    let event = match record.entry.kind.as_str() {
        "run.started" => Event::Started {
            info: RunInfo {
                id: read.field("run")?,
                workflow: read.field("workflow")?,
                workflow_digest: read.field("workflow-digest")?,
                account: read.field("account")?,
                region: read.field("region")?,
                started_by: read.principal("started-by", "started-with")?,
                caused_by: read.people()?,
                plugins: read.field("plugins")?,
                callees: read.field::<Option<_>>("callees")?.unwrap_or_default(),
            },
            event: if read.field("has-event")? { Some(record.payload("event")?) } else { None },
            inputs: record.payload("inputs")?,
        },
        "run.queued" => Event::Queued { behind: read.field("behind")? },
        "run.admitted" => Event::Admitted,
        "step.skipped" => Event::StepSkipped { path: read.step()? },
        // The first ledgers have blocks without these.
        "step.block-started" => Event::BlockStarted {
            path: read.step()?,
            attempt: read.field::<Option<_>>("attempt")?.unwrap_or(1),
            input: if record.payloads.contains_key("input") { record.payload("input")? } else { Value::Null },
            again: read.field::<Option<_>>("again")?.unwrap_or_default(),
        },
        "step.timed-out" => Event::StepTimedOut { path: read.step()?, attempt: read.attempt()? },
        "step.wait-started" => Event::WaitStarted {
            path: read.step()?,
            lasts: read.field::<Option<u64>>("lasts-ms")?.map(Duration::from_millis),
            until: read.field("until")?,
        },
        "step.started" => {
            Event::StepStarted { path: read.step()?, attempt: read.attempt()?, input: record.payload("input")? }
        }
        "step.succeeded" => {
            Event::StepSucceeded { path: read.step()?, attempt: read.attempt()?, output: record.payload("output")? }
        }
        "step.failed" => Event::StepFailed { path: read.step()?, attempt: read.attempt()?, error: read.error()? },
        "step.retry-scheduled" => {
            Event::RetryScheduled { path: read.step()?, attempt: read.attempt()?, at: read.field("due")? }
        }
        "step.suspended" => Event::StepSuspended { path: read.step()?, attempt: read.attempt()?, call: read.call()? },
        "review.settled" => Event::ReviewSettled {
            path: read.step()?,
            attempt: read.attempt()?,
            call: read.call()?,
            by: read.field("by")?,
            verdict: read.named("verdict", &[Verdict::Done, Verdict::NotDone, Verdict::GiveUp], verdict_name)?,
            reason: read.field("reason")?,
        },
        "approval.requested" => Event::ApprovalRequested {
            path: read.step()?,
            title: read.field("title")?,
            approvers: read.field("approvers")?,
            needs: read.field("needs")?,
            expires: read.field::<Option<u64>>("expires-ms")?.map(Duration::from_millis),
            show: record.payload("show")?,
        },
        "approval.decided" => Event::Decided {
            path: read.step()?,
            by: read.principal("by", "with")?,
            decision: read.named("decision", &[Decision::Approve, Decision::Refuse], decision_name)?,
            reason: read.field("reason")?,
        },
        "approval.expired" => Event::ApprovalExpired { path: read.step()? },
        "approval.reopened" => Event::ApprovalReopened {
            path: read.step()?,
            again: read.field("again")?,
            reopened: read.field("reopened")?,
        },
        CANCEL_REQUESTED => Event::CancelRequested { by: read.field("by")?, reason: read.field("reason")? },
        "run.timed-out" => Event::RunTimedOut,
        "run.failing" => Event::Failing { status: read.status()?, step: read.field("step")?, error: read.error()? },
        "run.finished" => Event::Finished {
            status: read.status()?,
            error: if read.field("has-error")? { Some(read.error()?) } else { None },
            output: match read.field::<Option<bool>>("has-output")? {
                Some(true) => Some(record.payload("output")?),
                _ => None,
            },
        },
        "run.retried" => Event::Retried {
            by: read.principal("by", "with")?,
            again: read.field("again")?,
            reopened: read.field("reopened")?,
        },
        kind if Entry::moves(kind) => {
            return Err(read.wrong(format!("its kind `{kind}` is not known here: a newer Quell wrote it")));
        }
        _ => return Ok(None),
    };
    Ok(Some(event))
}

/// Who had a part in that a run is, or goes on, by an entry without its payloads.
pub(crate) fn people_of(record: &Record) -> Result<Vec<Principal>, Malformed> {
    let read = Reader { record };
    match record.entry.kind.as_str() {
        "run.started" => {
            let mut people = read.people()?;
            people.insert(0, read.principal("started-by", "started-with")?);
            Ok(people)
        }
        "run.retried" => Ok(vec![read.principal("by", "with")?]),
        _ => Ok(vec![]),
    }
}

fn error_value(error: &StepError) -> Value {
    json!({ "code": error.code, "message": error.message })
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::NotDone => "not-done",
        Verdict::GiveUp => "give-up",
    }
}

fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Refuse => "refuse",
    }
}

struct Reader<'a> {
    record: &'a Record,
}

impl Reader<'_> {
    fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, Malformed> {
        let empty = Map::new();
        let data = self.record.data.as_object().unwrap_or(&empty);
        serde_json::from_value(data.get(name).cloned().unwrap_or(Value::Null))
            .map_err(|error| self.wrong(format!("its field `{name}` cannot be read: {error}")))
    }

    fn principal(&self, name: &str, with: &str) -> Result<Principal, Malformed> {
        let token = self.record.data.get(with).unwrap_or(&Value::Null);
        let wrong = |error| self.wrong(format!("its field `{with}` cannot be read: {error}"));
        with_token(self.field(name)?, token).map_err(wrong)
    }

    fn people(&self) -> Result<Vec<Principal>, Malformed> {
        let stored = self.record.data.get("people-behind").unwrap_or(&Value::Null);
        people(stored).map_err(|error| self.wrong(format!("its field `people-behind` cannot be read: {error}")))
    }

    fn step(&self) -> Result<String, Malformed> {
        self.field("step")
    }

    fn attempt(&self) -> Result<u32, Malformed> {
        self.field("attempt")
    }

    fn call(&self) -> Result<String, Malformed> {
        self.record.entry.call.clone().ok_or_else(|| self.wrong("it is about no call".into()))
    }

    fn error(&self) -> Result<StepError, Malformed> {
        let error = self.record.payload("error")?;
        let text = |name: &str| {
            let text = error.get(name).and_then(Value::as_str).map(str::to_string);
            text.ok_or_else(|| self.wrong(format!("its error has no `{name}`")))
        };
        Ok(StepError { code: text("code")?, message: text("message")? })
    }

    fn status(&self) -> Result<RunStatus, Malformed> {
        use RunStatus::{Cancelled, Expired, Failed, Refused, Succeeded, TimedOut};
        self.named("status", &[Succeeded, Failed, Refused, Expired, TimedOut, Cancelled], RunStatus::name)
    }

    fn named<T: Copy>(&self, field: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Malformed> {
        let given: String = self.field(field)?;
        let found = all.iter().copied().find(|item| name(*item) == given);
        found.ok_or_else(|| self.wrong(format!("`{given}` is no {field}")))
    }

    fn wrong(&self, what: String) -> Malformed {
        Malformed { run: self.record.entry.run.clone(), sequence: self.record.entry.sequence, what }
    }
}
