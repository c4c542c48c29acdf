//! A plugin that means harm, run by the real binary on the real ledger: it gets nothing, and its ledger reads like a charge
//! sheet, `tests/hostile/thief/charge-sheet.txt`. With `QUELL_UPDATE` set, the sheet is written anew.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cases::case;
use serde_json::{Value, json};
use tests::{Account, Api, Emulator, Host, People, Proxy, Settings, hostile, repository, until};

/// One crime after the other, whatever becomes of the one before.
const WORKFLOW: &str = r#"
name: burglary
inputs:
  group_id: { type: string }
  volume_id: { type: string }
  topic_arn: { type: string }
steps:
  - id: secrets
    plugin: thief
    with: { crime: secrets, topic_arn: "${{ inputs.topic_arn }}" }
  - id: trespass
    plugin: thief
    with:
      crime: trespass
      group_id: ${{ inputs.group_id }}
      volume_id: ${{ inputs.volume_id }}
      bucket: payroll
      topic_arn: "arn:aws:sns:us-east-1:210987654321:fence"
  - parallel:
      on-error: continue
      branches:
        - { id: flood, plugin: thief, with: { crime: flood } }
  - parallel:
      on-error: continue
      branches:
        - { id: noise, plugin: thief, with: { crime: noise } }
  - parallel:
      on-error: continue
      branches:
        - { id: spin, plugin: thief, with: { crime: spin } }
  - parallel:
      on-error: continue
      branches:
        - { id: hoard, plugin: thief, with: { crime: hoard } }
  - parallel:
      on-error: continue
      branches:
        - { id: lie, plugin: thief, with: { crime: lie } }
  - id: boast
    plugin: thief
    with: { crime: boast, group_id: "${{ inputs.group_id }}" }
"#;

/// Above all grants: evidence is for the plugins that keep it.
const GUARDRAIL: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*" },
    { "Sid": "EvidenceIsForIncidents", "Effect": "Deny", "Action": "ec2:CreateSnapshot", "Resource": "*",
      "Condition": { "StringNotEquals": { "quell:Workflow": "open-security-group" } } }
  ]
}"#;

/// The value of another plugin's secret.
const SECRET: &str = "xoxb-canary-5f1d0c7b9e";

/// A host with the thief in it.
struct World {
    emulator: Emulator,
    proxy: Proxy,
    account: Account,
    host: Host,
    admin: Api,
}

impl World {
    /// With these limits.
    async fn with(limits: &str) -> World {
        let emulator = Emulator::start();
        let account = Account::prepare(&emulator, 1, 1);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let settings = Settings { endpoint: proxy.endpoint().into(), limits: limits.into(), ..Settings::default() };
        let host = Host::start(settings);
        let people = People::introduce(&host).await;
        let admin = host.api(&people.admin);
        let thief = std::fs::read(hostile("thief")).expect("a component can be read");
        admin.post_document("plugins", "application/wasm", thief).await.expect_status(201);
        let grant = std::fs::read(repository().join("tests/hostile/thief/grant.json")).expect("it is there");
        tests::put_grant(&admin, "thief", grant).await;
        admin.put_document("guardrail", "application/json", GUARDRAIL.into()).await.expect_status(204);
        let secret = json!({ "value": SECRET, "hosts": ["hooks.slack.com"] });
        admin.put_document("secrets/slack", "application/json", secret.to_string().into()).await.expect_status(204);
        let stored = admin.put_document("workflows/burglary", "application/yaml", WORKFLOW.into()).await;
        assert!((200..300).contains(&stored.status), "{stored:?}");
        World { emulator, proxy, account, host, admin }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thief_gets_nothing_and_its_ledger_is_a_charge_sheet() {
    let world = World::with("").await;
    let before = world.account.read(&world.emulator);
    let incident = &world.account.incidents[0];
    let volume = incident.volumes().next().expect("an instance has a volume");
    let inputs = json!({ "group_id": incident.group, "volume_id": volume, "topic_arn": world.account.topic });
    let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": inputs });
    let started = world.admin.post("workflows/burglary/runs", &start).await.expect_status(202);
    let run = started["run"].as_str().expect("a run has an id");
    let ended = world.admin.run_that_ended(run, "succeeded").await;

    for (number, crime, code) in [
        ("B16", "flood", "call-limit"),
        ("B01", "spin", "fuel-exhausted"),
        ("B05", "hoard", "memory-limit"),
        ("B23", "lie", "output-invalid"),
    ] {
        let seen = step(&ended, crime)["error"]["code"].as_str().unwrap_or_default().to_owned();
        case(number, &format!("the thief, crime `{crime}`, by the real binary"), code, seen);
    }

    // Behind the host's back: the account is as it was, and what left it was one message, without any secret.
    let after = world.account.read(&world.emulator);
    assert_eq!((after.groups, after.snapshots.len()), (before.groups, before.snapshots.len()));
    assert_eq!(world.proxy.mutations().len(), 1, "{:?}", world.proxy.mutations());
    let messages = world.account.messages(&world.emulator);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].message.starts_with("${secret:slack}"), "{messages:?}");

