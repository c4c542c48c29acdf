//! How calls stand in the ledger, and how they are read back for a replay.
//!
//! | kind | what | payloads |
//! |---|---|---|
//! | `call.read` | a read and its answer | arguments, answer |
//! | `call.log` | a line that the plugin wrote | arguments, answer |
//! | `call.denied` | a call that was not let through | arguments, answer |
//! | `call.host-read` | a read of the host's own for a call; the one for `before` is what an unknown outcome is compared with | answer |
//! | `call.intent` | a write that is about to be sent | arguments |
//! | `call.outcome` | its answer | answer |
//! | `call.unknown` | no answer came | |
//! | `call.settled` | what became of an unknown one, and who decided: `done`, `not-done`, or `again` of one that stays open and may be sent again | answer, if done |
//! | `review.settled` | a person's decision on one (a run's input, written by `runner`) | |

use std::collections::BTreeMap;

use ledger::{Hash, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::Value;

use crate::CallKey;

/// A call as the ledger knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The hash of function and arguments: a replayed call must have the same.
    pub arguments: Hash,
    /// How far it came.
    pub state: State,
}

/// How far a recorded call came.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It was answered.
    Answered(Value),
    /// It was announced, and what became of it is unknown.
    Open(OpenCall),
    /// It is known not to have been carried out, and may be sent again.
    NotDone {
        /// How often it was sent.
        sends: u32,
    },
    /// A person said that it was carried out.
    PresumedDone(OpenCall),
}

/// A write that was announced.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenCall {
    /// The function that was called.
    pub function: String,
    /// Its arguments.
    pub arguments: Value,
    /// The time of the last intent, or of the word that no answer came.
    pub since: Millis,
    /// Whether the request may still be on its way: there is no word that it ended.
    pub under_way: bool,
    /// How often it was sent.
    pub sends: u32,
    /// The state before it was last sent, where it was read.
    pub before: Option<Value>,
    /// Whether it was decided that it may be sent again, whatever became of it.
    pub repeat: bool,
    /// Whether a sending before the last one may have been carried out: it was sent again all the same.
    pub doubt: bool,
}

/// The recorded calls of a run, by step, attempt and number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    calls: BTreeMap<(String, u32), BTreeMap<u32, Recorded>>,
    /// The states before writes whose intents are yet to come.
    before: BTreeMap<CallKey, Value>,
}

#[derive(Deserialize)]
struct Called {
    arguments: Hash,
}

impl Replay {
    /// Reads the calls of a run from its entries, in order.
    pub fn read<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Replay, Malformed> {
        let mut replay = Replay::default();
        for record in records {
            replay.add(record)?;
        }
        Ok(replay)
    }

    /// The recorded calls of one attempt.
    pub fn attempt(&self, step: &str, attempt: u32) -> BTreeMap<u32, Recorded> {
        self.calls.get(&(step.to_string(), attempt)).cloned().unwrap_or_default()
    }

    fn add(&mut self, record: &Record) -> Result<(), Malformed> {
        let wrong = |what: &str| wrong(record, what);
        let Some(key) = &record.entry.call else { return Ok(()) };
        let key = CallKey::parse(key).ok_or_else(|| wrong("its call key cannot be read"))?;
        let text = |name: &str| record.data.get(name).and_then(Value::as_str);
        let before = self.before.remove(&key);
        let calls = self.calls.entry((key.step.clone(), key.attempt)).or_default();
        let arguments = || {
            serde_json::from_value(record.data.clone())
                .map(|Called { arguments }| arguments)
                .map_err(|_| wrong("it has no hash of its arguments"))
        };
        match record.entry.kind.as_str() {
            "call.read" | "call.log" | "call.denied" => {
                let state = State::Answered(record.payload("answer")?);
                calls.insert(key.number, Recorded { arguments: arguments()?, state });
            }
            // One that could not be read, or whose payload was removed, is not known.
            "call.host-read" if text("purpose") == Some("before") && text("result") == Some("ok") => {
                let read = record.payload("answer").ok();
                self.before.extend(read.map(|state| (key, state)));
            }
            // Another read of the host's: what was read before it stands.
            "call.host-read" if text("purpose") != Some("before") => {
                self.before.extend(before.map(|state| (key, state)));
            }
            "call.intent" => {
                let (sends, doubt) = match calls.get(&key.number).map(|call| &call.state) {
                    None => (1, false),
                    Some(State::NotDone { sends }) => (sends + 1, false),
                    Some(State::Open(OpenCall { sends, repeat: true, .. })) => (sends + 1, true),
                    Some(_) => return Err(wrong("it announces a call that is not known to be undone")),
                };
                let state = State::Open(OpenCall {
                    function: text("function").ok_or_else(|| wrong("it names no function"))?.into(),
                    arguments: record.payload("arguments")?,
                    since: record.entry.time,
                    under_way: true,
                    sends,
                    before,
                    repeat: false,
                    doubt,
                });
                calls.insert(key.number, Recorded { arguments: arguments()?, state });
            }
            "call.outcome" | "call.unknown" | "call.settled" | "review.settled" => {
                let call = calls.get_mut(&key.number).ok_or_else(|| wrong("it is about a call without an intent"))?;
                call.state = decided(&call.state, record)?;
            }
            // Of the host's own, and answers no call.
            "call.host-read" => {}
            // What became of a call is not guessed.
            kind if kind.starts_with("call.") => {
                return Err(wrong(&format!("its kind `{kind}` is not known here: a newer Quell wrote it")));
            }
            _ => {}
        }
        Ok(())
    }
}

/// How far a call came by an entry that decides on it, or says that nobody can.
fn decided(state: &State, record: &Record) -> Result<State, Malformed> {
    let kind = record.entry.kind.as_str();
    let call = match state {
        State::Open(call) => call,
        State::PresumedDone(call) if ["call.settled", "review.settled"].contains(&kind) => call,
        // It could not be finished, which does not take the person's word back.
        State::PresumedDone(_) if kind == "call.unknown" => return Ok(state.clone()),
        State::Answered(_) | State::NotDone { .. } | State::PresumedDone(_) => {
            return Err(wrong(record, "its call is not open"));
        }
    };
    match (kind, record.data.get("verdict").and_then(Value::as_str)) {
        ("call.unknown", _) => Ok(State::Open(OpenCall { since: record.entry.time, under_way: false, ..call.clone() })),
        ("call.outcome", _) | ("call.settled", Some("done")) => Ok(State::Answered(record.payload("answer")?)),
        ("call.settled", Some("again")) => Ok(State::Open(OpenCall { repeat: true, ..call.clone() })),
        ("call.settled", Some("not-done")) if may_have_been_done(&record.data) => {
            Ok(State::Open(OpenCall { repeat: true, ..call.clone() }))
        }
        ("review.settled", Some("give-up")) => Ok(state.clone()),
        ("review.settled", Some("done")) => Ok(State::PresumedDone(call.clone())),
        (_, Some("not-done")) => Ok(State::NotDone { sends: call.sends }),
        _ => Err(wrong(record, "it has no verdict")),
    }
}

/// Whether a settlement that says `not-done` does not know it: before there was `again`, this was written of every write that may
/// be repeated.
pub fn may_have_been_done(settled: &Value) -> bool {
    let by = settled.get("by").and_then(Value::as_str);
    by.is_some_and(|by| ["repeatable", "token", "on-unknown"].contains(&by))
}

fn wrong(record: &Record, what: &str) -> Malformed {
    Malformed { run: record.entry.run.clone(), sequence: record.entry.sequence, what: what.into() }
}
