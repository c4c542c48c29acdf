//! A queue that events come through (Amazon SQS): messages are received and deleted, and nothing else is done to it.
//!
//! It is the host's, and no plugin's: what plugins may call is in `SERVICES`.

use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use capability::{Fault, FaultKind, Scope};

use crate::Operations;
use crate::client::Aws;
use crate::error::ScopeError;
use crate::fault::fault;

/// How long a request waits for a message, in seconds: the longest that SQS allows.
const WAIT: i32 = 20;
/// How many messages a request takes at most: the most that SQS gives.
const MOST: i32 = 10;

/// A queue.
pub struct Queue {
    aws: Arc<Aws>,
    url: String,
}

/// A message that was received. Unless it is deleted, it is received again after the queue's visibility time-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What it is deleted by; of this receipt only.
    pub receipt: String,
    /// What it says.
    pub body: String,
}

impl Operations {
    /// The queue at `url`, asked with the credentials, in the region and by the endpoint of `scope`.
    pub async fn queue(&self, scope: &Scope, url: &str) -> Result<Queue, ScopeError> {
        Ok(Queue { aws: self.clients.of(scope).await?, url: url.into() })
    }
}

impl Queue {
    /// Takes what is there, or waits for it for a while. Nothing is an answer, too.
    pub async fn receive(&self) -> Result<Vec<Message>, Fault> {
        let request = self.aws.client(Client::new).receive_message().queue_url(&self.url);
        let answer = request.max_number_of_messages(MOST).wait_time_seconds(WAIT).send().await.map_err(sqs_fault)?;
        let message = |message: aws_sdk_sqs::types::Message| {
            let receipt = message.receipt_handle?;
            Some(Message {
                id: message.message_id.unwrap_or_default(),
                receipt,
                body: message.body.unwrap_or_default(),
            })
        };
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(message).collect())
    }

    /// Deletes a message. Again is no error.
    pub async fn delete(&self, message: &Message) -> Result<(), Fault> {
        let request = self.aws.client(Client::new).delete_message().queue_url(&self.url);
        request.receipt_handle(&message.receipt).send().await.map(drop).map_err(sqs_fault)
    }
}

fn sqs_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault(error, |code| {
        matches!(code, "AWS.SimpleQueueService.NonExistentQueue" | "QueueDoesNotExist").then_some(FaultKind::NotFound)
    })
}
