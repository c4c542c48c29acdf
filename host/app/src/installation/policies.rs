//! Grants and the guardrail.

use std::sync::Arc;

use capability::{Catalog as _, Spec};
use grant::{NeededActions, Policy};
use registry::{CarryOver, Plugin, Registry, grant_put, grant_revoked, guardrail_put, guardrail_removed};

use serde_json::Value;

use super::{Error, Installation, Person, Result};

/// What came of putting a grant.
pub struct PutGrant {
    /// The version that has it.
    pub plugin: Arc<Plugin>,
    /// What of the policy means nothing, or leaves out what the plugin imports.
    pub warnings: Vec<String>,
}

/// What somebody saw who decides to carry a grant over.
pub struct Seen {
    /// The digest of the version that has the grant.
    pub from: String,
    /// The digest of the version that is to have it too.
    pub to: String,
    /// The policy.
    pub policy: Value,
    /// What is new.
    pub new_imports: Vec<String>,
}

/// What it would mean to carry a grant over.
pub struct Difference {
    /// The version that has the grant.
    pub from: Plugin,
    /// The version that is to have it too.
    pub to: Plugin,
    /// What is different.
    pub change: CarryOver,
    /// The operations that there are.
    pub specs: Vec<&'static Spec>,
}

impl Installation {
    /// Grants a policy to a version of a plugin: the one with this digest, or of this name and version. Of a name alone, it is the
    /// newest version, which must have one of the digests in `expected`: a version that was uploaded since is granted nothing.
    pub async fn put_grant(
        &self,
        reference: &str,
        expected: Option<&[String]>,
        policy: &str,
        by: &Person,
    ) -> Result<PutGrant> {
        let mut change = self.known.change().await;
        let plugin = self.plugin(reference)?;
        let (digest, name) = (&plugin.uploaded.digest, &plugin.uploaded.name);
        match expected {
            Some(expected) if !expected.contains(digest) => {
                return Err(Error::Changed(format!(
                    "`{reference}` is the version {} ({digest}) now",
                    plugin.uploaded.version
                )));
            }
            None if self.known.read().exact_plugin(reference).is_none() => {
                return Err(Error::Unconditional(format!(
                    "a grant is for one version: `{reference}` is {} now, with the digest {digest}",
                    plugin.uploaded.version
                )));
            }
            _ => {}
        }
        let policy = Policy::load(&format!("grant:{name}"), policy)?;
        let warnings = self.warnings(&policy, &plugin)?;
        if self.known.read().grant(digest).is_none_or(|grant| grant.source() != policy.source()) {
            change.append(grant_put(digest, &policy, self.known.now(), &by.actor())).await?;
        }
        Ok(PutGrant { plugin, warnings })
    }

    /// What of a policy nobody knows, and what it leaves out of what the plugin imports. Fails with what is misspelt.
    fn warnings(&self, policy: &Policy, plugin: &Plugin) -> Result<Vec<String>> {
        let unknown = policy.check_words()?;
        let specs = self.operations.specs();
        let needed = plugin.uploaded.imports.iter().filter_map(|function| {
            let spec = specs.iter().find(|spec| spec.function == function)?;
            Some(NeededActions { function, actions: spec.actions().collect(), some: spec.depends() })
        });
        let uncovered = Policy::uncovered(std::slice::from_ref(policy), &needed.collect::<Vec<_>>());
        let uncovered = uncovered.iter().map(ToString::to_string);
        Ok(unknown.iter().map(ToString::to_string).chain(uncovered).collect())
    }

    /// Takes the grant of a plugin back. It holds for the next call.
    pub async fn revoke_grant(&self, plugin: &str, by: &Person) -> Result<()> {
        let plugin = self.plugin(plugin)?;
        let digest = &plugin.uploaded.digest;
        let mut change = self.known.change().await;
        let is_granted = |known: &Registry| known.grant(digest).is_some() || known.unreadable_grant(digest).is_some();
        if !is_granted(&self.known.read()) {
            return Err(Error::NotFound { what: "grant of plugin", name: plugin.uploaded.name.clone() });
        }
        Ok(change.append(grant_revoked(digest, self.known.now(), &by.actor())).await?)
    }

