//! The API, as somebody with a token uses it.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// The longest that anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a test looks.
const EVERY: Duration = Duration::from_millis(50);

/// The API for one person.
#[derive(Clone)]
pub struct Api {
    url: String,
    token: String,
    client: Client,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its body; null when there is none.
    pub body: Value,
    /// When to try again, if it says so.
    pub retry_after: Option<String>,
}

impl Api {
    pub(super) fn new(url: &str, token: &str) -> Api {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client can be made");
        Api { url: url.into(), token: token.into(), client }
    }

    /// Gets a path below `/v1`.
    pub async fn get(&self, path: &str) -> Value {
        self.send(self.request(Method::GET, path)).await.expect_status(200)
    }

    /// Posts JSON to a path below `/v1`.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Posts JSON to a path below `/v1`; `None` when there is no answer.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Reply> {
        self.try_send(self.request(Method::POST, path).json(body)).await.ok()
    }

    /// Gets a path below `/v1`, if there is something.
    pub async fn find(&self, path: &str) -> Option<Value> {
        let reply = self.send(self.request(Method::GET, path)).await;
        (reply.status != 404).then(|| reply.expect_status(200))
    }

    /// Posts a document to a path below `/v1`.
    pub async fn post_document(&self, path: &str, media_type: &str, document: Vec<u8>) -> Reply {
        self.send(self.document(Method::POST, path, media_type, document)).await
    }

    /// Puts a document to a path below `/v1`.
    pub async fn put_document(&self, path: &str, media_type: &str, document: Vec<u8>) -> Reply {
        self.send(self.document(Method::PUT, path, media_type, document)).await
    }

    /// Decides the approval of a run's step.
    pub async fn decide(&self, run: &str, step: &str, decision: &str) -> Reply {
        let body = serde_json::json!({ "decision": decision, "reason": "a test" });
        self.post(&format!("runs/{run}/approvals/{step}"), &body).await
    }

    /// Sends an event and gives the run that answers it, and whether that was there before.
    pub async fn send_event(&self, event: &Value) -> (String, bool) {
        let taken = self.post("events", event).await.expect_status(202);
        let [run] = taken["runs"].as_array().map(Vec::as_slice).unwrap_or_default() else {
            panic!("not one run answers the event: {taken}")
        };
        (run["run"].as_str().expect("a run has an id").to_owned(), run["repeated"] == true)
    }

    /// Waits until a run is as `wanted`.
    pub async fn run_that(&self, run: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("runs/{run}");
        until(&format!("run {run}"), async || Some(self.get(&path).await).filter(&wanted)).await
    }

    /// Waits until a run waits for an approval.
    pub async fn run_that_waits(&self, run: &str) -> Value {
        self.run_that(run, |run| run["approvals"].as_array().is_some_and(|approvals| !approvals.is_empty())).await
    }

    /// Waits until a run has ended as `status` says.
    pub async fn run_that_ended(&self, run: &str, status: &str) -> Value {
        let run = self.run_that(run, |run| run["ended"].is_string()).await;
        assert_eq!(run["status"], status, "{run:#}");
        run
    }

    /// All entries of a run's chain, the oldest first.
    pub async fn entries(&self, run: &str) -> Vec<Value> {
        let page = self.get(&format!("ledger?run={run}&limit=500")).await;
        assert!(page["next"].is_null() || page["entries"].as_array().is_some_and(|entries| entries.len() < 500));
        page["entries"].as_array().cloned().expect("a page has entries")
    }

    /// The entries of a run that are of one kind, the oldest first; not more than the server gives at once.
    pub async fn entries_of_kind(&self, run: &str, kind: &str) -> Vec<Value> {
        let page = self.get(&format!("ledger?run={run}&kind={kind}&limit=500")).await;
        page["entries"].as_array().cloned().expect("a page has entries")
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/v1/{path}", self.url)).bearer_auth(&self.token)
    }

    fn document(&self, method: Method, path: &str, media_type: &str, document: Vec<u8>) -> RequestBuilder {
        self.request(method, path).header("content-type", media_type).body(document)
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        self.try_send(request).await.expect("the host answers")
    }

    async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let reply = request.send().await?;
        let status = reply.status().as_u16();
        let retry_after = reply.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = reply.bytes().await?;
        Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default(), retry_after })
    }
}

impl Reply {
    /// Its body, when it has this status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// Asserts that it is the problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{:#}", self.body);
    }
}

/// Waits until `look` finds what it looks for. A test fails that waits too long.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited for {} s in vain: {what}", PATIENCE.as_secs());
        tokio::time::sleep(EVERY).await;
    }
}
