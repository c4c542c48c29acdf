//! Who had a part in that runs are, and go on, read from the ledger.

use std::collections::BTreeSet;

use ledger::{Filter, LedgerError};
use workflow::Principal;

use crate::Runner;
use crate::record::people_of;

/// How many times that a run was retried are looked at.
const RETRIES: u32 = 500;

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
