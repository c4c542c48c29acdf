//! What events start: 30 that others published, through the real binary's `events match` and through a real server.
//!
//! What the workflows' plugins do is not looked at here: components of their names that answer what they are given stand for
//! them, whether they are written yet or not, so that nothing reaches for AWS.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tests::{Api, Host, People, Settings, binary, repository, standing_in};

const WORKFLOWS: [&str; 3] = ["incident-response", "open-security-group", "public-bucket"];

/// The plugins that they run.
const PLUGINS: [&str; 12] = [
    "assess-severity",
    "document-incident",
    "high-incident",
    "isolate-instance",
    "notify-sns",
    "query-cloudtrail",
    "revoke-credentials",
    "s3-block-public-access",
    "servicenow-incident",
    "sg-revoke-open-ports",
    "slack-alert",
    "snapshot-volumes",
];

/// The file of a shipped workflow.
fn workflow(name: &str) -> PathBuf {
    repository().join("workflows").join(format!("{name}.yaml"))
}

/// The published events by name, each with the workflows that it must start, or `None` when it is no event.
fn published() -> BTreeMap<String, (PathBuf, Option<BTreeSet<String>>)> {
    let folder = repository().join("tests/events/real");
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("the table can be read");
    let expected: BTreeMap<String, Value> = serde_json::from_str(&text).expect("the table is JSON");
    assert!(expected.len() >= 30, "only {} events", expected.len());
    let event = |(name, expected): (String, Value)| {
        let path = folder.join(format!("{name}.json"));
        let workflows =
            expected.as_array().map(|names| names.iter().filter_map(Value::as_str).map(Into::into).collect());
        (name, (path, workflows))
    };
    expected.into_iter().map(event).collect()
}

