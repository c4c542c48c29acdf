//! The whole plugin against an account in memory that keeps events, pages like CloudTrail, and counts what it is asked.

use jiff::Timestamp;
use quell_sdk::cloudtrail::events::{Event, EventResource, EventsPage};
use quell_sdk::{Detail, Error};
use serde_json::json;

use super::*;
use crate::subject::Subject;

const ACCOUNT: &str = "123456789012";
const NOW: &str = "2026-03-01T12:00:00Z";

#[derive(Default)]
struct Account {
    /// The newest first.
    events: Vec<Event>,
    /// What the call with this number answers, and all after it.
    failing: Option<(usize, Error)>,
    asked: Vec<String>,
}

impl Trail for Account {
    fn page(&mut self, subject: &Subject, window: &Window, token: Option<&str>) -> Result<EventsPage, Error> {
        self.asked.push(format!("{}={}", subject.attribute.name(), subject.value));
        if let Some((_, error)) = self.failing.as_ref().filter(|(number, _)| self.asked.len() > *number) {
            return Err(error.clone());
        }
        let value = Some(subject.value.clone());
        let is_meant = |event: &&Event| {
            let time: Timestamp = event.event_time.parse().unwrap();
            let has = match subject.attribute {
                Attribute::AccessKeyId => event.access_key_id == value,
                Attribute::Username => event.username == value,
                Attribute::ResourceName => event.resources.iter().any(|resource| resource.resource_name == value),
            };
            has && (window.start..=window.end).contains(&time)
        };
        let from: usize = token.map_or(0, |token| token.parse().unwrap());
        let meant: Vec<&Event> = self.events.iter().filter(is_meant).collect();
        let events: Vec<Event> = meant.iter().skip(from).take(50).map(|event| (*event).clone()).collect();
        let next = from + events.len();
        Ok(EventsPage { events, next_token: (next < meant.len()).then(|| next.to_string()) })
    }
}

impl Account {
    /// An account with `count` events of alice, a minute apart, every other one of which changed something.
    fn new(count: usize) -> Self {
        let events = (0..count).map(|number| event(number, if number % 2 == 0 { "CreateUser" } else { "ListUsers" }));
        Self { events: events.collect(), ..Self::default() }
    }

    fn run_in(&mut self, region: &str, input: Value) -> Result<Output, Failure> {
        let context = Context {
            run: "run".to_owned(),
            step: "forensics".to_owned(),
            attempt: 1,
            account: ACCOUNT.to_owned(),
            region: region.to_owned(),
            time: NOW.to_owned(),
        };
        run(self, &serde_json::from_value(input).unwrap(), &context)
    }

    fn run(&mut self, input: Value) -> Result<Output, Failure> {
        self.run_in("us-east-1", input)
    }
}

/// An event `number` minutes ago.
fn event(number: usize, name: &str) -> Event {
    let time: Timestamp = NOW.parse().unwrap();
    let time = time - jiff::SignedDuration::from_mins(number as i64);
    let is_read = name.starts_with("List");
    let record = json!({
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2",
        "errorCode": (!is_read).then_some("AccessDenied"),
        "readOnly": is_read,
        "requestParameters": { "userName": "mallory", "nested": [1, { "more": null }] },
    });
    Event {
        event_id: format!("e-{number}"),
        event_name: name.to_owned(),
        event_source: "iam.amazonaws.com".to_owned(),
        event_time: time.to_string(),
        username: Some("alice".to_owned()),
        access_key_id: Some("AKIA1".to_owned()),
        read_only: Some(is_read.to_string()),
        resources: vec![EventResource { resource_type: None, resource_name: Some("mallory".to_owned()) }],
        cloud_trail_event: record.to_string(),
    }
}

fn throttled() -> Error {
    Error::Throttled(Detail { code: "ThrottlingException".to_owned(), message: "Rate exceeded".to_owned() })
}

fn finding(resource: Value) -> Value {
    json!({ "finding": { "id": "f-1", "accountId": ACCOUNT, "region": "us-east-1", "resource": resource, "service": {} } })
}

fn top(counts: &Counts) -> Vec<(&str, usize)> {
    counts.top.iter().map(|count| (count.value.as_str(), count.count)).collect()
}

fn ids(output: &Output) -> Vec<&str> {
    output.mutating.iter().map(|call| call.event_id.as_str()).collect()
}

