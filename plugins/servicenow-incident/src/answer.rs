//! What ServiceNow's answers mean.
//!
//! An incident that was made is answered by itself, one that was asked for in a list. To a write whose answer was lost, the
//! host gives the answer to the question instead, so that both forms are read there.

use quell_sdk::Failure;
use quell_sdk::http::client::{Body, Response};
use serde::Deserialize;
use serde_json::Value;

/// The failure of what does not answer as ServiceNow does.
const UNEXPECTED: &str = "unexpected-answer";

/// The failure of what ServiceNow refused.
const REFUSED: &str = "servicenow-refused";

/// What older versions answer, with 404, where a question has no result.
const NO_RECORD: &str = "No Record found";

/// The longest that is repeated of what ServiceNow says.
const MAX_SAID: usize = 500;

/// An incident.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// Its number.
    #[serde(default)]
    pub number: String,
    /// Its id in the table.
    #[serde(default)]
    pub sys_id: String,
    /// Its state.
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    correlation_id: String,
}

/// The answer to the question for the incident of this correlation id: nothing where there is none.
pub fn found(response: &Response, correlation_id: &str) -> Result<Option<Found>, Failure> {
    let body = json(response);
    if response.status == 404 && body.as_ref().is_some_and(|body| said(body).starts_with(NO_RECORD)) {
        return Ok(None);
    }
    match result(response, body)? {
        Value::Array(items) => items.into_iter().next().map(|item| incident(item, correlation_id)).transpose(),
        _ => Err(unexpected("it answers with no list")),
    }
}

/// The answer to a write: the incident, or the list that the host asked for.
pub fn made(response: &Response, correlation_id: &str) -> Result<Found, Failure> {
    match result(response, json(response))? {
        Value::Array(items) => {
            let first = items.into_iter().next().ok_or_else(|| unexpected("the list is empty"))?;
            incident(first, correlation_id)
        }
        item => incident(item, correlation_id),
    }
}

/// What a success is about; all else is a failure.
fn result(response: &Response, body: Option<Value>) -> Result<Value, Failure> {
    if !(200..300).contains(&response.status) {
        return Err(refused(response.status, body.as_ref()));
    }
    let result = body.and_then(|mut body| body.get_mut("result").map(Value::take));
    result.ok_or_else(|| {
        unexpected("its answer is not JSON with a `result`; an instance that hibernates answers like this")
    })
}

/// An incident, which must be the one that was meant: ServiceNow compares texts without regard to case.
fn incident(item: Value, correlation_id: &str) -> Result<Found, Failure> {
    let found: Found = serde_json::from_value(item).map_err(|_| unexpected("its answer is not an incident"))?;
    if found.correlation_id.is_empty() {
        let problem = "the answer has no `correlation_id`: let the user of Quell read that field of `incident`";
        return Err(Failure::new("access-denied", problem));
    }
    if !found.correlation_id.eq_ignore_ascii_case(correlation_id) {
        return Err(unexpected(
            "it answers with the incident of another `correlation_id`: let the user of Quell query that field",
        ));
    }
    if found.number.is_empty() || found.sys_id.is_empty() {
        let problem =
            "the answer has no `number` or no `sys_id`: let the user of Quell read these fields of `incident`";
        return Err(Failure::new("access-denied", problem));
    }
    Ok(found)
}

fn refused(status: u16, body: Option<&Value>) -> Failure {
    let said = body.map(said).filter(|said| !said.is_empty());
    let said = said.map_or_else(|| status.to_string(), |said| format!("{status}: {said}"));
    match status {
        401 => Failure::new(
            "access-denied",
            format!(
                "ServiceNow does not know the user ({said}): check the secret in `authorization`, and that the user is not locked out"
            ),
        ),
        403 => Failure::new(
            "access-denied",
            format!(
                "ServiceNow does not let the user do this ({said}): check that it may read and create `incident`, by `itil` or a role of its own"
            ),
        ),
        404 => Failure::new("not-found", format!("ServiceNow has no table `incident` there ({said}): check `url`")),
        300..=399 => unexpected(&format!("it leads elsewhere ({status}): check `url`")),
        _ => Failure::new(REFUSED, format!("ServiceNow does not take the incident ({said})")),
    }
}

fn unexpected(problem: &str) -> Failure {
    Failure::new(UNEXPECTED, format!("what `url` leads to does not answer as ServiceNow does: {problem}"))
}

fn json(response: &Response) -> Option<Value> {
    match &response.body {
        Body::Text(text) => serde_json::from_str(text).ok(),
        Body::Base64(_) => None,
    }
}

/// What ServiceNow says of an error: its message, and the detail where there is one.
fn said(body: &Value) -> String {
    let part = |name: &str| body.pointer(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let parts = [part("/error/message"), part("/error/detail")];
    let whole = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    whole.chars().filter(|character| !character.is_control()).take(MAX_SAID).collect()
}
