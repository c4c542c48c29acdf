//! The rules of a security group, as the API has them, and one by one so that they can be compared.

use std::fmt;

use aws_sdk_ec2::types;
use capability::Fault;
use serde::{Deserialize, Serialize};

use super::network::Network;
use crate::check::{self, invalid, quoted};

/// The protocols that EC2 knows by a name, and their numbers
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>).
const PROTOCOLS: [(&str, &str); 4] = [("tcp", "6"), ("udp", "17"), ("icmp", "1"), ("icmpv6", "58")];

/// One protocol and range of ports, and the sources or targets that it is open to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct IpPermission {
    pub ip_protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i32>,
    pub ip_ranges: Vec<IpRange>,
    pub ipv6_ranges: Vec<Ipv6Range>,
    pub prefix_list_ids: Vec<PrefixListId>,
    pub user_id_group_pairs: Vec<UserIdGroupPair>,
}

/// A block of IPv4 addresses.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct IpRange {
    pub cidr_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A block of IPv6 addresses.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Ipv6Range {
    pub cidr_ipv6: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A prefix list.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PrefixListId {
    pub prefix_list_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Another security group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct UserIdGroupPair {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One source of one permission: what EC2 calls a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    protocol: String,
    ports: (i32, i32),
    source: Source,
}

/// Where traffic comes from, or goes to. Descriptions do not belong to it.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Network(Network),
    PrefixList(String),
    Group(String),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { protocol, ports: (from, to), source } = self;
        match source {
            Source::Network(network) => write!(f, "{protocol} {from} to {to}, {network}"),
            Source::PrefixList(id) | Source::Group(id) => write!(f, "{protocol} {from} to {to}, {id}"),
        }
    }
}

impl IpPermission {
    /// Whether it can be a permission, and names a source or target.
    pub fn check(&self) -> Result<(), Fault> {
        if !is_protocol(&self.ip_protocol) {
            return Err(invalid(format!(
                "{} is not a protocol: give `tcp`, `udp`, `icmp`, `icmpv6`, a number from 0 to 255, or `-1` for all",
                quoted(&self.ip_protocol)
            )));
        }
        for port in [self.from_port, self.to_port].into_iter().flatten() {
            if !(-1..=65_535).contains(&port) {
                return Err(invalid(format!("`{port}` is not a port")));
            }
        }
        for range in &self.ip_ranges {
            network(&range.cidr_ip)
                .filter(|network| network.is_v4())
                .ok_or_else(|| no_block(&range.cidr_ip, "IPv4"))?;
        }
        for range in &self.ipv6_ranges {
            let block = network(&range.cidr_ipv6).filter(|network| !network.is_v4());
            block.ok_or_else(|| no_block(&range.cidr_ipv6, "IPv6"))?;
        }
        for list in &self.prefix_list_ids {
            check::id("pl", &list.prefix_list_id)?;
        }
        for pair in &self.user_id_group_pairs {
            check::id("sg", pair.group_id.as_deref().unwrap_or_default())?;
        }
        match self.rules().is_empty() {
            true => Err(invalid("each of `ip-permissions` must name a source or target")),
            false => Ok(()),
        }
    }

    /// The protocol by its name where it has one, and else by its number: two spellings of one are equal.
    pub fn protocol(&self) -> &str {
        let named = PROTOCOLS.iter().find(|(_, number)| *number == self.ip_protocol);
        named.map_or(self.ip_protocol.as_str(), |(name, _)| name)
    }

    /// Its rules, in a form in which equal ones are equal: EC2 answers in its own spelling.
    pub fn rules(&self) -> Vec<Rule> {
        let protocol = self.protocol();
        let port = |port: Option<i32>, all: i32| port.filter(|port| *port != -1).unwrap_or(all);
        let ports = match protocol {
            "-1" => (-1, -1),
            "tcp" | "udp" => (port(self.from_port, 0), port(self.to_port, 65_535)),
            _ => (port(self.from_port, -1), port(self.to_port, -1)),
        };
        let rule = |source| Rule { protocol: protocol.into(), ports, source };
        self.sources().into_iter().map(rule).collect()
    }

    /// The blocks of addresses, in canonical spelling.
    pub fn networks(&self) -> Vec<String> {
        let network = |source| match source {
            Source::Network(network) => Some(network.to_string()),
            Source::PrefixList(_) | Source::Group(_) => None,
        };
        self.sources().into_iter().filter_map(network).collect()
    }

