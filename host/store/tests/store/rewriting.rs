//! K05: somebody rewrites history consistently, with ever more of what that takes.

use std::collections::HashMap;
use std::path::Path;

use ledger::{Block, Entry, Hash, Item, SigningKey};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::KEY_FILE;

use crate::{Ledger, faults, raw, tamper};

/// What the forger can do.
enum Forgery {
    /// Hash entries anew, and correct the projection.
    Entries,
    /// Hash blocks anew as well, and leave the signatures.
    Blocks,
    /// Sign them too, with this key.
    Signed(Box<SigningKey>),
}

async fn ledger() -> tempfile::TempDir {
    let ledger = Ledger::new().await;
    ledger.begin("r").await;
    ledger.begin("s").await;
    ledger.add("r", "call.intent").await;
    ledger.add("r", "call.outcome").await;
    ledger.close().await
}

#[tokio::test]
async fn entries_alone_differ_from_their_blocks() {
    let dir = ledger().await;
    forge(dir.path(), &Forgery::Entries).await;
    let found = faults(dir.path()).await;
    let expected: Vec<_> =
        (1..=3).map(|sequence| format!("entry {sequence} of run `r`: is not the one that its block lists")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn blocks_that_are_not_signed_again_are_found() {
    let dir = ledger().await;
    forge(dir.path(), &Forgery::Blocks).await;
    let found = faults(dir.path()).await;
    let unsigned = found.iter().filter(|fault| fault.contains("is not signed with the installation's key")).count();
    assert_eq!(unsigned, 4, "{found:#?}");
}

#[tokio::test]
async fn blocks_that_are_signed_with_another_key_are_found() {
    let dir = ledger().await;
    forge(dir.path(), &Forgery::Signed(Box::new(SigningKey::from_seed(&[9; 32])))).await;
    let found = faults(dir.path()).await;
    let unsigned = found.iter().filter(|fault| fault.contains("is not signed with the installation's key")).count();
    assert_eq!(unsigned, 4, "{found:#?}");
}

/// The forger leaves another key file, too. Who verifies with the key that he knows finds it.
#[tokio::test]
async fn an_exchanged_key_is_found_by_whoever_knows_the_right_one() {
    let dir = ledger().await;
    let path = dir.path().join(KEY_FILE);
    let right = SigningKey::from_hex(&std::fs::read_to_string(&path).unwrap()).unwrap().verifying();
    let forged = SigningKey::from_seed(&[9; 32]);
    std::fs::write(&path, forged.to_hex()).unwrap();
    forge(dir.path(), &Forgery::Signed(Box::new(forged))).await;
    let report = store::verify(dir.path(), Some(right), &[], None).await.unwrap();
    assert!(report.faults.iter().any(|fault| fault.what.contains("is not signed")), "{:#?}", report.faults);
}

/// The forger has the installation's own key. All is consistent, and only the exported head tells.
#[tokio::test]
async fn with_the_installations_key_the_exported_head_tells() {
    let dir = ledger().await;
    let own = SigningKey::from_hex(&std::fs::read_to_string(dir.path().join(KEY_FILE)).unwrap()).unwrap();
    forge(dir.path(), &Forgery::Signed(Box::new(own))).await;
    let found = faults(dir.path()).await;
    let [fault] = found.as_slice() else { panic!("{found:#?}") };
    assert!(fault.starts_with("block 4 of writer") && fault.contains("history was rewritten"), "{fault}");
}

/// Makes `user:eve` the actor of the first entry, and everything else fit as far as the forgery goes.
async fn forge(dir: &Path, forgery: &Forgery) {
    tamper(dir, "").await;
    let mut db = raw(dir).await;
    let mut entries = entries(&mut db).await;
    entries[0].actor = "user:eve".into();
    let mut ends: HashMap<String, Hash> = HashMap::new();
    for (position, entry) in (1_i64..).zip(&mut entries) {
        entry.previous = ends.get(&entry.run).copied().unwrap_or(Hash::ZERO);
        entry.hash = entry.computed_hash();
        ends.insert(entry.run.clone(), entry.hash);
        let update = "UPDATE entries SET actor = ?1, previous = ?2, hash = ?3 WHERE position = ?4";
        let update = sqlx::query(update).bind(&entry.actor).bind(blob(&entry.previous)).bind(blob(&entry.hash));
        update.bind(position).execute(&mut db).await.unwrap();
    }
    for (run, hash) in ends {
        let update = sqlx::query("UPDATE runs SET last_hash = ?1 WHERE run = ?2").bind(blob(&hash)).bind(run);
        update.execute(&mut db).await.unwrap();
    }
    match forgery {
        Forgery::Entries => {}
        Forgery::Blocks => forge_blocks(&mut db, &entries, None).await,
        Forgery::Signed(key) => forge_blocks(&mut db, &entries, Some(key)).await,
    }
    db.close().await.unwrap();
}

async fn forge_blocks(db: &mut SqliteConnection, entries: &[Entry], key: Option<&SigningKey>) {
    let mut previous = Hash::ZERO;
    for (number, entry) in (1_i64..).zip(entries) {
        let writer: String = sqlx::query_scalar("SELECT writer FROM blocks WHERE number = ?1")
            .bind(number)
            .fetch_one(&mut *db)
            .await
            .unwrap();
        let any = SigningKey::from_seed(&[0; 32]);
        let items = [Item::new(number, entry)];
        let block = Block::seal(&writer, number as u64, 0, previous, &items, key.unwrap_or(&any));
        previous = block.hash;
        let update =
            "UPDATE blocks SET time = 0, previous = ?1, items = ?2, hash = ?3, signature = coalesce(?4, signature)
                      WHERE number = ?5";
        let update = sqlx::query(update).bind(blob(&block.previous)).bind(&block.items).bind(blob(&block.hash));
        let signature = key.map(|_| block.signature.to_vec());
        update.bind(signature).bind(number).execute(&mut *db).await.unwrap();
    }
}

async fn entries(db: &mut SqliteConnection) -> Vec<Entry> {
    let rows = sqlx::query("SELECT * FROM entries ORDER BY position").fetch_all(db).await.unwrap();
    let entry = |row: &sqlx::sqlite::SqliteRow| Entry {
        run: row.get("run"),
        sequence: row.get("sequence"),
        kind: row.get("kind"),
        call: row.get("call"),
        time: row.get("time"),
        actor: row.get("actor"),
        content: row.get("content"),
        previous: Hash::ZERO,
        hash: Hash::ZERO,
    };
    rows.iter().map(entry).collect()
}

fn blob(hash: &Hash) -> Vec<u8> {
    hash.bytes().to_vec()
}
