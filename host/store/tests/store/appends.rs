//! Appending: places, chains, payloads, and many appends in one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Appended, EVENTS, Fence, Filter, Hash, Ledger as _, LedgerError, SYSTEM};
use serde_json::json;
use sqlx::Connection as _;

use crate::{Ledger, draft, faults, open, raw, summary};

#[tokio::test]
async fn an_append_is_read_back_as_it_was_given() {
    let ledger = Ledger::new().await;
    let store = &ledger.store;
    let call = draft("call.intent").about("r/a/1/1").with("arguments", &json!({"group": "sg-1"}));
    let call = call.with_bytes("again", br#"{"group":"sg-1"}"#.to_vec()).with_bytes("empty", vec![]);
    let given = vec![draft("run.started"), call];
    let appended = store.append("r", Fence::New(None), given, None).await.unwrap();
    assert_eq!(appended, Appended { first: 1, last: 2 });

    let records = store.read("r", 0).await.unwrap();
    let [started, call] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((started.entry.sequence, started.entry.previous), (1, Hash::ZERO));
    assert_eq!((call.entry.sequence, call.entry.previous), (2, started.entry.hash));
    assert_eq!(call.entry.call.as_deref(), Some("r/a/1/1"));
    assert_eq!(call.data, json!({ "kind": "call.intent" }));
    assert_eq!(call.payload("arguments").unwrap(), json!({"group": "sg-1"}));
    assert_eq!(call.payloads["again"], call.payloads["arguments"]);
    assert_eq!(call.payloads["empty"], Some(vec![]));
    assert_eq!(started.payloads, BTreeMap::new());

    let hash = Hash::of(br#"{"group":"sg-1"}"#);
    assert_eq!(store.payload(&hash).await.unwrap(), call.payloads["arguments"]);
    assert_eq!(store.payload(&Hash::of(b"other")).await.unwrap(), None);
    assert_eq!(store.read("r", 1).await.unwrap(), records[1..]);
    assert_eq!(store.read("r", 2).await.unwrap(), vec![]);
    assert!(faults(ledger.close().await.path()).await.is_empty());
}

#[tokio::test]
async fn the_installations_own_chains_begin_by_themselves() {
    let ledger = Ledger::new().await;
    for chain in [SYSTEM, EVENTS] {
        assert_eq!(ledger.store.read(chain, 0).await.unwrap(), vec![]);
        ledger.add(chain, "system.grant-put").await;
        ledger.add(chain, "system.grant-put").await;
        assert_eq!(ledger.store.read(chain, 0).await.unwrap().len(), 2);
        assert_eq!(ledger.store.summary(chain).await.unwrap(), None);
    }
    assert_eq!(ledger.store.summaries(None, None, None, 10).await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_name_that_would_break_a_block_is_refused() {
    let ledger = Ledger::new().await;
    for run in ["", "a b", "a\nb", "a\0b", &"x".repeat(257)] {
        let refused = ledger.store.append(run, Fence::New(None), vec![draft("run.started")], None).await;
        assert!(matches!(refused, Err(LedgerError::NotARun { .. })), "{run:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_run_begins_with_an_entry() {
    let ledger = Ledger::new().await;
    let empty = ledger.store.append("r", Fence::New(None), vec![], Some(summary("r", 1))).await;
    assert!(matches!(empty, Err(LedgerError::NoRun { .. })), "{empty:?}");
    ledger.begin("r").await;
    let done = crate::Summary { status: "done".into(), ..summary("r", 1) };
    let appended = ledger.store.append("r", Fence::Open, vec![], Some(done.clone())).await.unwrap();
    assert_eq!(appended, Appended { first: 2, last: 1 });
    assert_eq!(ledger.store.summary("r").await.unwrap(), Some(done));
    assert!(faults(ledger.close().await.path()).await.is_empty());
}

/// Appends that come while the disk is busy share the next commit and its block.
#[tokio::test]
async fn many_appends_share_few_commits() {
    const RUNS: usize = 200;
    let ledger = Ledger::new().await;
    let store = Arc::new(ledger.store);
    let appends: Vec<_> = (0..RUNS)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let run = format!("run-{n}");
                store.append(&run, Fence::New(None), vec![draft("run.started")], Some(summary(&run, 1))).await?;
                store.append(&run, Fence::Input { moved: 1 }, vec![draft("run.ended")], None).await
            })
        })
        .collect();
    for append in appends {
        assert_eq!(append.await.unwrap().unwrap(), Appended { first: 2, last: 2 });
    }
    store.close().await;

    let mut db = raw(ledger.dir.path()).await;
    let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM blocks").fetch_one(&mut db).await.unwrap();
    db.close().await.unwrap();
    assert!((1..RUNS as i64).contains(&blocks), "{blocks} blocks of {RUNS} runs");
    let store = open(ledger.dir.path()).await;
    let all = Filter { limit: 1_000, ..Filter::default() };
    assert_eq!(store.query(&all).await.unwrap().len(), 2 * RUNS);
    store.close().await;
    assert!(faults(ledger.dir.path()).await.is_empty());
}

/// F14: when the database refuses a commit, everyone in it is told, nothing of it is kept, and the next one works.
#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_behind() {
    // A full disk may end the transaction or leave it open: <https://sqlite.org/lang_transaction.html>.
    for effect in ["ROLLBACK", "FAIL"] {
        let ledger = Ledger::new().await;
        ledger.begin("r").await;
        let mut db = raw(ledger.dir.path()).await;
        let full =
            format!("CREATE TRIGGER full BEFORE INSERT ON blocks BEGIN SELECT RAISE({effect}, 'disk full'); END");
        sqlx::raw_sql(sqlx::AssertSqlSafe(full)).execute(&mut db).await.unwrap();
        let both = vec![draft("step.first"), draft("step.second").with("input", &json!(1))];
        let failed = ledger.store.append("r", Fence::Input { moved: 1 }, both, Some(summary("r", 2))).await;
        assert!(matches!(&failed, Err(LedgerError::Storage(why)) if why.contains("disk full")), "{failed:?}");
        assert_eq!(ledger.store.read("r", 0).await.unwrap().len(), 1);
        assert_eq!(ledger.store.payload(&Hash::of(b"1")).await.unwrap(), None);
        assert_eq!(ledger.store.summary("r").await.unwrap(), Some(summary("r", 1)));

        sqlx::raw_sql("DROP TRIGGER full").execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        let again = ledger.store.append("r", Fence::Input { moved: 1 }, vec![draft("step.second")], None).await;
        assert_eq!(again.unwrap(), Appended { first: 2, last: 2 });
        assert_eq!(faults(ledger.close().await.path()).await, Vec::<String>::new());
    }
}

/// More than one statement can hold, in one append and so in one block.
#[tokio::test]
async fn a_large_append_is_one_commit() {
    let ledger = Ledger::new().await;
    let many = (0..2_500).map(|n| draft("note.x").with("n", &json!(n))).collect();
    let appended = ledger.store.append("r", Fence::New(None), many, None).await.unwrap();
    assert_eq!(appended, Appended { first: 1, last: 2_500 });
    let last = &ledger.store.read("r", 2_499).await.unwrap()[0];
    assert_eq!(last.payload("n").unwrap(), json!(2_499));
    let report = store::verify(ledger.close().await.path(), None, &[], None).await.unwrap();
    assert_eq!((report.entries, report.blocks, report.removed, report.faults), (2_500, 1, 0, vec![]));
}

/// A refused request in a commit does not disturb the others: both futures are queued before the writer wakes.
#[tokio::test]
async fn a_refusal_is_one_requests_own() {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    let store = &ledger.store;
    let (good, stale, also_good) = tokio::join!(
        store.append("r", Fence::Input { moved: 1 }, vec![draft("approval.given")], None),
        store.append("r", Fence::Input { moved: 1 }, vec![draft("approval.refused")], None),
        store.append("s", Fence::New(None), vec![draft("run.started")], None),
    );
    assert_eq!(good.unwrap(), Appended { first: 2, last: 2 });
    assert!(matches!(stale, Err(LedgerError::Moved { moved: 2 })), "{stale:?}");
    assert_eq!(also_good.unwrap(), Appended { first: 1, last: 1 });
    assert!(faults(ledger.close().await.path()).await.is_empty());
}
