//! A proxy between host and emulator that records each request: what reached AWS is counted here, not by Quell.
//!
//! A request that was received whole is passed on whatever becomes of the host: a write that is on its way when its
//! sender dies takes effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Actions that change nothing begin so; those of S3 are methods of HTTP.
const READS: [&str; 5] = ["Describe", "Get", "List", "GET", "HEAD"];

/// A running proxy.
pub struct Proxy {
    endpoint: String,
    traffic: Arc<Traffic>,
    task: JoinHandle<()>,
}

/// A request that was received whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The service that it was signed for: `ec2`.
    pub service: String,
    /// The action: `CreateSnapshot`; of S3, what is done to what: `PUT /acme?policy`.
    pub action: String,
    /// Its parameters, as AWS's query protocol has them: `TagSpecification.1.Tag.1.Key`.
    pub parameters: BTreeMap<String, String>,
}

/// How long mutating requests are held up.
#[derive(Clone, Copy, Default)]
struct Delay {
    /// Before every second one is passed on.
    before: Duration,
    /// Before the replies of the others are.
    after: Duration,
}

struct Traffic {
    upstream: String,
    client: reqwest::Client,
    record: Mutex<Vec<Request>>,
    delay: Mutex<Delay>,
    /// Actions that are not passed on.
    failing: Mutex<BTreeSet<String>>,
}

impl Proxy {
    /// Starts one before `upstream`.
    pub async fn start(upstream: &str) -> Proxy {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client without settings can be made");
        let traffic = Traffic {
            upstream: upstream.into(),
            client,
            record: Mutex::default(),
            delay: Mutex::default(),
            failing: Mutex::default(),
        };
        let traffic = Arc::new(traffic);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let router = Router::new().fallback(receive).with_state(traffic.clone());
        let serve = async move { axum::serve(listener, router).await.expect("serving never ends by itself") };
        Proxy { endpoint: format!("http://{address}"), traffic, task: tokio::spawn(serve) }
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on holds up every second mutating request before it is passed on, and the replies of the others.
    pub fn delay_mutations(&self, before: Duration, after: Duration) {
        *lock(&self.traffic.delay) = Delay { before, after };
    }

    /// From now on answers this action with a failure of the service, and does not pass it on.
    pub fn fail(&self, action: &str) {
        lock(&self.traffic.failing).insert(action.into());
    }

    /// From now on passes everything on again.
    pub fn heal(&self) {
        lock(&self.traffic.failing).clear();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.traffic.record).clone()
    }

    /// Those that change something.
    pub fn mutations(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::mutates).collect()
    }

    /// Forgets all requests so far.
    pub fn clear(&self) {
        lock(&self.traffic.record).clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Request {
    /// Whether it changes something.
    pub fn mutates(&self) -> bool {
        !READS.iter().any(|read| self.action.starts_with(read))
    }

    /// A parameter, by its name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    fn of(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Request {
        // `AWS4-HMAC-SHA256 Credential=<id>/<date>/<region>/<service>/aws4_request, …` (AWS Signature Version 4).
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let service = authorization.split('/').nth(3).unwrap_or("unsigned").to_owned();
        if service == "s3" {
            let action = format!("{method} {}", uri.path_and_query().map_or("/", |path| path.as_str()));
            return Request { service, action, parameters: BTreeMap::new() };
        }
        let parameters: BTreeMap<String, String> = form(body);
        // `AmazonSQS.ReceiveMessage`, where a service speaks JSON.
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let target = target.rsplit('.').next().unwrap_or_default();
        let action = parameters.get("Action").map_or(target, String::as_str).to_owned();
        Request { service, action, parameters }
    }
}

async fn receive(
    State(traffic): State<Arc<Traffic>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::of(&method, &uri, &headers, &body);
    let hold = {
        let mut record = lock(&traffic.record);
        let earlier = record.iter().filter(|request| request.mutates()).count();
        let Delay { before, after } = *lock(&traffic.delay);
        let hold = match (request.mutates(), earlier % 2) {
            (false, _) => Delay::default(),
            (true, 0) => Delay { before, after: Duration::ZERO },
            (true, _) => Delay { before: Duration::ZERO, after },
        };
        let fails = lock(&traffic.failing).contains(&request.action);
        record.push(request);
        if fails {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        hold
    };
    // A task of its own: this one is dropped when the host's connection is.
    let pass = tokio::spawn(async move {
        tokio::time::sleep(hold.before).await;
        let reply = traffic.pass(method, uri, headers, body).await;
        tokio::time::sleep(hold.after).await;
        reply
    });
    match pass.await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Traffic {
    async fn pass(&self, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> reqwest::Result<Response> {
        let url = format!("{}{uri}", self.upstream);
        let reply = self.client.request(method, url).headers(end_to_end(headers)).body(body).send().await?;
        let (status, headers) = (reply.status(), end_to_end(reply.headers().clone()));
        Ok((status, headers, reply.bytes().await?).into_response())
    }
}

/// The headers without those of one connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

/// `application/x-www-form-urlencoded`, read.
fn form(body: &[u8]) -> BTreeMap<String, String> {
    // A URL's query is written the same way.
    let query = String::from_utf8_lossy(body);
    let url = reqwest::Url::parse(&format!("http://form/?{query}")).expect("any query can be in a URL");
    url.query_pairs().into_owned().collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
