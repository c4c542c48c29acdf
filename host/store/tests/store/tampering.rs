//! K01 to K04, K10: single changes behind the program's back, each found at its place.

use std::path::Path;

use ledger::{Draft, Fence, Hash, Ledger as _, PAYLOAD_REMOVED, SYSTEM, canonical};
use serde_json::json;
use sqlx::Connection as _;
use tempfile::TempDir;

use crate::{Ledger, draft, faults, raw, tamper};

/// Two runs, six entries, six blocks; entry 2 of run `r` is at position 3, has a call and a payload.
async fn ledger() -> TempDir {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    ledger.begin("s").await;
    let call = draft("call.intent").about("r/a/1/1").with("arguments", &json!({ "group": "sg-1" }));
    ledger.store.append("r", Fence::Open, vec![call], None).await.unwrap();
    ledger.store.claim("r", "host", 5).await.unwrap();
    ledger.add("s", "step.started").await;
    ledger.add("r", "step.started").await;
    let dir = ledger.close().await;
    assert_eq!(faults(dir.path()).await, Vec::<String>::new());
    dir
}

/// Does `statement` to a copy of `dir` and checks that a fault says `expected`.
async fn check(dir: &Path, statement: &str, expected: &str) {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    tamper(copy.path(), statement).await;
    let found = faults(copy.path()).await;
    assert!(found.iter().any(|fault| fault.contains(expected)), "{statement}: no `{expected}` in {found:#?}");
}

/// K01: any column of any entry.
#[tokio::test]
async fn a_changed_column_of_an_entry_is_found() {
    let dir = ledger().await;
    for (position, place) in [(1, "entry 1 of run `r`"), (3, "entry 2 of run `r`"), (6, "entry 4 of run `r`")] {
        let change = async |set: &str, expected: &str| {
            check(dir.path(), &format!("UPDATE entries SET {set} WHERE position = {position}"), expected).await;
        };
        change("position = 99", &format!("{place}: stands at position 99")).await;
        change("position = -1", &format!("{place}: stands at position -1")).await;
        change("run = 'x'", &format!("{place}: is missing")).await;
        change("sequence = 77", &format!("{place}: is missing")).await;
        change("sequence = -1", &format!("{place}: is missing")).await;
        let changed = format!("{place}: was changed");
        change("kind = kind || 'x'", &changed).await;
        change("call = 'r/a/1/2'", &changed).await;
        change("call = NULL, kind = 'y'", &changed).await;
        change("time = time + 1", &changed).await;
        change("actor = 'user:eve'", &changed).await;
        change("content = replace(content, '.', ':')", &changed).await;
        change("content = ''", &changed).await;
        change("previous = randomblob(32)", &changed).await;
        change("hash = randomblob(32)", &changed).await;
        change("hash = x'00'", &format!("{place}: cannot be read")).await;
    }
}

/// K01 for blocks.
#[tokio::test]
async fn a_changed_column_of_a_block_is_found() {
    let dir = ledger().await;
    for number in [1, 3, 6] {
        let change = async |set: &str, expected: &str| {
            check(dir.path(), &format!("UPDATE blocks SET {set} WHERE number = {number}"), expected).await;
        };
        change("writer = 'x'", &format!("block {number} of writer `x`: was changed")).await;
        change("number = 50", "block 50 of writer ").await;
        for set in [
            "time = time + 1",
            "items = items || '9 r 9 ' || lower(hex(hash)) || char(10)",
            "previous = randomblob(32)",
        ] {
            change(set, "was changed: its hash does not match").await;
        }
        change("items = 'nonsense'", "lists entries that cannot be read").await;
        change("hash = randomblob(32)", "is not signed with the installation's key").await;
        change("signature = zeroblob(64)", "is not signed with the installation's key").await;
        change("signature = x'00'", "cannot be read").await;
    }
}

/// The projection is no second source of facts: where it differs, that is a fault.
#[tokio::test]
async fn a_changed_projection_is_found() {
    let dir = ledger().await;
    let change = async |set: &str, expected: &str| {
        check(dir.path(), &format!("UPDATE runs SET {set} WHERE run = 'r'"), expected).await;
    };
    change("epoch = 9", "the projection of run `r`: has `epoch` 9, and the entries say 1").await;
    change("last_sequence = 9", "the projection of run `r`: has `last_sequence` 9, and the entries say 4").await;
    change("last_hash = zeroblob(32)", "the projection of run `r`: has `last_hash` 0000").await;
    change("moved = 1", "the projection of run `r`: has `moved` 1, and the entries say 4").await;
    change("run = 'x'", "the projection of run `x`: is of a run without entries").await;
    check(dir.path(), "DELETE FROM runs WHERE run = 'r'", "the projection of run `r`: is missing").await;
}

#[tokio::test]
async fn a_changed_payload_is_found_at_its_entry() {
    let dir = ledger().await;
    let changed = "entry 2 of run `r`: has a payload that was changed";
    check(dir.path(), "UPDATE payloads SET body = CAST('{}' AS BLOB)", changed).await;
    let moved = "entry 2 of run `r`: has a payload that was put under another hash";
    check(dir.path(), "UPDATE payloads SET hash = randomblob(32)", moved).await;
}

