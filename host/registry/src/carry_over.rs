//! What it means to carry the grant of one version of a plugin over to another: a version starts without one, and what is
//! new in it should be seen before it may do anything.

use std::collections::BTreeSet;

use grant::{Effect, Policy};

use crate::{Plugin, Registry};

/// What carrying a grant over would mean.
#[derive(Clone, Debug)]
pub struct CarryOver {
    /// The policy.
    pub policy: Policy,
    /// The WIT functions that only the new version imports, sorted.
    pub new_imports: Vec<String>,
    /// The WIT functions that only the old version imported, sorted.
    pub dropped_imports: Vec<String>,
    /// The actions of the new imports that the policy allows on something: nobody granted them with this version in mind.
    pub newly_allowed: Vec<String>,
}

impl Registry {
    /// What carrying the grant of `from` over to `to` would mean; nothing when `from` has none. `actions_of` gives the IAM
    /// actions that a call of a WIT function needs.
    pub fn carry_over(
        &self,
        from: &Plugin,
        to: &Plugin,
        actions_of: impl Fn(&str) -> Vec<&'static str>,
    ) -> Option<CarryOver> {
        let policy = self.grant(&from.uploaded.digest)?.clone();
        let of = |plugin: &Plugin| plugin.uploaded.imports.iter().cloned().collect::<BTreeSet<_>>();
        let (old, new) = (of(from), of(to));
        let new_imports: Vec<String> = new.difference(&old).cloned().collect();
        let allows = |action: &&'static str| {
            let mut allows = policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
            allows.any(|statement| statement.names(action))
        };
        let newly: BTreeSet<_> =
            new_imports.iter().flat_map(|function| actions_of(function)).filter(allows).map(String::from).collect();
        Some(CarryOver {
            policy,
            dropped_imports: old.difference(&new).cloned().collect(),
            newly_allowed: newly.into_iter().collect(),
            new_imports,
        })
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
