//! Queries over all runs, summaries, and what is due.

use ledger::{Draft, Fence, Filter, Hash, Ledger as _, LedgerError, PAYLOAD_REMOVED, Summary};
use serde_json::json;

use crate::{Ledger, draft, faults, summary};

#[tokio::test]
async fn a_query_wants_all_that_is_given() {
    let ledger = Ledger::new().await;
    let at = |kind: &'static str, time, actor: &str| Draft::new(kind, time, actor, json!({}));
    let entries = [
        ("r", at("run.started", 10, "user:alice")),
        ("r", at("call.intent", 20, "plugin:p")),
        ("s", at("run.started", 30, "user:bob")),
        ("r", at("call.outcome", 40, "plugin:p")),
        ("s", at("callback.came", 50, "host")),
    ];
    for (run, entry) in entries {
        let fence = if entry.kind == "run.started" { Fence::New(None) } else { Fence::Open };
        ledger.store.append(run, fence, vec![entry], None).await.unwrap();
    }
    let check = async |filter: Filter, expected: &[i64]| {
        let found = ledger.store.query(&filter).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|(position, _)| position).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let all = Filter { limit: 10, ..Filter::default() };
    let of = |text: &str| Some(text.to_owned());
    check(all.clone(), &[1, 2, 3, 4, 5]).await;
    check(Filter { limit: 2, ..all.clone() }, &[1, 2]).await;
    check(Filter { limit: 2, after: Some(2), ..all.clone() }, &[3, 4]).await;
    check(Filter { run: of("s"), ..all.clone() }, &[3, 5]).await;
    check(Filter { kind: of("call.intent"), ..all.clone() }, &[2]).await;
    check(Filter { kind: of("call."), ..all.clone() }, &[2, 4]).await;
    check(Filter { kind: of("call"), ..all.clone() }, &[]).await;
    check(Filter { actor: of("plugin:p"), ..all.clone() }, &[2, 4]).await;
    check(Filter { since: Some(20), until: Some(40), ..all.clone() }, &[2, 3]).await;
    check(Filter { run: of("r"), kind: of("call."), since: Some(30), ..all }, &[4]).await;
}

#[tokio::test]
async fn a_run_is_read_without_its_calls_and_the_calls_of_one_attempt_alone() {
    let ledger = Ledger::new().await;
    let about = |kind: &'static str, call: &str| draft(kind).about(call).with("answer", &json!(call));
    let entries = vec![
        draft("run.started"),
        about("call.read", "r/s/1/1"),
        about("call.read", "r/s/10/1"),
        draft("call"),
        about("call.intent", "r/s/1/2"),
        about("call.read", "r/s[0]/1/1"),
        draft("callback.came"),
        about("review.settled", "r/s/1/2"),
    ];
    ledger.store.append("r", Fence::New(None), entries, None).await.unwrap();
    // A run whose name another one begins with, and one that writes about the other's calls.
    ledger.store.append("r/s", Fence::New(None), vec![about("call.read", "r/s/s/1/1")], None).await.unwrap();
    ledger.store.append("q", Fence::New(None), vec![about("call.read", "r/s/1/3")], None).await.unwrap();
    let places = |records: Vec<ledger::Record>| {
        assert!(records.iter().flat_map(|record| record.payloads.values()).all(Option::is_some));
        records.into_iter().map(|record| record.entry.sequence).collect::<Vec<_>>()
    };
    assert_eq!(places(ledger.store.read_without_calls("r", 0).await.unwrap()), [1, 4, 7, 8]);
    assert_eq!(places(ledger.store.read_without_calls("r", 4).await.unwrap()), [7, 8]);
    assert_eq!(places(ledger.store.read_calls("r", "r/s/1/").await.unwrap()), [2, 5, 8]);
    assert!(places(ledger.store.read_calls("r", "r/s/2/").await.unwrap()).is_empty());
    let missing = ledger.store.read_without_calls("none", 0).await.unwrap_err();
    assert!(matches!(missing, LedgerError::NoRun { .. }));
    let missing = ledger.store.read_calls("none", "none/s/1/").await.unwrap_err();
    assert!(matches!(missing, LedgerError::NoRun { .. }));
    ledger.close().await;
}

