//! Which blocks of addresses are the internet.
//!
//! A set of blocks is the internet when, together, it contains every globally reachable address of IPv4 or of IPv6. So
//! `0.0.0.0/0` is, `0.0.0.0/1` with `128.0.0.0/1` is, `2000::/3` is, and the usual list of everything but the private
//! blocks is.

use std::net::IpAddr;

/// What is not globally reachable: the IANA special-purpose address registries, multicast and what is not assigned.
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    // IPv6 is given out of 2000::/3 only.
    "::/3",
    "2001:db8::/32",
    "4000::/2",
    "8000::/1",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    const fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// A CIDR block: all addresses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    family: Family,
    first: u128,
    last: u128,
}

impl Block {
    /// Reads CIDR notation. Bits behind the prefix are ignored, as EC2 ignores them: `208.236.235.254/0` is everything.
    pub fn parse(cidr: &str) -> Option<Self> {
        let (address, length) = cidr.trim().split_once('/')?;
        let (family, address) = match address.parse().ok()? {
            IpAddr::V4(address) => (Family::V4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (Family::V6, u128::from(address)),
        };
        let host_bits = family.bits().checked_sub(length.parse().ok()?)?;
        let host_mask = u128::MAX.checked_shr(u128::BITS - host_bits).unwrap_or(0);
        Some(Self { family, first: address & !host_mask, last: address | host_mask })
    }

    /// Whether all addresses of `other` are in this block.
    const fn contains(&self, other: &Self) -> bool {
        matches!((self.family, other.family), (Family::V4, Family::V4) | (Family::V6, Family::V6))
            && self.first <= other.first
            && other.last <= self.last
    }
}

/// Whether the blocks contain all of the internet, be it of IPv4 or of IPv6.
pub fn contain_internet(blocks: &[Block]) -> bool {
    [Family::V4, Family::V6].into_iter().any(|family| contain_family(family, blocks))
}

/// Those of the blocks that reach the internet and are in no wider one: when the blocks contain the internet of a
/// family, these are the reason.
pub fn widest(blocks: &[Block]) -> Vec<Block> {
    let special: Vec<Block> = special().collect();
    let covered: Vec<Family> =
        [Family::V4, Family::V6].into_iter().filter(|&family| contain_family(family, blocks)).collect();
    blocks
        .iter()
        .filter(|block| covered.contains(&block.family))
        .filter(|block| !special.iter().any(|special| special.contains(block)))
        .filter(|block| !blocks.iter().any(|wider| wider != *block && wider.contains(block)))
        .copied()
        .collect()
}

fn contain_family(family: Family, blocks: &[Block]) -> bool {
    let mut ranges: Vec<(u128, u128)> = special()
        .chain(blocks.iter().copied())
        .filter(|block| block.family == family)
        .map(|block| (block.first, block.last))
        .collect();
    ranges.sort_unstable();
    let end = u128::MAX.checked_shr(u128::BITS - family.bits()).unwrap_or(0);
    let mut next = 0;
    for (first, last) in ranges {
        if first > next {
            return false;
        }
        if last >= end {
            return true;
        }
        next = next.max(last + 1);
    }
    false
}

fn special() -> impl Iterator<Item = Block> {
    SPECIAL.iter().filter_map(|cidr| Block::parse(cidr))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(cidrs: &[&str]) -> Vec<Block> {
        cidrs.iter().map(|cidr| Block::parse(cidr).unwrap_or_else(|| panic!("`{cidr}` is read"))).collect()
    }

    fn check(cidrs: &[&str], expected: bool) {
        assert_eq!(contain_internet(&blocks(cidrs)), expected, "{cidrs:?}");
    }

    #[test]
    fn every_special_block_is_read() {
        assert_eq!(special().count(), SPECIAL.len());
        check(SPECIAL, false);
    }

    #[test]
    fn one_block_may_be_the_internet() {
        check(&["0.0.0.0/0"], true);
        check(&["208.236.235.254/0"], true);
        check(&["::/0"], true);
        check(&["2001:db8::1/0"], true);
        check(&["0:0:0:0:0:0:0:0/0"], true);
        check(&["2000::/3"], true);
        check(&["10.0.0.0/8", "0.0.0.0/0"], true);
    }

    #[test]
    fn less_is_not_the_internet() {
        check(&[], false);
        check(&["0.0.0.0/1"], false);
        check(&["128.0.0.0/1"], false);
        check(&["203.0.113.7/32", "10.0.0.0/8", "2600::/16"], false);
        check(&["0.0.0.0/32"], false);
        check(&["::/1", "fc00::/7"], true);
        check(&["::/3", "fc00::/7"], false);
    }

    #[test]
    fn several_blocks_may_be_the_internet_together() {
        check(&["0.0.0.0/1", "128.0.0.0/1"], true);
        check(&["128.0.0.0/1", "64.0.0.0/2", "0.0.0.0/2"], true);
        check(&["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], true);
        check(&["0.0.0.0/1", "128.0.0.0/2"], false);
        check(&["2000::/4", "3000::/4"], true);
        check(&["0.0.0.0/1", "8000::/1"], false);
    }

    #[test]
    fn everything_but_the_private_blocks_is_the_internet() {
        let usual = [
            "0.0.0.0/5",
            "8.0.0.0/7",
            "11.0.0.0/8",
            "12.0.0.0/6",
            "16.0.0.0/4",
            "32.0.0.0/3",
            "64.0.0.0/2",
            "128.0.0.0/3",
            "160.0.0.0/5",
            "168.0.0.0/6",
            "172.0.0.0/12",
            "172.32.0.0/11",
            "172.64.0.0/10",
            "172.128.0.0/9",
            "173.0.0.0/8",
            "174.0.0.0/7",
            "176.0.0.0/4",
            "192.0.0.0/9",
            "192.128.0.0/11",
            "192.160.0.0/13",
            "192.169.0.0/16",
            "192.170.0.0/15",
            "192.172.0.0/14",
            "192.176.0.0/12",
            "192.192.0.0/10",
            "193.0.0.0/8",
            "194.0.0.0/7",
            "196.0.0.0/6",
            "200.0.0.0/5",
            "208.0.0.0/4",
        ];
        check(&usual, true);
        for left_out in 0..usual.len() {
            let mut fewer = usual.to_vec();
            fewer.remove(left_out);
            check(&fewer, false);
        }
    }

    #[test]
    fn the_widest_blocks_are_the_reason() {
        let all = blocks(&["10.0.0.0/8", "0.0.0.0/1", "203.0.113.7/32", "128.0.0.0/1", "8.8.8.8/32", "2600::/16"]);
        assert_eq!(widest(&all), blocks(&["0.0.0.0/1", "128.0.0.0/1"]));
        assert_eq!(widest(&blocks(&["0.0.0.0/0", "0.0.0.0/1", "0.0.0.0/0"])), blocks(&["0.0.0.0/0", "0.0.0.0/0"]));
        assert_eq!(widest(&blocks(&["0.0.0.0/1", "2600::/16"])), []);
    }

    #[test]
    fn what_is_no_block_is_not_read() {
        for cidr in ["", "10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8/8", "pl-1"] {
            assert_eq!(Block::parse(cidr), None, "{cidr}");
        }
    }
}
