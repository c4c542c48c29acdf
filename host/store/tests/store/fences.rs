//! Fences under races: who may append, and who is told what.

use ledger::{Appended, Dedupe, Fence, Ledger as _, LedgerError, QUEUED, Room, Summary};

use crate::{Ledger, draft, open, summary};

#[tokio::test]
async fn a_second_claim_makes_the_first_stale() {
    let ledger = Ledger::new().await;
    let store = &ledger.store;
    ledger.begin("r").await;
    assert_eq!(store.epoch("r").await.unwrap(), 0);
    let (one, two) = tokio::join!(store.claim("r", "host", 1), store.claim("r", "host", 2));
    let mut epochs = [one.unwrap(), two.unwrap()];
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2]);
    assert_eq!(store.epoch("r").await.unwrap(), 2);

    let call = |epoch| store.append("r", Fence::Epoch(epoch), vec![draft("call.intent")], None);
    assert!(matches!(call(1).await, Err(LedgerError::Stale { held: 1, newest: 2 })));
    assert_eq!(call(2).await.unwrap(), Appended { first: 4, last: 4 });
    let claim = &store.read("r", 2).await.unwrap()[0];
    assert_eq!((claim.entry.kind.as_str(), &claim.data), (ledger::CLAIMED, &serde_json::json!({ "epoch": 2 })));
}

#[tokio::test]
async fn an_input_moves_a_run_under_its_driver() {
    let ledger = Ledger::new().await;
    let store = &ledger.store;
    ledger.begin("r").await;
    let epoch = store.claim("r", "host", 1).await.unwrap();
    let event = |moved| store.append("r", Fence::Driver { epoch, moved }, vec![draft("step.started")], None);
    assert_eq!(event(1).await.unwrap(), Appended { first: 3, last: 3 });
    store.append("r", Fence::Epoch(epoch), vec![draft("call.intent")], None).await.unwrap();
    ledger.add("r", "note.repeat").await;
    store.append("r", Fence::Input { moved: 3 }, vec![draft("approval.given")], None).await.unwrap();
    assert!(matches!(event(3).await, Err(LedgerError::Moved { moved: 6 })));
    assert_eq!(event(6).await.unwrap(), Appended { first: 7, last: 7 });
}

