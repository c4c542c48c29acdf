//! HTTP to services that are not AWS's: what a request is, and how it is sent.
//!
//! One call is one request over one connection: none is kept, since a write on a connection that its server is closing has an
//! unknown outcome. No proxy is asked, no redirect followed, nothing sent again; what becomes of an outcome is the gate's.

mod request;

mod target;
mod header;
mod template;

mod secret;
mod withheld;

mod address;
mod reply;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use capability::{Access, Effect, Fault, FaultKind, Marker, Observation, Operation, Settlement, Spec, Touch};
use reqwest::{Certificate, Client, redirect, retry};
use serde_json::Value;

pub use secret::{Secret, SecretValue, Secrets};

use crate::REQUEST_TIMEOUT;
use crate::operation::{encode, touch};
use address::{Resolver, check_literal};
use reply::{Body, Reply, refused, undelivered};
use request::{Call, Lookup, Message};
use secret::NoSecrets;

/// How long a connection may take to be made, TLS included. A time-out here is known not to have sent anything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How many sets of addresses that grants name are remembered with a client for each. More only cost time.
const CLIENTS: usize = 32;

/// What holds for every request: which method it has decides what it needs.
pub(crate) const SPEC: &Spec = &Spec {
    function: "quell:http/client@0.1.0#send",
    action: "http:Post",
    also: &[
        ("http:Get", Access::Read),
        ("http:Head", Access::Read),
        ("http:Put", Access::Write),
        ("http:Patch", Access::Write),
        ("http:Delete", Access::Write),
        (USE, Access::Read),
    ],
    access: Access::Write,
    effect: Effect::Depends,
};

/// The action of putting a secret into a request.
const USE: &str = "secret:Use";

/// What requests are sent with.
pub struct Http {
    secrets: Arc<dyn Secrets>,
    roots: Vec<Certificate>,
    request_timeout: Duration,
    /// A client for each set of addresses that may be reached beside the internet. Apart, since only the client's own
    /// resolver knows what is dialled.
    clients: Mutex<BTreeMap<Vec<IpAddr>, Client>>,
}

/// Why requests could not be sent as configured.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// It has no certificates in it.
    #[error("it has no certificate: it must have some in PEM, each from `-----BEGIN CERTIFICATE-----` on")]
    None,
    /// Some of it is no certificate.
    #[error("it has something that is no certificate in PEM: {0}")]
    Unreadable(String),
}

impl Default for Http {
    fn default() -> Http {
        Http::new(Arc::new(NoSecrets))
    }
}

impl Http {
    /// Requests with these secrets, to servers that the system's certificate authorities vouch for.
    pub fn new(secrets: Arc<dyn Secrets>) -> Http {
        Http { secrets, roots: vec![], request_timeout: REQUEST_TIMEOUT, clients: Mutex::default() }
    }

    /// Gives up on a request after `request_timeout`, its answer included: see [`crate::Operations::within`].
    pub fn within(self, request_timeout: Duration) -> Http {
        Http { request_timeout, ..self }
    }

