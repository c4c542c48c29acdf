//! What opening an incident needs of HTTP: a port, so that it is tested against an instance in memory, and its one real
//! implementation by capability calls.

use quell_sdk::Error;
use quell_sdk::http::client::{self, Request, Response};

/// The calls of opening an incident.
pub trait Http {
    /// Sends a request.
    fn send(&mut self, request: &Request) -> Result<Response, Error>;
}

/// HTTP, through the host.
pub struct Live;

impl Http for Live {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        client::send(request)
    }
}
