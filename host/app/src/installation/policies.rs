//! Grants and the guardrail.

use grant::Policy;
use registry::{grant_put, grant_revoked, guardrail_put, guardrail_removed};

use super::{Error, Installation, Person, Result};

impl Installation {
    /// Grants a policy to the plugin with this digest or, for its newest version, this name.
    pub async fn put_grant(&self, plugin: &str, policy: &str, by: &Person) -> Result<()> {
        let plugin = self.plugin(plugin)?;
        let digest = &plugin.uploaded.digest;
        let policy = Policy::load(&format!("grant:{}", plugin.uploaded.name), policy)?;
        let mut change = self.known.change().await;
        if self.known.read().grant(digest).is_some_and(|grant| grant.source() == policy.source()) {
            return Ok(());
        }
        Ok(change.append(grant_put(digest, &policy, self.known.now(), &by.actor())).await?)
    }

    /// Takes the grant of a plugin back. It holds for the next call.
    pub async fn revoke_grant(&self, plugin: &str, by: &Person) -> Result<()> {
        let plugin = self.plugin(plugin)?;
        let digest = &plugin.uploaded.digest;
        let mut change = self.known.change().await;
        if self.known.read().grant(digest).is_none() {
            return Err(Error::NotFound { what: "grant of plugin", name: plugin.uploaded.name.clone() });
        }
        Ok(change.append(grant_revoked(digest, self.known.now(), &by.actor())).await?)
    }

    /// Sets the guardrail.
    pub async fn put_guardrail(&self, policy: &str, by: &Person) -> Result<()> {
        let policy = Policy::load("guardrail", policy)?;
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
        if self.known.read().guardrail().is_none() {
            return Err(Error::NotFound { what: "policy", name: "guardrail".into() });
        }
        Ok(change.append(guardrail_removed(self.known.now(), &by.actor())).await?)
    }
}
