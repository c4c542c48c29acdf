//! A host that is killed while the ledger has writes that are announced and not known to be done, again and again; and after
//! each start some runs are taken over by a second driver while the first one is at it. What it runs, and what must have
//! come of it, is the tests' to say.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::api::until;
use super::host::Host;
use super::ledger::LedgerFile;
use super::people::People;

/// How many runs are approved whenever there is nothing else to kill in.
const APPROVED_AT_ONCE: usize = 3;
/// How often one call may be met by a kill. The gate sends a write five times at most before it asks a person, and what
/// is tested here is that none is needed.
const MET: usize = 3;
/// How many runs are taken over by a second driver after each start.
const TAKEN_OVER: usize = 10;
/// For how many looks no more writes must have come before a kill, so that it meets many.
const QUIET: usize = 4;

/// A host that is killed.
pub struct Arena {
    /// The host.
    pub host: Host,
    /// Those who use it.
    pub people: People,
    /// How often each call was open when the host was killed.
    met: BTreeMap<String, usize>,
}

impl Arena {
    /// An arena around a host that everything is installed on.
    pub fn new(host: Host, people: People) -> Arena {
        Arena { host, people, met: BTreeMap::new() }
    }

    /// Kills the host `kills` times and starts it again, and approves `approved` of the runs each time. Gives the writes
    /// that were open, by the step that made them: kills that met none, since their outcomes came between the look and the
    /// kill, do not count.
    pub async fn kill_times(&mut self, kills: usize, approved: usize) -> BTreeMap<String, usize> {
        let (mut position, mut counted, mut open) = (0, 0, BTreeMap::new());
        while counted < kills {
            let (begin, calls) = self.kill(position).await;
            position = begin;
            counted += usize::from(!calls.is_empty());
            // Calls by their keys: `<run>/<step>/<attempt>/<number>`.
            for step in calls.iter().filter_map(|call| call.split('/').nth(1)) {
                *open.entry(step.to_owned()).or_default() += 1;
            }
            self.take_over().await;
            // So that kills meet what is before an approval and what is behind it, side by side.
            self.approve(approved).await;
        }
        open
    }

    /// Approves whatever waits until so many runs have succeeded.
    pub async fn finish(&self, runs: usize) {
        let ledger = LedgerFile::open(&self.host.data()).await;
        until("the end of all runs", async || {
            self.approve(runs).await;
            (ledger.runs("succeeded").await == runs as i64).then_some(())
        })
        .await;
    }

    /// Approves up to `count` of the runs that wait for it.
    async fn approve(&self, count: usize) {
        let alice = self.host.api(&self.people.alice);
        let waiting = alice.get("runs?status=waiting&limit=500").await;
        let waiting = waiting["runs"].as_array().cloned().expect("a page has runs");
        for run in waiting.iter().take(count) {
            let run = run["run"].as_str().expect("a run has an id");
            alice.decide(run, "approve", "approve").await.expect_status(200);
        }
    }

    /// Has some of the runs driven anew that are being driven: each has two drivers then, of which one must give way.
    async fn take_over(&self) {
        let admin = self.host.api(&self.people.admin);
        let running = admin.get(&format!("runs?status=running&limit={TAKEN_OVER}")).await;
        for run in running["runs"].as_array().expect("a page has runs") {
            let run = run["run"].as_str().expect("a run has an id");
            // It may have ended meanwhile, which is a conflict.
            let status = admin.post(&format!("runs/{run}/resume"), &Value::Null).await.status;
            assert!([204, 409].contains(&status), "{status}");
        }
    }

    /// Kills the host once writes are open, and no more are coming, that it announced since `position`, and starts it
    /// again. Gives the position where the new life begins, and the writes that were open.
    async fn kill(&mut self, position: i64) -> (i64, Vec<String>) {
        let ledger = LedgerFile::open(&self.host.data()).await;
        let (most, quiet) = (Cell::new(0), Cell::new(0));
        until("an open write", async || {
            let (open, fresh) = (ledger.open_intents(0).await, ledger.open_intents(position).await);
            if open.is_empty() {
                self.approve(APPROVED_AT_ONCE).await;
            }
            let is_spared = |call: &String| self.met.get(call).is_some_and(|times| *times >= MET);
            quiet.set(if fresh.len() > most.get() { 0 } else { quiet.get() + 1 });
            most.set(most.get().max(fresh.len()));
            (!fresh.is_empty() && quiet.get() >= QUIET && !open.iter().any(is_spared)).then_some(())
        })
        .await;
        self.host.kill();
        let fresh = ledger.open_intents(position).await;
        for call in ledger.open_intents(0).await {
            *self.met.entry(call).or_default() += 1;
        }
        let position = ledger.position().await;
        // So that the host, as after any crash, is the one who recovers the file.
        ledger.close().await;
        self.host.restart();
        (position, fresh)
    }
}
