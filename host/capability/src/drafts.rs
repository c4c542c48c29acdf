//! The entries of one call, as the gate writes them. What they mean when they are read back is in `record`.

use ledger::{Draft, Hash, Millis};
use serde_json::{Map, Value, json};

use crate::attempt::Attempt;
use crate::{CallKey, Fault, Touch};

/// What a settlement says of a write.
pub(crate) enum Verdict<'a> {
    /// It was carried out, with this answer.
    Done(&'a Value),
    /// It was not carried out.
    NotDone,
    /// Nobody knows, and it may be sent again all the same.
    Again,
}

/// Makes the entries of one call.
pub(crate) struct Drafts<'a> {
    pub attempt: &'a Attempt,
    pub key: &'a CallKey,
    pub function: &'a str,
    pub arguments: &'a Value,
    pub hash: Hash,
}

impl Drafts<'_> {
    fn draft(&self, kind: &'static str, now: Millis, actor: String, data: Value) -> Draft {
        Draft::new(kind, now, actor, data).about(self.key.to_string())
    }

    fn called(&self, kind: &'static str, now: Millis, more: Value) -> Draft {
        let mut data = Map::new();
        data.insert("function".into(), self.function.into());
        data.insert("arguments".into(), self.hash.to_string().into());
        if let Value::Object(more) = more {
            data.extend(more);
        }
        let actor = self.attempt.caller.actor();
        self.draft(kind, now, actor, data.into()).with("arguments", self.arguments)
    }

    pub fn read(&self, now: Millis, touches: &[Touch], answer: &Value) -> Draft {
        self.called("call.read", now, json!({ "touches": touches, "result": result(answer) })).with("answer", answer)
    }

    pub fn log(&self, now: Millis, level: &str, answer: &Value) -> Draft {
        self.called("call.log", now, json!({ "level": level })).with("answer", answer)
    }

    pub fn denied(&self, now: Millis, denial: Value, answer: &Value) -> Draft {
        self.called("call.denied", now, denial).with("answer", answer)
    }

    pub fn host_read(&self, now: Millis, purpose: &str, result: &Result<Value, Fault>) -> Draft {
        let (verdict, answer) = match result {
            Ok(answer) => ("ok", answer.clone()),
            Err(fault) => (fault.kind.case(), fault.answer()),
        };
        let data = json!({ "purpose": purpose, "function": self.function, "result": verdict });
        self.draft("call.host-read", now, "host".into(), data).with("answer", &answer)
    }

    pub fn intent(&self, now: Millis, touches: &[Touch], token: &str, send: u32) -> Draft {
        self.called("call.intent", now, json!({ "touches": touches, "token": token, "send": send }))
    }

    pub fn outcome(&self, now: Millis, answer: &Value) -> Draft {
        let data = json!({ "function": self.function, "result": result(answer) });
        self.draft("call.outcome", now, "host".into(), data).with("answer", answer)
    }

    pub fn unknown(&self, now: Millis, fault: &Fault) -> Draft {
        let data = json!({ "function": self.function, "code": fault.code, "message": fault.message });
        self.draft("call.unknown", now, "host".into(), data)
    }

    pub fn settled(&self, now: Millis, by: &str, verdict: Verdict<'_>) -> Draft {
        let name = match verdict {
            Verdict::Done(_) => "done",
            Verdict::NotDone => "not-done",
            Verdict::Again => "again",
        };
        let data = json!({ "function": self.function, "by": by, "verdict": name });
        let draft = self.draft("call.settled", now, "host".into(), data);
        match verdict {
            Verdict::Done(answer) => draft.with("answer", answer),
            Verdict::NotDone | Verdict::Again => draft,
        }
    }
}

/// `ok`, or the error's case.
fn result(answer: &Value) -> String {
    let case = answer.get("err").and_then(Value::as_object).and_then(|cases| cases.keys().next());
    case.cloned().unwrap_or_else(|| "ok".into())
}
