//! What is delivered as an event, and what is not taken for one: whose it is, what it is about, how large it is, how often
//! it comes.

use cases::case;
use serde_json::{Value, json};

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, told};

/// An account that is configured as well, and whose administrator is the first one.
const MEMBER: &str = "210987654321";
/// An account that is configured, and for which only itself speaks.
const OTHER: &str = "333333333333";
/// Where Security Hub gathers the member's findings, and nothing is done.
const HOME: &str = "eu-west-1";

const WORKFLOW: &str = r#"
name: answer
on:
  - event: { source: [aws.guardduty] }
  - event: { source: [aws.securityhub] }
    split: detail.findings
steps:
  - id: ask
    approval: { title: "Go on?", approvers: ["group:leads"], expires: 4h }
"#;

async fn start(clock: StillClock) -> Server {
    let account = |id: &str, more: &str| {
        format!(
            "[accounts.{id}]\nregions = [\"{REGION}\"]\nendpoint = \"http://127.0.0.1:9\"\n{more}\n\
             test-keys = {{ access-key-id = \"id\", secret-access-key = \"key\" }}\n"
        )
    };
    let speaks = format!("delegated-by = [\"{ACCOUNT}\"]\naggregation-region = \"{HOME}\"");
    let folder = Folder::with(&format!("{}{}", account(MEMBER, &speaks), account(OTHER, "")));
    let server = Server::at(&folder, clock).await;
    let put = server.put("/v1/workflows/answer", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(WORKFLOW)).await.0, 200);
    server
}

const NOW: &str = "2026-03-01T07:00:00Z";

fn event(account: &str, region: &str, detail: Value) -> Value {
    json!({
        "version": "0", "id": format!("e-{detail}"), "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "account": account, "region": region, "time": NOW, "resources": [], "detail": detail,
    })
}

fn findings(account: &str, region: &str, findings: Value) -> Value {
    let mut event = event(account, region, json!({ "findings": findings }));
    event["source"] = json!("aws.securityhub");
    event["detail-type"] = json!("Security Hub Findings - Imported");
    event
}

/// What came of an event: where its runs act, or the status of the refusal and whether the ledger has it.
async fn came_of(server: &Server, event: &Value) -> String {
    let before = refused(server).await.len();
    let answer = server.post("/v1/events", &server.person).json(event).send().await.unwrap();
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.unwrap();
    let Some(runs) = answer["runs"].as_array() else {
        let recorded = if refused(server).await.len() == before + 1 { "recorded" } else { "not recorded" };
        return format!("{status} {}, {recorded}", answer["code"].as_str().unwrap());
    };
    let mut places = vec![];
    for run in runs {
        let run = server.see(&format!("/v1/runs/{}", run["run"].as_str().unwrap())).await;
        places.push(format!("{} {}", run["account"].as_str().unwrap(), run["region"].as_str().unwrap()));
    }
    if places.is_empty() { "no run".into() } else { places.join(", ") }
}

async fn refused(server: &Server) -> Vec<Value> {
    server.see("/v1/ledger?kind=event.refused&limit=500").await["entries"].as_array().unwrap().clone()
}

const NOT_OURS: &str = "403 forbidden, recorded";

