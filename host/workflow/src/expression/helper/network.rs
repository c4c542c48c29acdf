//! Tests for IP addresses and networks.

use std::net::IpAddr;

use minijinja::{Error, Value};

use super::call::{failed, is_list, shown};
use super::{Call, Helper, Wrong};
use crate::network::Network;

pub(super) const HELPERS: &[Helper] =
    &[Helper::test("ip", &[], is_ip), Helper::test("in_cidr", &["network"], in_cidr).literal(literal)];

fn literal(_: &str, value: &Value) -> Result<(), Wrong> {
    let checked = networks(value).map(|_| ());
    checked.map_err(|error| Wrong::Argument(error.detail().unwrap_or_default().to_owned()))
}

fn is_ip(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.subject.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok())))
}

/// Whether an address, or a whole network, lies in one of the networks. Other text does not: the source of a call that
/// AWS itself made is a name.
fn in_cidr(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let networks = call.argument("network").map(networks).transpose()?.unwrap_or_default();
    let text = call.subject.as_str().unwrap_or_default();
    let subject = text.parse().map(Network::host).ok().or_else(|| Network::parse(text));
    Ok(Value::from(subject.is_some_and(|subject| networks.iter().any(|network| network.holds(subject)))))
}

fn networks(value: &Value) -> Result<Vec<Network>, Error> {
    let one = |value: &Value| {
        let parsed = value.as_str().and_then(Network::parse);
        parsed.ok_or_else(|| failed(format!("{} is not a network like `10.0.0.0/8`", shown(value))))
    };
    if is_list(value) { value.try_iter()?.map(|item| one(&item)).collect() } else { Ok(vec![one(value)?]) }
}
