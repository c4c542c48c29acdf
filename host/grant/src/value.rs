//! The typed values that conditions compare: exact decimals, times, networks, booleans.

use std::net::IpAddr;

use jiff::Timestamp;

/// A decimal number, exact: `f64` would take account numbers and sizes above 2^53 for their neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal {
    /// The value times 10^18.
    scaled: i128,
}

/// Digits behind the point, and in front of it: together they fit into an `i128`.
const FRACTION: usize = 18;
const WHOLE: usize = 20;

impl Decimal {
    /// Reads `-12.5`; nothing for exponents, and for more digits than are kept.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || whole.len() > WHOLE || fraction.len() > FRACTION {
            return None;
        }
        let scaled: i128 = format!("{whole}{fraction:0<FRACTION$}").parse().ok()?;
        Some(Decimal { scaled: sign * scaled })
    }
}

/// Reads a time: RFC 3339, a day (its first instant in UTC) or seconds since 1970
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    if text.chars().all(|c| c.is_ascii_digit()) {
        // Fewer digits are more likely a year or a day than an instant of the early seventies.
        let seconds = text.parse().ok().filter(|_| text.len() >= "100000000".len())?;
        return Timestamp::from_second(seconds).ok();
    }
    // A zone in brackets is jiff's own grammar, not RFC 3339's.
    if text.contains('[') {
        return None;
    }
    let is_day = text.len() == "2026-01-31".len();
    let instant = if is_day { format!("{text}T00:00:00Z") } else { text.into() };
    instant.parse().ok()
}

/// Reads `true` or `false`, without regard to case.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Reads an address. One of IPv4 written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse().map(|address: IpAddr| address.to_canonical()).ok()
}

/// A network in CIDR notation; one address is a network of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or one address.
    pub fn parse(text: &str) -> Option<Network> {
        let Some((address, prefix)) = text.split_once('/') else {
            let address = parse_address(text)?;
            return Some(Network { address, prefix: bits(address) });
        };
        let address: IpAddr = address.parse().ok()?;
        // IPv4 in IPv6 clothes would meet no address, since those are undressed first.
        if address.to_canonical() != address {
            return None;
        }
        let written_plainly = !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| written_plainly && *prefix <= bits(address))?;
        Some(Network { address, prefix })
    }

    /// Whether the address lies in the network. IPv4 and IPv6 never meet.
    pub fn contains(&self, address: IpAddr) -> bool {
        // A shift by the whole width is a network of everything.
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(32 - self.prefix).is_none_or(|rest| rest == 0)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(128 - self.prefix).is_none_or(|rest| rest == 0)
            }
            _ => false,
        }
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}
