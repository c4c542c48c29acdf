//! The process, as whoever operates it sees it: what it tells of itself without a token, and what it leaves behind.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use cases::case;
use serde_json::Value;
use tests::{Host, LedgerFile, Settings, until};

fn start(under: &[&str]) -> Host {
    let under = under.iter().map(ToString::to_string).collect();
    Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), under, ..Settings::default() })
}

/// The status there, and what is said, without a token.
async fn told(host: &Host, path: &str) -> String {
    let answer = reqwest::get(format!("{}{path}", host.url())).await.expect("the host answers");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("the answer is JSON");
    format!("{status} {}", body["detail"].as_str().unwrap_or("ok"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_the_ledger_takes_commits_is_told_to_anyone() {
    let host = start(&[]);
    assert_eq!(told(&host, "/readyz").await, "200 ok");
    let held = LedgerFile::hold(&host.data()).await;
    let refused = until("the host to notice", async || {
        let told = told(&host, "/readyz").await;
        (told != "200 ok").then_some(told)
    })
    .await;
    assert!(refused.starts_with("503 the ledger does not take commits: "), "{refused}");
    let served = told(&host, "/healthz").await;
    case("F15", "readiness and health while nothing can be committed", "503 200 ok", {
        format!("{} {served}", refused.split(' ').next().unwrap_or_default())
    });
    held.let_go().await;
    until("the host to be ready again", async || (told(&host, "/readyz").await == "200 ok").then_some(())).await;
    host.verify();
}

/// Also where it is started such that it could.
#[test]
fn it_never_dumps_its_memory() {
    let host = start(&["prlimit", "--core=unlimited"]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", host.process())).expect("the process is there");
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a limit of core files");
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
}
