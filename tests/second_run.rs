//! A second run of each plugin on a repaired account sends nothing that changes anything: counted at the proxy, not by
//! Quell.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::json;
use tests::{Account, Api, Emulator, Host, Incident, People, Proxy, Settings, event, install};

/// The shipped workflow knows an event that comes again, and does nothing. This one runs the plugins as often as asked.
const AGAIN: &str = "\
name: again
inputs:
  group_id: { type: string }
steps:
  - id: repair
    plugin: sg-revoke-open-ports
    with: { group_id: \"${{ inputs.group_id }}\" }
  - id: evidence
    plugin: snapshot-volumes
    with: { group_id: \"${{ inputs.group_id }}\", incident: case-1 }
";

/// A host with everything installed, and its surroundings.
struct World {
    emulator: Emulator,
    proxy: Proxy,
    account: Account,
    host: Host,
    people: People,
}

impl World {
    async fn prepare() -> World {
        let emulator = Emulator::start();
        let account = Account::prepare(&emulator, 1, 2);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let host = Host::start(Settings { endpoint: proxy.endpoint().into(), ..Settings::default() });
        let people = install(&host).await;
        World { emulator, proxy, account, host, people }
    }

    fn incident(&self) -> &Incident {
        &self.account.incidents[0]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_on_a_repaired_account_sends_zero_mutating_requests() {
    let world = World::prepare().await;
    let admin = world.host.api(&world.people.admin);
    let put = admin.put_document("workflows/again", "application/yaml", AGAIN.into()).await;
    assert!((200..300).contains(&put.status), "{put:?}");

    run_again(&admin, world.incident()).await;
    let writes = world.incident().bad.len() + world.incident().volumes().count();
    assert_eq!(world.proxy.mutations().len(), writes, "the first run repairs");
    let repaired = world.account.read(&world.emulator);

    world.proxy.clear();
    run_again(&admin, world.incident()).await;
    assert!(!world.proxy.requests().is_empty(), "the plugins look before they write");
    assert_eq!(world.proxy.mutations(), []);
    let again = world.account.read(&world.emulator);
    assert_eq!((again.groups, again.snapshots.len()), (repaired.groups, repaired.snapshots.len()));
}

async fn run_again(admin: &Api, incident: &Incident) {
    let inputs = json!({ "group_id": incident.group });
    let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": inputs });
    let started = admin.post("workflows/again/runs", &start).await.expect_status(202);
    admin.run_that_ended(started["run"].as_str().expect("a run has an id"), "succeeded").await;
}

/// notify-sns cannot see whether the others know already. What keeps it from telling them twice is Quell: the same event
/// is the same run, and a step that has ended never runs again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_again_sends_nothing_at_all() {
    let world = World::prepare().await;
    let (alice, eventbridge) = (world.host.api(&world.people.alice), world.host.api(&world.people.eventbridge));
    let event = event("same", &world.incident().group);
    let (run, _) = eventbridge.send_event(&event).await;
    alice.run_that_waits(&run).await;
    alice.decide(&run, "approve", "approve").await.expect_status(200);
    alice.run_that_ended(&run, "succeeded").await;
    assert!(!world.proxy.mutations().is_empty(), "the first time repairs");

    world.proxy.clear();
    assert_eq!(eventbridge.send_event(&event).await, (run.clone(), true));
    alice.decide(&run, "approve", "approve").await.expect_status(200);
    alice.run_that_ended(&run, "succeeded").await;
    assert_eq!(world.proxy.requests(), []);
    assert_eq!(world.account.messages(&world.emulator).len(), 1);
}
