//! A stop in order: the real binary is told to by SIGTERM while AWS is slow and many runs have writes in flight. What was
//! sent is counted by a proxy; what is known of it is read from the ledger's file.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cases::case;
use tests::{Account, Arena, Emulator, Host, LedgerFile, Proxy, Settings, event, install, until};
use tokio::task::JoinSet;

const RUNS: usize = 12;
/// How long a write is on its way, or its answer: no call that begins ends before the host is told to stop.
const DELAY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_orderly_stop_nothing_is_unknown() {
    let emulator = Emulator::start();
    let account = Account::prepare(&emulator, RUNS, 1);
    let proxy = Proxy::start(emulator.endpoint()).await;
    let mut host = Host::start(Settings { endpoint: proxy.endpoint().into(), ..Settings::default() });
    let people = install(&host).await;
    proxy.delay_mutations(DELAY, DELAY);
    let mut sends = JoinSet::new();
    for (number, incident) in account.incidents.iter().enumerate() {
        let (api, event) = (host.api(&people.eventbridge), event(&format!("event-{number}"), &incident.group));
        sends.spawn(async move { api.send_event(&event).await });
    }
    sends.join_all().await;

    let ledger = LedgerFile::open(&host.data()).await;
    until("a write in flight of every run", async || (ledger.open_intents(0).await.len() >= RUNS).then_some(())).await;
    let announced = ledger.entries_of_kind("call.intent").await;
    let began = Instant::now();
    let said = host.stop();
    let took = began.elapsed();

    case("F12", "a stop with 12 runs under way, each with writes in flight: writes whose outcome is unknown", 0, {
        ledger.open_intents(0).await.len()
    });
    case("F12", "whether it ends within 30 s", true, took < Duration::from_secs(30));
    // A call that ended while the signal was on its way may have been followed by one more.
    let late = ledger.entries_of_kind("call.intent").await - announced;
    case("F12", "whether writes are begun after the signal", false, late >= RUNS as i64);
    assert!(said.contains("stopping; runs under way: 12; waiting at most 30 s"), "{said}");
    assert!(said.contains("; nothing was cut off"), "{said}");
    let sent = proxy.mutations().len() as i64;
    assert_eq!(ledger.entries_of_kind("call.outcome").await, sent, "each write that was sent has its outcome");
    ledger.close().await;

    proxy.delay_mutations(Duration::ZERO, Duration::ZERO);
    host.restart();
    let arena = Arena::new(host, people);
    arena.finish(RUNS).await;
    let mut snapshots: BTreeMap<String, usize> = BTreeMap::new();
    for request in proxy.mutations().iter().filter(|request| request.action == "CreateSnapshot") {
        *snapshots.entry(request.parameter("VolumeId").expect("a snapshot is of a volume").to_owned()).or_default() +=
            1;
    }
    let volumes = account.incidents.iter().flat_map(|incident| incident.volumes());
    assert_eq!(snapshots, volumes.map(|volume| (volume.clone(), 1)).collect(), "each volume is snapshotted once");
    let reading = account.read(&emulator);
    for incident in &account.incidents {
        assert_eq!(reading.groups[&incident.group], incident.good, "{}", incident.group);
    }
    arena.host.verify();
}
