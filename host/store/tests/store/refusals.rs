//! F18, F20: what is not opened, and what is said about it.

use std::fs;
use std::path::Path;

use ledger::{Fence, Ledger as _, SigningKey};
use store::{DATABASE_FILE, HEADS_FILE, KEY_FILE, OpenError, Options, Store};

use crate::{Ledger, draft, faults, open, quiet, tamper};

async fn refusal(dir: &Path) -> OpenError {
    Store::open(dir, quiet()).await.err().expect("it was opened")
}

async fn closed_ledger() -> tempfile::TempDir {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    ledger.close().await
}

#[tokio::test]
async fn other_files_are_left_alone() {
    let dir = closed_ledger().await;
    let path = dir.path().join(DATABASE_FILE);

    fs::write(&path, "a letter, long enough to be looked at as a database header, and a little longer ".repeat(20))
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(dir.path()).await;
    assert!(matches!(&error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    tamper(dir.path(), "CREATE TABLE letters (text)").await;
    let before = fs::read(&path).unwrap();
    let error = refusal(dir.path()).await;
    assert!(matches!(&error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let dir = closed_ledger().await;
    tamper(dir.path(), "PRAGMA user_version = 99").await;
    let error = refusal(dir.path()).await;
    assert!(matches!(error, OpenError::NewerSchema { found: 99, .. }), "{error}");
    let error = store::verify(dir.path(), None, &[], None).await.unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_page_is_refused() {
    let dir = closed_ledger().await;
    let path = dir.path().join(DATABASE_FILE);
    let mut bytes = fs::read(&path).unwrap();
    // The first page is the schema; the tables follow.
    bytes[4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = refusal(dir.path()).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn keys_that_do_not_belong_are_refused() {
    let dir = closed_ledger().await;
    let path = dir.path().join(KEY_FILE);
    let own = fs::read_to_string(&path).unwrap();

    fs::write(&path, SigningKey::from_seed(&[7; 32]).to_hex()).unwrap();
    let error = refusal(dir.path()).await;
    assert!(matches!(error, OpenError::OtherKey { number: 1, .. }), "{error}");
    fs::write(&path, "not hex").unwrap();
    assert!(matches!(refusal(dir.path()).await, OpenError::KeyMalformed { .. }));
    fs::remove_file(&path).unwrap();
    assert!(matches!(refusal(dir.path()).await, OpenError::KeyMissing { .. }));
    assert!(!path.exists(), "a new key was made for an old ledger");

    fs::write(&path, own).unwrap();
    let error = refusal(dir.path()).await;
    assert!(matches!(error, OpenError::KeyExposed { .. }), "{error}");
}

#[tokio::test]
async fn nothing_secret_is_open_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = open(&dir).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in [KEY_FILE, DATABASE_FILE, "ledger.db-wal"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
    store.close().await;
}

/// K06: a copy of the database from before is put back.
#[tokio::test]
async fn an_older_copy_is_refused_and_found() {
    let dir = closed_ledger().await;
    let path = dir.path().join(DATABASE_FILE);
    let older = fs::read(&path).unwrap();
    let store = open(dir.path()).await;
    let key = store.verifying_key();
    store.append("r", Fence::Open, vec![draft("note.x")], None).await.unwrap();
    store.close().await;

    fs::write(&path, older).unwrap();
    let found = faults(dir.path()).await;
    let [fault] = found.as_slice() else { panic!("{found:?}") };
    assert!(fault.contains("block 2 of writer") && fault.contains("cut off or set back"), "{fault}");
    let error = refusal(dir.path()).await;
    assert!(matches!(error, OpenError::SetBack { number: 2, .. }), "{error}");

    // Without the file, only a head that was carried elsewhere tells.
    let kept = fs::read_to_string(dir.path().join(HEADS_FILE)).unwrap();
    fs::remove_file(dir.path().join(HEADS_FILE)).unwrap();
    assert_eq!(faults(dir.path()).await, Vec::<String>::new());
    let head = serde_json::from_str(kept.trim()).unwrap();
    let report = store::verify(dir.path(), Some(key), &[head], None).await.unwrap();
    assert_eq!(report.faults.len(), 1, "{:?}", report.faults);
}

#[tokio::test]
async fn a_heads_file_that_cannot_be_read_is_named() {
    let dir = closed_ledger().await;
    fs::write(dir.path().join(HEADS_FILE), "nonsense\n").unwrap();
    assert!(matches!(refusal(dir.path()).await, OpenError::HeadMalformed { line: 1, .. }));
    let error = store::verify(dir.path(), None, &[], None).await.unwrap_err();
    assert!(matches!(error, OpenError::HeadMalformed { line: 1, .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_verified() {
    let dir = tempfile::tempdir().unwrap();
    let error = store::verify(dir.path(), None, &[], None).await.unwrap_err();
    assert!(matches!(error, OpenError::KeyMissing { .. }), "{error}");
    let key = SigningKey::from_seed(&[7; 32]).verifying();
    let error = store::verify(dir.path(), Some(key), &[], None).await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
}

/// A commit of one row fits into what the write-ahead log has already, and tells nothing of the next event.
#[tokio::test]
async fn a_disk_without_room_takes_no_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { least_free: u64::MAX, ..Options::default() }).await.unwrap();
    let refused = store.probe().await.unwrap_err().to_string();
    assert!(refused.contains("disk is full"), "{refused}");
    store.close().await;
    let store = Store::open(dir.path(), Options { least_free: 1, ..Options::default() }).await.unwrap();
    store.probe().await.unwrap();
}