/// H05, H08: of decisions that race, one is taken.
#[tokio::test]
async fn of_racing_inputs_one_is_taken() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let decide = |kind| ledger.store.append("r", Fence::Input { moved: 1 }, vec![draft(kind)], None);
    let (a, b) = tokio::join!(decide("approval.given"), decide("approval.refused"));
    assert_eq!([&a, &b].iter().filter(|answer| answer.is_ok()).count(), 1, "{a:?} {b:?}");
    assert_eq!(ledger.store.read("r", 0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_is_begun_once() {
    let ledger = Ledger::new().await;
    let begin = || ledger.store.append("r", Fence::New(None), vec![draft("run.started")], None);
    let (a, b) = tokio::join!(begin(), begin());
    let refused = if a.is_ok() { b } else { a };
    assert!(matches!(&refused, Err(LedgerError::Duplicate { run }) if run == "r"), "{refused:?}");
    assert_eq!(ledger.store.read("r", 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deduplication_key_is_taken_within_its_window() {
    let ledger = Ledger::new().await;
    let begin = |run: &'static str, workflow: &'static str, key: &'static str, started: i64, since: i64| {
        let of = Summary { workflow: workflow.into(), dedupe: Some(key.into()), ..summary(run, started) };
        let fence = Fence::New(Some(Dedupe { workflow: workflow.into(), key: key.into(), since }));
        ledger.store.append(run, fence, vec![draft("run.started")], Some(of))
    };
    let (a, b) = tokio::join!(begin("a", "contain", "k", 100, 0), begin("b", "contain", "k", 100, 0));
    let first = if a.is_ok() { "a" } else { "b" };
    let refused = if a.is_ok() { b } else { a };
    assert!(matches!(&refused, Err(LedgerError::Duplicate { run }) if run == first), "{refused:?}");

    let same = begin("c", "contain", "k", 200, 99).await;
    assert!(matches!(&same, Err(LedgerError::Duplicate { run }) if run == first), "{same:?}");
    begin("d", "contain", "other", 200, 0).await.unwrap();
    begin("e", "notify", "k", 200, 0).await.unwrap();
    begin("f", "contain", "k", 200, 100).await.unwrap();
    let newest = begin("g", "contain", "k", 300, 0).await;
    assert!(matches!(&newest, Err(LedgerError::Duplicate { run }) if run == "f"), "{newest:?}");
}

#[tokio::test]
async fn of_runs_that_want_the_last_place_one_has_it() {
    let ledger = Ledger::new().await;
    let room = |key: Option<&str>, runs| Room { workflow: "contain".into(), key: key.map(Into::into), runs };
    let of = |run: &str, status: &str| Summary { status: status.into(), dedupe: Some("k".into()), ..summary(run, 1) };
    let begin = |run: &'static str| {
        let fence = Fence::NewIn { dedupe: None, room: room(None, 2) };
        ledger.store.append(run, fence, vec![draft("run.started")], Some(of(run, "running")))
    };
    begin("a").await.unwrap();
    let (b, c) = tokio::join!(begin("b"), begin("c"));
    let refused = if b.is_ok() { &c } else { &b };
    assert!(b.is_ok() != c.is_ok(), "{b:?} {c:?}");
    assert!(matches!(refused, Err(LedgerError::Full { runs: 2, same_key: false, .. })), "{refused:?}");

    // A run that is queued takes no place, one that has ended gives it back.
    let queue = |run: &'static str| {
        ledger.store.append(run, Fence::New(None), vec![draft("run.started")], Some(of(run, QUEUED)))
    };
    queue("d").await.unwrap();
    queue("e").await.unwrap();
    let admit = |run: &'static str, rooms| {
        let fence = Fence::Admit { moved: 1, rooms };
        ledger.store.append(run, fence, vec![draft("run.admitted")], Some(of(run, "running")))
    };
    assert!(matches!(admit("d", vec![room(None, 2)]).await, Err(LedgerError::Full { .. })));
    let ended = Summary { ended: Some(2), ..of("a", "succeeded") };
    ledger.store.append("a", Fence::Input { moved: 1 }, vec![draft("run.finished")], Some(ended)).await.unwrap();
    let (d, e) = tokio::join!(admit("d", vec![room(None, 2)]), admit("e", vec![room(None, 2)]));
    assert!(d.is_ok() != e.is_ok(), "{d:?} {e:?}");
    let other = if d.is_ok() { "e" } else { "d" };
    let same = admit(other, vec![room(None, 9), room(Some("k"), 2)]).await;
    assert!(matches!(same, Err(LedgerError::Full { same_key: true, .. })), "{same:?}");
    admit(other, vec![room(None, 9), room(Some("another"), 1)]).await.unwrap();
}

#[tokio::test]
async fn there_is_no_run_to_write_to() {
    let ledger = Ledger::new().await;
    let store = &ledger.store;
    for fence in [Fence::Open, Fence::Epoch(0), Fence::Driver { epoch: 0, moved: 0 }, Fence::Input { moved: 0 }] {
        let refused = store.append("r", fence.clone(), vec![draft("note.x")], None).await;
        assert!(matches!(&refused, Err(LedgerError::NoRun { run }) if run == "r"), "{fence:?} {refused:?}");
    }
    assert!(matches!(store.claim("r", "host", 1).await, Err(LedgerError::NoRun { .. })));
    assert!(matches!(store.epoch("r").await, Err(LedgerError::NoRun { .. })));
    assert!(matches!(store.read("r", 0).await, Err(LedgerError::NoRun { .. })));
    assert_eq!(store.summary("r").await.unwrap(), None);
}

#[tokio::test]
async fn an_epoch_outlives_the_process() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let held = ledger.store.claim("r", "host", 1).await.unwrap();
    let dir = ledger.close().await;
    let store = open(dir.path()).await;
    assert_eq!(store.claim("r", "host", 2).await.unwrap(), held + 1);
    let late = store.append("r", Fence::Epoch(held), vec![draft("call.intent")], None).await;
    assert!(matches!(late, Err(LedgerError::Stale { held: 1, newest: 2 })), "{late:?}");
    store.close().await;
}
