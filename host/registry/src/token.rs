//! Tokens: who may speak to the API. Shown once, kept as a hash, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Draft, Hash, Malformed, Millis, Record};
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::read::facts;
use crate::{Registry, TokenScopes};

/// A token as it is known: not the token itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The public part, by which it is found.
    pub id: String,
    /// Whose it is, and what it may do.
    pub terms: TokenTerms,
    /// Whether it was made before there were scopes, so that its groups say what it may do.
    pub by_groups: bool,
    /// SHA-256 of the whole token.
    pub hash: Hash,
    /// When it was made.
    pub created: Millis,
    /// Who made it, as an actor: `user:<name>`, or `host` for the first one and those that replaced it.
    pub by: String,
    /// The token that it was made with.
    pub creator: Option<String>,
    /// When it was last used, by what is on record: that is noted once a day at most.
    pub used: Option<Millis>,
}

/// What is stated when a token is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenTerms {
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub scopes: TokenScopes,
    /// The groups that its owner is in, as approvals name them.
    pub groups: Vec<String>,
    /// From when on it does not count any more.
    pub expires: Option<Millis>,
}

/// The form of a token in the ledger.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StoredToken {
    id: String,
    name: String,
    groups: Vec<String>,
    hash: Hash,
    /// The first ledgers have tokens without these.
    scopes: Option<TokenScopes>,
    expires: Option<Millis>,
    creator: Option<String>,
    /// The tokens that it replaces.
    #[serde(default)]
    replaces: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// A token that was just made: the only moment at which its text exists.
pub struct NewToken {
    /// What its owner gets, once: `quell_<id>_<secret>`.
    pub text: String,
    /// The public part.
    pub id: String,
    /// What it may do.
    pub terms: TokenTerms,
    /// The token that it was made with.
    pub creator: Option<String>,
    hash: Hash,
}

