//! The repair against an account in memory that keeps a group, answers like EC2, and counts what it is sent.

use quell_sdk::Detail;
use quell_sdk::ec2::security_groups::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

use super::*;
use crate::{Opening, default_ports};

const GROUP: &str = "sg-0123456789abcdef0";

struct Account {
    rules: Option<Vec<IpPermission>>,
    lists: Vec<(&'static str, Result<Vec<&'static str>, Error>)>,
    /// What `revoke` answers, by source, instead of revoking.
    refuse: Vec<(&'static str, Error)>,
    list_reads: Vec<String>,
    writes: Vec<IpPermission>,
}

impl Account {
    fn new(rules: Vec<IpPermission>) -> Self {
        Self { rules: Some(rules), lists: Vec::new(), refuse: Vec::new(), list_reads: Vec::new(), writes: Vec::new() }
    }

    fn list(mut self, id: &'static str, blocks: Result<Vec<&'static str>, Error>) -> Self {
        self.lists.push((id, blocks));
        self
    }

    fn refuse(mut self, source: &'static str, error: Error) -> Self {
        self.refuse.push((source, error));
        self
    }

    fn repair(&mut self) -> Result<Output, Failure> {
        repair(self, GROUP, &default_ports())
    }

    fn left(&self) -> Vec<IpPermission> {
        self.rules.clone().unwrap()
    }
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

fn named(permission: &IpPermission) -> String {
    let mut sources: Vec<&str> = Vec::new();
    sources.extend(permission.ip_ranges.iter().map(|range| range.cidr_ip.as_str()));
    sources.extend(permission.ipv6_ranges.iter().map(|range| range.cidr_ipv6.as_str()));
    sources.extend(permission.prefix_list_ids.iter().map(|list| list.prefix_list_id.as_str()));
    sources.extend(permission.user_id_group_pairs.iter().filter_map(|pair| pair.group_id.as_deref()));
    sources.join(" ")
}

impl Ec2 for Account {
    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error> {
        let Some(rules) = &self.rules else {
            return Err(Error::NotFound(detail(NO_SUCH_GROUP)));
        };
        Ok(Some(SecurityGroup {
            group_id: group_id.to_owned(),
            group_name: "web".to_owned(),
            vpc_id: Some("vpc-1".to_owned()),
            owner_id: "111122223333".to_owned(),
            description: String::new(),
            ip_permissions: rules.clone(),
            ip_permissions_egress: Vec::new(),
            tags: Vec::new(),
        }))
    }

    fn blocks(&mut self, prefix_list_id: &str) -> Result<Vec<String>, Error> {
        self.list_reads.push(prefix_list_id.to_owned());
        let found = self.lists.iter().find(|(id, _)| *id == prefix_list_id).expect("the list is in the account");
        found.1.clone().map(|blocks| blocks.into_iter().map(str::to_owned).collect())
    }