#[tokio::test]
async fn summaries_come_newest_first_and_in_pages() {
    let ledger = Ledger::new().await;
    for (run, started, workflow, status) in [
        ("a", 1, "contain", "done"),
        ("b", 2, "notify", "running"),
        ("c", 3, "contain", "running"),
        ("d", 3, "contain", "done"),
    ] {
        let summary = Summary { workflow: workflow.into(), status: status.into(), ..summary(run, started) };
        ledger.store.append(run, Fence::New(None), vec![draft("run.started")], Some(summary)).await.unwrap();
    }
    let check = async |workflow, status, before, limit, expected: &[&str]| {
        let found = ledger.store.summaries(workflow, status, before, limit).await.unwrap();
        let found: Vec<_> = found.iter().map(|summary| summary.run.as_str()).collect();
        assert_eq!(found, expected);
    };
    check(None, None, None, 10, &["d", "c", "b", "a"]).await;
    check(None, None, None, 2, &["d", "c"]).await;
    check(None, None, Some("c"), 10, &["b", "a"]).await;
    check(Some("contain"), None, None, 10, &["d", "c", "a"]).await;
    check(None, Some("running"), None, 10, &["c", "b"]).await;
    check(Some("contain"), Some("done"), Some("d"), 10, &["a"]).await;
    let unknown = ledger.store.summaries(None, None, Some("x"), 10).await;
    assert!(matches!(unknown, Err(LedgerError::NoRun { .. })), "{unknown:?}");
}

#[tokio::test]
async fn what_is_due_and_when_to_look_again() {
    let ledger = Ledger::new().await;
    for (run, wake) in [("a", Some(20)), ("b", Some(10)), ("c", None), ("d", Some(30))] {
        let summary = Summary { wake, ..summary(run, 1) };
        ledger.store.append(run, Fence::New(None), vec![draft("run.started")], Some(summary)).await.unwrap();
    }
    let due = async |now| ledger.store.due(now).await.unwrap();
    assert_eq!(due(9).await, (vec![], Some(10)));
    assert_eq!(due(20).await, (vec!["b".into(), "a".into()], Some(30)));
    assert_eq!(due(99).await, (vec!["b".into(), "a".into(), "d".into()], None));
    let done = Summary { ended: Some(50), status: "done".into(), ..summary("b", 1) };
    ledger.store.append("b", Fence::Input { moved: 1 }, vec![draft("run.ended")], Some(done.clone())).await.unwrap();
    assert_eq!(due(99).await, (vec!["a".into(), "d".into()], None));
    assert_eq!(ledger.store.summary("b").await.unwrap(), Some(done));
}

/// Retention removes payloads, by an entry: what they were of stays, and the ledger still verifies.
#[tokio::test]
async fn a_removed_payload_is_known_to_be_missing() {
    let ledger = Ledger::new().await;
    let entry = draft("run.started").with("input", &json!({ "person": "Ada" })).with("other", &json!("stays"));
    ledger.store.append("r", Fence::New(None), vec![entry], None).await.unwrap();
    let hashes = ledger.store.read("r", 0).await.unwrap().remove(0).entry.open().unwrap().1;
    let (input, other) = (hashes["input"], hashes["other"]);
    let sizes = ledger.store.payload_sizes(&[input, other, Hash::ZERO]).await.unwrap();
    assert_eq!(sizes, [(input, 16), (other, 7)].into());
    let says = Draft::new(PAYLOAD_REMOVED, 1_000, "host", json!({ "payloads": [input] }));
    ledger.store.append("r", Fence::Open, vec![says], None).await.unwrap();
    let record = ledger.store.read("r", 0).await.unwrap().remove(0);
    assert_eq!((&record.payloads["input"], record.payload("other").unwrap()), (&None, json!("stays")));
    assert_eq!(record.payload("input").unwrap_err().to_string(), "entry 1 of run `r`: its payload `input` was removed");
    assert_eq!(ledger.store.payload_sizes(&[input, other]).await.unwrap(), [(other, 7)].into());
    let dir = ledger.close().await;
    assert_eq!(faults(dir.path()).await, Vec::<String>::new());
    assert_eq!(store::verify(dir.path(), None, &[], None).await.unwrap().removed, 1);
}
