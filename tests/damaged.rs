//! M05: a component that was changed on the disk. It never runs, and the ledger says so.

use cases::case;
use serde_json::json;
use tests::{Host, LedgerFile, People, Settings, hostile};

const WORKFLOW: &str =
    "name: look\nsteps:\n  - id: look\n    plugin: thief\n    with: { crime: boast, group_id: sg-1 }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_was_changed_on_the_disk_never_runs() {
    let mut host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let people = People::introduce(&host).await;
    let admin = host.api(&people.admin);
    let bytes = std::fs::read(hostile("thief")).expect("a component can be read");
    let uploaded = admin.post_document("plugins", "application/wasm", bytes).await.expect_status(201);
    let digest = uploaded["digest"].as_str().expect("a plugin has a digest").to_owned();
    let stored = admin.put_document("workflows/look", "application/yaml", WORKFLOW.into()).await;
    assert!((200..300).contains(&stored.status), "{stored:?}");

    host.kill();
    LedgerFile::damage(&host.data(), &digest).await;
    host.restart();

    let admin = host.api(&people.admin);
    for _ in 0..2 {
        let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": {} });
        let started = admin.post("workflows/look/runs", &start).await.expect_status(202);
        let run = started["run"].as_str().expect("a run has an id");
        let ended = admin.run_that_ended(run, "failed").await;
        let code = ended["error"]["code"].as_str().unwrap_or_default().to_owned();
        case("M05", "one byte of a stored component changed, then a run of it", "plugin-unavailable", code);
    }
    let noted = admin.entries_of_kind("system", "plugin.damaged").await.len();
    case("M05", "the same, in the ledger", "1 entry plugin.damaged", format!("{noted} entry plugin.damaged"));

    // The same bytes again mend it.
    let bytes = std::fs::read(hostile("thief")).expect("a component can be read");
    admin.post_document("plugins", "application/wasm", bytes).await.expect_status(200);
    let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": {} });
    let started = admin.post("workflows/look/runs", &start).await.expect_status(202);
    let ended = admin.run_that_ended(started["run"].as_str().expect("a run has an id"), "succeeded").await;
    case(
        "M05",
        "the same bytes uploaded again, then a run of it",
        "succeeded",
        ended["status"].as_str().unwrap_or_default(),
    );
    host.verify();
}
