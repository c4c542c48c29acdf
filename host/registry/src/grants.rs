//! Grants: what one digest may do, each with its history; and the guardrail above all of them.

use std::sync::Arc;

use grant::Policy;
use ledger::{Draft, Malformed, Millis, Record};
use serde::Deserialize;
use serde_json::json;

use crate::read::{facts, text};
use crate::{Registry, UnreadablePolicy};

/// What was granted to a digest, at one time.
#[derive(Clone, Debug)]
pub struct GrantRecord {
    /// The policy; `None` when the grant was revoked, or cannot be read.
    pub policy: Option<Policy>,
    /// What is wrong with a policy that cannot be read.
    pub unreadable: Option<UnreadablePolicy>,
    /// Who put or revoked it.
    pub by: String,
    /// When.
    pub time: Millis,
}

/// The policy above all grants.
#[derive(Clone, Debug)]
pub struct Guardrail {
    /// The policy.
    pub policy: Policy,
    /// Who put it.
    pub by: String,
    /// When.
    pub time: Millis,
}

#[derive(Deserialize)]
struct Granted {
    digest: String,
}

/// The entry of a grant to `digest`.
pub fn grant_put(digest: &str, policy: &Policy, time: Millis, by: &str) -> Draft {
    let data = json!({ "digest": digest, "policy": policy.name() });
    Draft::new("grant.put", time, by, data).with_bytes("policy", policy.source().into())
}

/// The entry of a grant that is taken back.
pub fn grant_revoked(digest: &str, time: Millis, by: &str) -> Draft {
    Draft::new("grant.revoked", time, by, json!({ "digest": digest }))
}

/// The entry of a new guardrail.
pub fn guardrail_put(policy: &Policy, time: Millis, by: &str) -> Draft {
    Draft::new("guardrail.put", time, by, json!({})).with_bytes("policy", policy.source().into())
}

/// The entry of a guardrail that is removed.
pub fn guardrail_removed(time: Millis, by: &str) -> Draft {
    Draft::new("guardrail.removed", time, by, json!({}))
}

impl Registry {
    pub(crate) fn apply_grant(&mut self, record: &Record) -> Result<(), Malformed> {
        let (by, time) = (record.entry.actor.clone(), record.entry.time);
        match record.entry.kind.as_str() {
            "grant.put" => {
                let Granted { digest } = facts(record)?;
                let (policy, unreadable) = match policy(record, &format!("grant:{}", short(&digest)))? {
                    Ok(policy) => (Some(policy), None),
                    Err(unreadable) => (None, Some(unreadable)),
                };
                self.grants.entry(digest).or_default().push(GrantRecord { policy, unreadable, by, time });
            }
            "grant.revoked" => {
                let Granted { digest } = facts(record)?;
                let revoked = GrantRecord { policy: None, unreadable: None, by, time };
                self.grants.entry(digest).or_default().push(revoked);
            }
            "guardrail.put" => match policy(record, "guardrail")? {
                Ok(policy) => {
                    (self.guardrail, self.unreadable_guardrail) = (Some(Guardrail { policy, by, time }), None);
                }
                Err(unreadable) => (self.guardrail, self.unreadable_guardrail) = (None, Some(unreadable)),
            },
            "guardrail.removed" => (self.guardrail, self.unreadable_guardrail) = (None, None),
            _ => {}
        }
        Ok(())
    }

    /// The policy that is granted to `digest` now, if it can be read.
    pub fn grant(&self, digest: &str) -> Option<&Policy> {
        self.grants.get(digest)?.last()?.policy.as_ref()
    }

    /// Everything that was ever granted to `digest`, the oldest first.
    pub fn grant_history(&self, digest: &str) -> &[GrantRecord] {
        self.grants.get(digest).map_or(&[], Vec::as_slice)
    }

    /// The guardrail, if it can be read.
    pub fn guardrail(&self) -> Option<&Guardrail> {
        self.guardrail.as_ref()
    }

    /// The guardrail and the grant as the gate wants them. What cannot be read denies everything.
    pub fn effective(&self, digest: &str) -> (Arc<[Policy]>, Arc<[Policy]>) {
        let guardrails = self.enforced_guardrail().cloned().into_iter().collect();
        let unreadable = self.unreadable_grant(digest).map(|unreadable| &unreadable.denial);
        (guardrails, self.grant(digest).or(unreadable).cloned().into_iter().collect())
    }
}

/// A digest as people tell it from others.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn policy(record: &Record, name: &str) -> Result<Result<Policy, UnreadablePolicy>, Malformed> {
    let text = text(record, "policy").map_err(|missing| missing.to_string());
    match text.and_then(|text| Policy::load(name, &text).map_err(|error| error.to_string())) {
        Ok(policy) => Ok(Ok(policy)),
        Err(problems) => UnreadablePolicy::new(record, name, problems).map(Err),
    }
}