#[test]
fn events_are_counted_once_and_told_the_newest_first() {
    let mut account = Account::new(120);
    let details = json!({ "accessKeyId": "AKIA1", "userType": "IAMUser", "userName": "alice", "principalId": "AIDA1" });
    let output = account.run(finding(json!({ "accessKeyDetails": details }))).unwrap();
    assert_eq!((output.events, output.mutating_events, output.truncated, output.throttled), (120, 60, false, false));
    assert_eq!(top(&output.event_names), [("CreateUser", 60), ("ListUsers", 60)]);
    assert_eq!(top(&output.event_sources), [("iam.amazonaws.com", 120)]);
    assert_eq!(
        (top(&output.source_ips), top(&output.user_agents)),
        (vec![("198.51.100.7", 120)], vec![("aws-cli/2", 120)])
    );
    assert_eq!(top(&output.error_codes), [("AccessDenied", 60)]);
    assert_eq!(output.last_time.as_deref(), Some(NOW));
    assert_eq!(output.first_time.as_deref(), Some("2026-03-01T10:01:00Z"));
    assert_eq!(ids(&output)[..3], ["e-0", "e-2", "e-4"]);
    assert_eq!((output.mutating[0].resources.as_slice(), output.mutating.len()), (&["mallory".to_owned()][..], 60));
    let lookups: Vec<_> = output.lookups.iter().map(|it| (it.attribute.name(), it.events, it.complete)).collect();
    assert_eq!(lookups, [("AccessKeyId", 120, true), ("Username", 120, true)]);
    assert_eq!(account.asked.len(), 6);
}

#[test]
fn lookups_are_merged_by_time() {
    let mut account = Account::new(6);
    for (number, event) in account.events.iter_mut().enumerate() {
        event.event_name = "CreateUser".to_owned();
        event.read_only = None;
        event.cloud_trail_event = "no JSON".to_owned();
        if number % 2 == 0 {
            event.username = None;
        } else {
            event.access_key_id = None;
        }
    }
    let output = account.run(json!({ "access_key_id": "AKIA1", "user_name": "alice" })).unwrap();
    assert_eq!(ids(&output), ["e-0", "e-1", "e-2", "e-3", "e-4", "e-5"]);
    let output = account.run(json!({ "access_key_id": "AKIA1", "user_name": "alice", "max_events": 3 })).unwrap();
    assert_eq!((ids(&output), output.truncated), (vec!["e-0", "e-1", "e-2"], true));
}

#[test]
fn what_is_looked_up_follows_from_the_finding() {
    let key = |user_type: &str, name: &str, key: &str, principal: &str| json!({ "accessKeyDetails": { "accessKeyId": key, "userType": user_type, "userName": name, "principalId": principal } });
    let mut both = key("AssumedRole", "app", "ASIA1", "AROA1:i-1");
    both["instanceDetails"] = json!({ "instanceId": "i-1" });
    for (resource, expected) in [
        (key("IAMUser", "alice", "AKIA1", "AIDA1"), vec!["AccessKeyId=AKIA1", "Username=alice"]),
        (key("AssumedRole", "app", "ASIA1", "AROA1:deploy"), vec!["AccessKeyId=ASIA1", "Username=deploy"]),
        (key("Role", "app", "", "AROA1"), vec!["ResourceName=app"]),
        (key("Root", "Root", "AKIA1", ACCOUNT), vec!["AccessKeyId=AKIA1", "Username=root"]),
        (both, vec!["AccessKeyId=ASIA1", "Username=i-1", "ResourceName=i-1"]),
        (json!({ "instanceDetails": { "instanceId": "i-1" } }), vec!["Username=i-1", "ResourceName=i-1"]),
        (json!({ "s3BucketDetails": [{ "name": "b" }, { "name": "b" }] }), vec!["ResourceName=b"]),
        (json!({ "resourceType": "EKSCluster" }), vec![]),
    ] {
        let mut account = Account::default();
        let output = account.run(finding(resource.clone())).unwrap();
        assert_eq!(
            (account.asked, output.events),
            (expected.iter().map(ToString::to_string).collect(), 0),
            "{resource}"
        );
        assert_eq!(output.notes[0].contains("nothing was looked up"), expected.is_empty(), "{resource}");
    }
    let mut account = Account::default();
    let mut input = finding(json!({ "instanceDetails": { "instanceId": "i-1" } }));
    input["resource_name"] = json!("i-1");
    account.run(input).unwrap();
    assert_eq!(account.asked, ["ResourceName=i-1", "Username=i-1"]);
}

#[test]
fn published_findings_are_looked_up() {
    for (event, expected) in [
        (include_str!("../../../tests/events/real/guardduty-ec2.json"), 2),
        (include_str!("../../../tests/events/real/guardduty-iam.json"), 4),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let mut account = Account::default();
        account.run(json!({ "finding": event["detail"] })).unwrap();
        assert_eq!(account.asked.len(), expected);
    }
}

