//! The one task that writes. It takes all requests that are queued, commits them as one, and answers them once that
//! is on disk: while one commit waits for the disk, the next one gathers.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use ledger::{Block, Hash, Head, LedgerError, Millis, SigningKey};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::commit::{Commit, Done, Failure, Ground, What};
use super::folder::Lock;
use super::{rows, script, shutdown};
use crate::chain::Chain;
use crate::heads::Exporter;

/// How many requests may be in one commit, and as many more may queue: enough to make the disk's share of each
/// negligible, few enough that none waits long for its commit to be put together.
pub(super) const BATCH: usize = 1024;

/// How many ends of chains are kept in memory. One is 64 bytes and its run's name.
const KNOWN: usize = 16_384;

/// What the writer is sent.
pub(super) enum Message {
    /// Do this.
    Request(Request),
    /// Commit something, and say whether that is on disk.
    Probe(oneshot::Sender<Result<(), LedgerError>>),
    /// Take no more, finish what is queued, then say so.
    Close(oneshot::Sender<()>),
}

/// One request, and where its answer goes.
pub(super) struct Request {
    /// The run.
    pub run: String,
    /// What is asked.
    pub what: What,
    /// Who waits. It may have gone away.
    pub reply: oneshot::Sender<Result<Done, LedgerError>>,
}

/// The newest block, and the position of the last entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tail {
    /// The block's number; 0 when there is none yet.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
    /// The position of the last entry; 0 when there is none yet.
    pub position: i64,
}

/// The writer.
pub(super) struct Writer {
    db: SqliteConnection,
    key: SigningKey,
    name: String,
    /// Read anew after a failure, when what is on disk is in doubt.
    tail: Option<Tail>,
    known: HashMap<String, Chain>,
    /// A commit failed: the next process that opens the database has it checked.
    failed: bool,
    heads: Exporter,
    /// Others stay away for as long as this task lives.
    _lock: Lock,
}

impl Writer {
    /// A writer that signs with `key` as `name`, behind the block that `tail` is of.
    pub fn new(db: SqliteConnection, key: SigningKey, name: String, tail: Tail, heads: Exporter, lock: Lock) -> Writer {
        let known = HashMap::new();
        let mut writer = Writer { db, key, name, tail: Some(tail), known, failed: false, heads, _lock: lock };
        writer.offer_head(&tail);
        writer
    }

    /// Works until it is told to close or nobody is left to ask, and what was queued is done.
    pub async fn work(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut taken = Vec::with_capacity(BATCH);
        let mut closing = vec![];
        loop {
            tokio::select! {
                count = messages.recv_many(&mut taken, BATCH) => if count == 0 { break },
                () = self.heads.due() => self.heads.start(),
            }
            let mut requests = Vec::with_capacity(taken.len());
            let mut probes = vec![];
            for message in taken.drain(..) {
                match message {
                    Message::Request(request) => requests.push(request),
                    Message::Probe(reply) => probes.push(reply),
                    Message::Close(done) => {
                        messages.close();
                        closing.push(done);
                    }
                }
            }
            if !requests.is_empty() {
                self.commit(requests).await;
            }
            if !probes.is_empty() {
                self.probe(probes).await;
            }
        }
        self.finish().await;
        for done in closing {
            let _ = done.send(());
        }
    }

    async fn commit(&mut self, requests: Vec<Request>) {
        let (work, replies): (Vec<_>, Vec<_>) =
            requests.into_iter().map(|Request { run, what, reply }| ((run, what), reply)).unzip();
        let answers = match self.transact(work).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!(%error, requests = replies.len(), "a commit to the ledger failed");
                self.recover().await;
                let text = error.to_string();
                replies.iter().map(|_| Err(LedgerError::Storage(text.clone()))).collect()
            }
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }

    /// Writes what is there already: nothing but a commit tells whether the disk takes one.
    async fn probe(&mut self, replies: Vec<oneshot::Sender<Result<(), LedgerError>>>) {
        let probed = shutdown::begin(&mut self.db).await;
        if let Err(error) = &probed {
            tracing::error!(%error, "the ledger does not take commits");
            self.recover().await;
        }
        for reply in replies {
            let answer = probed.as_ref().copied().map_err(|error| LedgerError::Storage(error.to_string()));
            let _ = reply.send(answer);
        }
    }

    async fn transact(&mut self, work: Vec<(String, What)>) -> Result<Vec<Result<Done, LedgerError>>, sqlx::Error> {
        let tail = match self.tail {
            Some(tail) => tail,
            None => tail(&mut self.db, &self.name).await?,
        };
        let mut commit = Commit::default();
        let mut ground = Ground { db: &mut self.db, known: &self.known, position: tail.position };
        let mut answers = Vec::with_capacity(work.len());
        for (run, what) in work {
            answers.push(match commit.add(&mut ground, &run, what).await {
                Ok(done) => Ok(done),
                Err(Failure::Refused(error)) => Err(error),
                Err(Failure::Broken(error)) => return Err(error),
            });
        }
        if commit.is_empty() {
            return Ok(answers);
        }
        let mut end = Tail { position: ground.position, ..tail };
        let mut block = None;
        if !commit.items.is_empty() {
            let sealed = Block::seal(&self.name, tail.number + 1, now(), tail.hash, &commit.items, &self.key);
            end = Tail { number: sealed.number, hash: sealed.hash, ..end };
            block = Some(sealed);
        }
        let chains = commit.chains.clone();
        script::write(&mut self.db, commit, block).await?;

        self.tail = Some(end);
        if self.known.len() + chains.len() > KNOWN {
            self.known.clear();
        }
        self.known.extend(chains);
        if end != tail {
            self.offer_head(&end);
        }
        Ok(answers)
    }

    /// Leaves the failed transaction, and forgets what it may have made wrong.
    async fn recover(&mut self) {
        self.failed = true;
        self.tail = None;
        self.known.clear();
        // Fails when SQLite has rolled back by itself, or when the disk is gone: the next commit will tell.
        let _ = sqlx::query("ROLLBACK").execute(&mut self.db).await;
    }

    fn offer_head(&mut self, tail: &Tail) {
        if tail.number > 0 {
            self.heads.offer(Head { writer: self.name.clone(), number: tail.number, hash: tail.hash });
        }
    }

    async fn finish(mut self) {
        self.heads.finish().await;
        let marked = if self.failed { Ok(()) } else { shutdown::finish(&mut self.db).await };
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.db).await;
        if let Err(error) = marked.and(checkpoint.map(drop)).and(self.db.close().await) {
            tracing::warn!(%error, "the ledger was not closed cleanly; it is whole nevertheless");
        }
    }
}

/// The newest block of `writer`, and the position of the last entry.
pub(super) async fn tail(db: &mut SqliteConnection, writer: &str) -> Result<Tail, sqlx::Error> {
    let position = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM entries").fetch_one(&mut *db).await?;
    let block = newest_block(db, writer).await?;
    let (number, hash) = block.map_or((0, Hash::ZERO), |block| (block.number, block.hash));
    Ok(Tail { number, hash, position })
}

/// The newest block of `writer`.
pub(super) async fn newest_block(db: &mut SqliteConnection, writer: &str) -> Result<Option<Block>, sqlx::Error> {
    let sql = format!("SELECT {} FROM blocks WHERE writer = ?1 ORDER BY number DESC LIMIT 1", rows::BLOCK);
    let row = sqlx::query(AssertSqlSafe(sql)).bind(writer).fetch_optional(db).await?;
    row.map(|row| rows::block(&row)).transpose()
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
