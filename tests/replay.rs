//! Replay, end to end: the real binary is killed behind the third call of a real plugin, and started again. What the
//! ledger has of those calls is never sent again: counted at the proxy, not by Quell.
//!
//! That a plugin which calls otherwise on replay is stopped is tested with the driver (`host/runner/tests/replay.rs`),
//! since a plugin that is built right cannot be made to.

use std::collections::BTreeMap;
use std::time::Duration;

use tests::{Account, Emulator, Host, LedgerFile, Proxy, Settings, event, install, until};

/// How long a write is on its way, or its reply: long enough to be killed in.
const DELAY: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_the_kill_is_not_sent_after_it() {
    let emulator = Emulator::start();
    let account = Account::prepare(&emulator, 1, 1);
    let proxy = Proxy::start(emulator.endpoint()).await;
    let limits = "request-timeout = \"5s\"\nabsence-after = \"5s\"".into();
    let mut host = Host::start(Settings { endpoint: proxy.endpoint().into(), limits, ..Settings::default() });
    let people = install(&host).await;
    proxy.delay_mutations(DELAY, DELAY);
    let group = &account.incidents[0].group;
    let (run, _) = host.api(&people.eventbridge).send_event(&event("replay", group)).await;

    // `sg-revoke-open-ports` reads the group, reads the prefix list, and revokes six sources.
    let ledger = LedgerFile::open(&host.data()).await;
    until("three answers", async || (ledger.answers("repair").await >= 3).then_some(())).await;
    host.kill();
    let answered = ledger.answers("repair").await;
    assert!((3..8).contains(&answered), "{answered} of 8 calls were answered before the kill");
    ledger.close().await;
    host.restart();
    host.api(&people.alice).run_that_waits(&run).await;

    let requests = proxy.requests();
    let lists = requests.iter().filter(|request| request.action == "GetManagedPrefixListEntries").count();
    assert_eq!(lists, 1, "a recorded read is answered from the ledger");
    let mut revoked: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests.iter().filter(|request| request.action == "RevokeSecurityGroupIngress") {
        *revoked.entry(format!("{:?}", request.parameters)).or_default() += 1;
    }
    assert_eq!(revoked.len(), account.incidents[0].bad.len());
    assert!(revoked.values().all(|sent| *sent == 1), "a write is sent once: {revoked:#?}");
    assert_eq!(account.read(&emulator).groups[group], account.incidents[0].good);
    host.verify();
}
