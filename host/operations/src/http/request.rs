//! A call as a plugin makes it, checked; and the messages that come of it: the request itself, and the lookup of what became
//! of it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capability::{Effect, Fault, FaultKind, Settlement};
use reqwest::header::{ACCEPT_ENCODING, HeaderName, HeaderValue, USER_AGENT};
use serde::Deserialize;
use serde_json::Value;

use super::header::{Field, Headers, parse_name};
use super::secret::{Secrets, Values};
use super::target::Target;
use super::template::Template;
use crate::check::invalid;

/// The largest body, in bytes; with the values of secrets, too.
pub(crate) const BODY: usize = 256 << 10;
/// How many secrets one request may have.
const SECRETS: usize = 16;
/// What the host calls itself where a plugin does not.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("quell/", env!("CARGO_PKG_VERSION")));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    request: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Given {
    method: Method,
    url: String,
    headers: Vec<Field>,
    body: Option<Body>,
    idempotency: Idempotency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Text(String),
    Base64(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Idempotency {
    Review {},
    Repeatable {},
    Key(String),
    Lookup(Asked),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: String,
    found: String,
}

/// A call, checked.
#[derive(Debug)]
pub(crate) struct Call {
    /// What to do.
    pub method: Method,
    target: Target,
    headers: Headers,
    body: Option<Content>,
    settling: Settling,
}

#[derive(Debug)]
enum Content {
    Text { template: Template, is_json: bool },
    Bytes(Vec<u8>),
}

/// How an unknown outcome is decided.
#[derive(Debug)]
enum Settling {
    Review,
    Repeatable,
    Key(HeaderName),
    Lookup(Lookup),
}

/// Where it is looked up whether a write took effect.
#[derive(Debug)]
pub(crate) struct Lookup {
    target: Target,
    /// The JSON Pointer to what is there if it did.
    pub found: String,
}

impl Method {
    /// The action in IAM's way.
    pub fn action(self) -> &'static str {
        match self {
            Method::Get => "http:Get",
            Method::Head => "http:Head",
            Method::Post => "http:Post",
            Method::Put => "http:Put",
            Method::Patch => "http:Patch",
            Method::Delete => "http:Delete",
        }
    }

    /// Whether it only reads.
    pub fn effect(self) -> Effect {
        match self {
            Method::Get | Method::Head => Effect::Read,
            Method::Post | Method::Put | Method::Patch | Method::Delete => Effect::Write,
        }
    }

    fn verb(self) -> reqwest::Method {
        match self {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        }
    }
}

impl Call {
    /// Reads and checks the arguments of a call. Sends nothing, and asks for no secret.
    pub fn parse(arguments: &Value) -> Result<Call, Fault> {
        let Arguments { request } = Arguments::deserialize(arguments)
            .map_err(|error| Fault::known(FaultKind::Invalid, "invalid-arguments", error.to_string()))?;
        let Given { method, url, headers, body, idempotency } = request;
        let target = Target::parse(&url, "`url`")?;
        let headers = Headers::parse(&headers)?;
        let body = body.map(|body| Content::parse(body, headers.are_of_json())).transpose()?;
        let settling = Settling::parse(idempotency, &headers)?;
        let call = Call { method, target, headers, body, settling };
        match call.secrets().len() {
            0..=SECRETS => Ok(call),
            _ => Err(invalid(format!("the request has more than {SECRETS} secrets"))),
        }
    }

    /// The URL in normal form.
    pub fn url(&self) -> String {
        self.target.shown()
    }

    /// What is asked when the answer to this write is lost.
    pub fn lookup(&self) -> Option<&Lookup> {
        match &self.settling {
            Settling::Lookup(lookup) if self.method.effect() == Effect::Write => Some(lookup),
            _ => None,
        }
    }

