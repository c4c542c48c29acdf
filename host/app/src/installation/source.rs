//! Who brings an event, and whose events they may bring.
//!
//! A token is trusted for all accounts that are configured: it is given to somebody. A queue or a topic is trusted for its
//! own account, and those that the configuration lists: whoever may write to it can say anything of any account.

use std::collections::BTreeSet;

use super::{Error, Person, Result};
use crate::config::{Queue, Topic};

/// Who brings an event.
#[derive(Clone, Debug)]
pub struct Source {
    /// Who its runs are started by. No person's name has a colon.
    pub name: String,
    accounts: Option<BTreeSet<String>>,
}

impl Source {
    /// Whoever has a token.
    pub fn person(person: &Person) -> Source {
        Source { name: person.name.clone(), accounts: None }
    }

    /// A queue that is read.
    pub fn queue(queue: &Queue) -> Source {
        Source { name: format!("queue:{}", queue.name()), accounts: Some(queue.accounts()) }
    }

    /// A topic that sends.
    pub fn topic(topic: &Topic) -> Source {
        Source { name: format!("topic:{}", topic.name()), accounts: Some(topic.accounts()) }
    }

    /// Who they are in the ledger.
    pub fn actor(&self) -> String {
        if self.name.contains(':') { self.name.clone() } else { format!("user:{}", self.name) }
    }

    /// Refuses events of an account that it is not trusted for.
    pub fn may_bring(&self, account: &str) -> Result<()> {
        if self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account)) {
            return Ok(());
        }
        let name = &self.name;
        Err(Error::Forbidden(format!(
            "`{name}` may not bring events of the account `{account}`: its `accounts` in the configuration does not list it"
        )))
    }
}
