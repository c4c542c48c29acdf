//! Networks of IP addresses, written as CIDR blocks: `10.0.0.0/8`, `2001:db8::/32` (RFC 4632, RFC 4291).

use std::net::IpAddr;

/// An address with the number of its leading bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// An address, `/`, and the number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let network = Self { address: address.parse().ok()?, prefix: prefix.parse().ok()? };
        let plain = prefix.chars().all(|c| c.is_ascii_digit());
        (plain && network.prefix <= network.bits().1).then_some(network)
    }

    /// The network of one address.
    pub(crate) fn host(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The address as a number, and how many bits it has.
    fn bits(self) -> (u128, u8) {
        match self.address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        }
    }

    /// Whether all of the other lies in it.
    pub(crate) fn holds(self, other: Self) -> bool {
        let ((network, width), (address, other_width)) = (self.bits(), other.bits());
        let ignored = u32::from(width - self.prefix);
        let head = |bits: u128| bits.checked_shr(ignored).unwrap_or(0);
        width == other_width && other.prefix >= self.prefix && head(network) == head(address)
    }
}