    /// The ids of the prefix lists.
    pub fn prefix_lists(&self) -> Vec<String> {
        self.prefix_list_ids.iter().map(|list| list.prefix_list_id.clone()).collect()
    }

    /// The ids of the other groups.
    pub fn groups(&self) -> Vec<String> {
        self.user_id_group_pairs.iter().filter_map(|pair| pair.group_id.clone()).collect()
    }

    fn sources(&self) -> Vec<Source> {
        let v4 = self.ip_ranges.iter().filter_map(|range| network(&range.cidr_ip)).map(Source::Network);
        let v6 = self.ipv6_ranges.iter().filter_map(|range| network(&range.cidr_ipv6)).map(Source::Network);
        let lists = self.prefix_list_ids.iter().map(|list| Source::PrefixList(list.prefix_list_id.clone()));
        let groups = self.user_id_group_pairs.iter().filter_map(|pair| pair.group_id.clone()).map(Source::Group);
        v4.chain(v6).chain(lists).chain(groups).collect()
    }

    /// As the SDK takes it to add rules.
    pub fn to_sdk(&self) -> types::IpPermission {
        self.sdk(Clone::clone)
    }

    /// As the SDK takes it to remove rules. Descriptions are left out: EC2 does not compare them.
    pub fn to_sdk_undescribed(&self) -> types::IpPermission {
        self.sdk(|_| None)
    }

    fn sdk(&self, description: fn(&Option<String>) -> Option<String>) -> types::IpPermission {
        let v4 = |range: &IpRange| {
            let builder = types::IpRange::builder().cidr_ip(&range.cidr_ip);
            builder.set_description(description(&range.description)).build()
        };
        let v6 = |range: &Ipv6Range| {
            let builder = types::Ipv6Range::builder().cidr_ipv6(&range.cidr_ipv6);
            builder.set_description(description(&range.description)).build()
        };
        let list = |list: &PrefixListId| {
            let builder = types::PrefixListId::builder().prefix_list_id(&list.prefix_list_id);
            builder.set_description(description(&list.description)).build()
        };
        let group = |pair: &UserIdGroupPair| {
            let builder = types::UserIdGroupPair::builder().set_group_id(pair.group_id.clone());
            builder.set_user_id(pair.user_id.clone()).set_description(description(&pair.description)).build()
        };
        types::IpPermission::builder()
            .ip_protocol(&self.ip_protocol)
            .set_from_port(self.from_port)
            .set_to_port(self.to_port)
            .set_ip_ranges(some(self.ip_ranges.iter().map(v4)))
            .set_ipv6_ranges(some(self.ipv6_ranges.iter().map(v6)))
            .set_prefix_list_ids(some(self.prefix_list_ids.iter().map(list)))
            .set_user_id_group_pairs(some(self.user_id_group_pairs.iter().map(group)))
            .build()
    }
}

impl From<types::IpPermission> for IpPermission {
    fn from(from: types::IpPermission) -> IpPermission {
        let v4 = |range: types::IpRange| Some(IpRange { cidr_ip: range.cidr_ip?, description: range.description });
        let v6 =
            |range: types::Ipv6Range| Some(Ipv6Range { cidr_ipv6: range.cidr_ipv6?, description: range.description });
        let list = |list: types::PrefixListId| {
            Some(PrefixListId { prefix_list_id: list.prefix_list_id?, description: list.description })
        };
        let group = |pair: types::UserIdGroupPair| UserIdGroupPair {
            group_id: pair.group_id,
            user_id: pair.user_id,
            description: pair.description,
        };
        IpPermission {
            ip_protocol: from.ip_protocol.unwrap_or_default(),
            from_port: from.from_port,
            to_port: from.to_port,
            ip_ranges: from.ip_ranges.unwrap_or_default().into_iter().filter_map(v4).collect(),
            ipv6_ranges: from.ipv6_ranges.unwrap_or_default().into_iter().filter_map(v6).collect(),
            prefix_list_ids: from.prefix_list_ids.unwrap_or_default().into_iter().filter_map(list).collect(),
            user_id_group_pairs: from.user_id_group_pairs.unwrap_or_default().into_iter().map(group).collect(),
        }
    }
}

/// Permissions as EC2 answers them.
pub(super) fn permissions(permissions: Option<Vec<types::IpPermission>>) -> Vec<IpPermission> {
    permissions.unwrap_or_default().into_iter().map(IpPermission::from).collect()
}

/// An empty list is left out of a request.
fn some<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.collect();
    (!items.is_empty()).then_some(items)
}