    /// Trusts the certificate authorities in `pem` as well.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Http, RootsError> {
        let unreadable = |error: reqwest::Error| RootsError::Unreadable(error.to_string());
        self.roots = Certificate::from_pem_bundle(pem).map_err(unreadable)?;
        if self.roots.is_empty() {
            return Err(RootsError::None);
        }
        // Certificates are only read when a client is made of them.
        let client = build(&self.roots, &[]).map_err(unreadable)?;
        self.clients = Mutex::new(BTreeMap::from([(vec![], client)]));
        Ok(self)
    }

    /// The operation of a call.
    pub(crate) fn operation(self: &Arc<Self>, arguments: &Value) -> Result<Arc<dyn Operation>, Fault> {
        Ok(Arc::new(Send { call: Call::parse(arguments)?, http: self.clone() }))
    }

    /// Sends a message, once, to the internet or to the addresses that are `named`, and reads what is answered.
    async fn exchange(&self, message: Message, named: &[IpAddr]) -> Result<Reply, Fault> {
        let Message { host, mut request, values } = message;
        *request.timeout_mut() = Some(self.request_timeout);
        check_literal(&host, named).map_err(|private| refused(&private))?;
        let client = self.client(named)?;
        let effect = if request.method().is_safe() { Effect::Read } else { Effect::Write };
        let response = client.execute(request).await.map_err(|error| undelivered(error, &host, &values))?;
        Reply::read(response, effect, &host, &values).await
    }

    fn client(&self, named: &[IpAddr]) -> Result<Client, Fault> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(named) {
            return Ok(client.clone());
        }
        let client = build(&self.roots, named).map_err(|error| {
            let message = format!("no request can be sent from this machine: {error}");
            Fault::known(FaultKind::Other, "no-client", message)
        })?;
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        clients.insert(named.to_vec(), client.clone());
        Ok(client)
    }
}

/// A client that reaches the internet and, beside it, the addresses that are `named`.
fn build(roots: &[Certificate], named: &[IpAddr]) -> Result<Client, reqwest::Error> {
    Client::builder()
        .tls_certs_merge(roots.iter().cloned())
        .dns_resolver(Resolver { named: named.into() })
        .https_only(true)
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

/// One request.
struct Send {
    call: Call,
    http: Arc<Http>,
}

impl Send {
    /// What the request itself touches.
    fn sent(&self) -> Touch {
        touch(self.call.method.action(), self.call.url())
    }
}

/// What the lookup of what became of a request touches.
fn asked(lookup: &Lookup) -> Touch {
    touch(request::Method::Get.action(), lookup.url())
}

#[async_trait]
impl Operation for Send {
    fn spec(&self) -> &'static Spec {
        SPEC
    }

    fn effect(&self) -> Effect {
        self.call.method.effect()
    }

    fn touches(&self) -> Vec<Touch> {
        let asked = self.call.lookup().map(asked);
        let secrets = self.call.secrets().into_iter().map(|name| touch(USE, name));
        [self.sent()].into_iter().chain(asked).chain(secrets).collect()
    }

    /// Where secrets stand, so that a grant can say that they stay out of bodies, into which strangers' words get.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("secret-in", self.call.places().into_iter().map(str::to_owned).collect())]
    }

    fn settlement(&self) -> Settlement {
        self.call.settlement()
    }

    async fn send(&self, marker: &Marker) -> Result<Value, Fault> {
        let message = self.call.message(self.http.secrets.as_ref(), &marker.token)?;
        encode(self.http.exchange(message, marker.addresses_of(&self.sent())).await?)
    }

    /// Asks where the call says, as the plugin itself might.
    async fn observe(&self, marker: &Marker) -> Result<Observation, Fault> {
        let Some(lookup) = self.call.lookup() else {
            return Ok(Observation::Undecided("the service cannot be asked".into()));
        };
        let question = self.call.question(lookup, self.http.secrets.as_ref())?;
        let reply = self.http.exchange(question, marker.addresses_of(&asked(lookup))).await?;
        if !reply.is_success() {
            let message = format!("the lookup was answered {}, which does not tell", reply.status);
            return Err(Fault::known(FaultKind::Other, "lookup-failed", message));
        }
        let document = match &reply.body {
            Body::Text(text) => serde_json::from_str::<Value>(text).ok(),
            Body::Base64(_) => None,
        };
        let Some(document) = document else {
            return Ok(Observation::Undecided("the answer to the lookup is no JSON document".into()));
        };
        match document.pointer(&lookup.found) {
            None | Some(Value::Null) => Ok(Observation::Absent),
            Some(_) => Ok(Observation::Done(encode(reply)?)),
        }
    }

    fn presumed(&self, _: &Marker) -> Value {
        encode(Reply::presumed()).unwrap_or_default()
    }
}
