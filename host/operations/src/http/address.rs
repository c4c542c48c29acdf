//! Which addresses a request may go to: those of the internet, and of others the ones that the grant names.
//!
//! A name is resolved here and nowhere else, right before it is dialled, and only what passed is dialled: a name that leads
//! to a public address when it is looked at, and to a private one when it is used, gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A host that leads only to addresses which may not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{host}` leads to {address}, which is no address of the internet: nothing was sent. If that is meant, the grant names \
     the address itself, as in `https://{}/*`", written(*address)
)]
pub(crate) struct PrivateAddress {
    host: String,
    address: IpAddr,
}

/// Resolves names, and gives only addresses that may be reached.
pub(crate) struct Resolver {
    /// What may be reached beside the internet.
    pub named: Arc<[IpAddr]>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let named = self.named.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let allowed = allowed(host, &found, &named)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Those of the addresses of `host` that may be reached. Fails where there are some, and none of them may be.
fn allowed(host: &str, found: &[SocketAddr], named: &[IpAddr]) -> Result<Vec<SocketAddr>, PrivateAddress> {
    let allowed: Vec<SocketAddr> = found.iter().filter(|found| may_reach(found.ip(), named)).copied().collect();
    match found.first() {
        Some(refused) if allowed.is_empty() => Err(PrivateAddress { host: host.into(), address: refused.ip() }),
        _ => Ok(allowed),
    }
}

/// Whether a URL whose host is an address, and not a name, may be asked. Such a one is not resolved.
pub(crate) fn check_literal(host: &str, named: &[IpAddr]) -> Result<(), PrivateAddress> {
    let plain = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match plain.parse() {
        Ok(address) if !may_reach(address, named) => Err(PrivateAddress { host: host.into(), address }),
        _ => Ok(()),
    }
}

fn may_reach(address: IpAddr, named: &[IpAddr]) -> bool {
    is_public(address) || named.iter().any(|named| named.to_canonical() == address.to_canonical())
}

/// Whether an address is one of the internet, by IANA's registries of special addresses
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, ..)                      // this network, private, loopback
            | (100, 64..=127, _)                // shared between a carrier and its customers
            | (169, 254, _)                     // link-local, and so the metadata of instances
            | (172, 16..=31, _) | (192, 168, _) // private
            | (192, 0, 0 | 2)                   // protocols, documentation
            | (192, 88, 99)                     // relays of 6to4
            | (198, 18 | 19, _)                 // benchmarks
            | (198, 51, 100) | (203, 0, 113)    // documentation
            | (224..=255, ..) // multicast, reserved, broadcast
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // An address of IPv4 in another form: mapped, behind NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Protocols (Teredo and benchmarks among them), documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Nothing else is assigned to the internet.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// An address as a URL has it.
fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: [&str; 12] = [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:200::1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ];
    const PRIVATE: [&str; 43] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "169.254.0.0",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "2001:2::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ];

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in PUBLIC {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in PRIVATE {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn of_several_addresses_only_those_that_may_be_are_dialled() {
        let found = |addresses: &[&str]| -> Vec<SocketAddr> {
            addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
        };
        let named = [IpAddr::from([10, 0, 0, 5])];
        let mixed = found(&["127.0.0.1", "1.1.1.1", "::1", "10.0.0.5"]);
        assert_eq!(allowed("h.test", &mixed, &[]), Ok(found(&["1.1.1.1"])));
        assert_eq!(allowed("h.test", &mixed, &named), Ok(found(&["1.1.1.1", "10.0.0.5"])));
        assert_eq!(allowed("h.test", &found(&["::ffff:10.0.0.5"]), &named), Ok(found(&["::ffff:10.0.0.5"])));
        assert_eq!(allowed("h.test", &[], &[]), Ok(vec![]));
        let refused = allowed("h.test", &found(&["10.0.0.6", "::1"]), &named).unwrap_err();
        assert_eq!(refused, PrivateAddress { host: "h.test".into(), address: [10, 0, 0, 6].into() });
    }

    #[test]
    fn a_host_that_is_an_address_is_checked_as_it_stands() {
        for (host, passes) in
            [("127.0.0.1", false), ("[::1]", false), ("[::ffff:7f00:1]", false), ("1.1.1.1", true), ("h.test", true)]
        {
            assert_eq!(check_literal(host, &[]).is_ok(), passes, "{host}");
        }
        assert_eq!(check_literal("[::1]", &["::1".parse().unwrap()]), Ok(()));
        let refused = check_literal("[::1]", &[]).unwrap_err().to_string();
        assert!(refused.contains("`https://[::1]/*`"), "{refused}");
    }
}