#[tokio::test]
async fn an_event_acts_where_it_is_from() {
    let server = start(StillClock::at(NOW)).await;
    let came = async |event: Value| came_of(&server, &event).await;
    let here = format!("{ACCOUNT} {REGION}");
    assert_eq!(came(event(ACCOUNT, REGION, json!({ "accountId": ACCOUNT, "region": REGION }))).await, here);
    let stranger = came(event("999999999999", REGION, json!({}))).await;
    case("J09", "an event of an account that is not configured", NOT_OURS, stranger);
    let elsewhere = came(event(ACCOUNT, "us-east-1", json!({}))).await;
    case("J09", "an event of a region that is not configured", NOT_OURS, elsewhere);

    let other = came(event(ACCOUNT, REGION, json!({ "accountId": OTHER }))).await;
    case("J10", "a GuardDuty finding of another account", NOT_OURS, other);
    let other = came(findings(ACCOUNT, REGION, json!([{ "AwsAccountId": OTHER }]))).await;
    case("J10", "a Security Hub finding of another account", NOT_OURS, other);
    let role = "arn:aws:iam::333333333333:role/app";
    let own = json!([{ "AwsAccountId": ACCOUNT, "Resources": [{ "Id": role }] }]);
    case("C12", "a finding of the event's account about a role of another", NOT_OURS, {
        came(findings(ACCOUNT, REGION, own)).await
    });
    let bare = json!([{ "Resources": [{ "Id": role }] }]);
    case("C12", "a finding that names no account, about a role of another", NOT_OURS, {
        came(findings(ACCOUNT, REGION, bare)).await
    });
    case("J10", "the record of a call that another account received", NOT_OURS, {
        came(event(ACCOUNT, REGION, json!({ "recipientAccountId": OTHER }))).await
    });
    let caller = json!({ "recipientAccountId": ACCOUNT, "userIdentity": { "accountId": OTHER } });
    case("J10", "the record of a call that somebody of another account made", &here, {
        came(event(ACCOUNT, REGION, caller)).await
    });
    case("J10", "a Config item of another account", NOT_OURS, {
        came(event(ACCOUNT, REGION, json!({ "configurationItem": { "awsAccountId": OTHER } }))).await
    });

    let elsewhere = came(event(ACCOUNT, REGION, json!({ "awsRegion": "us-east-1" }))).await;
    case("J11", "the record of a call in another region", NOT_OURS, elsewhere);
    let arn = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
    let elsewhere = came(findings(ACCOUNT, REGION, json!([{ "Resources": [{ "Id": arn }] }]))).await;
    case("J11", "a finding about an instance in another region", NOT_OURS, elsewhere);
    let china = json!([{ "Resources": [{ "Id": "arn:aws-cn:s3:::bucket" }] }]);
    case("J11", "a finding about a bucket in another partition", NOT_OURS, {
        came(findings(ACCOUNT, REGION, china)).await
    });
    let global = json!([{ "Region": REGION, "Resources": [{ "Id": "arn:aws:iam::123456789012:user/x" }] }]);
    case("J11", "a finding about a user, who is in no region", &here, came(findings(ACCOUNT, REGION, global)).await);

    let why = refused(&server).await.pop().unwrap();
    assert_eq!(
        why["data"]["why"],
        "workflow `answer`: the event is of the partition `aws` and about the partition `aws-cn`"
    );
}

#[tokio::test]
async fn an_administrator_speaks_for_those_who_say_so() {
    let server = start(StillClock::at(NOW)).await;
    let came = async |event: Value| came_of(&server, &event).await;
    let member = format!("{MEMBER} {REGION}");
    let finding = |account: &str| json!({ "AwsAccountId": account, "Region": REGION });
    case("J10", "the finding of a member whose `delegated-by` lists the event's account", &member, {
        came(findings(ACCOUNT, REGION, json!([finding(MEMBER)]))).await
    });
    case("J10", "the other way round: the administrator's finding, from the member", NOT_OURS, {
        came(findings(MEMBER, REGION, json!([finding(ACCOUNT)]))).await
    });
    let both = format!("{ACCOUNT} {REGION}, {member}");
    case("J10", "findings of the administrator, the member and a stranger, split", &both, {
        came(findings(ACCOUNT, REGION, json!([finding(ACCOUNT), finding(MEMBER), finding(OTHER)]))).await
    });
    // What was refused is on record, by the id of its part.
    let id = refused(&server).await.pop().unwrap()["data"]["id"].as_str().unwrap().to_owned();
    assert!(id.ends_with("/2"), "{id}");
    let mut whole = findings(ACCOUNT, REGION, json!([finding(ACCOUNT), finding(MEMBER)]));
    whole["source"] = json!("aws.guardduty");
    case("J10", "findings of two accounts in one event that is not split", NOT_OURS, came(whole).await);

    case("J11", "a finding gathered in the member's `aggregation-region`", &member, {
        came(findings(MEMBER, HOME, json!([finding(MEMBER)]))).await
    });
    case("J11", "an event of that region, about itself", NOT_OURS, came(event(MEMBER, HOME, json!({}))).await);
    case("J11", "a finding gathered in that region, of an account that does not say so", NOT_OURS, {
        came(findings(OTHER, HOME, json!([finding(OTHER)]))).await
    });
}

