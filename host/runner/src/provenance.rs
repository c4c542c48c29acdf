//! Who had a part in a run, as the ledger has it: with which token, and who made that token.

use std::collections::BTreeSet;

use ledger::{Filter, LedgerError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use workflow::{Principal, TokenMaker};

use crate::Runner;
use crate::record::people_of;

/// How many times that a run was retried are looked at.
const RETRIES: u32 = 500;

/// The stored form of the token that somebody spoke with.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StoredToken {
    token: String,
    made_by: Vec<StoredMaker>,
}

#[derive(Serialize, Deserialize)]
struct StoredMaker {
    name: String,
    token: Option<String>,
}

/// The stored form of somebody whose name stands elsewhere: the token, if any.
pub(crate) fn token_value(principal: &Principal) -> Value {
    let Principal { token, makers, .. } = principal;
    let makers = makers.iter().map(|maker| StoredMaker { name: maker.name.clone(), token: maker.token.clone() });
    json!(token.as_ref().map(|token| StoredToken { token: token.clone(), made_by: makers.collect() }))
}

/// Somebody of this name, with the token that is stored.
pub(crate) fn with_token(name: String, token: &Value) -> Result<Principal, serde_json::Error> {
    let stored = Option::<StoredToken>::deserialize(token)?;
    let Some(StoredToken { token, made_by }) = stored else { return Ok(name.into()) };
    let makers = made_by.into_iter().map(|StoredMaker { name, token }| TokenMaker { name, token }).collect();
    Ok(Principal { name, token: Some(token), makers })
}

/// The stored form of several.
pub(crate) fn people_value(people: &[Principal]) -> Value {
    people.iter().map(|who| json!({ "name": who.name, "with": token_value(who) })).collect()
}

/// Several, as they are stored. The first ledgers have none.
pub(crate) fn people(stored: &Value) -> Result<Vec<Principal>, serde_json::Error> {
    let Some(stored) = stored.as_array() else { return Ok(Vec::new()) };
    let one = |who: &Value| with_token(String::deserialize(&who["name"])?, &who["with"]);
    stored.iter().map(one).collect()
}

impl Runner {
    /// Who had a part in that these runs are, and go on: who started them, or what caused them, and who retried them.
    pub async fn people_behind(&self, runs: &BTreeSet<String>) -> Result<Vec<Principal>, LedgerError> {
        let mut people: Vec<Principal> = Vec::new();
        for run in runs {
            for (kind, limit) in [("run.started", 1), ("run.retried", RETRIES)] {
                let (run, kind) = (Some(run.clone()), Some(kind.into()));
                let filter = Filter { run, kind, limit, without: &["*"], ..Filter::default() };
                for (_, record) in self.ledger.query(&filter).await? {
                    // One that cannot be read keeps nothing else from starting.
                    let found = people_of(&record).unwrap_or_else(|error| {
                        tracing::error!(%error, "who had a part in a run that caused another cannot be read");
                        vec![]
                    });
                    for who in found {
                        if !people.contains(&who) {
                            people.push(who);
                        }
                    }
                }
            }
        }
        Ok(people)
    }
}