#[test]
fn the_bound_is_kept_and_told() {
    let mut account = Account::new(700);
    let output = account.run(json!({ "user_name": "alice", "max_events": 100 })).unwrap();
    assert_eq!((output.events, output.truncated, account.asked.len()), (100, true, 2));
    assert!(!output.lookups[0].complete);
    assert!(
        output.notes.iter().any(|note| note.starts_with("there is more: only the newest 100")),
        "{:?}",
        output.notes
    );
    let output = account.run(json!({ "user_name": "alice", "max_events": 700 })).unwrap();
    assert_eq!((output.events, output.truncated), (700, false));
    for wrong in [0, 1001] {
        assert_eq!(
            account.run(json!({ "user_name": "alice", "max_events": wrong })).unwrap_err().code,
            "invalid-input"
        );
    }
}

#[test]
fn no_event_is_outside_of_the_window() {
    let output = Account::new(700).run(json!({ "user_name": "alice", "lookback": "PT1H" })).unwrap();
    assert_eq!((output.events, output.start_time.as_str()), (61, "2026-03-01T11:00:00Z"));
    let input = json!({ "user_name": "alice", "lookback": "30m", "until": "2026-03-01T11:00:00Z" });
    let output = Account::new(700).run(input).unwrap();
    assert_eq!((output.events, output.last_time.as_deref()), (31, Some("2026-03-01T11:00:00Z")));
}

#[test]
fn what_was_found_before_a_throttling_is_kept() {
    let mut account = Account { failing: Some((2, throttled())), ..Account::new(300) };
    let output = account.run(json!({ "access_key_id": "AKIA1", "user_name": "alice" })).unwrap();
    assert_eq!((output.events, output.throttled, account.asked.len()), (100, true, 3));
    let errors: Vec<_> = output.lookups.iter().filter_map(|lookup| lookup.error.as_deref()).collect();
    assert_eq!(errors[0], "throttled: Rate exceeded (`ThrottlingException`)");
    assert!(errors[1].contains("was not begun") && output.lookups.iter().all(|lookup| !lookup.complete));
    assert!(output.notes.iter().any(|note| note.starts_with("CloudTrail went on asking to slow down")));
}

#[test]
fn another_error_ends_one_lookup() {
    let error = Error::Unavailable(Detail { code: "InternalError".to_owned(), message: "try again".to_owned() });
    let mut account = Account { failing: Some((1, error)), ..Account::new(10) };
    let output = account.run(json!({ "user_name": "alice", "resource_name": "mallory" })).unwrap();
    assert_eq!((output.events, output.throttled), (10, false));
    assert!(output.lookups[0].complete && output.lookups[1].error.is_some());
}

#[test]
fn a_query_that_could_look_at_nothing_fails() {
    let denied = Error::AccessDenied(Detail { code: "not-granted".to_owned(), message: "no grant".to_owned() });
    for (error, code) in [(throttled(), "throttled"), (denied, "access-denied")] {
        let mut account = Account { failing: Some((0, error)), ..Account::new(10) };
        let failure = account.run(json!({ "user_name": "alice" })).unwrap_err();
        assert_eq!(failure.code, code);
        assert!(failure.message.starts_with("looking up Username `alice`: "), "{}", failure.message);
    }
}

#[test]
fn a_lookup_that_does_not_end_is_ended() {
    struct Endless(usize);
    impl Trail for Endless {
        fn page(&mut self, _: &Subject, _: &Window, _: Option<&str>) -> Result<EventsPage, Error> {
            self.0 += 1;
            let next_token = Some(format!("{}", self.0));
            Ok(EventsPage { events: Vec::new(), next_token })
        }
    }
    let context = Context {
        run: String::new(),
        step: String::new(),
        attempt: 1,
        account: ACCOUNT.to_owned(),
        region: "eu-west-1".to_owned(),
        time: NOW.to_owned(),
    };
    let mut endless = Endless(0);
    let input = serde_json::from_value(json!({ "user_name": "alice" })).unwrap();
    let output = run(&mut endless, &input, &context).unwrap();
    assert_eq!((endless.0, output.truncated), (80, true));
}