#[tokio::test]
async fn a_token_is_replaced_while_both_count() {
    let server = start(StillClock::at(NOW)).await;
    let make = async || {
        let made =
            server.post("/v1/tokens", &server.admin).json(&json!({ "name": "eventbridge", "scopes": ["events:*"] }));
        made.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let text = |made: &Value| made["token"].as_str().unwrap().to_owned();
    let (old, new) = (make().await, make().await);
    let post = async |token: Option<&str>| {
        let request = server.request(reqwest::Method::POST, "/v1/events", token);
        told(request.json(&event(ACCOUNT, REGION, json!({})))).await.0
    };
    case("J12", "no token", 401, post(None).await);
    case("J12", "a wrong token", 401, post(Some("quell_0000_0000")).await);
    case("J12", "the token that is to be replaced", 202, post(Some(&text(&old))).await);
    case("J12", "the one that replaces it, at the same time", 202, post(Some(&text(&new))).await);
    let revoked = server.delete(&format!("/v1/tokens/{}", old["id"].as_str().unwrap()), &server.admin);
    assert_eq!(told(revoked).await.0, 204);
    case("J12", "the old one, revoked", 401, post(Some(&text(&old))).await);
    case("J12", "the new one", 202, post(Some(&text(&new))).await);
}

#[tokio::test]
async fn an_event_that_is_delivered_all_day_is_one_run() {
    let clock = StillClock::at(NOW);
    let server = start(clock.clone()).await;
    let event = event(ACCOUNT, REGION, json!({ "accountId": ACCOUNT }));
    let began: jiff::Timestamp = NOW.parse().unwrap();
    // EventBridge gives up after 185 times or 24 hours.
    for number in 0..185 {
        clock.set(&(began + jiff::SignedDuration::from_secs(number * 24 * 3600 / 184)).to_string());
        assert_eq!(told(server.post("/v1/events", &server.person).json(&event)).await.0, 202);
    }
    let runs = server.see("/v1/runs").await["runs"].as_array().unwrap().len();
    case("J13", "the same event 185 times in 24 hours", "1 run", format!("{runs} run"));
}

#[tokio::test]
async fn what_is_too_much_is_refused_and_what_is_unknown_is_kept() {
    let server = start(StillClock::at(NOW)).await;
    let raw = async |body: String| {
        let post = server.post("/v1/events", &server.person).header("content-type", "application/json").body(body);
        let (status, code) = told(post).await;
        format!("{status} {code}")
    };
    let padded = event(ACCOUNT, REGION, json!({ "pad": "x".repeat(1 << 20) })).to_string();
    case("J16", "an event of more than 1 MiB", "413 body-too-large", raw(padded).await);
    let deep = event(ACCOUNT, REGION, json!({ "deep": null })).to_string();
    let deep = deep.replace("null", &format!("{}{}", "[".repeat(200), "]".repeat(200)));
    case("J16", "an event 200 levels deep", "400 not-json", raw(deep).await);
    let finding = json!({ "AwsAccountId": ACCOUNT });
    let many = |count: usize| {
        let mut event = findings(ACCOUNT, REGION, Value::Array(vec![finding.clone(); count]));
        event["id"] = json!(format!("many-{count}"));
        event
    };
    case("J16", "an event with 10,000 findings", "422 invalid, recorded", came_of(&server, &many(10_000)).await);
    let hundred = server.post("/v1/events", &server.person).json(&many(100)).send().await.unwrap();
    let runs = hundred.json::<Value>().await.unwrap()["runs"].as_array().unwrap().len();
    case("J16", "an event with 100 findings", "100 runs", format!("{runs} runs"));

    let mut unknown = event(ACCOUNT, REGION, json!({ "schemaVersion": "9.0" }));
    unknown["detail-type"] = json!("GuardDuty Dream");
    unknown["source"] = json!("aws.dreams");
    case("J17", "an event of a kind that nobody knows", "no run", came_of(&server, &unknown).await);
    let kept = server.see("/v1/ledger?kind=event.unmatched").await;
    let kept = kept["entries"][0]["data"]["detail-type"].as_str().unwrap();
    case("J17", "the same, in the ledger", "event.unmatched GuardDuty Dream", format!("event.unmatched {kept}"));
}

/// Whoever starts a run with an event cannot have it act elsewhere than the event would.
#[tokio::test]
async fn c13_a_run_by_hand_acts_where_its_event_is_about() {
    let server = start(StillClock::at(NOW)).await;
    let source = WORKFLOW.replace("name: answer\n", "name: by-hand\n").replace("on:\n", "on:\n  - manual: true\n");
    let put = server.put("/v1/workflows/by-hand", &server.admin).header("content-type", "application/yaml");
    assert_eq!(told(put.body(source)).await.0, 200);
    let came = async |event: Value| {
        let start = json!({ "account": ACCOUNT, "region": REGION, "event": event });
        told(server.post("/v1/workflows/by-hand/runs", &server.person).json(&start)).await.0
    };
    let none = json!({});
    case("C13", "a run by hand with an event of its account", 202, came(event(ACCOUNT, REGION, none.clone())).await);
    for (what, event) in [
        ("of another account that is configured", event(OTHER, REGION, none.clone())),
        ("of an account that is not configured", event("999999999999", REGION, none.clone())),
        ("of another region", event(ACCOUNT, HOME, none)),
        ("about another account", event(ACCOUNT, REGION, json!({ "accountId": OTHER }))),
        ("about an account that its own speaks for", event(ACCOUNT, REGION, json!({ "accountId": MEMBER }))),
        (
            "about two accounts",
            findings(ACCOUNT, REGION, json!([{ "AwsAccountId": ACCOUNT }, { "AwsAccountId": OTHER }])),
        ),
    ] {
        case("C13", &format!("a run by hand with an event {what}"), 403, came(event).await);
    }
    // One that names nothing says nothing against it.
    assert_eq!(came(json!({ "id": "e-1", "detail": {} })).await, 202);
}
