//! Events from a queue, through the real binary and an emulator of SQS: each starts what it is for once, whatever becomes of
//! the host between receiving a message and deleting it.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use cases::case;
use serde_json::{Value, json};
use tests::{Api, Emulator, Host, LedgerFile, Proxy, Queue, Settings, until};

const WORKFLOW: &str = "
name: answer
on: [{ event: { source: [aws.guardduty] } }]
steps:
  - id: ask
    approval: { title: Go on?, approvers: [\"group:leads\"], expires: 4h }
";

fn event(id: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "account": "123456789012", "region": "us-east-1", "time": "2026-01-01T00:00:00Z", "resources": [],
        "detail": { "accountId": "123456789012", "region": "us-east-1", "id": id },
    })
}

/// A host that reads a queue, and what stands around it.
struct World {
    proxy: Proxy,
    queue: Queue,
    host: Host,
    admin: Api,
    _emulator: Emulator,
}

impl World {
    /// With the queue, or without one yet.
    async fn start(with_queue: bool) -> World {
        let emulator = Emulator::start();
        let proxy = Proxy::start(emulator.endpoint()).await;
        let queue = Queue::named(emulator.endpoint(), "quell-events");
        if with_queue {
            queue.create().await;
        }
        // The account is configured as well, and its events are not this queue's to bring.
        let other = "[accounts.210987654321]\nregions = [\"us-east-1\"]\n";
        let tables = format!("{}{other}", queue.table());
        let host = Host::start(Settings { endpoint: proxy.endpoint().into(), tables, ..Settings::default() });
        let admin = host.api(host.first_token());
        let stored = admin.put_document("workflows/answer", "application/yaml", WORKFLOW.into()).await;
        stored.expect_status(200);
        World { proxy, queue, host, admin, _emulator: emulator }
    }

    /// Waits until all messages are gone.
    async fn emptied(&self) {
        until("an empty queue", async || (self.queue.count().await == 0).then_some(())).await;
    }

    /// Kills the host and starts it again.
    fn crash(&mut self) {
        self.host.restart();
        self.admin = self.host.api(self.host.first_token());
    }

    async fn runs(&self) -> Vec<Value> {
        self.admin.get("runs").await["runs"].as_array().cloned().expect("a page has runs")
    }

    /// The entries of a kind that the queue brought.
    async fn brought(&self, kind: &str) -> Vec<Value> {
        let path = format!("ledger?kind={kind}&actor=queue:quell-events&limit=500");
        self.admin.get(&path).await["entries"].as_array().cloned().expect("a page has entries")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_from_a_queue_starts_what_it_is_for_once() {
    let world = World::start(true).await;
    world.queue.send(&event("e-1").to_string()).await;
    world.emptied().await;
    let runs = world.runs().await;
    assert_eq!((runs.len(), &runs[0]["by"]), (1, &json!("queue:quell-events")));
    assert_eq!(world.brought("run.started").await.len(), 1);

    // The same event in another message, and what is for no workflow.
    world.queue.send(&event("e-1").to_string()).await;
    let mut other = event("e-2");
    other["source"] = json!("aws.nothing");
    other["detail-type"] = json!("Something New");
    world.queue.send(&other.to_string()).await;
    world.emptied().await;
    assert_eq!((world.runs().await.len(), world.brought("note.repeated").await.len()), (1, 1));
    let unmatched = world.brought("event.unmatched").await;
    assert_eq!((unmatched.len(), &unmatched[0]["data"]["detail-type"]), (1, &json!("Something New")));
    world.host.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_is_on_record_and_gone() {
    let world = World::start(true).await;
    let of = |account: &str| {
        let mut event = event(account);
        event["account"] = json!(account);
        event.to_string()
    };
    let (stranger, neighbour) = ("333333333333", "210987654321");
    let envelope =
        json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "{}" });
    // Says that it is a line of the log, and wipes the screen of whoever reads it.
    let forger = of("3\r\n2026-01-01T00:00:00Z ERROR quell: all is well\u{1b}[2J");
    let bodies = ["hello".to_owned(), "[]".to_owned(), of(stranger), of(neighbour), envelope.to_string(), forger];
    for body in &bodies {
        world.queue.send(body).await;
    }
    world.emptied().await;
    let refused = world.brought("event.refused").await;
    let why =
        |part: &str| refused.iter().any(|entry| entry["data"]["why"].as_str().is_some_and(|why| why.contains(part)));
    assert_eq!((refused.len(), world.runs().await.len()), (bodies.len(), 0));
    assert!(why("expected value at line 1 column 1") && why("an event is a JSON object"), "{refused:?}");
    assert!(why("the account `333333333333` is not configured") && why("from-sns = true"), "{refused:?}");
    let log = world.host.log_text();
    assert!(log.contains("3\\r\\n2026-01-01T00:00:00Z ERROR quell: all is well\\u{1b}[2J"), "{log}");
    assert!(!log.contains(['\r', '\u{1b}']) && !log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    let recorded = |account: &str| match refused.iter().any(|entry| entry["data"]["account"] == account) {
        true => "refused, recorded, gone",
        false => "lost",
    };
    let (unknown, others) = (recorded(stranger), recorded(neighbour));
    case("J09", "an event of an account that is not configured, from a queue", "refused, recorded, gone", unknown);
    assert!(why("`queue:quell-events` may not bring events of the account `210987654321`"), "{refused:?}");
    let what = "an event that says another account than those that the queue is trusted for";
    case("C13", what, "refused, recorded, gone", others);
    // It goes on behind them.
    world.queue.send(&event("e-4").to_string()).await;
    world.emptied().await;
    assert_eq!(world.runs().await.len(), 1);
    world.host.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_receiving_and_deleting_neither_loses_nor_doubles() {
    let mut world = World::start(true).await;
    // On disk, and not deleted.
    world.proxy.fail("DeleteMessage");
    world.queue.send(&event("e-1").to_string()).await;
    let failed = |request: &tests::Request| request.action == "DeleteMessage";
    until("an attempt to delete", async || world.proxy.requests().iter().any(failed).then_some(())).await;
    assert_eq!((world.runs().await.len(), world.queue.count().await), (1, 1));
    world.host.kill();
    world.proxy.heal();
    world.crash();
    world.emptied().await;
    assert_eq!((world.runs().await.len(), world.brought("run.started").await.len()), (1, 1));
    assert_eq!(world.brought("note.repeated").await.len(), 1, "it came again, and was known");

    // Received, and not on disk.
    let held = LedgerFile::hold(&world.host.data()).await;
    world.proxy.clear();
    world.queue.send(&event("e-2").to_string()).await;
    until("a message under way", async || (world.queue.received().await == 1).then_some(())).await;
    world.host.kill();
    held.let_go().await;
    assert!(!world.proxy.requests().iter().any(failed), "it is not deleted while it is not on disk");
    world.crash();
    world.emptied().await;
    assert_eq!((world.runs().await.len(), world.brought("run.started").await.len()), (2, 2));
    world.host.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_cannot_be_read_is_tried_again() {
    let world = World::start(false).await;
    let asked = |request: &tests::Request| request.action == "ReceiveMessage";
    until("two attempts", async || (world.proxy.requests().iter().filter(|r| asked(r)).count() >= 2).then_some(()))
        .await;
    world.queue.create().await;
    world.queue.send(&event("e-1").to_string()).await;
    world.emptied().await;
    assert_eq!(world.runs().await.len(), 1);
    let log = world.host.log_text();
    let lines = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    assert_eq!((lines("the queue is not read now"), lines("the queue is read again")), (1, 1), "{log}");
}
