//! Tests for IP addresses and networks.

use std::net::IpAddr;

use minijinja::{Error, Value};

use super::call::{failed, is_list, shown};
use super::{Call, Helper, Wrong};

pub(super) const HELPERS: &[Helper] =
    &[Helper::test("ip", &[], is_ip), Helper::test("in_cidr", &["network"], in_cidr).literal(literal)];

/// An address with the number of its leading bits that count.
#[derive(Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let network = Self { address: address.parse().ok()?, prefix: prefix.parse().ok()? };
        let plain = prefix.chars().all(|c| c.is_ascii_digit());
        (plain && network.prefix <= network.bits().1).then_some(network)
    }

    fn host(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The address as a number, and how many bits it has.
    fn bits(self) -> (u128, u8) {
        match self.address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        }
    }

    fn holds(self, other: Self) -> bool {
        let ((network, width), (address, other_width)) = (self.bits(), other.bits());
        let ignored = u32::from(width - self.prefix);
        let head = |bits: u128| bits.checked_shr(ignored).unwrap_or(0);
        width == other_width && other.prefix >= self.prefix && head(network) == head(address)
    }
}

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