/// `quell events match` with these arguments and all three workflows.
fn matching(arguments: &[&str], stdin: Option<&str>) -> Output {
    let mut command = Command::new(binary());
    // No server is there, and none is asked for.
    command.args(["events", "match"]).args(arguments).env_remove("QUELL_TOKEN").env("QUELL_URL", "http://127.0.0.1:9");
    command.args(WORKFLOWS.map(workflow)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be run");
    let mut input = child.stdin.take().expect("its input is piped");
    input.write_all(stdin.unwrap_or_default().as_bytes()).expect("it reads its input");
    drop(input);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn published_events_match_what_they_should() {
    for (name, (path, expected)) in published() {
        let output = matching(&["--event", &path.display().to_string()], None);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let Some(expected) = expected else {
            assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{name}");
            assert!(err.contains("this is not an EventBridge event: it has no `id`"), "{name}: {err}");
            continue;
        };
        let started: BTreeSet<String> = out.lines().map(Into::into).collect();
        assert_eq!((output.status.code(), &started), (Some(0), &expected), "{name}: {err}");
        assert_eq!(err.contains("the event starts none of these workflows"), expected.is_empty(), "{name}: {err}");
    }
}

#[test]
fn what_does_not_match_is_explained() {
    let event = repository().join("tests/events/real/afsbp-ec2.2.json");
    let output = matching(&["--event", &event.display().to_string(), "--explain"], None);
    let out = text(&output.stdout);
    assert!(out.contains("open-security-group is not started"), "{out}");
    assert!(out.contains("trigger 3, detail.findings[0]: does not match"), "{out}");
    // The finding has no control: its generator is of one.
    let field = "detail.findings[0].Compliance.SecurityControlId is \"EC2.2\", not [\"EC2.13\"";
    assert!(out.contains(field), "{out}");
}

#[test]
fn a_control_of_any_standard_starts_what_it_is_for() {
    let text = std::fs::read_to_string(repository().join("tests/events/real/cis4142.json")).expect("it can be read");
    for (generator, started) in [
        ("pci-dss/v/3.2.1/PCI.EC2.5", "open-security-group\n"),
        ("nist-800-53/v/5.0.0/EC2.13", "open-security-group\n"),
        ("pci-dss/v/3.2.1/PCI.EC2.6", ""),
    ] {
        let mut event: Value = serde_json::from_str(&text).expect("it is JSON");
        event["detail"]["findings"][0]["GeneratorId"] = json!(generator);
        let output = matching(&["--event", "-"], Some(&event.to_string()));
        assert_eq!(self::text(&output.stdout), started, "{generator}");
    }
}

#[test]
fn an_event_comes_from_standard_input_and_the_answer_is_for_programs() {
    let event = std::fs::read_to_string(repository().join("tests/events/real/cis4142.json")).expect("it can be read");
    let output = matching(&["--event", "-", "--json"], Some(&event));
    let found: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    let started: Vec<_> = found.as_array().expect("a list").iter().map(|found| &found["events"]).collect();
    assert_eq!(started, [&json!([]), &json!(["8895c54b-99f5-22a2-77b2-4a5b3ae1e528/0"]), &json!([])]);
    for nothing in ["", "[]", "{", "{\"id\": \"x\"}"] {
        let output = matching(&["--event", "-"], Some(nothing));
        let err = text(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains("`-` is no event"), "{nothing}: {err}");
    }
}

/// Installs the three workflows, and for each of their plugins one that stands for it.
async fn install(admin: &Api) {
    for plugin in PLUGINS {
        admin.post_document("plugins", "application/wasm", standing_in(plugin)).await.expect_status(201);
    }
    for name in WORKFLOWS {
        let source = std::fs::read_to_string(workflow(name)).expect("a workflow can be read");
        // Nobody here sends anything by HTTP, so there is no place for a secret.
        let source = source.replace("${secret:slack-webhook}", "hook").into_bytes();
        let path = format!("workflows/{name}");
        admin.put_document(&path, "application/yaml", source).await.expect_status(200);
    }
}

/// The event as the account and the region of the test would have it, all through: the published ones are of many, some of
/// which are made up.
fn moved(path: &PathBuf) -> Value {
    let text = std::fs::read_to_string(path).expect("an event can be read");
    let event: Value = serde_json::from_str(&text).expect("an event is JSON");
    let (Some(account), Some(region)) = (event["account"].as_str(), event["region"].as_str()) else { return event };
    let text = text.replace(account, "123456789012").replace(region, "us-east-1");
    serde_json::from_str(&text).expect("it still is")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_events_start_what_they_should() {
    let host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let people = People::introduce(&host).await;
    install(&host.api(&people.admin)).await;
    let (sender, admin) = (host.api(&people.eventbridge), host.api(&people.admin));
    for (name, (path, expected)) in published() {
        let event = moved(&path);
        let reply = sender.post("events", &event).await;
        let Some(expected) = expected else {
            reply.expect_problem(422, "invalid");
            continue;
        };
        let runs = reply.expect_status(202)["runs"].as_array().cloned().unwrap_or_default();
        let started: BTreeSet<String> =
            runs.iter().filter_map(|run| run["workflow"].as_str()).map(Into::into).collect();
        assert_eq!((started, runs.len()), (expected.clone(), expected.len()), "{name}");
        // The same event again starts nothing.
        let again = sender.post("events", &event).await.expect_status(202);
        let repeated = again["runs"].as_array().expect("runs").iter().all(|run| run["repeated"] == true);
        assert!(repeated, "{name}: {again}");
    }
    let runs = admin.get("runs").await;
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(5), "{runs}");
    // What is repaired is what the event is about.
    let repair = runs["runs"].as_array().expect("runs").iter().find(|run| run["workflow"] == "public-bucket");
    let run = repair.expect("it ran")["run"].as_str().expect("an id");
    let run = admin.run_that(run, |run| run["ended"].is_string()).await;
    let step = run["steps"].as_array().expect("steps").iter().find(|step| step["path"] == "repair");
    assert_eq!(step.expect("it is a step")["output"]["bucket"], "example");
    host.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_finding_of_an_event_is_a_run_of_its_own() {
    let host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let people = People::introduce(&host).await;
    install(&host.api(&people.admin)).await;
    let sender = host.api(&people.eventbridge);
    let mut event = moved(&repository().join("tests/events/real/cis4142.json"));
    let finding = event["detail"]["findings"][0].clone();
    let variant = |id: &str, state: &str, group: &str| {
        let mut finding = finding.clone();
        finding["Id"] = json!(id);
        finding["Workflow"]["Status"] = json!(state);
        finding["Resources"][0]["Id"] = json!(format!("arn:aws:ec2:us-east-1:123456789012:security-group/{group}"));
        finding
    };
    event["detail"]["findings"] =
        json!([variant("f-1", "NEW", "sg-1"), variant("f-2", "SUPPRESSED", "sg-2"), variant("f-3", "NEW", "sg-3")]);
    let taken = sender.post("events", &event).await.expect_status(202);
    let runs: Vec<&str> =
        taken["runs"].as_array().expect("runs").iter().filter_map(|run| run["run"].as_str()).collect();
    assert_eq!(runs.len(), 2, "{taken}");
    for (run, group) in runs.iter().zip(["sg-1", "sg-3"]) {
        let run = host.api(&people.alice).run_that_waits(run).await;
        let repair = run["steps"].as_array().expect("steps").iter().find(|step| step["path"] == "repair");
        assert_eq!(repair.expect("it is a step")["output"]["group_id"], group);
    }
    // The event again, and a newer one with one of the findings: nothing new.
    let again = sender.post("events", &event).await.expect_status(202);
    assert!(again["runs"].as_array().expect("runs").iter().all(|run| run["repeated"] == true), "{again}");
    event["id"] = json!("newer");
    event["detail"]["findings"] = json!([variant("f-3", "NEW", "sg-3"), variant("f-4", "NEW", "sg-4")]);
    let newer = sender.post("events", &event).await.expect_status(202);
    let repeated: Vec<_> = newer["runs"].as_array().expect("runs").iter().map(|run| run["repeated"].clone()).collect();
    assert_eq!(repeated, [json!(true), json!(false)]);
}

const BY_HAND: &str = "name: ask\nconcurrency: { runs: 1, beyond: wait }\nsteps:\n  - id: sure\n    \
                       approval: { title: Go on?, approvers: [\"group:security-leads\"], expires: 4h }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_disables_enables_and_shows_what_waits() {
    let host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let people = People::introduce(&host).await;
    let file = host.folder().join("ask.yaml");
    std::fs::write(&file, BY_HAND).expect("the folder can be written to");
    let path = file.display().to_string();
    let quell = |token: &str, arguments: &[&str]| {
        let output = host.command(token, arguments).output().expect("the binary can be run");
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let admin = |arguments: &[&str]| quell(&people.admin, arguments);
    assert_eq!(admin(&["workflow", "push", &path]).0, Some(0));

    let refused = quell(&people.alice, &["workflow", "disable", "ask"]);
    assert_eq!(refused.0, Some(1), "{}", refused.2);
    assert!(refused.2.contains("does not have the scope `operate` or `author`"), "{}", refused.2);
    assert_eq!(admin(&["workflow", "disable", "ask", "--reason", "broken"]).1, "disabled ask\n");
    let list = admin(&["workflow", "list"]).1;
    assert!(list.contains("disabled"), "{list}");
    let run = ["run", "ask", "--account", "123456789012", "--region", "us-east-1"];
    let refused = admin(&run);
    assert!(refused.0 == Some(1) && refused.2.contains("workflow `ask` is disabled"), "{}", refused.2);
    assert_eq!(admin(&["workflow", "enable", "ask"]).1, "enabled ask\n");

    let (first, second) = (admin(&run).1, admin(&run).1);
    host.api(&people.admin).run_that_waits(first.trim()).await;
    let waiting: Value = serde_json::from_str(&admin(&["runs", "waiting", "--json"]).1).expect("it is JSON");
    let seen: Vec<_> = waiting.as_array().expect("a list").iter().map(|wait| (&wait["run"], &wait["for"])).collect();
    let expected = [(json!(first.trim()), json!("approval")), (json!(second.trim()), json!("place"))];
    assert!(expected.iter().all(|(run, what)| seen.contains(&(run, what))), "{waiting}");
    let page = admin(&["runs", "waiting"]).1;
    assert!(page.contains("Go on?") && page.contains("place"), "{page}");
    let shown = admin(&["runs", "show", second.trim()]).1;
    assert!(shown.contains("queued") && shown.contains("for a place"), "{shown}");

    // An editor that read an older document is told so.
    let stale = admin(&["workflow", "push", "--if-match", &"0".repeat(64), &path]);
    assert!(stale.0 == Some(1) && stale.2.contains("workflow `ask` was changed by"), "{}", stale.2);
    let stored: Value = serde_json::from_str(&admin(&["workflow", "show", "ask", "--json"]).1).expect("it is JSON");
    let digest = stored["digest"].as_str().expect("a workflow has a digest");
    assert_eq!(admin(&["workflow", "push", "--if-match", digest, &path]).0, Some(0));
}