    /// The names of all secrets that this call may need.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let lookup = self.lookup().into_iter().flat_map(|lookup| lookup.target.secrets());
        self.target.secrets().chain(self.headers.secrets(false)).chain(self.in_body()).chain(lookup).collect()
    }

    /// Where secrets stand: `url`, `header`, `body`.
    pub fn places(&self) -> Vec<&'static str> {
        let lookup = self.lookup().into_iter().flat_map(|lookup| lookup.target.secrets());
        [
            ("url", self.target.secrets().chain(lookup).next().is_some()),
            ("header", self.headers.secrets(false).next().is_some()),
            ("body", self.in_body().next().is_some()),
        ]
        .into_iter()
        .filter_map(|(place, holds)| holds.then_some(place))
        .collect()
    }

    /// How an unknown outcome is decided.
    pub fn settlement(&self) -> Settlement {
        match self.settling {
            Settling::Review => Settlement::Review,
            Settling::Repeatable => Settlement::Repeatable,
            Settling::Key(_) => Settlement::Token,
            Settling::Lookup(_) => Settlement::Observe,
        }
    }

    /// The request, ready to be sent, and the secrets in it. A write whose service does it once for each key has `token` for
    /// it.
    pub fn message(&self, secrets: &dyn Secrets, token: &str) -> Result<Message, Fault> {
        let names = self.target.secrets().chain(self.headers.secrets(false)).chain(self.in_body());
        let values = Values::get(secrets, names.collect::<BTreeSet<_>>(), self.target.host())?;
        let mut request = reqwest::Request::new(self.method.verb(), self.target.fill(&values)?);
        *request.headers_mut() = self.headers.fill(&values, false)?;
        if let Settling::Key(name) = &self.settling
            && self.method.effect() == Effect::Write
            && let Ok(token) = HeaderValue::try_from(token)
        {
            request.headers_mut().insert(name.clone(), token);
        }
        *request.body_mut() = self.body.as_ref().map(|body| body.fill(&values)).transpose()?.map(Into::into);
        Ok(Message::new(self.target.host(), request, values))
    }

    /// The question whether this write took effect, ready to be sent: the headers of the request, but for the type of its
    /// body, go along.
    pub fn question(&self, lookup: &Lookup, secrets: &dyn Secrets) -> Result<Message, Fault> {
        let names = lookup.target.secrets().chain(self.headers.secrets(true));
        let values = Values::get(secrets, names.collect::<BTreeSet<_>>(), lookup.target.host())?;
        let values = values.watch(secrets, self.secrets())?;
        let mut request = reqwest::Request::new(reqwest::Method::GET, lookup.target.fill(&values)?);
        *request.headers_mut() = self.headers.fill(&values, true)?;
        Ok(Message::new(lookup.target.host(), request, values))
    }

    fn in_body(&self) -> impl Iterator<Item = &str> {
        let text = self.body.iter().filter_map(|body| match body {
            Content::Text { template, .. } => Some(template),
            Content::Bytes(_) => None,
        });
        text.flat_map(Template::secrets)
    }
}

impl Lookup {
    /// The URL in normal form.
    pub fn url(&self) -> String {
        self.target.shown()
    }
}

impl Settling {
    fn parse(given: Idempotency, headers: &Headers) -> Result<Settling, Fault> {
        Ok(match given {
            Idempotency::Review {} => Settling::Review,
            Idempotency::Repeatable {} => Settling::Repeatable,
            Idempotency::Key(name) => {
                let name = parse_name(&name)?;
                if headers.has(&name) {
                    return Err(invalid(format!("the header `{name}` is the key, which the host sets: leave it out")));
                }
                Settling::Key(name)
            }
            Idempotency::Lookup(Asked { url, found }) => {
                if !(found.is_empty() || found.starts_with('/')) {
                    return Err(invalid(
                        "`found` is no JSON Pointer: one is empty or begins with `/`, as in `/result/0`",
                    ));
                }
                Settling::Lookup(Lookup { target: Target::parse(&url, "the `url` of the lookup")?, found })
            }
        })
    }
}

impl Content {
    fn parse(body: Body, is_json: bool) -> Result<Content, Fault> {
        let (content, length) = match body {
            Body::Text(text) => (Content::Text { template: Template::parse(&text, "the body")?, is_json }, text.len()),
            Body::Base64(text) => {
                let bytes = STANDARD
                    .decode(text)
                    .map_err(|error| invalid(format!("the body is not base64 (RFC 4648, section 4): {error}")))?;
                let length = bytes.len();
                (Content::Bytes(bytes), length)
            }
        };
        if length > BODY {
            return Err(invalid(format!("the body has {length} bytes, of which there may be {BODY}")));
        }
        Ok(content)
    }

    fn fill(&self, values: &Values) -> Result<Vec<u8>, Fault> {
        match self {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Text { template, is_json } => {
                let text = template.fill(values, BODY, |_, value| match is_json {
                    true => Ok(Cow::Owned(escaped(value))),
                    false => Ok(Cow::Borrowed(value)),
                })?;
                let text =
                    text.ok_or_else(|| invalid(format!("the body has more than {BODY} bytes with its secrets")))?;
                Ok(text.into_bytes())
            }
        }
    }
}

/// The value within a string of JSON.
fn escaped(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// A request with the values of its secrets in it. It is sent and never shown.
pub(crate) struct Message {
    /// The host that it goes to, without its port.
    pub host: String,
    /// The request.
    pub request: reqwest::Request,
    /// The secrets in it.
    pub values: Values,
}

impl Message {
    fn new(host: &str, mut request: reqwest::Request, values: Values) -> Message {
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert(AGENT);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Message { host: host.to_owned(), request, values }
    }
}
