//! People: whose token it is, and what it may do.

use std::collections::BTreeSet;

use registry::{NewToken, token_created, token_revoked};

use super::{Error, Installation, Result};

/// The group that may change the installation: plugins, grants, workflows, tokens, secrets.
pub const ADMINS: &str = "admins";

/// The group that may operate runs: cancel and resume them, and tell what became of a write.
pub const OPERATORS: &str = "operators";

/// Who speaks to the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their groups.
    pub groups: BTreeSet<String>,
}

impl Person {
    /// Who they are in the ledger.
    pub fn actor(&self) -> String {
        format!("user:{}", self.name)
    }

    /// Refuses whoever may not change the installation.
    pub fn must_be_admin(&self) -> Result<()> {
        self.must_be_in(&[ADMINS])
    }

    /// Refuses whoever may not operate runs.
    pub fn must_be_operator(&self) -> Result<()> {
        self.must_be_in(&[OPERATORS, ADMINS])
    }

    fn must_be_in(&self, groups: &[&str]) -> Result<()> {
        if groups.iter().any(|group| self.groups.contains(*group)) {
            return Ok(());
        }
        let groups = groups.join("` or `");
        Err(Error::Forbidden(format!("`{}` is not in the group `{groups}`, which this needs", self.name)))
    }
}

impl Installation {
    /// Whose token this is.
    pub fn authenticate(&self, token: &str) -> Option<Person> {
        let known = self.known.read();
        let token = known.authenticate(token)?;
        Some(Person { name: token.name.clone(), groups: token.groups.iter().cloned().collect() })
    }

    /// Makes a token. Its text is in the answer and nowhere else.
    pub async fn create_token(&self, name: &str, groups: Vec<String>, by: &str) -> Result<NewToken> {
        let new = self.new_token(name, groups)?;
        self.keep_token(&new, by).await?;
        Ok(new)
    }

    /// A token that does not count yet.
    pub(super) fn new_token(&self, name: &str, groups: Vec<String>) -> Result<NewToken> {
        for word in groups.iter().map(String::as_str).chain([name]) {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
            if word.is_empty() || word.len() > 64 || !word.chars().all(allowed) {
                let rule = "at most 64 letters, digits, `-`, `_`, `.` and `@`";
                return Err(Error::Invalid(format!("{word:?} is no name of a person or a group: {rule}")));
            }
        }
        let mut random = [0; 38];
        getrandom::fill(&mut random).map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(NewToken::new(name, groups, &random))
    }

    /// Makes a token count.
    pub(super) async fn keep_token(&self, new: &NewToken, by: &str) -> Result<()> {
        let mut change = self.known.change().await;
        Ok(change.append(token_created(&new.token, self.known.now(), by)).await?)
    }

    /// Makes a token count no more.
    pub async fn revoke_token(&self, id: &str, by: &Person) -> Result<()> {
        let mut change = self.known.change().await;
        {
            let known = self.known.read();
            let mut admins = known.tokens().filter(|token| token.groups.iter().any(|group| group == ADMINS));
            if admins.all(|token| token.id == id) && known.tokens().any(|token| token.id == id) {
                let message = format!("this is the last token of the group `{ADMINS}`: make another one first");
                return Err(Error::Conflict(message));
            }
            if !known.tokens().any(|token| token.id == id) {
                return Err(Error::NotFound { what: "token", name: id.into() });
            }
        }
        Ok(change.append(token_revoked(id, self.known.now(), &by.actor())).await?)
    }
}
