//! The headers of a request: which a plugin may set, and with what.

use std::borrow::Cow;

use capability::Fault;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::secret::{Values, unfit};
use super::template::Template;
use crate::check::{invalid, quoted};

/// How many headers there may be, and how many bytes they may have together; with the values of secrets, too.
const MOST: usize = 64;
const LONGEST: usize = 32 << 10;

/// Headers that a plugin does not set: those that frame a message or belong to a connection (RFC 9110, section 7.6.1; RFC
/// 9112), and `Accept-Encoding`, since a reply is looked through for secrets as it comes.
const RESERVED: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which many services take another method or another URL than the request has, and so than the grant allowed.
const OVERRIDES: [&str; 5] =
    ["x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"];

/// A header as a plugin gives it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    name: String,
    value: String,
}

/// The headers of a request, checked.
#[derive(Debug)]
pub(crate) struct Headers(Vec<(HeaderName, Template)>);

impl Headers {
    /// Reads headers.
    pub fn parse(fields: &[Field]) -> Result<Headers, Fault> {
        let bytes: usize = fields.iter().map(|field| field.name.len() + field.value.len()).sum();
        if fields.len() > MOST || bytes > LONGEST {
            return Err(invalid(format!("`headers` has more than {MOST} headers or {LONGEST} bytes")));
        }
        let mut headers: Vec<(HeaderName, Template)> = vec![];
        for Field { name, value } in fields {
            let name = parse_name(name)?;
            if name == CONTENT_TYPE && headers.iter().any(|(other, _)| other == name) {
                return Err(invalid("`headers` has two `content-type`"));
            }
            let place = format!("the header `{name}`");
            if !value.bytes().all(is_of_value) {
                return Err(invalid(format!("{place} has a character that is no visible ASCII and no blank")));
            }
            headers.push((name, Template::parse(value, &place)?));
        }
        Ok(Headers(headers))
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// Whether the body is said to be a JSON document.
    pub fn are_of_json(&self) -> bool {
        let types = self.0.iter().filter(|(name, _)| name == CONTENT_TYPE);
        let text = types.flat_map(|(_, value)| value.pieces()).find_map(|piece| match piece {
            super::template::Piece::Text(text) => Some(text.as_str()),
            super::template::Piece::Secret(_) => None,
        });
        let essence = text.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence.ends_with("/json") || essence.ends_with("+json")
    }

    /// The names of the secrets in them; those of a body's type not, `without_type`.
    pub fn secrets(&self, without_type: bool) -> impl Iterator<Item = &str> {
        self.kept(without_type).flat_map(|(_, value)| value.secrets())
    }

    /// The headers with the values in them.
    pub fn fill(&self, values: &Values, without_type: bool) -> Result<HeaderMap, Fault> {
        let mut map = HeaderMap::new();
        let mut left = LONGEST;
        for (name, value) in self.kept(without_type) {
            let written = value.fill(values, left, |secret, value| match value.bytes().all(is_of_value) {
                true => Ok(Cow::Borrowed(value)),
                false => Err(unfit(secret, "in a header stand visible ASCII and blanks")),
            })?;
            let written = written.ok_or_else(|| invalid(format!("the headers have more than {LONGEST} bytes")))?;
            left -= written.len();
            let mut written = HeaderValue::try_from(written)
                .map_err(|_| invalid(format!("the header `{name}` has a value that none can have")))?;
            written.set_sensitive(true);
            map.append(name.clone(), written);
        }
        Ok(map)
    }

    fn kept(&self, without_type: bool) -> impl Iterator<Item = &(HeaderName, Template)> {
        self.0.iter().filter(move |(name, _)| !(without_type && name == CONTENT_TYPE))
    }
}

/// Reads the name of a header that a plugin may set.
pub(crate) fn parse_name(text: &str) -> Result<HeaderName, Fault> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| invalid(format!("{} is no name of a header", quoted(text))))?;
    if RESERVED.contains(&name.as_str()) {
        return Err(invalid(format!("the header `{name}` is the host's: leave it out")));
    }
    if OVERRIDES.contains(&name.as_str()) {
        return Err(invalid(format!(
            "the header `{name}` would make another request of this one than the grant is asked for: leave it out, and give \
             the `method` and the `url` that are meant"
        )));
    }
    Ok(name)
}

/// Visible ASCII and blanks (RFC 9110, section 5.5), and so no line breaks.
fn is_of_value(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' ' || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use capability::FaultKind;

    use super::*;

    fn parse(fields: &[(&str, &str)]) -> Result<Headers, Fault> {
        let field = |(name, value): &(&str, &str)| Field { name: (*name).into(), value: (*value).into() };
        Headers::parse(&fields.iter().map(field).collect::<Vec<_>>())
    }

    #[test]
    fn headers_that_are_the_hosts_or_none_are_refused() {
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("${secret:a}", "x"),
            ("x\r\ny", "x"),
            ("\u{e4}", "x"),
            ("Host", "evil.test"),
            ("CONTENT-LENGTH", "0"),
            ("transfer-encoding", "chunked"),
            ("Accept-Encoding", "gzip"),
            ("proxy-authorization", "x"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("x-http-method", "DELETE"),
            ("X-Method-Override", "DELETE"),
            ("X-Original-URL", "/admin"),
            ("X-Rewrite-Url", "/admin"),
            ("x", "a\r\nHost: evil.test"),
            ("x", "a\nb"),
            ("x", "a\0"),
            ("x", "\u{e4}"),
            ("x", "${secret:}"),
        ] {
            assert_eq!(parse(&[(name, value)]).unwrap_err().kind, FaultKind::Invalid, "{name:?} {value:?}");
        }
        assert!(parse(&[("content-type", "text/plain"), ("Content-Type", "application/json")]).is_err());
        assert!(parse(&[("x", &"y".repeat(LONGEST))]).is_err());
        assert!(parse(&[("x", "y"); MOST + 1]).is_err());
        assert!(parse(&[("x", "y"), ("x", "z \t~"), ("authorization", "Basic ${secret:a}")]).is_ok());
    }

    #[test]
    fn json_is_known_by_its_type() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("text/plain", false),
            ("application/json-seq", false),
            ("text/plain; x=application/json", false),
        ] {
            assert_eq!(parse(&[("content-type", value)]).unwrap().are_of_json(), expected, "{value}");
        }
        assert!(!parse(&[("x", "application/json")]).unwrap().are_of_json());
    }
}
