//! The incident of the seed document, whole: a compromised instance, a leaked key and a bucket that was opened, three
//! events, the shipped plugins and workflows. What AWS, Slack and ServiceNow have in the end is read behind the host's back.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Api, Scene, assert_contained, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_contained_told_and_written_down_once() {
    let scene = Scene::prepare(1).await;
    let before = scene.read();
    let incident = &scene.estate.incidents[0];
    let (alice, eventbridge) = (scene.api(&scene.people.alice), scene.api(&scene.people.eventbridge));

    let mut runs = BTreeMap::new();
    for (kind, event) in &incident.events {
        let (run, repeated) = eventbridge.send_event(event).await;
        assert!(!repeated);
        assert_eq!(eventbridge.send_event(event).await, (run.clone(), true), "the same event again is the same run");
        runs.insert(kind.as_str(), run);
    }
    let responses = [&runs["instance"], &runs["key"]];
    for run in responses {
        alice.run_that_waits(run).await;
    }
    alice.run_that_ended(&runs["bucket"], "succeeded").await;
    let received = scene.services.received().await;
    assert_eq!((received.messages.len(), received.incidents.len()), (0, 0), "nobody is told before it is approved");

    for run in responses {
        alice.decide(run, "approve", "approve").await.expect_status(200);
        alice.run_that_ended(run, "succeeded").await;
    }
    let after = scene.read();
    assert_contained(&scene.estate, &after);
    assert_eq!(after.outside, before.outside, "what has nothing to do with it is as it was");
    assert_eq!(
        after.groups.len(),
        before.groups.len() + 1,
        "one group was made, and no other is left: {:?}",
        after.groups
    );

    let received = scene.services.received().await;
    assert_eq!(received.rejected, Vec::<Value>::new());
    assert_eq!(received.messages.len(), 2, "{:#?}", received.messages);
    let mut tickets: Vec<&str> = received.incidents.iter().filter_map(|it| it["correlation_id"].as_str()).collect();
    tickets.sort_unstable();
    let mut expected = responses.map(String::as_str);
    expected.sort_unstable();
    assert_eq!(tickets, expected, "one ticket for each response");
    assert_eq!(received.repeated, Vec::<Value>::new());

    let [message] = after.messages.as_slice() else { unreachable!("the topics delivered {:?}", after.messages) };
    assert_eq!(message.subject.as_deref(), Some(format!("[CONTAINED] bucket {}", incident.bucket).as_str()));
    for run in responses {
        let written: Vec<&String> = after.reports.keys().filter(|key| key.contains(run.as_str())).collect();
        assert_eq!(written.len(), 2, "a report and the evidence: {:?}", after.reports.keys());
        let report = written.iter().find(|key| key.ends_with(".md")).expect("there is a report");
        assert!(after.reports[*report].contains("alice"), "the report names who approved: {}", after.reports[*report]);
    }
    scene.host.verify();
}

/// Each plugin that repairs looks before it writes: a second run finds nothing to do. Slack and SNS know no repeats, and a
/// report is of one run, so that these are written once is the host's to see to, and the other test's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_of_each_plugin_writes_nothing() {
    let scene = Scene::prepare(1).await;
    let incident = &scene.estate.incidents[0];
    let admin = scene.api(&scene.people.admin);
    let steps = [
        ("s3-block-public-access", json!({ "bucket": incident.bucket, "encryption": { "sse_algorithm": "AES256" } })),
        ("isolate-instance", json!({ "instance_id": incident.instance, "incident": "case-1" })),
        ("snapshot-volumes", json!({ "instance_ids": [incident.instance], "incident": "case-1" })),
        ("high-incident", json!({ "finding": incident.events["instance"]["detail"] })),
        ("revoke-credentials", json!({ "finding": incident.events["instance"]["detail"] })),
        ("revoke-credentials", json!({ "finding": incident.events["key"]["detail"] })),
        ("query-cloudtrail", json!({ "finding": incident.events["key"]["detail"], "lookback": "24h" })),
        ("servicenow-incident", scene.ticket("case-1")),
    ];
    for (number, (plugin, with)) in steps.iter().enumerate() {
        let name = format!("again-{number}");
        let workflow = json!({ "name": name, "steps": [{ "id": "work", "plugin": plugin, "with": with }] });
        let put =
            admin.put_document(&format!("workflows/{name}"), "application/yaml", workflow.to_string().into()).await;
        assert!((200..300).contains(&put.status), "{put:?}");

        let before = scene.services.received().await.written();
        let first = run(&admin, &name).await;
        let told = scene.services.received().await.written();
        let is_repaired = !scene.proxy.mutations().is_empty() || told > before;
        assert_eq!(is_repaired, *plugin != "query-cloudtrail", "the first run of {plugin}: {first:#}");
        scene.proxy.clear();

        let second = run(&admin, &name).await;
        assert_eq!(scene.proxy.mutations(), [], "{plugin}: {second:#}");
        assert_eq!(scene.services.received().await.written(), told, "{plugin}: {second:#}");
    }
}

/// Runs a workflow to its end.
async fn run(admin: &Api, workflow: &str) -> Value {
    let start = json!({ "account": "123456789012", "region": "us-east-1" });
    let started = admin.post(&format!("workflows/{workflow}/runs"), &start).await.expect_status(202);
    let run = started["run"].as_str().expect("a run has an id").to_owned();
    until("the end of the run", async || {
        let run = admin.get(&format!("runs/{run}")).await;
        run["ended"].is_string().then_some(run)
    })
    .await;
    admin.run_that_ended(&run, "succeeded").await
}