/// What is not kept any more must be said to be removed, by an entry, which is signed like all others.
#[tokio::test]
async fn a_missing_payload_is_found_unless_an_entry_says_that_it_was_removed() {
    let dir = ledger().await;
    let missing = "entry 2 of run `r`: has a payload that is missing, and that no entry says was removed";
    check(dir.path(), "DELETE FROM payloads", missing).await;

    let store = crate::open(dir.path()).await;
    let hash = Hash::of(canonical(&json!({ "group": "sg-1" })).as_bytes());
    let says = Draft::new(PAYLOAD_REMOVED, 1_000, "host", json!({ "payloads": [hash] }));
    store.append(SYSTEM, Fence::Open, vec![says], None).await.unwrap();
    store.close().await;
    tamper(dir.path(), "DELETE FROM payloads").await;
    let report = store::verify(dir.path(), None, &[], None).await.unwrap();
    assert_eq!((report.faults, report.removed), (vec![], 1));
}

/// An index that misses a row hides a run from whoever looks for what must be driven.
#[tokio::test]
async fn an_index_that_does_not_fit_its_table_is_found() {
    let dir = ledger().await;
    let change = "UPDATE runs SET wake = 5 WHERE run = 'r'; PRAGMA writable_schema = 1;
        UPDATE sqlite_schema SET sql = replace(sql, 'wake IS NOT NULL', 'wake IS NULL') WHERE name = 'runs_wake'";
    check(dir.path(), change, "the database: ").await;
}

/// K02: the first, a middle and the last entry; the last one with its block as well.
#[tokio::test]
async fn a_deleted_entry_is_found() {
    let dir = ledger().await;
    for (position, place) in [(1, "entry 1 of run `r`"), (3, "entry 2 of run `r`"), (6, "entry 4 of run `r`")] {
        let delete = format!("DELETE FROM entries WHERE position = {position}");
        check(dir.path(), &delete, &format!("{place}: is missing: a block lists it")).await;
    }
    let middle = "DELETE FROM entries WHERE position = 3; DELETE FROM blocks WHERE number = 3";
    check(dir.path(), middle, "follows block 2: blocks are missing").await;
    let last = "DELETE FROM entries WHERE position = 6; DELETE FROM blocks WHERE number = 6;
        UPDATE runs SET last_sequence = 3, moved = 1,
            last_hash = (SELECT hash FROM entries WHERE run = 'r' AND sequence = 3) WHERE run = 'r'";
    check(dir.path(), last, "is missing: it was exported, so the ledger was cut off or set back").await;
    let whole_run = "DELETE FROM entries WHERE run = 's'; DELETE FROM runs WHERE run = 's'";
    check(dir.path(), whole_run, "entry 1 of run `s`: is missing: a block lists it").await;
}

/// K03: two entries in each other's place, by position or by sequence.
#[tokio::test]
async fn swapped_entries_are_found() {
    let dir = ledger().await;
    let by_position = "UPDATE entries SET position = 100 WHERE position = 3;
        UPDATE entries SET position = 3 WHERE position = 5; UPDATE entries SET position = 5 WHERE position = 100";
    check(dir.path(), by_position, "entry 2 of run `r`: stands at position 5, and was written at 3").await;
    check(dir.path(), by_position, "entry 2 of run `s`: stands at position 3, and was written at 5").await;
    let by_sequence = "UPDATE entries SET sequence = 100 WHERE position = 3;
        UPDATE entries SET sequence = 2 WHERE position = 4; UPDATE entries SET sequence = 3 WHERE sequence = 100";
    check(dir.path(), by_sequence, "entry 2 of run `r`: was changed").await;
    check(dir.path(), by_sequence, "entry 3 of run `r`: was changed").await;
}

/// K04: an entry more, at the end or in between, made from another one.
#[tokio::test]
async fn an_inserted_entry_is_found() {
    let dir = ledger().await;
    let insert = |position: i64, sequence: i64| {
        format!(
            "INSERT INTO entries SELECT {position}, run, {sequence}, kind, call, time, actor, content, previous, hash
             FROM entries WHERE run = 'r' AND sequence = 4"
        )
    };
    check(dir.path(), &insert(7, 5), "entry 5 of run `r`: is in no block").await;
    check(dir.path(), &insert(0, 0), "entry 0 of run `r`: is in no block").await;
    let between = format!("UPDATE entries SET position = position + 10 WHERE position > 4; {}", insert(5, 9));
    check(dir.path(), &between, "entry 9 of run `r`: is in no block").await;
}

/// K10: the database itself refuses.
#[tokio::test]
async fn entries_and_blocks_are_not_updated_or_deleted() {
    let dir = ledger().await;
    let mut db = raw(dir.path()).await;
    for (statement, expected) in [
        ("UPDATE entries SET actor = 'user:eve' WHERE position = 3", "entries are never changed"),
        ("DELETE FROM entries WHERE position = 6", "entries are never deleted"),
        ("INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE position = 6", "entries are never replaced"),
        ("UPDATE blocks SET time = 0", "blocks are never changed"),
        ("DELETE FROM blocks", "blocks are never deleted"),
        ("INSERT OR REPLACE INTO blocks SELECT * FROM blocks", "blocks are never replaced"),
    ] {
        let refused = sqlx::raw_sql(statement).execute(&mut db).await.err();
        let refused = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(expected), "{statement}: {refused}");
    }
    db.close().await.unwrap();
    assert_eq!(faults(dir.path()).await, Vec::<String>::new());
}
