//! Queues: events that Quell fetches, for installations that nothing outside can reach.
//!
//! A message is deleted when what it says is on disk: the run that it starts, or that none does, or that it was refused. So
//! a crash in between, or a ledger that cannot be written, leaves it in the queue, and it comes again; what it started then
//! already is known by its deduplication key. What is no event would come again for ever, and is refused and deleted.
//!
//! Who may write to a queue is what its policy says, and that is all that is known of a message: see `Source`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use operations::{Message, Queue};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::source::Source;
use super::{Error, Installation, Result};
use crate::config;

/// How long it waits after a failure at first, and at most: it is doubled each time.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// An answer of nothing takes as long as a request waits for messages; one that comes sooner, as some emulators give, is
/// followed by a pause.
const EMPTY: Duration = Duration::from_secs(1);

/// How reading a queue goes: what to wait, and when to say so.
#[derive(Debug, Default)]
struct Course {
    wait: Option<Duration>,
}

impl Course {
    /// It went wrong: how long to wait, and whether that is news.
    fn failed(&mut self) -> (Duration, bool) {
        let news = self.wait.is_none();
        let wait = self.wait.map_or(FIRST, |wait| (wait * 2).min(LONGEST));
        self.wait = Some(wait);
        (wait, news)
    }

    /// It went well: whether that is news.
    fn went_well(&mut self) -> bool {
        self.wait.take().is_some()
    }
}

impl Installation {
    /// Reads every queue until `stop` says so; then each finishes the messages that it has. One task a queue.
    pub fn keep_queues(self: &Arc<Self>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for queue in &self.queues {
            let (here, queue, stop) = (self.clone(), queue.clone(), stop.clone());
            tasks.spawn(async move { here.keep_queue(&queue, stop).await });
        }
        tasks
    }

    async fn keep_queue(self: Arc<Self>, configured: &config::Queue, mut stop: watch::Receiver<bool>) {
        let (name, mut course) = (configured.name(), Course::default());
        loop {
            let asked = Instant::now();
            let went = tokio::select! {
                // Until the messages are there, nothing is lost by leaving.
                _ = stop.wait_for(|stop| *stop) => return,
                received = self.receive(configured) => received,
            };
            let went = match went {
                Ok((queue, messages)) => self.clone().take_all(configured, &queue, messages).await,
                Err(error) => Err(error),
            };
            let wait = match went {
                Ok(taken) => {
                    if course.went_well() {
                        tracing::info!(queue = name, "the queue is read again");
                    }
                    let early = taken == 0 && asked.elapsed() < EMPTY;
                    if early { EMPTY } else { Duration::ZERO }
                }
                Err(why) => {
                    let (wait, news) = course.failed();
                    if news {
                        tracing::error!(queue = name, why, "the queue is not read now; it is tried again and again");
                    }
                    wait
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn receive(&self, configured: &config::Queue) -> std::result::Result<(Arc<Queue>, Vec<Message>), String> {
        let scope = self.operations.accounts().scope(&configured.account, &configured.region);
        let scope = scope.map_err(|error| error.to_string())?;
        let queue = self.operations.queue(&scope, &configured.url).await.map_err(|error| error.to_string())?;
        let messages = queue.receive().await.map_err(|fault| fault.to_string())?;
        Ok((Arc::new(queue), messages))
    }

    /// Takes messages, side by side, so that they share commits. Gives how many there were, or why some are left.
    async fn take_all(
        self: Arc<Self>,
        configured: &config::Queue,
        queue: &Arc<Queue>,
        messages: Vec<Message>,
    ) -> std::result::Result<usize, String> {
        let (count, mut tasks) = (messages.len(), JoinSet::new());
        for message in messages {
            let (here, queue, configured) = (self.clone(), queue.clone(), configured.clone());
            tasks.spawn(async move {
                here.take_message(&configured, &message).await.map_err(|error| error.to_string())?;
                queue.delete(&message).await.map_err(|fault| format!("a message cannot be deleted: {fault}"))
            });
        }
        let mut left = None;
        while let Some(taken) = tasks.join_next().await {
            left = match taken {
                Ok(Ok(())) => left,
                Ok(Err(why)) => Some(why),
                Err(panic) => Some(panic.to_string()),
            };
        }
        left.map_or(Ok(count), Err)
    }

    /// Takes one message. When this is well, all that there is to know of it is on disk.
    async fn take_message(&self, configured: &config::Queue, message: &Message) -> Result<()> {
        let source = Source::queue(configured);
        let refused = match event_in(&message.body, configured.from_sns) {
            Ok(event) => match self.take(&event, &source).await {
                Ok(_) => return Ok(()),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(refused) => refused,
            },
            Err(why) => {
                let why = Error::Invalid(format!("the message `{}` is no event: {why}", message.id));
                self.refuse(&Value::Null, why, &source).await?
            }
        };
        tracing::warn!(queue = configured.name(), message = message.id, why = %refused, "a message is refused");
        Ok(())
    }
}

/// The event in a message. With `from_sns`, it is in the envelope that SNS puts around what it delivers without raw delivery
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html>). That the envelope has a signature is of no
/// use here: what is trusted is the queue's policy.
fn event_in(body: &str, from_sns: bool) -> std::result::Result<Value, String> {
    let outer: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let is_envelope = outer.get("Type") == Some(&json!("Notification")) && outer.get("TopicArn").is_some();
    match (is_envelope, from_sns) {
        (false, false) => Ok(outer),
        (true, true) => {
            let message = outer.get("Message").and_then(Value::as_str).ok_or("the SNS envelope has no `Message`")?;
            serde_json::from_str(message).map_err(|error| format!("`Message` of the SNS envelope: {error}"))
        }
        (true, false) => Err("it is in an SNS envelope: switch raw message delivery on for the subscription, or say \
                              `from-sns = true` of the queue"
            .into()),
        (false, true) => Err("it is in no SNS envelope, and the queue is configured with `from-sns = true`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_says_so_once() {
        let mut course = Course::default();
        assert!(!course.went_well());
        let seconds: Vec<_> = (0..8).map(|_| course.failed()).map(|(wait, news)| (wait.as_secs(), news)).collect();
        assert_eq!(
            seconds,
            [(1, true), (2, false), (4, false), (8, false), (16, false), (32, false), (60, false), (60, false)]
        );
        assert!(course.went_well() && !course.went_well());
        assert_eq!(course.failed(), (FIRST, true));
    }

    #[test]
    fn an_envelope_of_sns_is_opened_only_where_it_is_expected() {
        let event = json!({ "id": "e-1" });
        let envelope = json!({ "Type": "Notification", "TopicArn": "arn:…", "Message": event.to_string() }).to_string();
        assert_eq!(event_in(&event.to_string(), false), Ok(event.clone()));
        assert_eq!(event_in(&envelope, true), Ok(event.clone()));
        let refused = |body: &str, from_sns: bool| event_in(body, from_sns).unwrap_err();
        assert!(refused(&envelope, false).contains("switch raw message delivery on"));
        assert!(refused(&event.to_string(), true).contains("in no SNS envelope"));
        assert!(refused("hello", false).contains("expected value at line 1 column 1"));
        let hollow = json!({ "Type": "Notification", "TopicArn": "arn:…" }).to_string();
        assert!(refused(&hollow, true).contains("has no `Message`"));
        assert!(refused(&format!("{}{}", "[".repeat(500), "]".repeat(500)), false).contains("recursion limit"));
    }
}
