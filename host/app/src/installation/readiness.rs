//! Whether the ledger takes commits: shown by one, every few seconds at most, whoever asks and however often.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::LedgerError;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::{Error, Installation, Result};

/// For how long what was found holds.
const HOLDS: Duration = Duration::from_secs(5);
/// How long a commit may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many may wait for a commit that is under way. Nobody needs a token to ask, and who waits holds a connection: the others
/// are told what the commit before came to.
const WAITING: usize = 32;

/// What a commit came to: why it failed, in words for anyone; nothing while it is under way.
type Outcome = Option<std::result::Result<(), &'static str>>;

/// What is known of the ledger.
#[derive(Debug)]
pub struct Readiness {
    probe: Mutex<Option<Probe>>,
    waiting: Semaphore,
}

/// A commit that was tried.
#[derive(Debug)]
struct Probe {
    begun: Instant,
    outcome: watch::Receiver<Outcome>,
    /// What the one before came to.
    before: Outcome,
}

impl Default for Readiness {
    fn default() -> Readiness {
        Readiness { probe: Mutex::default(), waiting: Semaphore::new(WAITING) }
    }
}

impl Readiness {
    /// What the commit came to that was tried last, or is tried now by `commit`. One that is under way is waited for by a few,
    /// and no other is tried.
    async fn ask(
        &self,
        commit: impl Future<Output = std::result::Result<(), LedgerError>> + Send + 'static,
    ) -> Result<()> {
        let (mut outcome, before) = self.outcome(commit);
        let known = *outcome.borrow();
        let outcome = match (known, self.waiting.try_acquire()) {
            (Some(outcome), _) => outcome,
            (None, Err(_)) => before.unwrap_or(Err("the first commit has not ended yet")),
            (None, Ok(_place)) => match tokio::time::timeout(PATIENCE, outcome.wait_for(Option::is_some)).await {
                Ok(Ok(outcome)) => outcome.unwrap_or(Ok(())),
                Ok(Err(_)) => Err("the commit was not carried to its end"),
                Err(_) => {
                    Err("a commit takes seconds: the disk does not answer, or another program has locked the database")
                }
            },
        };
        outcome.map_err(|why| Error::NotReady(format!("the ledger does not take commits: {why}")))
    }

    fn outcome(
        &self,
        commit: impl Future<Output = std::result::Result<(), LedgerError>> + Send + 'static,
    ) -> (watch::Receiver<Outcome>, Outcome) {
        let mut known = self.lock();
        let mut last = None;
        if let Some(Probe { begun, outcome, before }) = &*known {
            // One whose sender is gone without an outcome tells nothing.
            let is_under_way = outcome.borrow().is_none() && outcome.has_changed().is_ok();
            if is_under_way || begun.elapsed() < HOLDS {
                return (outcome.clone(), *before);
            }
            last = *outcome.borrow();
        }
        let (told, outcome) = watch::channel(None);
        *known = Some(Probe { begun: Instant::now(), outcome: outcome.clone(), before: last });
        drop(known);
        tokio::spawn(async move { told.send_replace(Some(commit.await.map_err(|error| in_words(&error)))) });
        (outcome, last)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Probe>> {
        self.probe.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason for anyone who asks; the log has all of it.
fn in_words(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Storage(why) if why.contains("disk is full") => "the disk is full",
        LedgerError::Storage(why) if why.contains("readonly") => "the disk is read-only",
        LedgerError::Storage(why) if why.contains("locked") => "another program has locked the database",
        _ => "the database or the disk fails, and the server's log says how",
    }
}

impl Installation {
    /// Fails when the ledger does not take commits.
    pub async fn ready(self: &Arc<Self>) -> Result<()> {
        let store = self.store.clone();
        self.readiness.ask(async move { store.probe().await }).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_commit_is_tried_every_few_seconds_and_never_two_at_once() {
        let (readiness, tried) = (Readiness::default(), Arc::new(AtomicUsize::new(0)));
        let commit = |takes: u64, outcome: std::result::Result<(), &'static str>| {
            let tried = tried.clone();
            async move {
                tried.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(takes)).await;
                outcome.map_err(|why| LedgerError::Storage(why.into()))
            }
        };
        let told = |result: Result<()>| result.map_or_else(|error| error.to_string(), |()| "ready".into());
        for _ in 0..100 {
            assert_eq!(told(readiness.ask(commit(0, Ok(()))).await), "ready");
        }
        assert_eq!(tried.load(Ordering::SeqCst), 1);
        tokio::time::advance(HOLDS).await;
        let full = "(code: 13) database or disk is full";
        let refused = "the ledger does not take commits: the disk is full";
        assert_eq!(told(readiness.ask(commit(0, Err(full))).await), refused);
        assert_eq!(told(readiness.ask(commit(0, Ok(()))).await), refused, "it holds for a while");
        tokio::time::advance(HOLDS).await;
        assert_eq!(tried.load(Ordering::SeqCst), 2);
        let slow = "the ledger does not take commits: a commit takes seconds: the disk does not answer, or another program has \
            locked the database";
        for _ in 0..5 {
            assert_eq!(told(readiness.ask(commit(20, Ok(()))).await), slow);
        }
        assert_eq!(tried.load(Ordering::SeqCst), 3, "while one is under way, no other is tried");
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(told(readiness.ask(commit(0, Ok(()))).await), "ready");
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_few_wait_for_a_commit_that_does_not_end() {
        let readiness = Arc::new(Readiness::default());
        readiness.ask(async { Ok(()) }).await.unwrap();
        tokio::time::advance(HOLDS).await;
        let begun = Instant::now();
        let asks = (0..1_000).map(|_| {
            let readiness = readiness.clone();
            tokio::spawn(
                async move { (readiness.ask(std::future::pending()).await.is_ok(), begun.elapsed() >= PATIENCE) },
            )
        });
        let asks: Vec<_> = asks.collect();
        let mut answers = vec![];
        for ask in asks {
            answers.push(ask.await.unwrap());
        }
        let waited = answers.iter().filter(|(_, waited)| *waited).count();
        assert_eq!(waited, WAITING);
        // The others are told what the last commit came to.
        assert!(answers.iter().all(|(ready, waited)| *ready != *waited), "{answers:?}");
    }
}
