//! Events that come while the host cannot take them: a disk that hangs, too many at once, a stop and a start. Whoever was
//! told 202 finds the run; whoever was not tries again, and it is one run.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cases::case;
use serde_json::{Value, json};
use tests::{Api, Host, LedgerFile, Reply, Settings, until};
use tokio::task::JoinSet;

const WORKFLOW: &str = "
name: answer
on: [{ event: { source: [aws.guardduty] } }]
steps:
  - id: ask
    approval: { title: Go on?, approvers: [\"group:leads\"], expires: 4h }
";

/// How many events the host takes at once.
const AT_ONCE: usize = 256;

fn event(id: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "account": "123456789012", "region": "us-east-1", "time": "2026-01-01T00:00:00Z", "resources": [], "detail": {},
    })
}

async fn start() -> (Host, Api) {
    let host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
    let admin = host.api(host.first_token());
    admin.put_document("workflows/answer", "application/yaml", WORKFLOW.into()).await.expect_status(200);
    (host, admin)
}

/// The run that an event started that was taken.
fn run_of(reply: &Reply) -> String {
    reply.body["runs"][0]["run"].as_str().expect("it starts a run").to_owned()
}

/// How many runs there are.
async fn runs(data: &std::path::Path) -> usize {
    let ledger = LedgerFile::open(data).await;
    let count = ledger.entries_of_kind("run.started").await;
    ledger.close().await;
    usize::try_from(count).expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_hangs_is_told_in_time() {
    let (host, admin) = start().await;
    let held = LedgerFile::hold(&host.data()).await;
    let began = Instant::now();
    let reply = admin.post("events", &event("e-1")).await;
    let took = began.elapsed();
    case("J18", "an event while the disk hangs: EventBridge waits 5 s", "503 unavailable in time", {
        let code = reply.body["code"].as_str().unwrap_or_default();
        let time = if took < Duration::from_secs(5) { "in time" } else { "too late" };
        format!("{} {code} {time}", reply.status)
    });
    held.let_go().await;
    let taken = admin.post("events", &event("e-1")).await.expect_status(202);
    let run = taken["runs"][0]["run"].as_str().expect("a run").to_owned();
    admin.run_that_waits(&run).await;
    case("J18", "the same, tried again", "1 run", format!("{} run", runs(&host.data()).await));
    host.verify();
}

/// Twice as many events as are taken at once, all at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_bounded_and_nothing_of_what_was_taken_is_lost() {
    let (host, admin) = start().await;
    let flood = async |events: BTreeSet<usize>| {
        let mut sends = JoinSet::new();
        for number in events {
            let admin = admin.clone();
            sends.spawn(async move { (number, admin.post("events", &event(&format!("e-{number}"))).await) });
        }
        sends.join_all().await
    };
    let all: BTreeSet<usize> = (0..2 * AT_ONCE).collect();
    let held = LedgerFile::hold(&host.data()).await;
    let replies = flood(all.clone()).await;
    let count = |status: u16| replies.iter().filter(|(_, reply)| reply.status == status).count();
    let (_, busy) = replies.iter().find(|(_, reply)| reply.status == 429).expect("some are too many");
    case("J15", "512 events at once while the disk hangs", "256 of them 429, retry after 5 s; 256 of them 503", {
        let after = busy.retry_after.as_deref().unwrap_or("never");
        format!("{} of them 429, retry after {after} s; {} of them 503", count(429), count(503))
    });
    held.let_go().await;

    // Those that were not taken are sent again, as EventBridge does, until they are.
    let (left, told) = (RefCell::new(all), RefCell::new(BTreeSet::new()));
    until("all to be taken", async || {
        let now = left.borrow().clone();
        let replies = flood(now).await;
        for (number, reply) in replies.iter().filter(|(_, reply)| reply.status == 202) {
            left.borrow_mut().remove(number);
            told.borrow_mut().insert(run_of(reply));
        }
        left.borrow().is_empty().then_some(())
    })
    .await;
    let told = told.into_inner();
    case("J15", "the same until each was told 202", "512 told, 512 runs", {
        format!("{} told, {} runs", told.len(), runs(&host.data()).await)
    });
    host.verify();
}

/// The host is told to stop, and killed, again and again under a stream of events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_taken_is_lost_at_a_stop() {
    let (mut host, _) = start().await;
    let (mut told, mut sent) = (BTreeSet::new(), 0);
    for life in 0..4 {
        let (admin, over) = (host.api(host.first_token()), Arc::new(AtomicBool::new(false)));
        let mut streams = JoinSet::new();
        for stream in 0..8 {
            let (admin, over) = (admin.clone(), over.clone());
            streams.spawn(async move {
                let mut told = vec![];
                for number in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    // No answer at all is no 202 either.
                    let Some(reply) = admin.try_post("events", &event(&format!("e-{life}-{stream}-{number}"))).await
                    else {
                        break;
                    };
                    match reply.status {
                        202 => told.push(run_of(&reply)),
                        status => assert!([429, 503].contains(&status), "{status}"),
                    }
                }
                told
            });
        }
        let ledger = LedgerFile::open(&host.data()).await;
        until("some events", async || (ledger.entries_of_kind("run.started").await >= sent + 50).then_some(())).await;
        sent = ledger.entries_of_kind("run.started").await;
        ledger.close().await;
        let mut stopping = tokio::task::spawn_blocking(move || {
            if life % 2 == 0 {
                host.stop();
            } else {
                host.kill();
            }
            host
        });
        host = (&mut stopping).await.expect("it stops");
        over.store(true, Ordering::Relaxed);
        told.extend(streams.join_all().await.into_iter().flatten());
        host.restart();
    }
    let admin = host.api(host.first_token());
    let mut lost = 0;
    for run in &told {
        lost += usize::from(admin.find(&format!("runs/{run}")).await.is_none());
    }
    assert!(told.len() >= 100, "only {} were told 202", told.len());
    case("J19", "a stream of events over two stops and two kills", "0 runs lost of those told 202", {
        format!("{lost} runs lost of those told 202")
    });
    host.verify();
}
