//! What is kept of runs beside their entries, on the real binary's ledger: whatever column of it is changed, `quell ledger
//! verify` finds it, and `quell ledger rebuild` restores it. The columns are those that the table has.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;
use tests::{Host, Settings, binary};

const ASK: &str = "
name: ask
on: [{ event: { source: [aws.guardduty] } }, { manual: true }]
concurrency: { runs: 1, beyond: wait }
steps:
  - id: ask
    approval: { title: Go on?, approvers: [\"group:leads\"], expires: 4h }
";

const NAP: &str = "name: nap\nsteps:\n  - id: nap\n    wait: { for: 5h }\n";

/// A folder with a run that asks, one that waits for its place, one that sleeps, and one that was cancelled.
async fn folder() -> (Host, BTreeMap<&'static str, String>) {
    let mut host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let admin = host.api(host.first_token());
    for (name, document) in [("ask", ASK), ("nap", NAP)] {
        let stored = admin.put_document(&format!("workflows/{name}"), "application/yaml", document.into()).await;
        stored.expect_status(200);
    }
    let event = |id: &str| {
        json!({
            "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
            "account": "123456789012", "region": "us-east-1", "time": "2026-01-01T00:00:00Z", "resources": [],
            "detail": {},
        })
    };
    let asks = admin.send_event(&event("e-1")).await.0;
    admin.run_that_waits(&asks).await;
    let queued = admin.send_event(&event("e-2")).await.0;
    admin.run_that(&queued, |run| run["status"] == "queued").await;
    let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": {} });
    let mut naps = vec![];
    for _ in 0..2 {
        let started = admin.post("workflows/nap/runs", &start).await.expect_status(202);
        naps.push(started["run"].as_str().expect("a run has an id").to_owned());
        admin.run_that(&naps[naps.len() - 1], |run| run["status"] == "waiting").await;
    }
    let cancelled = naps.pop().expect("there are two");
    admin.post(&format!("runs/{cancelled}/cancel"), &json!({})).await.expect_status(204);
    admin.run_that_ended(&cancelled, "cancelled").await;
    host.stop();
    let sleeps = naps.pop().expect("there is one more");
    (host, BTreeMap::from([("asks", asks), ("queued", queued), ("sleeps", sleeps), ("cancelled", cancelled)]))
}

async fn database(data: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(data.join("ledger.db")).connect().await.expect("the ledger can be opened")
}

/// All rows of the table, as text, by run.
async fn rows(data: &Path) -> BTreeMap<String, String> {
    let mut db = database(data).await;
    let quoted: Vec<String> = columns(&mut db).await.iter().map(|column| format!("quote({column})")).collect();
    let sql = format!("SELECT run, concat_ws(' ', {}) AS row FROM runs", quoted.join(", "));
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut db).await.expect("the rows can be read");
    db.close().await.expect("it can be closed");
    rows.iter().map(|row| (row.get("run"), row.get("row"))).collect()
}

async fn columns(db: &mut SqliteConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM pragma_table_info('runs')").fetch_all(db).await.expect("the table has columns")
}

/// What a command on the data folder says, and whether it succeeds.
fn ledger(command: &str, data: &Path) -> (bool, String) {
    let output = Command::new(binary()).args(["ledger", command, "--data"]).arg(data).output();
    let output = output.expect("the binary can be run");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), said.concat())
}

fn copy(data: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder can be made");
    for file in std::fs::read_dir(data).expect("the folder can be read") {
        let file = file.expect("the folder can be read");
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("a file can be copied");
    }
    copy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_that_is_changed_is_found_and_restored() {
    let (host, runs) = folder().await;
    let data = host.data();
    let whole = rows(&data).await;
    assert!(runs.values().all(|run| whole.contains_key(run)), "{whole:#?}");
    host.verify();
    let mut db = database(&data).await;
    let columns = columns(&mut db).await;
    db.close().await.expect("it can be closed");
    assert!(columns.len() > 10, "{columns:?}");
    for column in &columns {
        let other = format!(
            "CASE typeof({column}) WHEN 'text' THEN {column} || 'x' WHEN 'blob' THEN zeroblob(32)
             WHEN 'integer' THEN {column} + 1 ELSE {{}} END"
        );
        let changes = ["'x'", "7"].map(|value| (other.replace("{}", value), true));
        for (value, all) in changes.into_iter().chain([("NULL".to_owned(), false)]) {
            check(&data, &whole, column, &value, all).await;
        }
    }
}

/// Changes a column of all rows, and lets it be found and restored. Where the table itself refuses the value, there is
/// nothing to find.
async fn check(data: &Path, whole: &BTreeMap<String, String>, column: &str, value: &str, all: bool) {
    let copy = copy(data);
    let mut db = database(copy.path()).await;
    let refused =
        sqlx::query(AssertSqlSafe(format!("UPDATE runs SET {column} = {value}"))).execute(&mut db).await.is_err();
    db.close().await.expect("it can be closed");
    if refused {
        return;
    }
    let changed = rows(copy.path()).await;
    let (found, said) = ledger("verify", copy.path());
    for (run, row) in whole {
        let is_same = changed.get(run) == Some(row);
        assert!(!all || !is_same, "`{column}` of `{run}` was not changed");
        let place = format!("the projection of run `{run}`: ");
        let mut faults = said.lines().filter(|line| line.contains(&place));
        let named = |line: &str| line.contains(&format!("has `{column}` ")) || line.ends_with("is missing");
        assert!(is_same || faults.any(named), "`{column}` of `{run}` was changed, and it is not found:\n{said}");
    }
    assert_eq!(found, changed == *whole, "{said}");
    let (rebuilt, said) = ledger("rebuild", copy.path());
    assert!(rebuilt, "{said}");
    assert_eq!(rows(copy.path()).await, *whole, "`{column}` = {value}");
    let (found, said) = ledger("verify", copy.path());
    assert!(found, "{said}");
}

/// The folder is the server's as long as it runs, and what was lost comes back where it was lost: a containment that was
/// parked by one statement goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_parked_behind_the_servers_back_goes_on() {
    let (mut host, runs) = folder().await;
    let mut db = database(&host.data()).await;
    sqlx::raw_sql("UPDATE runs SET wake = NULL, waits = NULL, waiting_since = NULL, status = 'succeeded', ended = 1")
        .execute(&mut db)
        .await
        .expect("the table can be changed");
    db.close().await.expect("it can be closed");
    let (rebuilt, said) = ledger("rebuild", &host.data());
    assert!(rebuilt && said.contains("has `wake` nothing, and the entries say "), "{said}");
    host.restart();
    let (refused, said) = ledger("rebuild", &host.data());
    assert!(!refused && said.contains("is in use by another Quell process"), "{said}");
    let waiting = host.api(host.first_token()).get("waiting").await;
    let waiting = waiting["waiting"].as_array().expect("a page has waits").clone();
    let seen: Vec<(&Value, &Value)> = waiting.iter().map(|wait| (&wait["run"], &wait["for"])).collect();
    for (what, wait) in [("asks", "approval"), ("queued", "place"), ("sleeps", "timer")] {
        assert!(seen.contains(&(&json!(runs[what]), &json!(wait))), "{waiting:#?}");
    }
    host.verify();
}
