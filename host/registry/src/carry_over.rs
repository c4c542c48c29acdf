//! What it would mean to grant a plugin what another version of it was granted. Nothing is granted by asking: a grant is
//! to a digest, and whoever puts it for a new one sees first what the new one asks for.

use std::collections::BTreeSet;

use grant::{Effect, Policy};

use crate::{Plugin, Registry};

/// A grant that could be carried over from one digest to another, and what would be new about it.
#[derive(Clone, Debug)]
pub struct CarryOver {
    /// The policy that is granted to the old digest now.
    pub policy: Policy,
    /// The functions that only the new one imports, sorted.
    pub new_imports: Vec<String>,
    /// The functions that only the old one imports, sorted.
    pub dropped_imports: Vec<String>,
    /// The actions that the new imports need and that an Allow statement of the policy names, sorted: what the new one
    /// could do with them without anybody having thought of it. An old import may have needed the same action.
    pub newly_allowed: Vec<String>,
}

impl Registry {
    /// What it would mean to grant `to` what is granted to `from`; `None` when that is nothing. `actions_of` gives the
    /// actions that a function needs.
    pub fn carry_over(
        &self,
        from: &Plugin,
        to: &Plugin,
        actions_of: impl Fn(&str) -> Vec<&'static str>,
    ) -> Option<CarryOver> {
        let policy = self.grant(&from.uploaded.digest)?.clone();
        let imports = |plugin: &Plugin| plugin.uploaded.imports.iter().cloned().collect::<BTreeSet<String>>();
        let (old, new) = (imports(from), imports(to));
        let new_imports: Vec<String> = new.difference(&old).cloned().collect();
        let needed: BTreeSet<&str> = new_imports.iter().flat_map(|function| actions_of(function)).collect();
        let allows = |action: &str| {
            policy.statements().iter().any(|statement| statement.effect() == Effect::Allow && statement.names(action))
        };
        let newly_allowed = needed.into_iter().filter(|action| allows(action)).map(String::from).collect();
        let dropped_imports = old.difference(&new).cloned().collect();
        Some(CarryOver { policy, new_imports, dropped_imports, newly_allowed })
    }

    /// The newest version of a plugin, other than this one, that has a grant.
    pub fn granted_sibling(&self, plugin: &Plugin) -> Option<&Plugin> {
        let siblings = self.plugins().into_iter().filter(|other| {
            let (ours, theirs) = (&plugin.uploaded, &other.uploaded);
            theirs.name == ours.name && theirs.digest != ours.digest && self.grant(&theirs.digest).is_some()
        });
        siblings.max_by_key(|other| other.sequence).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Draft, Hash, Record};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Uploaded, grant_put, grant_revoked, plugin_uploaded};

    const OPEN: &str = "quell:door/doors@0.1.0#open";
    const CLOSE: &str = "quell:door/doors@0.1.0#close";
    const LOOK: &str = "quell:door/doors@0.1.0#look";

    fn actions_of(function: &str) -> Vec<&'static str> {
        match function {
            OPEN => vec!["door:Open", "door:Look"],
            CLOSE => vec!["door:Close", "door:Look"],
            LOOK => vec!["door:Look"],
            _ => vec![],
        }
    }

    fn uploaded(digest: &str, imports: &[&str]) -> Draft {
        let uploaded = Uploaded {
            digest: digest.into(),
            name: "doors".into(),
            version: digest.into(),
            summary: String::new(),
            imports: imports.iter().map(ToString::to_string).collect(),
            size: 1,
        };
        plugin_uploaded(&uploaded, (&json!({}), &json!({})), vec![], 0, "user:ann")
    }

    /// The registry of `old`, which imports `open` and `look`, and `new`, which imports `close`, `look` and the log.
    fn registry(more: Vec<Draft>) -> Registry {
        let mut drafts =
            vec![uploaded("old", &[OPEN, LOOK]), uploaded("new", &[LOOK, CLOSE, "quell:log/log@0.1.0#write", CLOSE])];
        drafts.extend(more);
        let records: Vec<Record> = drafts.into_iter().map(record).collect();
        Registry::fold(&records).unwrap()
    }

    fn record(draft: Draft) -> Record {
        let entry = draft.seal(ledger::SYSTEM, 1, Hash::ZERO);
        let payloads = draft.payloads.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect();
        Record { entry, data: draft.data, payloads }
    }

    fn granted(statements: Value) -> Draft {
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        grant_put("old", &Policy::load("grant", &document).unwrap(), 1, "user:ann")
    }

    fn carried(registry: &Registry) -> Option<CarryOver> {
        registry.carry_over(registry.plugin("old").unwrap(), registry.plugin("new").unwrap(), actions_of)
    }

    fn newly_allowed(statements: Value) -> Vec<String> {
        carried(&registry(vec![granted(statements)])).unwrap().newly_allowed
    }

    #[test]
    fn without_a_grant_there_is_nothing_to_carry_over() {
        assert!(carried(&registry(vec![])).is_none());
        let all = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
        assert!(carried(&registry(vec![granted(all), grant_revoked("old", 2, "user:ann")])).is_none());
    }

    #[test]
    fn what_the_new_one_asks_for_is_told_from_what_the_old_one_did() {
        let policy = json!([{ "Effect": "Allow", "Action": ["door:Open", "door:Look"], "Resource": "*" }]);
        let carried = carried(&registry(vec![granted(policy)])).unwrap();
        assert_eq!(carried.new_imports, [CLOSE, "quell:log/log@0.1.0#write"]);
        assert_eq!(carried.dropped_imports, [OPEN]);
        assert_eq!(carried.newly_allowed, ["door:Look"]);
        assert!(carried.policy.source().contains("door:Open"));
    }

    #[test]
    fn a_wildcard_may_allow_more_than_was_meant() {
        let of = |actions: Value| newly_allowed(json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]));
        assert_eq!(of(json!("door:*")), ["door:Close", "door:Look"]);
        assert_eq!(of(json!("DOOR:c*")), ["door:Close"]);
        assert_eq!(of(json!("window:*")), [""; 0]);
        let all_but = json!([{ "Effect": "Allow", "NotAction": "door:Look", "Resource": "*" }]);
        assert_eq!(newly_allowed(all_but), ["door:Close"]);
        let denied = json!([{ "Effect": "Deny", "Action": "door:*", "Resource": "*" }]);
        assert_eq!(newly_allowed(denied), [""; 0]);
    }
}
