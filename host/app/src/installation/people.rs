//! People: whose token it is, and what it may do.

use std::collections::BTreeSet;

use ledger::Millis;
use registry::{Authenticated, NewToken, ScopeKind, Token, TokenScopes, TokenTerms, token_created, token_revoked};

use workflow::{Principal, TokenMaker};

use super::{Error, Installation, Result, token_uses};

/// How many tokens may be made one with the other: each run and decision has all of them on record.
const MAX_MAKERS: usize = 16;

/// Who speaks to the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// The id of their token.
    pub token: String,
    /// Who made the token, who made the one that it was made with, and so on.
    pub makers: Vec<TokenMaker>,
    /// What the token may do.
    pub scopes: TokenScopes,
    /// When it expires.
    pub expires: Option<Millis>,
}

/// Who a token says is speaking.
pub enum Caller {
    /// This person.
    Person(Person),
    /// A person whose token does not count any more.
    Expired {
        /// Since when.
        at: Millis,
    },
    /// Nobody who is known here.
    Unknown,
}

/// A token as an administrator sees it.
pub struct TokenView {
    /// What the ledger says.
    pub token: Token,
    /// Whether it counts now.
    pub counts: bool,
    /// When it was last used.
    pub last_used: Option<Millis>,
}

impl Person {
    /// Who they are in the ledger.
    pub fn actor(&self) -> String {
        format!("user:{}", self.name)
    }

    /// Who they are where it matters that two people are two.
    pub fn principal(&self) -> Principal {
        Principal { name: self.name.clone(), token: Some(self.token.clone()), makers: self.makers.clone() }
    }

    /// The refusal of what needs one of these scopes.
    pub fn lacks(&self, needed: &[String]) -> Error {
        Error::NoScope { name: self.name.clone(), needed: needed.to_vec() }
    }

    /// Whether they may look at a run that was started so: all of them, or those that were started with the same token.
    pub fn may_see(&self, started_by: &Principal) -> bool {
        self.scopes.has(ScopeKind::Read) || started_by.token.as_ref() == Some(&self.token)
    }

    fn of(token: &Token, makers: Vec<TokenMaker>) -> Person {
        let TokenTerms { name, scopes, groups, expires } = token.terms.clone();
        Person { name, groups: groups.into_iter().collect(), token: token.id.clone(), makers, scopes, expires }
    }
}

impl Installation {
    /// Whose token this is.
    pub fn authenticate(&self, token: &str) -> Caller {
        let known = self.known.read();
        match known.authenticate(token, self.known.now()) {
            Authenticated::Token(token) => {
                token_uses::saw(&self.token_uses, &self.known, token, self.known.now());
                Caller::Person(Person::of(token, known.makers(&token.id)))
            }
            Authenticated::Expired(token) => Caller::Expired { at: token.terms.expires.unwrap_or_default() },
            Authenticated::Unknown => Caller::Unknown,
        }
    }

    /// All tokens, those that have expired included.
    pub fn tokens(&self) -> Vec<TokenView> {
        let now = self.known.now();
        let known = self.known.read();
        let view = |token: &Token| TokenView {
            token: token.clone(),
            counts: token.counts_at(now),
            last_used: self.token_uses.last(token),
        };
        known.tokens().map(view).collect()
    }

    /// Makes a token. Its text is in the answer and nowhere else.
    pub async fn create_token(&self, terms: TokenTerms, by: &Person) -> Result<NewToken> {
        if by.makers.len() >= MAX_MAKERS {
            return Err(Error::Conflict(format!(
                "your token was made through {MAX_MAKERS} others, one after the other: make this one with one of those"
            )));
        }
        self.make_token(terms, Some(by.token.clone()), &by.actor()).await
    }

    /// The same, as any actor.
    pub(crate) async fn make_token(&self, terms: TokenTerms, creator: Option<String>, by: &str) -> Result<NewToken> {
        let new = new_token(terms, creator, self.known.now())?;
        self.keep_token(&new, by).await?;
        Ok(new)
    }

    async fn keep_token(&self, new: &NewToken, by: &str) -> Result<()> {
        let mut change = self.known.change().await;
        Ok(change.append(token_created(new, self.known.now(), by)).await?)
    }

    /// Revokes a token: it does not count from the next request on.
    pub async fn revoke_token(&self, id: &str, by: &Person) -> Result<()> {
        let mut change = self.known.change().await;
        {
            let (known, now) = (self.known.read(), self.known.now());
            let admins = |token: &&Token| token.terms.scopes.has(ScopeKind::Admin) && token.counts_at(now);
            let mut other_admins = known.tokens().filter(admins).filter(|token| token.id != id);
            let Some(token) = known.tokens().find(|token| token.id == id) else {
                return Err(Error::NotFound { what: "token", name: id.into() });
            };
            if token.terms.scopes.has(ScopeKind::Admin) && other_admins.next().is_none() {
                let message = "this is the last token with the scope `admin`: make another one first";
                return Err(Error::Conflict(message.into()));
            }
        }
        Ok(change.append(token_revoked(id, self.known.now(), &by.actor())).await?)
    }

    /// The first token, when none was ever made. `show` is given its text before it counts: a crash in between leaves one
    /// that is worth nothing, and the next start makes another.
    pub async fn first_token(&self, show: impl FnOnce(&str) -> std::io::Result<()>) -> anyhow::Result<()> {
        if self.known.read().tokens().next().is_some() {
            return Ok(());
        }
        let new = new_token(administrator("admin"), None, self.known.now())?;
        show(&new.text)?;
        Ok(self.keep_token(&new, "host").await?)
    }
}

/// What the first token may do: everything but decide, which groups are for.
pub(super) fn administrator(name: &str) -> TokenTerms {
    TokenTerms { name: name.into(), scopes: TokenScopes::all(), groups: vec![], expires: None }
}

/// A token that does not count yet.
pub(super) fn new_token(terms: TokenTerms, creator: Option<String>, now: Millis) -> Result<NewToken> {
    let TokenTerms { name, scopes, groups, expires } = &terms;
    for word in groups.iter().chain([name]) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if word.is_empty() || word.len() > 64 || !word.chars().all(allowed) {
            let rule = "at most 64 letters, digits, `-`, `_`, `.` and `@`";
            return Err(Error::Invalid(format!("{word:.70?} is no name of a person or a group: {rule}")));
        }
    }
    if scopes.is_empty() {
        let forms = ScopeKind::ALL.map(ScopeKind::form).join("`, `");
        return Err(Error::Invalid(format!("a token needs at least one scope: there are `{forms}`")));
    }
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Error::Invalid("a token cannot expire in the past: it would never count".into()));
    }
    let mut random = [0; 38];
    getrandom::fill(&mut random).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(NewToken::new(terms, creator, &random))
}
