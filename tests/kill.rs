//! The kill test: fifty runs at once, the real binary killed twenty times, each time while the ledger has writes that
//! are announced and not known to be done; and after each start some runs are taken over by a second driver while the
//! first one is at it. What reached AWS is counted by a proxy, and read back; Quell is not asked.
//!
//! A run counts as right when no volume of its instances was snapshotted twice, none of its group's bad rules is left,
//! and at least one message tells of it: the workflow says `on-unknown: repeat` of that.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tests::{Account, Arena, Emulator, Host, Proxy, Settings, event, install};
use tokio::task::JoinSet;

const RUNS: usize = 50;
const KILLS: usize = 20;
/// How long a write is on its way, or its reply: long enough to be killed in, and shorter than `request-timeout`.
const DELAY: Duration = Duration::from_millis(600);

/// What stands around the host.
struct World {
    emulator: Emulator,
    proxy: Proxy,
    account: Account,
}

impl World {
    async fn prepare() -> (World, Arena) {
        let emulator = Emulator::start();
        let account = Account::prepare(&emulator, RUNS, 1);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let limits = "request-timeout = \"10s\"\nabsence-after = \"10s\"".into();
        let host = Host::start(Settings { endpoint: proxy.endpoint().into(), limits, ..Settings::default() });
        let people = install(&host).await;
        proxy.delay_mutations(DELAY, DELAY);
        (World { emulator, proxy, account }, Arena::new(host, people))
    }

    /// Sends the event of each incident, all at once.
    async fn start_runs(&self, arena: &Arena) -> Vec<String> {
        let api = arena.host.api(&arena.people.eventbridge);
        let mut sends = JoinSet::new();
        for (number, incident) in self.account.incidents.iter().enumerate() {
            let (api, event) = (api.clone(), event(&format!("event-{number}"), &incident.group));
            sends.spawn(async move { api.send_event(&event).await });
        }
        sends.join_all().await.into_iter().map(|(run, _)| run).collect()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_runs_survive_twenty_kills() {
    let (world, mut arena) = World::prepare().await;
    let started = Instant::now();
    let runs = world.start_runs(&arena).await;
    assert_eq!(runs.len(), RUNS);

    let met = arena.kill_times(KILLS, 1).await;
    world.proxy.delay_mutations(Duration::ZERO, Duration::ZERO);
    arena.finish(RUNS).await;

    world.assert_no_snapshot_twice_and_no_revocation_lost();
    world.assert_all_were_told(&runs);
    arena.host.verify();
    let steps = ["repair", "evidence", "notify"];
    assert!(steps.iter().all(|step| met.contains_key(*step)), "no kill met one kind of write: {met:?}");
    let (requests, mutations) = (world.proxy.requests().len(), world.proxy.mutations().len());
    let took = started.elapsed().as_secs();
    // Past the capture of the test's output, which is shown of failed tests only.
    let _ = writeln!(
        std::io::stderr(),
        "kill test: {KILLS} kills, which met open writes of {met:?}; {RUNS} runs, {requests} requests, {mutations} of them \
         mutating, {took} s"
    );
}
