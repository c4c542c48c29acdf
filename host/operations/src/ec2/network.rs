//! CIDR blocks. A block has many spellings, and EC2 keeps one of them, so blocks are compared as what they mean.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses: what is displayed is its one canonical spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    length: u8,
}

impl Network {
    /// Whether it is a block of IPv4 addresses.
    pub fn is_v4(self) -> bool {
        self.first.is_ipv4()
    }
}

impl FromStr for Network {
    type Err = ();

    /// Reads an address, a slash and a length in decimal; bits behind the length are dropped, as EC2 does.
    fn from_str(text: &str) -> Result<Network, ()> {
        let (address, digits) = text.split_once('/').ok_or(())?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        let length: u8 = digits.parse().map_err(|_| ())?;
        let first = match address.parse().map_err(|_| ())? {
            IpAddr::V4(address) if length <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) if length <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
            _ => return Err(()),
        };
        Ok(Network { first, length })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_block_are_one() {
        for (text, canonical) in [
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3/32", "10.1.2.3/32"),
            ("10.1.2.3/08", "10.0.0.0/8"),
            ("::/0", "::/0"),
            ("0:0:0:0:0:0:0:0/0", "::/0"),
            ("2001:DB8:0::1/64", "2001:db8::/64"),
        ] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()), Ok(canonical.into()));
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/8 ",
            "*/0",
            "١٠.0.0.0/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(()), "{text}");
        }
    }
}