    fn revoke(&mut self, group_id: &str, permission: IpPermission) -> Result<(), Error> {
        assert_eq!(group_id, GROUP);
        self.writes.push(permission.clone());
        let source = named(&permission);
        if let Some((_, error)) = self.refuse.iter().find(|(refused, _)| *refused == source) {
            return Err(error.clone());
        }
        let rules = self.rules.as_mut().expect("the group is in the account");
        let before = rules.clone();
        for rule in rules.iter_mut().filter(|rule| {
            (&rule.ip_protocol, rule.from_port, rule.to_port)
                == (&permission.ip_protocol, permission.from_port, permission.to_port)
        }) {
            rule.ip_ranges.retain(|range| range.cidr_ip != source);
            rule.ipv6_ranges.retain(|range| range.cidr_ipv6 != source);
            rule.prefix_list_ids.retain(|list| list.prefix_list_id != source);
        }
        rules.retain(|rule| !named(rule).is_empty());
        if *rules == before {
            return Err(Error::NotFound(detail("InvalidPermission.NotFound")));
        }
        Ok(())
    }
}

/// A rule, its sources told apart by how they look.
fn rule(protocol: &str, ports: impl Into<Option<(i32, i32)>>, sources: &[&str]) -> IpPermission {
    let ports = ports.into();
    let description = || Some("why it is here".to_owned());
    let mut rule = IpPermission {
        ip_protocol: protocol.to_owned(),
        from_port: ports.map(|ports| ports.0),
        to_port: ports.map(|ports| ports.1),
        ip_ranges: Vec::new(),
        ipv6_ranges: Vec::new(),
        prefix_list_ids: Vec::new(),
        user_id_group_pairs: Vec::new(),
    };
    for source in sources.iter().map(|source| (*source).to_owned()) {
        if source.starts_with("pl-") {
            rule.prefix_list_ids.push(PrefixListId { prefix_list_id: source, description: description() });
        } else if source.starts_with("sg-") {
            let pair = UserIdGroupPair { group_id: Some(source), user_id: None, description: description() };
            rule.user_id_group_pairs.push(pair);
        } else if source.contains(':') {
            rule.ipv6_ranges.push(Ipv6Range { cidr_ipv6: source, description: description() });
        } else {
            rule.ip_ranges.push(IpRange { cidr_ip: source, description: description() });
        }
    }
    rule
}

fn opening(protocol: &str, ports: impl Into<Option<(i32, i32)>>, source: &str, names: &[&str]) -> Opening {
    let ports = ports.into();
    Opening {
        protocol: protocol.to_owned(),
        from_port: ports.map(|ports| ports.0),
        to_port: ports.map(|ports| ports.1),
        source: source.to_owned(),
        ports: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

const ALL: [&str; 6] = ["MySQL", "PostgreSQL", "MongoDB", "SQL Server", "SSH", "RDP"];

#[test]
fn bad_rules_go_and_good_ones_stay() {
    let good = vec![
        rule("tcp", (443, 443), &["0.0.0.0/0", "::/0"]),
        rule("tcp", (22, 22), &["10.0.0.0/8", "203.0.113.0/24", "sg-0feed"]),
        rule("udp", (3389, 3389), &["0.0.0.0/0"]),
        rule("icmp", (-1, -1), &["0.0.0.0/0"]),
        rule("tcp", (5432, 5432), &["pl-office"]),
    ];
    let mut rules = good.clone();
    rules[1].ip_ranges.insert(1, IpRange { cidr_ip: "0.0.0.0/0".into(), description: None });
    rules[4].prefix_list_ids.push(PrefixListId { prefix_list_id: "pl-world".into(), description: None });
    rules.extend([
        rule("tcp", (3300, 3310), &["0.0.0.0/0"]),
        rule("tcp", (0, 65535), &["0.0.0.0/0"]),
        rule("-1", None, &["208.236.235.254/0"]),
        rule("6", (3389, 3389), &["::/0"]),
    ]);
    let mut account = Account::new(rules)
        .list("pl-office", Ok(vec!["198.51.100.0/24"]))
        .list("pl-world", Ok(vec!["10.0.0.0/8", "0.0.0.0/0"]));

    let output = account.repair().unwrap();

    assert_eq!(
        output.revoked,
        [
            opening("tcp", (22, 22), "0.0.0.0/0", &["SSH"]),
            opening("tcp", (5432, 5432), "pl-world", &["PostgreSQL"]),
            opening("tcp", (3300, 3310), "0.0.0.0/0", &["MySQL"]),
            opening("tcp", (0, 65535), "0.0.0.0/0", &ALL),
            opening("-1", None, "208.236.235.254/0", &ALL),
            opening("6", (3389, 3389), "::/0", &["RDP"]),
        ]
    );
    assert_eq!((output.already_gone, output.unchecked, output.kept), (vec![], vec![], 8));
    assert_eq!(account.left(), good);
    assert!(account.writes.iter().all(|write| !named(write).contains(' ')), "one source a write: {:?}", account.writes);
}

#[test]
fn a_second_run_writes_nothing() {
    let mut account = Account::new(vec![
        rule("tcp", (22, 22), &["0.0.0.0/0", "10.0.0.0/8"]),
        rule("tcp", (0, 1000), &["0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]),
    ]);
    assert_eq!(account.repair().unwrap().revoked.len(), 7);
    account.writes.clear();

    let output = account.repair().unwrap();

    assert_eq!(account.writes, []);
    assert_eq!((output.revoked, output.kept), (vec![], 1));
}

#[test]
fn blocks_that_are_the_internet_together_go_even_across_rules() {
    let mut account = Account::new(vec![
        rule("tcp", (22, 22), &["0.0.0.0/1", "192.0.2.0/24"]),
        rule("tcp", (20, 30), &["pl-half"]),
        rule("tcp", (3389, 3389), &["128.0.0.0/1"]),
    ])
    .list("pl-half", Ok(vec!["128.0.0.0/1"]));

    let output = account.repair().unwrap();

    assert_eq!(
        output.revoked,
        [opening("tcp", (22, 22), "0.0.0.0/1", &["SSH"]), opening("tcp", (20, 30), "pl-half", &["SSH"])]
    );
    assert_eq!(output.kept, 2);
}

#[test]
fn a_rule_that_is_gone_meanwhile_is_success() {
    let gone = Error::NotFound(detail("InvalidPermission.NotFound"));
    let mut account = Account::new(vec![rule("tcp", (22, 22), &["0.0.0.0/0", "::/0"])]).refuse("0.0.0.0/0", gone);
    let output = account.repair().unwrap();
    assert_eq!(output.already_gone, [opening("tcp", (22, 22), "0.0.0.0/0", &["SSH"])]);
    assert_eq!(output.revoked, [opening("tcp", (22, 22), "::/0", &["SSH"])]);
    assert_eq!(output.kept, 0);
}

#[test]
fn a_group_that_does_not_exist_is_a_failure_of_its_own() {
    let mut account = Account { rules: None, ..Account::new(Vec::new()) };
    assert_eq!(account.repair().unwrap_err().code, "group-not-found");

    let gone = Error::NotFound(detail(NO_SUCH_GROUP));
    let mut account = Account::new(vec![rule("tcp", (22, 22), &["0.0.0.0/0"])]).refuse("0.0.0.0/0", gone);
    assert_eq!(account.repair().unwrap_err().code, "group-not-found");
}

#[test]
fn a_list_that_may_not_be_read_is_reported_and_stops_nothing() {
    let mut account = Account::new(vec![
        rule("tcp", (22, 22), &["pl-secret", "0.0.0.0/0"]),
        rule("tcp", (3389, 3389), &["pl-secret"]),
        rule("tcp", (443, 443), &["pl-other"]),
    ])
    .list("pl-secret", Err(Error::AccessDenied(detail("UnauthorizedOperation"))));

    let output = account.repair().unwrap();

    assert_eq!(output.revoked, [opening("tcp", (22, 22), "0.0.0.0/0", &["SSH"])]);
    let unchecked: Vec<_> = output.unchecked.iter().map(|it| (it.source.as_str(), it.code.as_str())).collect();
    assert_eq!(unchecked, [("pl-secret", "access-denied")]);
    assert_eq!(account.list_reads, ["pl-secret"], "each list is read once, and none that opens no watched port");
}

#[test]
fn what_is_no_block_is_reported() {
    let mut account = Account::new(vec![rule("tcp", (22, 22), &["everywhere"])]);
    let output = account.repair().unwrap();
    assert_eq!((output.unchecked[0].source.as_str(), output.unchecked[0].code.as_str()), ("everywhere", "unreadable"));
    assert_eq!(account.writes, []);
}

#[test]
fn one_refused_write_does_not_keep_the_others_from_being_sent() {
    let denied = Error::AccessDenied(detail("UnauthorizedOperation"));
    let mut account = Account::new(vec![rule("tcp", (22, 22), &["0.0.0.0/0", "::/0"])]).refuse("0.0.0.0/0", denied);

    let failure = account.repair().unwrap_err();

    assert_eq!(failure.code, "access-denied");
    assert!(failure.message.contains("revoking `0.0.0.0/0`"), "{}", failure.message);
    assert!(failure.message.ends_with("revoked: ::/0"), "{}", failure.message);
    assert_eq!(account.left(), [rule("tcp", (22, 22), &["0.0.0.0/0"])]);
}

#[test]
fn a_list_that_another_try_may_read_is_a_failure_after_the_rest_is_done() {
    let mut account = Account::new(vec![rule("tcp", (22, 22), &["pl-slow", "0.0.0.0/0"])])
        .list("pl-slow", Err(Error::Throttled(detail("RequestLimitExceeded"))));
    assert_eq!(account.repair().unwrap_err().code, "throttled");
    assert_eq!(account.left(), [rule("tcp", (22, 22), &["pl-slow"])]);
}
