//! What a security group lets in, source by source: EC2 groups its sources by protocol and ports, a revocation takes
//! them apart again.

use std::fmt;

use quell_sdk::ec2::security_groups::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup};

use crate::Opening;

/// One source of one rule. Sources that are security groups are none: no such group is the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    /// Where traffic comes from.
    pub address: Address,
}

/// Where traffic comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IPv4 block, in CIDR notation as the group has it.
    Ipv4(String),
    /// An IPv6 block, in CIDR notation as the group has it.
    Ipv6(String),
    /// The id of a prefix list.
    PrefixList(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(cidr) | Self::Ipv6(cidr) => f.write_str(cidr),
            Self::PrefixList(id) => f.write_str(id),
        }
    }
}

/// For messages: which source of which rule.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of protocol {}", self.address, self.protocol)?;
        match (self.from_port, self.to_port) {
            (Some(from), Some(to)) => write!(f, ", ports {from} to {to}"),
            _ => Ok(()),
        }
    }
}

impl Source {
    /// Whether TCP traffic to this port may come in.
    pub fn opens(&self, port: u16) -> bool {
        let every_protocol = self.protocol == "-1";
        let tcp = self.protocol.eq_ignore_ascii_case("tcp") || self.protocol == "6";
        every_protocol || (tcp && self.opens_number(i32::from(port)))
    }

    fn opens_number(&self, port: i32) -> bool {
        // Absent and -1 both stand for all ports.
        let from = self.from_port.unwrap_or(-1);
        let to = self.to_port.unwrap_or(-1);
        from <= port && (port <= to || to == -1)
    }

    /// The permission that has just this source, with protocol and ports as the group has them.
    pub fn permission(&self) -> IpPermission {
        let mut permission = IpPermission {
            ip_protocol: self.protocol.clone(),
            from_port: self.from_port,
            to_port: self.to_port,
            ip_ranges: Vec::new(),
            ipv6_ranges: Vec::new(),
            prefix_list_ids: Vec::new(),
            user_id_group_pairs: Vec::new(),
        };
        match self.address.clone() {
            Address::Ipv4(cidr_ip) => permission.ip_ranges.push(IpRange { cidr_ip, description: None }),
            Address::Ipv6(cidr_ipv6) => permission.ipv6_ranges.push(Ipv6Range { cidr_ipv6, description: None }),
            Address::PrefixList(prefix_list_id) => {
                permission.prefix_list_ids.push(PrefixListId { prefix_list_id, description: None });
            }
        }
        permission
    }

    /// How the output states this source.
    pub fn opening(&self, ports: Vec<String>) -> Opening {
        Opening {
            protocol: self.protocol.clone(),
            from_port: self.from_port,
            to_port: self.to_port,
            source: self.address.to_string(),
            ports,
        }
    }
}

/// The sources of the group's rules for incoming traffic that are addresses, in the order of the group.
pub fn of(group: &SecurityGroup) -> Vec<Source> {
    group.ip_permissions.iter().flat_map(of_permission).collect()
}

fn of_permission(permission: &IpPermission) -> impl Iterator<Item = Source> {
    let ipv4 = permission.ip_ranges.iter().map(|range| Address::Ipv4(range.cidr_ip.clone()));
    let ipv6 = permission.ipv6_ranges.iter().map(|range| Address::Ipv6(range.cidr_ipv6.clone()));
    let lists = permission.prefix_list_ids.iter().map(|list| Address::PrefixList(list.prefix_list_id.clone()));
    ipv4.chain(ipv6).chain(lists).map(|address| Source {
        protocol: permission.ip_protocol.clone(),
        from_port: permission.from_port,
        to_port: permission.to_port,
        address,
    })
}

/// How many sources the group's rules for incoming traffic have, whatever their kind.
pub fn count(group: &SecurityGroup) -> usize {
    let of_permission = |permission: &IpPermission| {
        permission.ip_ranges.len()
            + permission.ipv6_ranges.len()
            + permission.prefix_list_ids.len()
            + permission.user_id_group_pairs.len()
    };
    group.ip_permissions.iter().map(of_permission).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(protocol: &str, ports: (Option<i32>, Option<i32>), expected: bool) {
        let source = Source {
            protocol: protocol.to_owned(),
            from_port: ports.0,
            to_port: ports.1,
            address: Address::Ipv4("0.0.0.0/0".to_owned()),
        };
        assert_eq!(source.opens(22), expected, "{source}");
    }

    #[test]
    fn a_range_opens_the_ports_in_it() {
        check("tcp", (Some(22), Some(22)), true);
        check("tcp", (Some(20), Some(22)), true);
        check("tcp", (Some(22), Some(25)), true);
        check("tcp", (Some(0), Some(65535)), true);
        check("6", (Some(22), Some(22)), true);
        check("TCP", (Some(22), Some(22)), true);
        check("tcp", (Some(23), Some(65535)), false);
        check("tcp", (Some(0), Some(21)), false);
    }

    #[test]
    fn absent_ports_are_all_ports() {
        check("tcp", (None, None), true);
        check("tcp", (Some(-1), Some(-1)), true);
        check("-1", (None, None), true);
        check("-1", (Some(0), Some(0)), true);
    }

    #[test]
    fn other_protocols_do_not_open_tcp_ports() {
        check("udp", (Some(22), Some(22)), false);
        check("17", (Some(0), Some(65535)), false);
        check("icmp", (Some(-1), Some(-1)), false);
        check("icmpv6", (None, None), false);
        check("50", (None, None), false);
    }
}
