//! Tokens: who may speak to the API. Shown once, kept as a hash, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Draft, Hash, Malformed, Millis, Record};
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::Registry;
use crate::read::facts;

/// A token as it is kept: not the token itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The public part, by which it is found.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// The groups that its owner is in.
    pub groups: Vec<String>,
    /// SHA-256 of the whole token.
    pub hash: Hash,
}

#[derive(Deserialize)]
struct Revoked {
    id: String,
}

/// A token that was just made: the only moment at which its text exists.
pub struct NewToken {
    /// What its owner gets, once: `quell_<id>_<secret>`.
    pub text: String,
    /// What is kept.
    pub token: Token,
}

impl NewToken {
    /// A token of 256 random bits for `name`, of which 48 more are its public id.
    pub fn new(name: &str, groups: Vec<String>, random: &[u8; 38]) -> NewToken {
        let (id, secret) = random.split_at(6);
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("quell_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let token = Token { id, name: name.into(), groups, hash: Hash::of(text.as_bytes()) };
        NewToken { text, token }
    }
}

/// The entry of a new token.
pub fn token_created(token: &Token, time: Millis, by: &str) -> Draft {
    Draft::new("token.created", time, by, json!(token))
}

/// The entry of a token that no longer counts.
pub fn token_revoked(id: &str, time: Millis, by: &str) -> Draft {
    Draft::new("token.revoked", time, by, json!({ "id": id }))
}

impl Registry {
    pub(crate) fn apply_token(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.as_str() {
            "token.created" => {
                let token: Token = facts(record)?;
                self.tokens.insert(token.id.clone(), token);
            }
            "token.revoked" => {
                let Revoked { id } = facts(record)?;
                self.tokens.remove(&id);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whose token `text` is, if anyone's.
    pub fn authenticate(&self, text: &str) -> Option<&Token> {
        let id = text.strip_prefix("quell_")?.split('_').next()?;
        let token = self.tokens.get(id)?;
        let given = Hash::of(text.as_bytes());
        bool::from(given.bytes().ct_eq(token.hash.bytes())).then_some(token)
    }

    /// All tokens that count.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_counts() {
        let new = NewToken::new("alice", vec!["security-leads".into()], &[7; 38]);
        let mut registry = Registry::default();
        registry.tokens.insert(new.token.id.clone(), new.token.clone());
        assert_eq!(registry.authenticate(&new.text), Some(&new.token));
        assert!(!format!("{:?}", new.token).contains(new.text.rsplit('_').next().unwrap()));
        let id_only = format!("quell_{}_", new.token.id);
        for wrong in ["", "quell_", &id_only, &new.text[..new.text.len() - 1], &format!("{}A", new.text)] {
            assert_eq!(registry.authenticate(wrong), None, "{wrong}");
        }
    }
}
