//! The kill test: fifty runs at once, the real binary killed twenty times, each time while the ledger has writes that
//! are announced and not known to be done; and after each start some runs are taken over by a second driver while the
//! first one is at it. What reached AWS is counted by a proxy, and read back; Quell is not asked.
//!
//! A run counts as right when no volume of its instances was snapshotted twice, none of its group's bad rules is left,
//! and at least one message tells of it: the workflow says `on-unknown: repeat` of that.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tests::{Account, Emulator, Host, LedgerFile, People, Proxy, Settings, event, install, until};
use tokio::task::JoinSet;

const RUNS: usize = 50;
const KILLS: usize = 20;
/// How many runs are approved whenever there is nothing else to kill in.
const APPROVED_AT_ONCE: usize = 3;
/// How often one call may be met by a kill. The gate sends a write five times at most before it asks a person, and what
/// is tested here is that none is needed.
const MET: usize = 3;
/// How many runs are taken over by a second driver after each start.
const TAKEN_OVER: usize = 10;
/// For how many looks no more writes must have come before a kill, so that it meets many.
const QUIET: usize = 4;
/// How long a write is on its way, or its reply: long enough to be killed in, and shorter than `absence-after`.
const DELAY: Duration = Duration::from_millis(600);

/// A host that is killed, and its surroundings.
struct Arena {
    emulator: Emulator,
    proxy: Proxy,
    account: Account,
    host: Host,
    people: People,
    /// How often each call was open when the host was killed.
    met: BTreeMap<String, usize>,
}

impl Arena {
    async fn prepare() -> Arena {
        let emulator = Emulator::start();
        let account = Account::prepare(&emulator, RUNS, 1);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let limits = "absence-after = \"3s\"".into();
        let host = Host::start(Settings { endpoint: proxy.endpoint().into(), limits, ..Settings::default() });
        let people = install(&host).await;
        proxy.delay_mutations(DELAY, DELAY);
        Arena { emulator, proxy, account, host, people, met: BTreeMap::new() }
    }

    /// Sends the event of each incident, all at once.
    async fn start_runs(&self) -> Vec<String> {
        let api = self.host.api(&self.people.eventbridge);
        let mut sends = JoinSet::new();
        for (number, incident) in self.account.incidents.iter().enumerate() {
            let (api, event) = (api.clone(), event(&format!("event-{number}"), &incident.group));
            sends.spawn(async move { api.send_event(&event).await });
        }
        sends.join_all().await.into_iter().map(|(run, _)| run).collect()
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
            let status = admin.post(&format!("runs/{run}/resume"), &serde_json::Value::Null).await.status;
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

    /// Approves whatever waits until all runs have ended.
    async fn finish(&self) {
        let ledger = LedgerFile::open(&self.host.data()).await;
        until("the end of all runs", async || {
            self.approve(RUNS).await;
            (ledger.runs("succeeded").await == RUNS as i64).then_some(())
        })
        .await;
    }

    fn assert_no_snapshot_twice_and_no_revocation_lost(&self) {
        let mut snapshotted: BTreeMap<String, usize> = BTreeMap::new();
        let mutations = self.proxy.mutations();
        for request in mutations.iter().filter(|request| request.action == "CreateSnapshot") {
            let volume = request.parameter("VolumeId").expect("a snapshot is of a volume");
            *snapshotted.entry(volume.to_owned()).or_default() += 1;
        }
        let volumes = self.account.incidents.iter().flat_map(|incident| incident.volumes());
        let once: BTreeMap<String, usize> = volumes.map(|volume| (volume.clone(), 1)).collect();
        assert_eq!(snapshotted, once, "each volume is snapshotted once");

        let reading = self.account.read(&self.emulator);
        for incident in &self.account.incidents {
            assert_eq!(reading.groups[&incident.group], incident.good, "{}", incident.group);
            for volume in incident.volumes() {
                assert_eq!(reading.snapshots_of(volume).count(), 1, "{volume}");
            }
        }
    }

    fn assert_all_were_told(&self, runs: &[String]) {
        let messages = self.account.messages(&self.emulator);
        for run in runs {
            assert!(messages.iter().any(|message| message.message.contains(run)), "nobody was told of {run}");
        }
    }
}

/// The open writes that kills met, by kind.
#[derive(Debug, Default)]
struct Met {
    revocations: usize,
    snapshots: usize,
    messages: usize,
}

impl Met {
    /// Counts calls by their keys: `<run>/<step>/<attempt>/<number>`.
    fn count(&mut self, calls: &[String]) {
        for call in calls {
            match call.split('/').nth(1) {
                Some("repair") => self.revocations += 1,
                Some("evidence") => self.snapshots += 1,
                _ => self.messages += 1,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_runs_survive_twenty_kills() {
    let mut arena = Arena::prepare().await;
    let started = Instant::now();
    let runs = arena.start_runs().await;
    assert_eq!(runs.len(), RUNS);

    let (mut position, mut kills, mut met) = (0, 0, Met::default());
    while kills < KILLS {
        let (begin, open) = arena.kill(position).await;
        position = begin;
        // Their outcomes may have come between the look and the kill: such a kill does not count.
        kills += usize::from(!open.is_empty());
        met.count(&open);
        arena.take_over().await;
        // So that kills meet repairs and messages both, side by side.
        arena.approve(1).await;
    }
    arena.proxy.delay_mutations(Duration::ZERO, Duration::ZERO);
    arena.finish().await;

    arena.assert_no_snapshot_twice_and_no_revocation_lost();
    arena.assert_all_were_told(&runs);
    arena.host.verify();
    assert!(met.revocations > 0 && met.snapshots > 0 && met.messages > 0, "no kill met one kind of write: {met:?}");
    let (requests, mutations) = (arena.proxy.requests().len(), arena.proxy.mutations().len());
    let took = started.elapsed().as_secs();
    // Past the capture of the test's output, which is shown of failed tests only.
    let _ = writeln!(
        std::io::stderr(),
        "kill test: {kills} kills, which met {} open revocations, {} snapshots and {} messages; {RUNS} runs, \
         {requests} requests, {mutations} of them mutating, {took} s",
        met.revocations,
        met.snapshots,
        met.messages
    );
}