/// What a text is that somebody gives as a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Authenticated<'a> {
    /// A token that counts.
    Token(&'a Token),
    /// A token that counted until its time was over.
    Expired(&'a Token),
    /// None.
    Unknown,
}

impl NewToken {
    /// A token of 256 random bits, of which 48 more are its public id.
    pub fn new(terms: TokenTerms, creator: Option<String>, random: &[u8; 38]) -> NewToken {
        let (id, secret) = random.split_at(6);
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("quell_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let hash = Hash::of(text.as_bytes());
        NewToken { text, id, terms, creator, hash }
    }

    fn stored(&self, replaces: Vec<String>) -> StoredToken {
        let TokenTerms { name, scopes, groups, expires } = self.terms.clone();
        let (id, creator) = (self.id.clone(), self.creator.clone());
        StoredToken { id, name, groups, hash: self.hash, scopes: Some(scopes), expires, creator, replaces }
    }
}

/// The entry of a new token.
pub fn token_created(new: &NewToken, time: Millis, by: &str) -> Draft {
    Draft::new("token.created", time, by, json!(new.stored(vec![])))
}

/// The entry of a token that whoever has the data folder made, and of those that do not count any more for it.
pub fn token_recovered(new: &NewToken, replaces: Vec<String>, time: Millis) -> Draft {
    Draft::new("token.recovered", time, "host", json!(new.stored(replaces)))
}

/// The entry of a token that no longer counts.
pub fn token_revoked(id: &str, time: Millis, by: &str) -> Draft {
    Draft::new("token.revoked", time, by, json!({ "id": id }))
}

/// The entry of a token that was used. Its time is that of the use.
pub fn token_used(id: &str, time: Millis) -> Draft {
    Draft::new("token.used", time, "host", json!({ "id": id }))
}

impl Token {
    /// Whether it still counts at this time.
    pub fn counts_at(&self, now: Millis) -> bool {
        self.terms.expires.is_none_or(|expires| now < expires)
    }

    fn of(stored: StoredToken, record: &Record) -> Token {
        let StoredToken { id, name, groups, hash, scopes, expires, creator, .. } = stored;
        let by_groups = scopes.is_none();
        let scopes = scopes.unwrap_or_else(|| TokenScopes::of_groups(&groups));
        let terms = TokenTerms { name, scopes, groups, expires };
        let (created, by) = (record.entry.time, record.entry.actor.clone());
        Token { id, terms, by_groups, hash, created, by, creator, used: None }
    }
}

impl Registry {
    pub(crate) fn apply_token(&mut self, record: &Record) -> Result<(), Malformed> {
        match record.entry.kind.as_str() {
            "token.created" | "token.recovered" => {
                let mut stored: StoredToken = facts(record)?;
                for replaced in std::mem::take(&mut stored.replaces) {
                    self.tokens.remove(&replaced);
                }
                let token = Token::of(stored, record);
                self.remember_maker(&token);
                self.tokens.insert(token.id.clone(), token);
            }
            "token.revoked" => {
                let Named { id } = facts(record)?;
                self.tokens.remove(&id);
            }
            "token.used" => {
                let Named { id } = facts(record)?;
                if let Some(token) = self.tokens.get_mut(&id) {
                    token.used = token.used.max(Some(record.entry.time));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whose token `text` is, if anyone's.
    pub fn authenticate(&self, text: &str, now: Millis) -> Authenticated<'_> {
        let id = text.strip_prefix("quell_").and_then(|rest| rest.split('_').next());
        let Some(token) = id.and_then(|id| self.tokens.get(id)) else { return Authenticated::Unknown };
        let given = Hash::of(text.as_bytes());
        match (bool::from(given.bytes().ct_eq(token.hash.bytes())), token.counts_at(now)) {
            (true, true) => Authenticated::Token(token),
            (true, false) => Authenticated::Expired(token),
            (false, _) => Authenticated::Unknown,
        }
    }

    /// All tokens that were made and not revoked, those that have expired included.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ScopeKind;

    fn record(draft: &Draft) -> Record {
        Record { entry: draft.seal("system", 1, Hash::ZERO), data: draft.data.clone(), payloads: Default::default() }
    }

    fn new() -> NewToken {
        let scopes = TokenScopes::parse(&["read".into()]).unwrap();
        let groups = vec!["security-leads".into()];
        NewToken::new(TokenTerms { name: "alice".into(), scopes, groups, expires: Some(1_000) }, None, &[7; 38])
    }

    #[test]
    fn only_the_whole_token_counts_and_only_until_it_expires() {
        let new = new();
        let mut registry = Registry::default();
        registry.apply(&record(&token_created(&new, 5, "user:admin"))).unwrap();
        let token = registry.tokens().next().unwrap();
        assert_eq!((token.terms.clone(), token.created, token.by.as_str()), (new.terms.clone(), 5, "user:admin"));
        assert!(!token.by_groups);
        assert_eq!(registry.authenticate(&new.text, 999), Authenticated::Token(token));
        assert_eq!(registry.authenticate(&new.text, 1_000), Authenticated::Expired(token));
        assert!(!format!("{token:?}").contains(new.text.rsplit('_').next().unwrap()));
        let id_only = format!("quell_{}_", new.id);
        for wrong in ["", "quell_", &id_only, &new.text[..new.text.len() - 1], &format!("{}A", new.text)] {
            assert_eq!(registry.authenticate(wrong, 0), Authenticated::Unknown, "{wrong}");
        }
    }

    #[test]
    fn a_token_of_before_there_were_scopes_may_what_its_groups_let_it_do() {
        for (groups, may) in [
            (json!([]), "read, start:*, events:*"),
            (json!(["security-leads"]), "read, start:*, events:*"),
            (json!(["operators"]), "read, start:*, events:*, operate"),
            (json!(["admins"]), "read, start:*, events:*, operate, author, admin, audit"),
        ] {
            let mut draft = token_created(&new(), 5, "user:admin");
            let Value::Object(data) = &mut draft.data else { panic!("an entry has fields") };
            data.retain(|name, _| ["id", "name", "hash"].contains(&name.as_str()));
            data.insert("groups".into(), groups);
            let mut registry = Registry::default();
            registry.apply(&record(&draft)).unwrap();
            let token = registry.tokens().next().unwrap();
            assert_eq!((token.terms.scopes.to_string().as_str(), token.by_groups), (may, true));
        }
    }

    #[test]
    fn groups_of_a_token_with_scopes_let_it_do_nothing() {
        let mut new = new();
        new.terms.groups = vec!["admins".into()];
        let mut registry = Registry::default();
        registry.apply(&record(&token_created(&new, 5, "user:admin"))).unwrap();
        assert!(!registry.tokens().next().unwrap().terms.scopes.has(ScopeKind::Admin));
    }

    #[test]
    fn a_recovered_token_replaces_others_and_uses_are_remembered() {
        let (first, second) = (new(), NewToken::new(new().terms, None, &[8; 38]));
        let mut registry = Registry::default();
        registry.apply(&record(&token_created(&first, 5, "host"))).unwrap();
        registry.apply(&record(&token_used(&first.id, 6))).unwrap();
        assert_eq!(registry.tokens().next().unwrap().used, Some(6));
        registry.apply(&record(&token_recovered(&second, vec![first.id.clone()], 7))).unwrap();
        let ids: Vec<&str> = registry.tokens().map(|token| token.id.as_str()).collect();
        assert_eq!(ids, [second.id]);
        // One that was revoked meanwhile has no use to be remembered.
        registry.apply(&record(&token_used(&first.id, 8))).unwrap();
    }
}
