//! The store: opening and closing it, and the port `ledger::Ledger` on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ledger::{
    Appended, Draft, Epoch, Fence, Filter, Hash, Ledger, LedgerError, Millis, Record, SigningKey, Summary,
    VerifyingKey, is_run_name,
};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::commit::{Done, What};
use super::connect::{self, DATABASE_FILE};
use super::folder::{self, HEADS_FILE};
use super::writer::{self, BATCH, Message, Request, Tail, Writer};
use super::{Options, query, reader, shutdown};
use crate::heads::{self, Exporter};
use crate::key::{self, KEY_FILE};
use crate::{OpenError, writer_of};

/// A ledger in a folder of its own.
///
/// One process has it at a time. [`Store::close`] ends it in order; a store that is dropped goes on in the
/// background until what was queued is written, and a process that dies leaves everything that was answered.
pub struct Store {
    writer: mpsc::Sender<Message>,
    readers: SqlitePool,
    /// One connection for nothing but epochs: what is asked right before a write is sent waits for no list.
    fences: SqlitePool,
    key: VerifyingKey,
    call_tokens: [u8; 32],
    secrets: [u8; 32],
    name: String,
    dir: PathBuf,
    least_free: u64,
}

impl Store {
    /// Opens the ledger in `dir`, or begins a new one there. Must be called in a Tokio runtime, which then runs it.
    pub async fn open(dir: &Path, options: Options) -> Result<Store, OpenError> {
        let lock = folder::take(dir)?;
        let path = dir.join(DATABASE_FILE);
        let key = installation_key(dir, &path)?;
        let verifying = key.verifying();
        let name = writer_of(&verifying);
        let (call_tokens, secrets) = (key.derive("call-tokens"), key.derive("secrets"));
        let mut db = connect::writer(&path, &options).await?;
        let tail = check_end(&mut db, dir, &verifying).await?;
        shutdown::begin(&mut db).await.map_err(OpenError::database(&path))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .test_before_acquire(false)
            .connect_with(connect::readers(&path, &options))
            .await
            .map_err(OpenError::database(&path))?;
        let fences = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(connect::readers(&path, &options))
            .await
            .map_err(OpenError::database(&path))?;
        let exporter = Exporter::new(dir.join(HEADS_FILE), options.heads_every);
        let (writer, messages) = mpsc::channel(BATCH);
        tokio::spawn(Writer::new(db, key, name.clone(), tail, exporter, lock).work(messages));
        let (dir, least_free) = (dir.to_owned(), options.least_free);
        Ok(Store { writer, readers, fences, key: verifying, call_tokens, secrets, name, dir, least_free })
    }

