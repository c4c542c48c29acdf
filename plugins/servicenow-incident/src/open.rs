//! Opening an incident: it is looked for first, and made only where there is none.
//!
//! What makes a second run write nothing is the correlation id. What tells whether a lost write took effect is the same
//! question again: the host asks it, and its answer stands in for the lost one.

use quell_sdk::http::client::{Body, Header, Idempotency, Lookup, Method, Request};
use quell_sdk::{Context, During, Failure};

use crate::answer::{self, Found};
use crate::table::Http;
use crate::ticket::Ticket;
use crate::{Input, Output};

/// Where the incident is in the answer to the question for it: RFC 6901.
const FOUND: &str = "/result/0";

/// Sees to it that there is the incident.
pub fn open(http: &mut impl Http, input: &Input, context: &Context) -> Result<Output, Failure> {
    let ticket = Ticket::of(input, context)?;
    let about = format!("the incident of `{}`", input.correlation_id);
    let (found, created) = match look(http, input, &ticket, &about)? {
        Some(found) => (found, false),
        None => (make(http, input, &ticket, &about)?, true),
    };
    let link = ticket.link(&found.sys_id);
    let what = if created { "opened" } else { "there already" };
    quell_sdk::info!("{} is {what}: {link}", found.number);
    Ok(Output { number: found.number, sys_id: found.sys_id, created, state: found.state, link })
}

fn look(http: &mut impl Http, input: &Input, ticket: &Ticket, about: &str) -> Result<Option<Found>, Failure> {
    let request = Request {
        method: Method::Get,
        url: ticket.question(),
        headers: headers(input),
        body: None,
        idempotency: Idempotency::Repeatable,
    };
    let response = http.send(&request).during(format_args!("looking for {about}"))?;
    answer::found(&response, &input.correlation_id)
}

fn make(http: &mut impl Http, input: &Input, ticket: &Ticket, about: &str) -> Result<Found, Failure> {
    let mut headers = headers(input);
    headers.push(header("content-type", "application/json"));
    let request = Request {
        method: Method::Post,
        url: ticket.table(),
        headers,
        body: Some(Body::Text(ticket.fields.to_string())),
        idempotency: Idempotency::Lookup(Lookup { url: ticket.question(), found: FOUND.to_owned() }),
    };
    let response = http.send(&request).during(format_args!("opening {about}"))?;
    answer::made(&response, &input.correlation_id)
}

fn headers(input: &Input) -> Vec<Header> {
    vec![header("accept", "application/json"), header("authorization", &input.authorization)]
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests;
