//! Which addresses policies name: those that stand as the host of a URL, written out. A private address may be reached only
//! where one does, and a wildcard names none. Which addresses are private, and where a name leads, is left to whoever dials.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::decide::decide;
use crate::policy::Policy;
use crate::request::Request;
use crate::resource::{ResourcePattern, split_normal};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;

/// The addresses at which `request`, which is about a URL, is allowed by name: an Allow statement of the grants has the
/// address itself for the host of a URL, and would allow this request if its URL had it too; and no policy denies that
/// one. Conditions, paths and ports count as they do in [`decide`]. None for what is not a URL in normal form.
pub fn named_addresses(guardrails: &[Policy], grants: &[Policy], request: &Request<'_>) -> BTreeSet<IpAddr> {
    let Some((host, path)) = split_normal(request.resource) else { return BTreeSet::new() };
    let statements = grants.iter().flat_map(Policy::statements).filter(|statement| statement.effect() == Effect::Allow);
    let entries = statements.flat_map(|statement| statement.named_resources().map(move |entry| (statement, entry)));
    let allowed = entries.filter_map(|(statement, entry)| {
        let (address, port) = entry.address()?;
        let resource = match address {
            IpAddr::V4(address) => format!("https://{address}{port}{path}"),
            IpAddr::V6(address) => format!("https://[{address}]{port}{path}"),
        };
        let there = Request { resource: &resource, ..*request };
        let is_allowed = port == port_of(host) && allows(statement, entry, &there);
        (is_allowed && decide(guardrails, grants, &there).is_allowed()).then_some(address)
    });
    allowed.collect()
}

fn allows(statement: &Statement, entry: &ResourcePattern, request: &Request<'_>) -> bool {
    let is_meant = entry.matches(request.resource, request.context) == Truth::Yes;
    is_meant && statement.applies(request) == Truth::Yes
}

/// The port behind a host, with its colon; empty for the usual one.
fn port_of(host: &str) -> &str {
    let start = host.find(']').map_or_else(|| host.find(':'), |end| Some(end + 1));
    start.and_then(|start| host.get(start..)).unwrap_or_default()
}
