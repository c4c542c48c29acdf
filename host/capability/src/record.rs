//! How calls stand in the ledger, and how they are read back for a replay.
//!
//! | kind | what | payloads |
//! |---|---|---|
//! | `call.read` | a read and its answer | arguments, answer |
//! | `call.log` | a line that the plugin wrote | arguments, answer |
//! | `call.denied` | a call that was not let through | arguments, answer |
//! | `call.host-read` | a read of the host's own for a call | answer |
//! | `call.intent` | a write that is about to be sent | arguments |
//! | `call.outcome` | its answer | answer |
//! | `call.unknown` | no answer came | |
//! | `call.settled` | what became of an unknown one, and who decided: `done` or `not-done` | answer, if done |
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
    /// It was announced at this time, and what became of it is unknown.
    Open {
        /// The function that was called.
        function: String,
        /// Its arguments.
        arguments: Value,
        /// When it was last sent or on its way: the time of the last intent, or of the word that no answer came.
        since: Millis,
        /// How often it was sent.
        sends: u32,
    },
    /// It is known not to have been carried out, and may be sent again.
    NotDone {
        /// How often it was sent.
        sends: u32,
    },
    /// A person said that it was carried out.
    PresumedDone,
}

/// The recorded calls of a run, by step, attempt and number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay(BTreeMap<(String, u32), BTreeMap<u32, Recorded>>);

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
        self.0.get(&(step.to_string(), attempt)).cloned().unwrap_or_default()
    }

    fn add(&mut self, record: &Record) -> Result<(), Malformed> {
        let wrong = |what: &str| Malformed {
            run: record.entry.run.clone(),
            sequence: record.entry.sequence,
            what: what.into(),
        };
        let Some(key) = &record.entry.call else { return Ok(()) };
        let key = CallKey::parse(key).ok_or_else(|| wrong("its call key cannot be read"))?;
        let calls = self.0.entry((key.step, key.attempt)).or_default();
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
            "call.intent" => {
                let sends = match calls.get(&key.number).map(|call| &call.state) {
                    None => 1,
                    Some(State::NotDone { sends }) => sends + 1,
                    Some(_) => return Err(wrong("it announces a call that is not known to be undone")),
                };
                let function = record.data.get("function").and_then(Value::as_str);
                let state = State::Open {
                    function: function.ok_or_else(|| wrong("it names no function"))?.into(),
                    arguments: record.payload("arguments")?,
                    since: record.entry.time,
                    sends,
                };
                calls.insert(key.number, Recorded { arguments: arguments()?, state });
            }
            "call.outcome" | "call.unknown" | "call.settled" | "review.settled" => {
                let call = calls.get_mut(&key.number).ok_or_else(|| wrong("it is about a call without an intent"))?;
                let sends = match &mut call.state {
                    State::Open { sends, since, .. } => {
                        *since = record.entry.time;
                        *sends
                    }
                    State::PresumedDone if record.entry.kind == "call.settled" => 0,
                    _ => return Err(wrong("its call is not open")),
                };
                let verdict = record.data.get("verdict").and_then(Value::as_str);
                match (record.entry.kind.as_str(), verdict) {
                    ("call.unknown", _) | ("review.settled", Some("give-up")) => {}
                    ("call.outcome", _) | ("call.settled", Some("done")) => {
                        call.state = State::Answered(record.payload("answer")?);
                    }
                    ("review.settled", Some("done")) => call.state = State::PresumedDone,
                    (_, Some("not-done")) => call.state = State::NotDone { sends },
                    _ => return Err(wrong("it has no verdict")),
                }
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