#[test]
fn what_it_does_not_cover_is_told() {
    let notes = |region: &str, input: Value| Account::default().run_in(region, input).unwrap().notes.join("\n");
    let alice = |more: Value| {
        let mut input = json!({ "user_name": "alice" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    assert!(notes("eu-west-1", alice(json!({}))).contains("is recorded in `us-east-1` alone"));
    assert!(notes("cn-northwest-1", alice(json!({}))).contains("is recorded in `cn-north-1` alone"));
    assert!(notes("us-east-1", alice(json!({}))).contains("other regions were not"));
    assert!(notes("us-east-1", alice(json!({}))).contains("15 minutes"));
    assert!(!notes("us-east-1", alice(json!({ "until": "2026-03-01T11:00:00Z" }))).contains("15 minutes"));
    assert!(notes("us-east-1", alice(json!({ "until": "2025-03-01T11:00:00Z" }))).contains("keeps 90 days"));
    assert!(notes("eu-west-1", finding(json!({}))).contains("the finding is about region `us-east-1`"));
    let buckets: Vec<Value> = (0..9).map(|number| json!({ "name": format!("b-{number}") })).collect();
    let many = finding(json!({ "s3BucketDetails": buckets }));
    assert!(notes("us-east-1", many).contains("of 9 things to look up, the first 6 were"));
}

#[test]
fn what_cannot_be_looked_up_is_refused() {
    let mut elsewhere = finding(json!({}));
    elsewhere["finding"]["accountId"] = json!("210987654321");
    for (input, code) in [
        (json!({}), "invalid-input"),
        (json!({ "user_name": " " }), "invalid-input"),
        (json!({ "user_name": "x".repeat(2001) }), "invalid-input"),
        (json!({ "user_name": "alice", "lookback": "91d" }), "invalid-input"),
        (json!({ "user_name": "alice", "until": "now" }), "invalid-input"),
        (json!({ "finding": {} }), "invalid-input"),
        (elsewhere, "other-account"),
    ] {
        let mut account = Account::default();
        assert_eq!(account.run(input.clone()).unwrap_err().code, code, "{input}");
        assert_eq!(account.asked, Vec::<String>::new(), "{input}");
    }
}

/// Whoever makes calls decides what is in the records: no more of it is told than an output may have.
#[test]
fn the_output_has_a_bound_whatever_is_in_the_records() {
    let mut account = Account::new(1000);
    for (number, event) in account.events.iter_mut().enumerate() {
        let nasty = |what: &str| format!("{number}{what}{}", "\u{1}\"\u{10ffff}".repeat(100));
        event.event_name = nasty("n");
        event.event_source = nasty("s");
        event.read_only = Some("false".to_owned());
        event.resources =
            (0..50).map(|_| EventResource { resource_type: None, resource_name: Some(nasty("r")) }).collect();
        let record = json!({ "sourceIPAddress": nasty("i"), "userAgent": nasty("u"), "errorCode": nasty("e") });
        event.cloud_trail_event = record.to_string();
    }
    let output = account.run(json!({ "user_name": "alice", "max_events": 1000 })).unwrap();
    assert_eq!((output.events, output.mutating_events, output.user_agents.distinct), (1000, 1000, 1000));
    assert!(output.mutating.len() > 50 && output.mutating.len() < 1000, "{}", output.mutating.len());
    let bytes = serde_json::to_string(&output).unwrap().len();
    assert!(bytes < 224 * 1024, "{bytes}");
    assert!(
        output.notes.iter().any(|note| note.starts_with("of 1000 mutating calls, the newest")),
        "{:?}",
        output.notes
    );
}

/// An instruction budget that is used up would lose everything.
#[test]
fn records_that_are_too_long_are_counted_all_the_same() {
    let mut account = Account::new(10);
    for event in &mut account.events[2..5] {
        let long = "x".repeat(3_000_000);
        event.cloud_trail_event = json!({ "sourceIPAddress": "203.0.113.9", "long": long }).to_string();
    }
    let output = account.run(json!({ "user_name": "alice" })).unwrap();
    assert_eq!(top(&output.source_ips), [("198.51.100.7", 7), ("203.0.113.9", 2)]);
    assert_eq!((output.events, output.mutating_events), (10, 5));
    assert!(output.notes.iter().any(|note| note.starts_with("1 events have records")), "{:?}", output.notes);
}

#[test]
fn the_schema_has_what_the_workflow_gives() {
    let description = quell_sdk::describe::<QueryCloudtrail>("query-cloudtrail", "1.0.0", "");
    let input: Value = serde_json::from_str(&description.input_schema).unwrap();
    assert_eq!(input["properties"]["lookback"]["default"], "24h");
    assert_eq!(input["properties"]["max_events"]["default"], 500);
    assert!(input["properties"]["finding"].is_object() && input.get("required").is_none());
}

#[test]
fn the_readme_shows_the_grant() {
    assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
}
