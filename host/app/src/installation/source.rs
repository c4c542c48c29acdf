//! Who brings an event, and whose events they may bring.
//!
//! A token is trusted for the accounts of its scopes `events:<account>`. A queue or a topic is trusted for its own account,
//! and those that the configuration lists: whoever may write to it can say anything of any account.

use std::collections::BTreeSet;

use registry::TokenScopes;
use workflow::Principal;

use super::{Error, Person, Result};
use crate::config::{Queue, Topic};

/// Who brings an event.
#[derive(Clone, Debug)]
pub struct Source {
    /// Who its runs are started by. No person's name has a colon.
    pub principal: Principal,
    trusted: Trusted,
}

/// Whose events a source may bring.
#[derive(Clone, Debug)]
enum Trusted {
    /// Those of the accounts that the scopes of the token name.
    Scopes(TokenScopes),
    /// Those of these accounts, which the configuration lists.
    Accounts(BTreeSet<String>),
}

impl Source {
    /// Whoever has a token.
    pub fn person(person: &Person) -> Source {
        Source { principal: person.principal(), trusted: Trusted::Scopes(person.scopes.clone()) }
    }

    /// A queue that is read.
    pub fn queue(queue: &Queue) -> Source {
        Source { principal: format!("queue:{}", queue.name()).into(), trusted: Trusted::Accounts(queue.accounts()) }
    }

    /// A topic that sends.
    pub fn topic(topic: &Topic) -> Source {
        Source { principal: format!("topic:{}", topic.name()).into(), trusted: Trusted::Accounts(topic.accounts()) }
    }

    /// Who they are in the ledger.
    pub fn actor(&self) -> String {
        let name = &self.principal.name;
        if name.contains(':') { name.clone() } else { format!("user:{name}") }
    }

    /// Refuses events of an account that it is not trusted for.
    pub fn may_bring(&self, account: &str) -> Result<()> {
        let name = &self.principal.name;
        match &self.trusted {
            Trusted::Scopes(scopes) if scopes.may_send(account) => Ok(()),
            Trusted::Scopes(_) => Err(Error::NoScope { name: name.clone(), needed: vec![format!("events:{account}")] }),
            Trusted::Accounts(accounts) if accounts.contains(account) => Ok(()),
            Trusted::Accounts(_) => Err(Error::Forbidden(format!(
                "`{name}` may not bring events of the account `{account}`: its `accounts` in the configuration does not list it"
            ))),
        }
    }
}