    let sheet = charge_sheet(&world, run);
    assert!(!sheet.contains(SECRET) && !messages[0].message.contains(SECRET));
    let entries = world.admin.entries_of_kind(run, "call.denied").await;
    let denied = |reason: &str| entries.iter().filter(|entry| entry["data"]["reason"] == reason).count();
    case(
        "C05",
        "the thief takes a snapshot",
        "denied: guardrail",
        format!("denied: {}", word(denied("guardrail"), "guardrail")),
    );
    case(
        "C06",
        "the thief repairs a group of another",
        "denied: implicit-deny",
        format!("denied: {}", word(denied("implicit-deny"), "implicit-deny")),
    );
    case(
        "C08",
        "the thief publishes to another account",
        "denied: out-of-scope",
        format!("denied: {}", word(denied("out-of-scope"), "out-of-scope")),
    );
    case(
        "C11",
        "the thief names a bucket by an access point",
        "denied: invalid-arguments",
        format!("denied: {}", word(denied("invalid-arguments"), "invalid-arguments")),
    );

    let noise = sheet.lines().find(|line| line.contains("noise/1/1")).unwrap_or_default();
    let inert = noise.contains(r"\u{1b}[2J\u{202e}all is well\r\n2026-01-01") && !noise.chars().any(char::is_control);
    case(
        "B24",
        "a log line with ANSI, bidi, CR and a forged line behind it",
        "one line, escaped",
        if inert { "one line, escaped" } else { noise },
    );

