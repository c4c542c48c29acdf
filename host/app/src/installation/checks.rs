//! Checks of what people send, when they take the processor: workflows, the inputs of runs, pictures.
//!
//! They run beside the threads that answer requests, a few at once, and nobody waits for one longer than a few seconds. So
//! a document that is hard to check is a refusal for whoever sent it, and nothing to anybody else.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Error, Installation, Result};

/// How long a check waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// How long a check may take. Those that pass take milliseconds.
const LONGEST: Duration = Duration::from_secs(10);

/// Where checks are made.
#[derive(Clone)]
pub(super) struct Checks {
    /// A check that takes too long keeps its place until it ends.
    places: Arc<Semaphore>,
    turn: Duration,
    longest: Duration,
}

impl Checks {
    /// On half of the processors, so that the others answer.
    pub(super) fn new() -> Checks {
        let processors = available_parallelism().map_or(1, usize::from);
        Checks { places: Arc::new(Semaphore::new((processors / 2).max(1))), turn: TURN, longest: LONGEST }
    }

    /// Does what `what` says, such as "checking the workflow", if there is a place for it and it ends in time.
    pub(super) async fn make<T, F>(&self, what: &str, check: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let Ok(Ok(place)) = timeout(self.turn, self.places.clone().acquire_owned()).await else {
            return Err(Error::Busy("too much is being checked already".into()));
        };
        let task = spawn_blocking(move || {
            let _place = place;
            check()
        });
        match timeout(self.longest, task).await {
            Ok(Ok(checked)) => Ok(checked),
            Ok(Err(panic)) => Err(Error::Unavailable(panic.to_string())),
            Err(_) => {
                let longest = self.longest.as_secs();
                Err(Error::Invalid(format!("{what} takes longer than {longest} s: make it smaller or simpler")))
            }
        }
    }
}

impl Installation {
    /// Draws what `what` says, such as "drawing the run", beside the threads that answer requests.
    pub async fn draw<T, F>(&self, what: &str, draw: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.checks.make(what, draw).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_check_that_does_not_end_is_given_up_and_keeps_its_place() {
        let hurry = Duration::from_millis(50);
        let checks = Checks { places: Arc::new(Semaphore::new(1)), turn: hurry, longest: hurry };
        assert_eq!(checks.make("checking it", || 1).await.unwrap(), 1);
        let (end, ended) = channel::<()>();
        let refused = checks.make("checking it", move || ended.recv()).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "checking it takes longer than 0 s: make it smaller or simpler");
        let refused = checks.make("checking it", || 1).await.unwrap_err();
        assert!(matches!(refused, Error::Busy(_)), "{refused:?}");
        drop(end);
        let place = timeout(Duration::from_secs(60), checks.places.acquire()).await;
        drop(place.expect("its place is given back when it ends"));
        assert_eq!(checks.make("checking it", || 2).await.unwrap(), 2);
    }
}
