//! Which resources a statement names: `*`, ARNs, the URLs of `http:` actions, the names of `secret:` actions. Which
//! resources a call touches is left to the operations, and so is bringing a URL into normal form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::arn::ArnPattern;
use crate::context::Context;
use crate::pattern::{Pattern, Wildcards};
use crate::truth::Truth;

/// One entry of `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub(crate) struct ResourcePattern {
    source: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Any,
    Arn { whole: Pattern, by_field: ArnPattern },
    Url(UrlPattern),
    Secret(Pattern),
}

/// A host, with or without a `*.` in front, and a pattern of the rest. Apart, since a wildcard that could cross the
/// first slash would let `https://*.example.com/x` mean `https://attacker.test/.example.com/x`.
#[derive(Clone, Debug)]
struct UrlPattern {
    any_subdomain: bool,
    host: String,
    path: Pattern,
}

/// The services of our own, whose resources are not ARNs.
pub(crate) const HTTP: &str = "http";
pub(crate) const SECRET: &str = "secret";

impl ResourcePattern {
    /// Parses an entry. Fails with what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<ResourcePattern, &'static str> {
        let form = if text == "*" {
            Form::Any
        } else if text.starts_with("arn:") {
            let whole = Pattern::parse(text, Wildcards::Expand)?;
            Form::Arn { whole, by_field: ArnPattern::parse(text)? }
        } else if let Some(rest) = text.strip_prefix("https://") {
            Form::Url(UrlPattern::parse(rest)?)
        } else if text.contains(':') || text.contains('/') {
            return Err("a resource is `*`, an arn, or for `http` actions a URL that begins with `https://`");
        } else {
            Form::Secret(parse_secret(text)?)
        };
        Ok(ResourcePattern { source: text.into(), form })
    }

    /// The text as the policy has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What keeps actions of these services (nothing stands for every service) from having such a resource, so that
    /// the entry could never match. Names and URLs want their service by name: a forgotten `arn:aws:s3:::` beside the
    /// action `*` is a mistake and not a secret.
    pub fn misplaced(&self, services: &[Option<String>]) -> Option<&'static str> {
        let names = |service: &str| services.iter().any(|named| named.as_deref() == Some(service));
        let has_aws = services.iter().any(|named| !matches!(named.as_deref(), Some(HTTP | SECRET)));
        match self.form {
            Form::Arn { .. } if !has_aws => Some("an arn is no resource of `http` and `secret` actions"),
            Form::Url(_) if !names(HTTP) => Some("a URL is a resource of `http` actions only"),
            Form::Secret(_) if !names(SECRET) => {
                Some("only `secret` actions have a bare name for a resource; other resources are `*` or an arn")
            }
            _ => None,
        }
    }

    /// The address that is the host of a URL, written out, and the port behind it, with its colon; nothing for a name.
    pub fn address(&self) -> Option<(IpAddr, &str)> {
        let Form::Url(UrlPattern { any_subdomain: false, host, .. }) = &self.form else { return None };
        match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, port)) => Some((address.parse::<Ipv6Addr>().ok()?.into(), port)),
            None => {
                let (address, port) = host.split_at(host.find(':').unwrap_or(host.len()));
                Some((address.parse::<Ipv4Addr>().ok()?.into(), port))
            }
        }
    }

    /// The keys of the variables, in lower case.
    pub fn keys(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match &self.form {
            Form::Any | Form::Secret(_) => Box::new(std::iter::empty()),
            Form::Arn { whole, .. } => Box::new(whole.keys()),
            Form::Url(url) => Box::new(url.path.keys()),
        }
    }

    /// Whether `resource` is meant. Wildcards in `resource` itself are literal: a call that creates something touches
    /// `…:snapshot/*`, and a pattern has to cover exactly that.
    pub fn matches(&self, resource: &str, context: &Context) -> Truth {
        match &self.form {
            Form::Any => Truth::Yes,
            Form::Arn { whole, by_field } => match whole.matches(resource, context) {
                // IAM lets a `*` at the end of a field reach over colons. For a Deny that stands; an Allow should not
                // take a name that itself looks like the rest of an arn for another account's.
                Truth::Yes if by_field.matches(resource, context) != Truth::Yes => Truth::Unknown,
                matched => matched,
            },
            Form::Url(pattern) => pattern.matches(resource, context),
            Form::Secret(_) if resource.contains([':', '/', '*']) => Truth::No,
            Form::Secret(name) => name.matches(resource, context),
        }
    }
}

impl UrlPattern {
    /// Parses what follows `https://`.
    fn parse(rest: &str) -> Result<UrlPattern, &'static str> {
        let Some((host, path)) = rest.split_once('/') else {
            return Err("a URL pattern has a path behind its host: `https://hooks.example.com/*`");
        };
        let (any_subdomain, host) = match host.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, host),
        };
        if !is_host(host) {
            return Err("the host of a URL pattern is written out in lower case; only its first label may be `*`");
        }
        if path.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("a URL pattern has no white space");
        }
        let path = Pattern::parse(&format!("/{path}"), Wildcards::Expand)?;
        Ok(UrlPattern { any_subdomain, host: host.into(), path })
    }

    fn matches(&self, url: &str, context: &Context) -> Truth {
        if !url.contains("://") {
            return Truth::No;
        }
        let Some((host, path)) = split_normal(url) else {
            return Truth::Unknown;
        };
        let host_is_meant = match host.strip_suffix(&self.host) {
            Some("") => !self.any_subdomain,
            Some(subdomain) => self.any_subdomain && subdomain.len() > 1 && subdomain.ends_with('.'),
            None => false,
        };
        Truth::all([Truth::from(host_is_meant), self.path.matches(path, context)])
    }
}

/// The host and the rest of an `https` URL in normal form (<https://url.spec.whatwg.org/>): no user name, the host in
/// lower case, a path without dot segments and backslashes. Nothing for other URLs, which servers and proxies may
/// read in another way than a pattern does: containers of servlets take `;` and what follows it out of a segment first, so
/// that `..;x` is a dot segment, too.
pub(crate) fn split_normal(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    let before_query = path.split(['?', '#']).next().unwrap_or(path).to_lowercase();
    let decoded = before_query.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace("%3b", ";");
    let name = |segment: &str| segment.split(';').next().is_some_and(|name| matches!(name, "." | ".."));
    let dotted = decoded.split('/').any(name);
    let odd = path.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace());
    (is_host(host) && !dotted && !odd).then_some((host, path))
}

/// A name or an address, with a port if need be.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | '[' | ']'))
}

fn parse_secret(text: &str) -> Result<Pattern, &'static str> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-*?".contains(c)) {
        Ok(Pattern::without_variables(text))
    } else {
        Err("a resource is `*` or an arn; the name of a secret has letters, digits, `_`, `.`, `-` and wildcards")
    }
}