/// Whether it is a protocol, in the one spelling of its number: EC2 might read `+6` and `06` as it reads `6`, and a grant that
/// denies `tcp` would not.
fn is_protocol(text: &str) -> bool {
    let is_number = || text.parse::<u8>().is_ok_and(|number| number.to_string() == text);
    text == "-1" || PROTOCOLS.iter().any(|(name, _)| *name == text) || is_number()
}

fn network(text: &str) -> Option<Network> {
    text.parse().ok()
}

fn no_block(text: &str, family: &str) -> Fault {
    invalid(format!("{} is not a block of {family} addresses", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn permission(fields: Value) -> IpPermission {
        let mut all = json!({
            "ip-protocol": "tcp", "ip-ranges": [], "ipv6-ranges": [], "prefix-list-ids": [], "user-id-group-pairs": [],
        });
        let fields = fields.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn spellings_of_a_rule_are_one() {
        let all = json!([{ "cidr-ip": "0.0.0.0/0" }]);
        for (one, other) in [
            (json!({ "ip-protocol": "6", "from-port": 22, "to-port": 22 }), json!({ "from-port": 22, "to-port": 22 })),
            (json!({ "from-port": -1, "to-port": -1 }), json!({ "from-port": 0, "to-port": 65535 })),
            (json!({}), json!({ "from-port": 0, "to-port": 65535 })),
            (json!({ "ip-protocol": "-1", "from-port": 0, "to-port": 0 }), json!({ "ip-protocol": "-1" })),
            (
                json!({ "ip-protocol": "1", "from-port": 8 }),
                json!({ "ip-protocol": "icmp", "from-port": 8, "to-port": -1 }),
            ),
        ] {
            let rules = |mut fields: Value| {
                fields["ip-ranges"] = all.clone();
                permission(fields).rules()
            };
            assert_eq!(rules(one.clone()), rules(other.clone()), "{one} {other}");
        }
    }

    #[test]
    fn rules_differ_by_protocol_ports_and_source() {
        let ssh =
            permission(json!({ "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }] })).rules();
        for other in [
            json!({ "ip-protocol": "udp", "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }] }),
            json!({ "from-port": 22, "to-port": 23, "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }] }),
            json!({ "from-port": 22, "to-port": 22, "ip-ranges": [{ "cidr-ip": "0.0.0.0/1" }] }),
            json!({ "from-port": 22, "to-port": 22, "ipv6-ranges": [{ "cidr-ipv6": "::/0" }] }),
            json!({ "from-port": 22, "to-port": 22, "user-id-group-pairs": [{ "group-id": "sg-1" }] }),
        ] {
            assert_ne!(permission(other.clone()).rules(), ssh, "{other}");
        }
    }

    #[test]
    fn what_is_no_permission_is_refused() {
        let source = json!([{ "cidr-ip": "10.0.0.0/8" }]);
        for protocol in ["tcp", "icmpv6", "-1", "0", "6", "50", "255"] {
            let permission = permission(json!({ "ip-ranges": source, "ip-protocol": protocol }));
            assert_eq!(permission.check(), Ok(()), "{protocol}");
        }
        for wrong in [
            json!({}),
            json!({ "ip-ranges": source, "ip-protocol": "all" }),
            json!({ "ip-ranges": source, "ip-protocol": "256" }),
            json!({ "ip-ranges": source, "ip-protocol": "+6" }),
            json!({ "ip-ranges": source, "ip-protocol": "06" }),
            json!({ "ip-ranges": source, "ip-protocol": "006" }),
            json!({ "ip-ranges": source, "ip-protocol": "TCP" }),
            json!({ "ip-ranges": source, "ip-protocol": " 6" }),
            json!({ "ip-ranges": source, "ip-protocol": "-0" }),
            json!({ "ip-ranges": source, "ip-protocol": "" }),
            json!({ "ip-ranges": source, "from-port": 65536 }),
            json!({ "ip-ranges": source, "to-port": -2 }),
            json!({ "ip-ranges": [{ "cidr-ip": "::/0" }] }),
            json!({ "ip-ranges": [{ "cidr-ip": "10.0.0.0" }] }),
            json!({ "ipv6-ranges": [{ "cidr-ipv6": "10.0.0.0/8" }] }),
            json!({ "prefix-list-ids": [{ "prefix-list-id": "pl-*" }] }),
            json!({ "user-id-group-pairs": [{ "group-id": "sg-*" }] }),
            json!({ "user-id-group-pairs": [{ "user-id": "123456789012" }] }),
        ] {
            assert!(permission(wrong.clone()).check().is_err(), "{wrong}");
        }
    }
}