    /// What it would mean to carry the grant of `from` (a digest, or a version of the same plugin; else the newest that has
    /// one) over to `plugin`.
    pub fn difference(&self, plugin: &str, from: Option<&str>) -> Result<Difference> {
        let to = self.plugin(plugin)?;
        let name = &to.uploaded.name;
        let known = self.known.read();
        let from = match from {
            Some(from) => known.plugin_version(name, from).or_else(|| known.plugin(from)).map(AsRef::as_ref),
            None => known.granted_sibling(&to),
        };
        let missing = || Error::NotFound { what: "other version with a grant of plugin", name: name.clone() };
        let from = from.ok_or_else(missing)?.clone();
        if &from.uploaded.name != name {
            let other = &from.uploaded.name;
            return Err(Error::Invalid(format!("`{other}` is another plugin: the grant of `{name}` is its own")));
        }
        let specs = self.operations.specs();
        let actions_of = |function: &str| -> Vec<&'static str> {
            let spec = specs.iter().find(|spec| spec.function == function);
            spec.iter().flat_map(|spec| spec.actions()).collect()
        };
        let change = known.carry_over(&from, &to, actions_of).ok_or_else(missing)?;
        Ok(Difference { from, to: to.as_ref().clone(), change, specs: specs.clone() })
    }

    /// Carries a grant over, if all that was seen is as it is: the version, the policy, and what is new.
    pub async fn carry_over(&self, plugin: &str, mut seen: Seen, by: &Person) -> Result<()> {
        let mut change = self.known.change().await;
        let difference = self.difference(plugin, Some(&seen.from))?;
        let Difference { to, change: CarryOver { policy, new_imports, .. }, .. } = difference;
        seen.new_imports.sort_unstable();
        let granted: Value = serde_json::from_str(policy.source()).unwrap_or_default();
        if (seen.to.as_str(), &seen.policy) != (to.uploaded.digest.as_str(), &granted) {
            return Err(Error::Conflict("the version or the policy is another one than was seen: look again".into()));
        }
        if seen.new_imports != new_imports {
            let news = if new_imports.is_empty() { "nothing".into() } else { new_imports.join(", ") };
            return Err(Error::Conflict(format!(
                "the new version imports {news} that the old one did not, and that is not what was said to be seen"
            )));
        }
        let policy = Policy::load(&format!("grant:{}", to.uploaded.name), policy.source())?;
        policy.check_words()?;
        Ok(change.append(grant_put(&to.uploaded.digest, &policy, self.known.now(), &by.actor())).await?)
    }

    /// Sets the guardrail.
    pub async fn put_guardrail(&self, policy: &str, by: &Person) -> Result<()> {
        let policy = Policy::load("guardrail", policy)?;
        policy.check_words()?;
        if !policy.statements().iter().any(|statement| statement.effect() == grant::Effect::Allow) {
            return Err(Error::Invalid(
                "this guardrail has no Allow, so it would deny everything: what it does not allow, no plugin may do. Beside \
                 its Deny statements it needs one such as {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}"
                    .into(),
            ));
        }
        let mut change = self.known.change().await;
        Ok(change.append(guardrail_put(&policy, self.known.now(), &by.actor())).await?)
    }

    /// Removes the guardrail.
    pub async fn remove_guardrail(&self, by: &Person) -> Result<()> {
        let mut change = self.known.change().await;
        if self.known.read().enforced_guardrail().is_none() {
            return Err(Error::NotFound { what: "policy", name: "guardrail".into() });
        }
        Ok(change.append(guardrail_removed(self.known.now(), &by.actor())).await?)
    }
}
