//! The kill test on the whole incident response: fifty incidents at once, the real binary killed twenty times while writes
//! are on their way to EC2, IAM, S3 and ServiceNow. What reached AWS is read back, and the stand-ins say what they got.
//!
//! A run counts as right when its incident is contained as if nothing had happened, each volume was snapshotted once, and
//! there is one ticket. Slack is told once or more: the workflow says `on-unknown: repeat` of that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Arena, Scene, assert_credentials_are_worth_nothing};
use tokio::task::JoinSet;

const INCIDENTS: usize = 50;
const KILLS: usize = 20;
/// How long a write is on its way, or its reply: long enough to be killed in, and shorter than `request-timeout`.
const DELAY: Duration = Duration::from_millis(400);
/// The same at Slack and ServiceNow, which get one write where AWS gets twenty.
const SERVICES_DELAY: Duration = Duration::from_millis(1_500);
/// How many runs are approved after each kill, so that kills meet what is behind an approval.
const APPROVED: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_incidents_survive_twenty_kills() {
    let limits = "request-timeout = \"10s\"\nabsence-after = \"10s\"".into();
    let scene = Scene::with(INCIDENTS, SERVICES_DELAY, limits).await;
    let Scene { emulator, proxy, estate, services, host, people } = scene;
    let (before, started) = (estate.read(&emulator), Instant::now());
    proxy.delay_mutations(DELAY, DELAY);
    let mut arena = Arena::new(host, people);

    // Of three incidents, two are about the instance and one about the key.
    let mut sends = JoinSet::new();
    for (number, incident) in estate.incidents.iter().enumerate() {
        let kind = if number % 3 == 2 { "key" } else { "instance" };
        let (api, event) = (arena.host.api(&arena.people.eventbridge), incident.events[kind].clone());
        sends.spawn(async move { api.send_event(&event).await.0 });
    }
    let runs: BTreeSet<String> = sends.join_all().await.into_iter().collect();
    assert_eq!(runs.len(), INCIDENTS);

    let met = arena.kill_times(KILLS, APPROVED).await;
    proxy.delay_mutations(Duration::ZERO, Duration::ZERO);
    arena.finish(INCIDENTS).await;

    let state = estate.read(&emulator);
    for (number, (incident, now)) in estate.incidents.iter().zip(&state.incidents).enumerate() {
        let name = &incident.name;
        let was = &before.incidents[number];
        let taken = |volume: &String| state.snapshots.iter().filter(|snapshot| snapshot.volume == *volume).count();
        if number % 3 == 2 {
            assert_credentials_are_worth_nothing(name, now);
            assert_eq!((&now.interfaces, &now.tags), (&was.interfaces, &was.tags), "{name}: not its instance");
            continue;
        }
        let groups = now.groups();
        assert_eq!(groups.len(), 1, "{name}: {:?}", now.interfaces);
        let group = &state.groups[groups[0]];
        assert_eq!((group.ingress, group.egress), (0, 0), "{name}: no way in and none out");
        assert!(now.protected, "{name}");
        assert!(incident.volumes.iter().all(|volume| taken(volume) == 1), "{name}: one snapshot of each volume");
        assert_eq!(now.role_policies.len(), 1, "{name}: {:?}", now.role_policies);
        assert_eq!(now.keys, was.keys, "{name}: not its user");
    }
    assert_eq!(state.outside, before.outside);
    let isolated = (0..INCIDENTS).filter(|number| number % 3 != 2).count();
    assert_eq!(state.groups.len(), before.groups.len() + isolated, "one group for each instance, and no other is left");

    let received = services.received().await;
    let mut tickets: BTreeMap<&str, usize> = BTreeMap::new();
    for ticket in &received.incidents {
        *tickets.entry(ticket["correlation_id"].as_str().expect("it has a correlation id")).or_default() += 1;
    }
    assert_eq!(tickets, runs.iter().map(|run| (run.as_str(), 1)).collect(), "one ticket for each run");
    assert_eq!((received.rejected, received.repeated), (Vec::<Value>::new(), vec![]));
    let told = |run: &String| received.messages.iter().any(|message| message.to_string().contains(run.as_str()));
    assert!(runs.iter().all(told), "Slack was told of every run");
    let reports = |run: &String| state.reports.keys().filter(|key| key.contains(run.as_str())).count();
    assert!(runs.iter().all(|run| reports(run) == 2), "a report and the evidence of every run");
    arena.host.verify();

    let wanted = ["isolate", "snapshot", "revoke", "ticket"];
    assert!(wanted.iter().all(|step| met.contains_key(*step)), "no kill met one kind of write: {met:?}");
    let (requests, mutations) = (proxy.requests().len(), proxy.mutations().len());
    let took = started.elapsed().as_secs();
    // Past the capture of the test's output, which is shown of failed tests only.
    let _ = writeln!(
        std::io::stderr(),
        "kill test of the incident response: {KILLS} kills, which met open writes of {met:?}; {INCIDENTS} runs, {requests} \
         requests, {mutations} of them mutating, {took} s"
    );
}
