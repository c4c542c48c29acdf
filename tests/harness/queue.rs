//! A queue in the emulator, as EventBridge writes to it and as its owner looks at it. By SQS's JSON protocol: the emulator
//! looks at no signature.

use serde_json::{Value, json};

use super::host::{ACCOUNT, REGION};

/// A queue whose messages come again a second after they were received.
pub struct Queue {
    endpoint: String,
    name: String,
    client: reqwest::Client,
}

impl Queue {
    /// A queue that may not be there yet.
    pub fn named(endpoint: &str, name: &str) -> Queue {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client without settings can be made");
        Queue { endpoint: endpoint.into(), name: name.into(), client }
    }

    /// Makes it.
    pub async fn create(&self) {
        let attributes = json!({ "VisibilityTimeout": "1", "ReceiveMessageWaitTimeSeconds": "1" });
        let made = self.ask("CreateQueue", json!({ "QueueName": self.name, "Attributes": attributes })).await;
        assert!(made["QueueUrl"].is_string(), "{made}");
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}/{ACCOUNT}/{}", self.endpoint, self.name)
    }

    /// The table of the configuration that has it read.
    pub fn table(&self) -> String {
        format!("[[queues]]\nurl = \"{}\"\naccount = \"{ACCOUNT}\"\nregion = \"{REGION}\"\n", self.url())
    }

    /// Puts a message into it.
    pub async fn send(&self, body: &str) {
        let sent = self.ask("SendMessage", json!({ "QueueUrl": self.url(), "MessageBody": body })).await;
        assert!(sent["MessageId"].is_string(), "{sent}");
    }

    /// How many messages are in it, received or not.
    pub async fn count(&self) -> u64 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        self.numbers(names).await.into_iter().sum()
    }

    /// How many messages were received, and neither deleted nor let go yet.
    pub async fn received(&self) -> u64 {
        self.numbers(["ApproximateNumberOfMessagesNotVisible"]).await.into_iter().sum()
    }

    async fn numbers<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let body = json!({ "QueueUrl": self.url(), "AttributeNames": names.as_slice() });
        let answer = self.ask("GetQueueAttributes", body).await;
        let number = |name: &str| answer["Attributes"][name].as_str().and_then(|count| count.parse().ok());
        names.map(|name| number(name).expect("a queue has a number of messages"))
    }

    async fn ask(&self, action: &str, body: Value) -> Value {
        let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/sqs/aws4_request");
        let request = self.client.post(&self.endpoint).header("x-amz-target", format!("AmazonSQS.{action}"));
        let request = request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
        let request = request.header("authorization", format!("{scope}, SignedHeaders=host, Signature=0"));
        let answer = request.send().await.expect("the emulator answers");
        answer.json().await.expect("it answers with JSON")
    }
}
