//! Requests by HTTP, against a server over TLS that answers what it is told to.
//!
//! The server is on 127.0.0.1, which may only be reached where the grant names it: what the gate makes of a grant is given
//! here by hand, in the marker. That it makes the right thing of one is in `gated`.

mod addresses;
mod gated;
mod secrets;
mod sending;
mod settling;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use capability::{Catalog as _, Fault, FaultKind, Marker, Operation};
use https::Server;
use operations::{Accounts, Http, Operations, Secret, SecretValue, Secrets};
use serde_json::{Value, json};

use crate::scope;

/// The one function.
pub const SEND: &str = "quell:http/client@0.1.0#send";

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Secrets: names, hosts and values.
#[derive(Clone, Default)]
struct Kept(BTreeMap<&'static str, (Vec<&'static str>, String)>);

impl Kept {
    /// One secret, which goes to the server of the tests.
    fn one(name: &'static str, value: &str) -> Kept {
        Kept(BTreeMap::from([(name, (vec!["127.0.0.1"], value.to_owned()))]))
    }
}

impl Secrets for Kept {
    fn secret(&self, name: &str) -> Result<Option<Secret>, Fault> {
        let secret = |(hosts, value): &(Vec<&str>, String)| Secret {
            hosts: hosts.iter().map(ToString::to_string).collect(),
            value: SecretValue::new(value.clone()),
        };
        Ok(self.0.get(name).map(secret))
    }

    fn bound_to(&self, host: &str) -> Vec<(String, SecretValue)> {
        let bound = self.0.iter().filter(|(_, (hosts, _))| hosts.contains(&host));
        bound.map(|(name, (_, value))| ((*name).to_owned(), SecretValue::new(value.clone()))).collect()
    }
}

/// The operations, which send with these secrets and trust the servers' authority.
fn operations(server: &Server, kept: &Kept) -> Operations {
    let http = Http::new(Arc::new(kept.clone())).trusting(server.authority.as_bytes()).unwrap();
    Operations::new(Accounts::default()).unwrap().sending(http)
}

/// The arguments of a call; `more` has what is not the usual.
fn request(method: &str, url: &str, more: Value) -> Value {
    let mut request = json!({ "method": method, "url": url, "headers": [], "idempotency": { "review": {} } });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "request": request })
}

/// Headers as arguments have them.
fn headers(fields: &[(&str, &str)]) -> Value {
    fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// What is known of a call that is not made.
async fn operation(arguments: &Value) -> Result<Arc<dyn Operation>, Fault> {
    Operations::new(Accounts::default()).unwrap().operation(SEND, arguments, &scope()).await
}

/// A marker under a grant that names these addresses for all that the call touches.
fn naming(operation: &dyn Operation, addresses: &[IpAddr]) -> Marker {
    let addresses = operation.touches().into_iter().map(|touch| (touch, addresses.to_vec())).collect();
    Marker { addresses, ..crate::marker() }
}

/// Sends a request, under a grant that names the server's address.
async fn send(server: &Server, kept: &Kept, arguments: &Value) -> Result<Value, Fault> {
    let operation = operations(server, kept).operation(SEND, arguments, &scope()).await?;
    operation.send(&naming(operation.as_ref(), &[LOOPBACK])).await
}

/// How it was refused: as which kind, with which code, and whether it may have been done all the same.
#[track_caller]
fn refused(result: Result<Value, Fault>, kind: FaultKind, code: &str, unknown: bool) -> String {
    let fault = result.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str(), fault.unknown), (kind, code, unknown), "{fault}");
    fault.message
}
