//! Messages of SNS by HTTPS: which are believed, and what comes of them. Certificates, chains and signatures are real, from an
//! authority that is the test's; only the fetching is played.

use std::sync::{Arc, Mutex};

use cases::case;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, told};
use super::signing::{Authority, ISSUER_URL, RIGHT, Shelf, Wanted, message, signed, topic, url};
use crate::installation::FETCHES;

const NOW: &str = "2026-03-01T07:00:00.000Z";

const WORKFLOW: &str = "
name: answer
on: [{ event: { source: [aws.guardduty] } }]
dedupe: { key: \"${{ event.detail.id }}\", window: 1m }
steps:
  - id: ask
    approval: { title: Go on?, approvers: [\"group:leads\"], expires: 4h }
";

fn event(id: &str) -> String {
    let event = json!({
        "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding", "account": ACCOUNT,
        "region": REGION, "time": NOW, "resources": [], "detail": { "id": id },
    });
    event.to_string()
}

struct World {
    folder: Folder,
    server: Server,
    authority: Authority,
    shelf: Shelf,
    clock: StillClock,
}

impl World {
    /// With `endpoint` for what is asked of SNS.
    async fn start(endpoint: &str) -> World {
        let (authority, shelf, clock) = (Authority::new(), Shelf::default(), StillClock::at(NOW));
        let tables = format!("endpoints = {{ sns = \"{endpoint}\" }}\n[[topics]]\narn = \"{}\"\n", topic());
        let folder = Folder::with(&tables);
        shelf.put(&url("right"), authority.issue(&RIGHT));
        let server = Server::hearing(&folder, clock.clone(), authority.signers(&shelf)).await;
        let put = server.put("/v1/workflows/answer", &server.admin).header("content-type", "application/yaml");
        assert_eq!(told(put.body(WORKFLOW)).await.0, 200);
        World { folder, server, authority, shelf, clock }
    }

    /// The same, after a restart.
    async fn again(self) -> World {
        let World { folder, server, authority, shelf, clock } = self;
        server.stop().await;
        let server = Server::hearing(&folder, clock.clone(), authority.signers(&shelf)).await;
        World { folder, server, authority, shelf, clock }
    }

    async fn post(&self, message: &Value) -> (u16, Value) {
        // As SNS sends it.
        let request = self.server.request(reqwest::Method::POST, "/v1/sns", None);
        let request = request.header("content-type", "text/plain; charset=UTF-8").body(message.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// What came of a message: its status, and how much is in the ledger about events and topics, and was fetched.
    async fn came_of(&self, message: &Value) -> String {
        let before = self.stored().await;
        self.shelf.asked();
        let (status, _) = self.post(message).await;
        format!("{status}, {} stored, {} fetched", self.stored().await - before, self.shelf.asked().len())
    }

    async fn stored(&self) -> usize {
        let entries = async |kind: &str| {
            let page = self.server.see(&format!("/v1/ledger?kind={kind}&limit=500")).await;
            page["entries"].as_array().unwrap().len()
        };
        entries("event.").await + entries("topic.").await + entries("run.started").await
    }

    async fn runs(&self) -> usize {
        self.server.see("/v1/runs").await["runs"].as_array().unwrap().len()
    }
}

fn notification(id: &str, text: &str) -> Value {
    message("Notification", id, text, NOW)
}

#[tokio::test]
async fn what_is_published_on_a_topic_is_an_event() {
    let world = World::start("http://127.0.0.1:9").await;
    let (status, taken) = world.post(&signed(notification("m-1", &event("e-1")))).await;
    assert_eq!((status, &taken["runs"][0]["workflow"]), (202, &json!("answer")), "{taken}");
    assert_eq!(world.shelf.asked(), [url("right"), ISSUER_URL.into()], "the issuer, where the certificate says");
    let run = world.server.see(&format!("/v1/runs/{}", taken["runs"][0]["run"].as_str().unwrap())).await;
    assert_eq!((&run["by"], &run["event"]["id"]), (&json!("topic:quell-events"), &json!("e-1")));
    // With a subject, and what is no event: on record, and by whom.
    let mut odd = notification("m-2", "hello");
    odd["Subject"] = json!("a subject");
    assert_eq!(world.post(&signed(odd)).await.0, 422);
    assert_eq!(world.shelf.asked(), [""; 0], "the certificate is kept");
    let refused = world.server.see("/v1/ledger?kind=event.refused&actor=topic:quell-events").await;
    let why = refused["entries"][0]["data"]["why"].as_str().unwrap();
    assert!(why.starts_with("the message `m-2` is no event"), "{why}");
    // Raw delivery has no signature.
    let (status, problem) = world.post(&serde_json::from_str(&event("e-3")).unwrap()).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("raw message delivery must be off"));
}

/// Nothing here takes so long unless it never comes.
const NEVER: std::time::Duration = std::time::Duration::from_secs(20);

const REFUSED: &str = "403, 0 stored, 0 fetched";
/// Refused after a look at the certificate, or at it and its issuer.
const LOOKED: &str = "403, 0 stored, 1 fetched";
const LOOKED_UP: &str = "403, 0 stored, 2 fetched";

#[tokio::test]
async fn j01_j04_signatures() {
    let world = World::start("http://127.0.0.1:9").await;
    let right = signed(notification("m-1", &event("e-1")));
    let with = |field: &str, value: Value| {
        let mut message = right.clone();
        message[field] = value;
        message
    };
    let mut without = right.clone();
    without.as_object_mut().unwrap().remove("Signature");
    case("J01", "a message without a signature", REFUSED, world.came_of(&without).await);
    case("J01", "an empty signature", REFUSED, world.came_of(&with("Signature", json!(""))).await);
    case("J01", "a signature that is no base64", REFUSED, world.came_of(&with("Signature", json!("%%%"))).await);
    case("J04", "a signature of version 1", REFUSED, world.came_of(&with("SignatureVersion", json!("1"))).await);
    case("J01", "a signature of something else", LOOKED_UP, {
        world.came_of(&with("Signature", signed(notification("m-2", "x"))["Signature"].clone())).await
    });
    case("J01", "the right signature, another message", REFUSED, {
        world.came_of(&with("Message", json!(event("e-2")))).await
    });
    case("J01", "the right signature, another id", REFUSED, world.came_of(&with("MessageId", json!("m-9"))).await);
    case("J01", "the right signature, a subject added", REFUSED, world.came_of(&with("Subject", json!("x"))).await);
    case("J01", "the right signature, a part of the message moved into the subject", REFUSED, {
        let mut whole = notification("m-1", "a\nMessageId\nm-1\nSubject\nb");
        whole["Subject"] = json!("c");
        let mut moved = signed(whole);
        moved["Message"] = json!("a");
        moved["Subject"] = json!("b\nMessageId\nm-1\nSubject\nc");
        world.came_of(&moved).await
    });
    assert_eq!(world.came_of(&right).await, "202, 2 stored, 0 fetched", "the run, and the message's id");
    let help = world.post(&with("SignatureVersion", json!("1"))).await.1;
    assert!(help["detail"].as_str().unwrap().contains("set-topic-attributes"), "{help}");
}

#[tokio::test]
async fn j02_addresses_of_certificates() {
    let world = World::start("http://127.0.0.1:9").await;
    let right = url("right");
    for (what, part, by) in [
        ("http", "https", "http"),
        ("another domain", "sns.eu-central-1.amazonaws.com", "sns.evil.com"),
        ("a bucket of S3", "sns.eu-central-1", "x.s3"),
        ("a domain that begins like AWS's", "amazonaws.com", "amazonaws.com.evil.com"),
        ("a user in front", "https://", "https://sns.eu-central-1.amazonaws.com@evil.com/"),
        ("a port", ".com/", ".com:8443/"),
        ("a query", ".pem", ".pem?x=.pem"),
        ("SNS of another region", "eu-central-1", "us-east-1"),
    ] {
        let mut message = notification("m-1", &event("e-1"));
        message["SigningCertURL"] = json!(right.replacen(part, by, 1));
        // As if whoever sends it had put a right certificate there.
        world.shelf.put(message["SigningCertURL"].as_str().unwrap(), world.authority.issue(&RIGHT));
        case("J02", &format!("a certificate's address: {what}"), REFUSED, world.came_of(&signed(message)).await);
    }
}

#[tokio::test]
async fn j03_certificates() {
    let world = World::start("http://127.0.0.1:9").await;
    let came = async |name: &str, pem: String| {
        world.shelf.put(&url(name), pem);
        let mut message = notification(&format!("m-{name}"), &event(name));
        message["SigningCertURL"] = json!(url(name));
        world.came_of(&signed(message)).await
    };
    let issue = |wanted: Wanted<'_>| world.authority.issue(&wanted);
    case("J03", "a certificate that signed itself", LOOKED, came("self", world.authority.self_signed()).await);
    case("J03", "one of another authority", LOOKED_UP, came("other", Authority::new().issue(&RIGHT)).await);
    case("J03", "an expired one", LOOKED_UP, came("old", issue(Wanted { years: (2024, 2026), ..RIGHT })).await);
    case(
        "J03",
        "one that is not valid yet",
        LOOKED_UP,
        came("new", issue(Wanted { years: (2027, 2028), ..RIGHT })).await,
    );
    let named = |name| issue(Wanted { name, ..RIGHT });
    case("J03", "one of an S3 bucket", LOOKED_UP, came("bucket", named("sns.s3.amazonaws.com")).await);
    case("J03", "one of all S3 buckets", LOOKED_UP, came("all", named("*.s3.amazonaws.com")).await);
    case("J03", "one of SNS in another region", LOOKED_UP, came("far", named("sns.us-east-1.amazonaws.com")).await);
    case("J03", "one that does not say by whom it was issued", LOOKED, {
        came("alone", issue(Wanted { says_issuer: false, ..RIGHT })).await
    });
    case("J03", "what is no certificate", LOOKED, came("text", "<html>".into()).await);
    let mut missing = notification("m-missing", &event("e-1"));
    missing["SigningCertURL"] = json!(url("missing"));
    case("J03", "one that cannot be fetched now: tried again", "503, 0 stored, 1 fetched", {
        world.came_of(&signed(missing)).await
    });
    for name in ["sns.eu-central-1.amazonaws.com", "sns-signing.eu-central-1.amazonaws.com"] {
        let short = name.replace(['.', '-'], "");
        assert_eq!(came(&short, named(name)).await, "202, 2 stored, 2 fetched", "{name}");
    }
    // One that is kept expires as well.
    assert_eq!(world.came_of(&signed(notification("m-a", &event("a")))).await, "202, 2 stored, 2 fetched");
    let later = "2027-06-01T00:00:00Z";
    world.clock.set(later);
    let late = message("Notification", "m-b", &event("b"), later);
    case("J03", "one that was right and has expired", REFUSED, world.came_of(&signed(late)).await);
}

#[tokio::test]
async fn j05_j06_topics_and_times() {
    let world = World::start("http://127.0.0.1:9").await;
    let mut other = notification("m-1", &event("e-1"));
    other["TopicArn"] = json!(topic().replace("quell-events", "others"));
    case("J05", "a message of a topic that is not configured", REFUSED, world.came_of(&signed(other)).await);
    let sent = |time: &str| signed(message("Notification", "m-1", &event("e-1"), time));
    case("J06", "a message of two hours ago", REFUSED, world.came_of(&sent("2026-03-01T05:00:00Z")).await);
    case("J06", "a message of ten minutes from now", REFUSED, world.came_of(&sent("2026-03-01T07:10:00Z")).await);
    case("J06", "a message without a time", REFUSED, world.came_of(&sent("soon")).await);
    assert_eq!(world.came_of(&sent("2026-03-01T06:01:00Z")).await, "202, 2 stored, 2 fetched");
    let mut stranger = notification("m-2", &event("e-2").replace(ACCOUNT, "210987654321"));
    stranger["TopicArn"] = json!(topic());
    case(
        "C13",
        "a topic's message with an event of an account that is not configured: on record",
        "403, 2 stored, 0 fetched",
        world.came_of(&signed(stranger)).await,
    );
}

#[tokio::test]
async fn j07_a_message_is_taken_once() {
    let world = Arc::new(World::start("http://127.0.0.1:9").await);
    let message = signed(notification("m-1", &event("e-1")));
    let posts: Vec<_> = (0..100)
        .map(|_| {
            let (world, message) = (world.clone(), message.clone());
            tokio::spawn(async move { world.post(&message).await.0 })
        })
        .collect();
    for post in posts {
        assert_eq!(post.await.unwrap(), 202);
    }
    case("J07", "the same message 100 times at once", "1 run", format!("{} run", world.runs().await));

    // The workflow would take the same event again by now; the message is known, after a restart as well.
    world.clock.set("2026-03-01T07:30:00Z");
    let mut world = Arc::into_inner(world).unwrap();
    assert_eq!(world.post(&message).await, (202, json!({ "runs": [] })));
    world = world.again().await;
    case("J07", "the same, after a restart and the window of `dedupe`", "202 { runs: [] }, 1 run", {
        let (status, taken) = world.post(&message).await;
        let taken = if taken == json!({ "runs": [] }) { "{ runs: [] }" } else { "something" };
        format!("{status} {taken}, {} run", world.runs().await)
    });
    let again = signed(super::signing::message("Notification", "m-2", &event("e-1"), "2026-03-01T07:30:00Z"));
    world.post(&again).await;
    assert_eq!(world.runs().await, 2, "another message may bring it again");
}

/// SNS, as far as it is asked here: it confirms every subscription, and notes the forms that it was sent.
async fn sns() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (endpoint, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(vec![])));
    let noted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![];
            while !bytes.windows(5).any(|window| window == b"Token") {
                assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
            }
            noted.lock().unwrap().push(String::from_utf8(bytes).unwrap());
            let body = "<ConfirmSubscriptionResponse><ConfirmSubscriptionResult><SubscriptionArn>arn:sub\
                        </SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>";
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    (endpoint, asked)
}

#[tokio::test]
async fn j08_a_subscription_is_confirmed_by_the_api() {
    let (endpoint, asked) = sns().await;
    let world = World::start(&endpoint).await;
    let confirmation = message("SubscriptionConfirmation", "m-1", "You have chosen to subscribe", NOW);
    let mut other = confirmation.clone();
    other["TopicArn"] = json!(topic().replace("quell-events", "others"));
    case("J08", "a subscription of a topic that is not configured", REFUSED, world.came_of(&signed(other)).await);
    let mut forged = signed(confirmation.clone());
    forged["Token"] = json!("another");
    case("J08", "a token that was exchanged", LOOKED_UP, world.came_of(&forged).await);
    assert!(asked.lock().unwrap().is_empty(), "nothing is asked of SNS for them");
    case("J08", "a subscription of a topic that is, with a `SubscribeURL` elsewhere", "202, 1 stored, 0 fetched", {
        world.came_of(&signed(confirmation)).await
    });
    let asked = asked.lock().unwrap().pop().unwrap();
    for part in ["Action=ConfirmSubscription", "Token=token-of-the-subscription", "AuthenticateOnUnsubscribe=true"] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
    let stored = world.server.see("/v1/ledger?kind=topic.subscribed").await;
    assert_eq!(stored["entries"][0]["data"], json!({ "topic": topic(), "subscription": "arn:sub" }));

    let ended = signed(message("UnsubscribeConfirmation", "m-2", "You have chosen to deactivate", NOW));
    assert_eq!(world.came_of(&ended).await, "202, 1 stored, 0 fetched");
    let stored = world.server.see("/v1/ledger?kind=topic.unsubscribed").await;
    assert_eq!(stored["entries"][0]["data"]["topic"], json!(topic()));
}

/// A message whose certificate is at the address of this name.
fn certified(name: &str) -> Value {
    let mut message = notification(&format!("m-{name}"), &event(name));
    message["SigningCertURL"] = json!(url(name));
    signed(message)
}

#[tokio::test]
async fn a_certificate_that_does_not_come_holds_up_its_own_messages_only() {
    let world = Arc::new(World::start("http://127.0.0.1:9").await);
    let post = |message: Value| {
        let world = world.clone();
        tokio::spawn(async move { tokio::time::timeout(NEVER, world.post(&message)).await.map(|(status, _)| status) })
    };
    let slow: Vec<String> = (0..FETCHES).map(|number| format!("slow{number}")).collect();
    let (first, others) = slow.split_first().unwrap();
    for name in &slow {
        world.shelf.put(&url(name), world.authority.issue(&RIGHT));
        world.shelf.hold(&url(name));
    }
    let mut waiting = vec![post(certified(first)), post(certified(first))];
    // What is there is taken meanwhile, also when its certificate is not known yet.
    assert_eq!(post(signed(notification("m-1", &event("e-1")))).await.unwrap(), Ok(202));
    waiting.extend(others.iter().map(|name| post(certified(name))));
    let all = async {
        while world.shelf.asked_for(&slow) < FETCHES {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(NEVER, all).await.unwrap();
    // As many as may be are under way: another one is told to come again, and what is known is taken.
    assert_eq!(post(certified("another")).await.unwrap(), Ok(429));
    assert_eq!(post(signed(notification("m-2", &event("e-2")))).await.unwrap(), Ok(202));
    world.shelf.let_go();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Ok(202));
    }
    assert_eq!(world.shelf.asked_for(&slow), FETCHES, "one that several wait for is fetched once");
}