    /// Takes no more appends, writes those that are queued and the newest head, and lets the folder go.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writer.send(Message::Close(done)).await.is_ok() {
            // Fails only when the runtime is being shut down, which closes the ledger as a crash does.
            let _ = closed.await;
        }
        self.readers.close().await;
        self.fences.close().await;
    }

    /// Whether commits get to the disk: it has room for one, and takes one that changes nothing.
    pub async fn probe(&self) -> Result<(), LedgerError> {
        let (dir, least) = (self.dir.clone(), self.least_free);
        let room = tokio::task::spawn_blocking(move || folder::has_room(&dir, least)).await;
        room.map_err(|error| LedgerError::Storage(error.to_string()))?.map_err(LedgerError::Storage)?;
        let (reply, answer) = oneshot::channel();
        self.writer.send(Message::Probe(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// The key that verifies the blocks which are written here.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key
    }

    /// The key that the tokens of calls are made with. Derived from the installation's key, which signs the blocks: there is
    /// one file to keep.
    pub fn call_token_key(&self) -> [u8; 32] {
        self.call_tokens
    }

    /// The key that secrets are encrypted with, derived likewise.
    pub fn secrets_key(&self) -> [u8; 32] {
        self.secrets
    }

    /// The name of this installation in blocks and heads.
    pub fn writer(&self) -> &str {
        &self.name
    }

    async fn request(&self, run: &str, what: What) -> Result<Done, LedgerError> {
        if !is_run_name(run) {
            return Err(LedgerError::NotARun { run: run.to_owned() });
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { run: run.to_owned(), what, reply };
        self.writer.send(Message::Request(request)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn closed() -> LedgerError {
    LedgerError::Storage("the ledger is closed".into())
}

/// The key in `dir`. A new one is made only for a ledger that has not begun.
pub(super) fn installation_key(dir: &Path, database: &Path) -> Result<SigningKey, OpenError> {
    match key::load(dir)? {
        Some(key) => key::check_mode(dir).map(|()| key),
        None if database.exists() => Err(OpenError::KeyMissing { path: dir.join(KEY_FILE) }),
        None => key::create(dir),
    }
}

/// Checks that the ledger ends as this installation left it, and returns that end.
pub(super) async fn check_end(db: &mut SqliteConnection, dir: &Path, key: &VerifyingKey) -> Result<Tail, OpenError> {
    let failed = || OpenError::database(&dir.join(DATABASE_FILE));
    let name = writer_of(key);
    for writer in writers(db).await.map_err(failed())? {
        if let Some(block) = writer::newest_block(db, &writer).await.map_err(failed())?
            && !block.signed_by(key)
        {
            return Err(OpenError::OtherKey { path: dir.join(KEY_FILE), number: block.number });
        }
    }
    let path = dir.join(HEADS_FILE);
    for head in heads::read(&path)? {
        let hash = "SELECT hash FROM blocks WHERE writer = ?1 AND number = ?2";
        let hash = sqlx::query_scalar(hash).bind(&head.writer).bind(super::rows::integer(head.number));
        let found: Option<Vec<u8>> = hash.fetch_optional(&mut *db).await.map_err(failed())?;
        if found.as_deref() != Some(head.hash.bytes().as_slice()) {
            return Err(OpenError::SetBack { number: head.number, path });
        }
    }
    writer::tail(db, &name).await.map_err(failed())
}

/// The first and the last writer that there are blocks of: here one and the same.
async fn writers(db: &mut SqliteConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let sql = "SELECT (SELECT min(writer) FROM blocks), (SELECT max(writer) FROM blocks)";
    let (first, last): (Option<String>, Option<String>) = sqlx::query_as(sql).fetch_one(db).await?;
    Ok(first.into_iter().chain(last).collect())
}

#[async_trait]
impl Ledger for Store {
    async fn claim(&self, run: &str, actor: &str, time: Millis) -> Result<Epoch, LedgerError> {
        let done = self.request(run, What::Claim { actor: actor.to_owned(), time }).await?;
        Ok(done.epoch)
    }

    async fn append(
        &self,
        run: &str,
        fence: Fence,
        entries: Vec<Draft>,
        summary: Option<Summary>,
    ) -> Result<Appended, LedgerError> {
        let entries = entries.into_iter().map(Draft::prepare).collect();
        let done = self.request(run, What::Append { fence, entries, summary: summary.map(Box::new) }).await?;
        Ok(done.appended)
    }

    async fn epoch(&self, run: &str) -> Result<Epoch, LedgerError> {
        reader::epoch(&self.fences, run).await
    }

    async fn read(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        reader::read(&self.readers, run, after).await
    }

    async fn read_without_calls(&self, run: &str, after: u64) -> Result<Vec<Record>, LedgerError> {
        reader::read_without_calls(&self.readers, run, after).await
    }

    async fn read_calls(&self, run: &str, prefix: &str) -> Result<Vec<Record>, LedgerError> {
        reader::read_calls(&self.readers, run, prefix).await
    }

    async fn query(&self, filter: &Filter) -> Result<Vec<(i64, Record)>, LedgerError> {
        query::query(&self.readers, filter).await
    }

    async fn payload(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        reader::payload(&self.readers, hash).await
    }

    async fn payload_sizes(&self, hashes: &[Hash]) -> Result<BTreeMap<Hash, u64>, LedgerError> {
        reader::payload_sizes(&self.readers, hashes).await
    }

    async fn summary(&self, run: &str) -> Result<Option<Summary>, LedgerError> {
        reader::summary(&self.readers, run).await
    }

    async fn summaries(
        &self,
        workflow: Option<&str>,
        status: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Summary>, LedgerError> {
        reader::summaries(&self.readers, workflow, status, before, limit).await
    }

    async fn waiting(&self, after: Option<(Millis, &str)>, limit: u32) -> Result<Vec<Summary>, LedgerError> {
        reader::waiting(&self.readers, after, limit).await
    }

    async fn due(&self, now: Millis) -> Result<(Vec<String>, Option<Millis>), LedgerError> {
        reader::due(&self.readers, now).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ledger::SYSTEM;

    use super::*;

    /// What a write waits for last, whether its driver still has the run, waits for no reader.
    #[tokio::test]
    async fn the_epoch_is_read_while_all_readers_are_busy() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).await.unwrap();
        let entry = Draft::new("run.started", 0, "host", serde_json::json!({}));
        store.append("r", Fence::New(None), vec![entry], None).await.unwrap();
        let mut busy = vec![];
        for _ in 0..Options::default().readers {
            busy.push(store.readers.acquire().await.unwrap());
        }
        let read = tokio::time::timeout(Duration::from_millis(50), store.read(SYSTEM, 0)).await;
        assert!(read.is_err(), "a reader was free");
        let epoch = tokio::time::timeout(Duration::from_secs(60), store.epoch("r")).await;
        assert_eq!(epoch.unwrap().unwrap(), 0);
        drop(busy);
        store.close().await;
    }
}