    let path = repository().join("tests/hostile/thief/charge-sheet.txt");
    if std::env::var_os("QUELL_UPDATE").is_some() {
        std::fs::write(&path, &sheet).expect("the sheet can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(sheet, kept, "`QUELL_UPDATE=1` writes {} anew", path.display());
    world.host.verify();
}

/// The step of a run.
fn step(run: &Value, path: &str) -> Value {
    let mut steps = run["steps"].as_array().into_iter().flatten();
    steps.find(|step| step["path"] == path).cloned().unwrap_or_default()
}

/// The reason, when anything was denied for it.
fn word(count: usize, reason: &str) -> &str {
    if count == 0 { "nothing" } else { reason }
}

/// The run's ledger as `quell ledger query` shows it, with what differs in every run replaced.
fn charge_sheet(world: &World, run: &str) -> String {
    let token = world.host.first_token();
    let output = world.host.command(token, &["ledger", "query", "--run", run]).output().expect("the binary can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let incident = &world.account.incidents[0];
    let token = token.split('_').nth(1).expect("a token has an id").to_owned();
    let mut names =
        BTreeMap::from([(run.to_owned(), "RUN"), (incident.group.clone(), "sg-of-others"), (token, "TOKEN")]);
    names.extend(incident.volumes().map(|volume| (volume.clone(), "vol-of-others")));
    let mut sheet = vec![];
    let mut repeated = 0;
    for line in text.lines() {
        // Date and time are the first two words.
        let line = line.splitn(3, ' ').nth(2).unwrap_or_default();
        let line = names.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to));
        let line = digits(&line);
        let kind = line.split_whitespace().next().unwrap_or_default().to_owned();
        let same = sheet.last().is_some_and(|last: &String| last.starts_with(&kind))
            && ["call.read", "call.log"].contains(&kind.as_str());
        if same && repeated > 0 {
            repeated += 1;
            continue;
        }
        if repeated > 1 {
            sheet.push(format!("                     ... and {} more", repeated - 1));
        }
        repeated = usize::from(["call.read", "call.log"].contains(&kind.as_str()));
        sheet.push(line);
    }
    sheet.join("\n") + "\n"
}

/// Replaces digests: that of the plugin is the toolchain's.
fn digits(line: &str) -> String {
    let mut shown = String::new();
    for word in line.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let end = word.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        shown.push_str(if word.len() - end.len() == 64 { "DIGEST" } else { &word[..word.len() - end.len()] });
        shown.push_str(end);
    }
    // A plugin is shown with the first digits of its digest.
    let words = shown.split(' ').map(|word| match word.split_once('@') {
        Some((name, _)) if name.starts_with("plugin:") => format!("{name}@DIGEST"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// The longest that anything may take here, so that nothing but a cancel ends a step.
const GENEROUS: &str = "fuel = 100000000000\nguest-time = \"5m\"\nwall-time = \"15m\"";

/// A run of one step, which is under way.
async fn under_way(world: &World, crime: &str) -> String {
    let source = format!(
        "name: one\ninputs:\n  topic_arn: {{ type: string }}\nsteps:\n  - id: crime\n    plugin: thief\n    with: {{ crime: {crime} }}\n"
    );
    let stored = world.admin.put_document("workflows/one", "application/yaml", source.into()).await;
    assert!((200..300).contains(&stored.status), "{stored:?}");
    let start =
        json!({ "account": "123456789012", "region": "us-east-1", "inputs": { "topic_arn": world.account.topic } });
    let started = world.admin.post("workflows/one/runs", &start).await.expect_status(202);
    let run = started["run"].as_str().expect("a run has an id").to_owned();
    world.admin.run_that(&run, |run| step(run, "crime")["status"] == "running").await;
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_stops_a_plugin_that_spins() {
    let world = World::with(GENEROUS).await;
    let run = under_way(&world, "spin").await;
    let asked = Instant::now();
    world.admin.post(&format!("runs/{run}/cancel"), &json!({ "reason": "it spins" })).await.expect_status(204);
    let ended = world.admin.run_that_ended(&run, "cancelled").await;
    // Without the cancel it would have spun for minutes. How long it took is for whoever reads the log of the test.
    println!("cancelled after {:?}", asked.elapsed());
    case("B03", "a plugin that spins, within limits of minutes, is cancelled", "cancelled", word_of(&ended["status"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_flight_is_recorded_though_its_run_is_cancelled() {
    let world = World::with(GENEROUS).await;
    world.proxy.delay_mutations(Duration::from_secs(1), Duration::ZERO);
    let run = under_way(&world, "secrets, topic_arn: \"${{ inputs.topic_arn }}\"").await;
    let announced =
        async || Some(world.admin.entries_of_kind(&run, "call.intent").await).filter(|found| !found.is_empty());
    until("the intent", announced).await;
    world.admin.post(&format!("runs/{run}/cancel"), &json!({ "reason": "enough" })).await.expect_status(204);
    world.admin.run_that_ended(&run, "cancelled").await;
    let outcomes = world.admin.entries_of_kind(&run, "call.outcome").await;
    let seen = outcomes.first().map_or("nothing", |outcome| outcome["data"]["result"].as_str().unwrap_or_default());
    case("B27", "cancelled while a call was in flight: its outcome in the ledger", "ok", seen);
    assert_eq!(world.account.messages(&world.emulator).len(), 1);
    world.host.verify();
}

/// A text of the API.
fn word_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
