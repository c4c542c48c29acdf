//! The spine, end to end: an event that really happened, the shipped plugins and workflow, the gate, the ledger, an
//! approval. What AWS has in the end is read behind the host's back.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{
    Account, Emulator, Host, People, Proxy, Settings, component, event, grant, grant_plugins, install, push_plugins,
    push_workflow,
};

/// A host, and all that stands around it.
struct World {
    emulator: Emulator,
    proxy: Proxy,
    account: Account,
    host: Host,
}

impl World {
    async fn with(incidents: usize) -> World {
        let emulator = Emulator::start();
        let account = Account::prepare(&emulator, incidents, 2);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let host = Host::start(Settings { endpoint: proxy.endpoint().into(), ..Settings::default() });
        World { emulator, proxy, account, host }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opened_group_is_repaired_and_the_others_are_told() {
    let world = World::with(1).await;
    let (host, incident) = (&world.host, &world.account.incidents[0]);
    let people = install(host).await;
    let (alice, bob, eventbridge) = (host.api(&people.alice), host.api(&people.bob), host.api(&people.eventbridge));

    let event = event("opened-1", &incident.group);
    let (run, repeated) = eventbridge.send_event(&event).await;
    assert!(!repeated);
    alice.run_that_waits(&run).await;
    assert_eq!(eventbridge.send_event(&event).await, (run.clone(), true), "the same event again is the same run");

    // H03: an approval is its group's; H04: the same decision again changes nothing; H08: a late one is refused.
    bob.decide(&run, "approve", "approve").await.expect_problem(403, "not-an-approver");
    eventbridge.decide(&run, "approve", "approve").await.expect_problem(403, "scope-missing");
    assert!(world.account.messages(&world.emulator).is_empty(), "nobody is told before it is approved");
    alice.decide(&run, "approve", "approve").await.expect_status(200);
    alice.decide(&run, "approve", "approve").await.expect_status(200);
    host.api(&people.carol).decide(&run, "approve", "refuse").await.expect_problem(409, "already-decided");

    let ended = alice.run_that_ended(&run, "succeeded").await;
    alice.decide(&run, "approve", "approve").await.expect_status(200);
    assert_eq!(step(&ended, "approve")["output"]["approved_by"], json!(["alice"]));
    assert_repaired(&world, "opened-1");

    let messages = world.account.messages(&world.emulator);
    let [message] = messages.as_slice() else { panic!("the topic did not deliver one message: {messages:?}") };
    assert_eq!(message.subject.as_deref(), Some(format!("[CONTAINED] {}", incident.group).as_str()));
    assert!(message.message.contains("Approved by alice") && message.message.contains(&run), "{}", message.message);

    assert_every_request_is_in_the_ledger(&world, &alice.entries(&run).await);
    host.verify();
}

/// AWS has what the plugins say that they do, for the event `event`, and nothing else has changed.
fn assert_repaired(world: &World, event: &str) {
    let reading = world.account.read(&world.emulator);
    for incident in &world.account.incidents {
        assert_eq!(reading.groups[&incident.group], incident.good, "the good rules are kept, the bad ones are gone");
        for volume in incident.volumes() {
            let snapshots: Vec<_> = reading.snapshots_of(volume).collect();
            let [snapshot] = snapshots.as_slice() else { panic!("not one snapshot of `{volume}`: {snapshots:?}") };
            assert_eq!(snapshot.tags["quell-incident"], event, "{}", snapshot.id);
        }
    }
    for volume in world.account.outside.iter().flat_map(|instance| &instance.volumes) {
        assert_eq!(reading.snapshots_of(volume).count(), 0, "`{volume}` has nothing to do with it");
    }
}

/// What the proxy saw is what the ledger has: each write once with an intent before its outcome, each read.
fn assert_every_request_is_in_the_ledger(world: &World, entries: &[Value]) {
    let calls = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    let mutations = world.proxy.mutations();
    let sent = |action: &str| mutations.iter().filter(|request| request.action == action).count();
    let incident = &world.account.incidents[0];
    assert_eq!(sent("RevokeSecurityGroupIngress"), incident.bad.len());
    assert_eq!(sent("CreateSnapshot"), incident.volumes().count());
    assert_eq!(sent("Publish"), 1);
    assert_eq!((calls("call.intent"), calls("call.outcome")), (mutations.len(), mutations.len()));
    let reads = world.proxy.requests().len() - mutations.len();
    assert_eq!(calls("call.read") + calls("call.host-read"), reads);
    assert_eq!(calls("call.denied"), 0);

    let mut announced = BTreeSet::new();
    for entry in entries {
        let call = entry["call"].as_str().unwrap_or_default();
        match entry["kind"].as_str() {
            Some("call.intent") => assert!(announced.insert(call), "`{call}` is announced twice"),
            Some("call.outcome") => assert!(announced.contains(call), "`{call}` has an outcome before its intent"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grant_every_call_is_refused_and_aws_sees_nothing() {
    let world = World::with(1).await;
    let (host, incident) = (&world.host, &world.account.incidents[0]);
    let people = People::introduce(host).await;
    let (admin, alice) = (host.api(&people.admin), host.api(&people.alice));
    push_plugins(&admin).await;
    push_workflow(&admin).await;

    // Alice starts the run herself, and so may not approve it (H01).
    let start = json!({ "account": "123456789012", "region": "us-east-1", "event": event("by-hand", &incident.group) });
    let started = alice.post("workflows/open-security-group/runs", &start).await.expect_status(202);
    let run = started["run"].as_str().expect("a run has an id");
    let waiting = alice.run_that_waits(run).await;
    for denied in ["repair", "evidence"] {
        assert_eq!(step(&waiting, denied)["error"]["code"], "access-denied", "{waiting:#}");
    }
    alice.decide(run, "approve", "approve").await.expect_problem(403, "self-approval");

    let entries = alice.entries(run).await;
    let denials: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "call.denied").collect();
    assert!(denials.len() >= 2, "{entries:#?}");
    for denial in denials {
        assert_eq!(denial["data"]["reason"], "not-granted", "{denial:#}");
    }
    assert_eq!(world.proxy.requests(), [], "AWS sees nothing of a call that is refused");

    let reason = json!({ "reason": "no plugin may do anything" });
    let cancelled = admin.post(&format!("runs/{run}/cancel"), &reason).await;
    assert!((200..300).contains(&cancelled.status), "{cancelled:?}");
    alice.run_that_ended(run, "cancelled").await;
    // H08: late, by somebody who might have approved in time.
    host.api(&people.carol).decide(run, "approve", "approve").await.expect_problem(409, "run-ended");

    // With grants, the same incident is repaired; nothing but the grants has changed.
    grant_plugins(&admin).await;
    let (run, _) = host.api(&people.eventbridge).send_event(&event("granted", &incident.group)).await;
    alice.run_that_waits(&run).await;
    assert_repaired(&world, "granted");
    host.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_holds_exactly_what_it_names() {
    let world = World::with(2).await;
    let (host, allowed, other) = (&world.host, &world.account.incidents[0], &world.account.incidents[1]);
    let people = install(host).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Read", "Effect": "Allow", "Action": ["ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries"],
          "Resource": "*" },
        { "Sid": "OneGroup", "Effect": "Allow", "Action": "ec2:RevokeSecurityGroupIngress",
          "Resource": format!("arn:aws:ec2:us-east-1:123456789012:security-group/{}", allowed.group) },
    ] });
    let narrow = host.folder().join("narrow.json");
    std::fs::write(&narrow, policy.to_string()).expect("the folder can be written to");
    let narrow = narrow.to_str().expect("the folder's name is text");
    let command = ["plugin", "grant", "sg-revoke-open-ports", "--policy", narrow];
    let granted = host.command(&people.admin, &command).output().expect("the binary can be run");
    assert!(granted.status.success(), "{granted:?}");

    let (alice, eventbridge) = (host.api(&people.alice), host.api(&people.eventbridge));
    for (id, incident, status) in [("one", allowed, "succeeded"), ("two", other, "failed")] {
        let (run, _) = eventbridge.send_event(&event(id, &incident.group)).await;
        let waiting = alice.run_that_waits(&run).await;
        assert_eq!(step(&waiting, "repair")["status"], status, "{waiting:#}");
    }
    let reading = world.account.read(&world.emulator);
    assert_eq!(reading.groups[&allowed.group], allowed.good);
    let mut untouched = [other.good.clone(), other.bad.clone()].concat();
    untouched.sort();
    assert_eq!(reading.groups[&other.group], untouched);
}

#[test]
fn the_components_ask_for_nothing_but_what_their_grants_name() {
    for plugin in ["sg-revoke-open-ports", "snapshot-volumes", "notify-sns"] {
        let grant: Value = serde_json::from_slice(&grant(plugin)).expect("a grant is JSON");
        let statements = grant["Statement"].as_array().expect("a grant has statements");
        let granted: BTreeSet<&str> = statements.iter().flat_map(|statement| texts(&statement["Action"])).collect();
        let mut command = std::process::Command::new(tests::binary());
        command.args(["plugin", "inspect", "--json"]).arg(component(plugin));
        let output = command.output().expect("the binary can be run");
        let inspected: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        let imports = inspected["imports"].as_array().expect("a component has imports");
        let asked: BTreeSet<&str> = imports.iter().flat_map(|import| texts(&import["actions"])).collect();
        assert_eq!(asked, granted, "{plugin}");
    }
}

/// A text, or all of a list of texts.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// A step of a run.
fn step<'a>(run: &'a Value, path: &str) -> &'a Value {
    let steps = run["steps"].as_array().expect("a run has steps");
    steps.iter().find(|step| step["path"] == path).expect("the workflow has this step")
}
