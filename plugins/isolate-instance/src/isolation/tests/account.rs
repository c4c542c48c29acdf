//! An account in memory that has one instance, keeps interfaces, groups and tags, tracks connections as EC2 documents it,
//! and counts what it is sent.

use quell_sdk::Detail;
use quell_sdk::ec2::instances::{GroupIdentifier, Instance, InstanceAttribute, InstanceAttributeName};
use quell_sdk::ec2::network_interfaces::{NetworkInterface, NetworkInterfaceAttachment};
use quell_sdk::ec2::security_groups::{IpPermission, IpRange, Ipv6Range, SecurityGroup};

use super::*;

pub const INSTANCE: &str = "i-0123456789abcdef0";

/// What became of the connection that each interface has from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Tracked,
    Untracked,
    Cut,
}

pub struct Account {
    pub instance: Option<Instance>,
    pub attributes: [InstanceAttribute; 2],
    pub interfaces: Vec<(NetworkInterface, Connection)>,
    pub groups: Vec<SecurityGroup>,
    /// What writes answer instead of doing what they do, by how they begin.
    pub refuse: Vec<(&'static str, Error)>,
    /// What writes answer so many times, by how they begin.
    pub passing: Vec<(&'static str, Error, usize)>,
    /// The write that is throttled, counted from 0.
    pub throttle: Option<usize>,
    /// After how many writes nothing is answered any more.
    pub dies_after: Option<usize>,
    /// How often a new group is not shown yet, or every other time without its tags.
    pub hidden: usize,
    pub writes: Vec<String>,
    pub made: usize,
}

pub fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

pub fn denied() -> Error {
    Error::AccessDenied(detail("UnauthorizedOperation"))
}

pub fn permission(ipv4: &[&str], ipv6: &[&str]) -> IpPermission {
    let description = || Some("why it is here".to_owned());
    let ipv4 = ipv4.iter().map(|cidr| IpRange { cidr_ip: (*cidr).to_owned(), description: description() });
    let ipv6 = ipv6.iter().map(|cidr| Ipv6Range { cidr_ipv6: (*cidr).to_owned(), description: description() });
    IpPermission {
        ip_protocol: "-1".to_owned(),
        from_port: None,
        to_port: None,
        ip_ranges: ipv4.collect(),
        ipv6_ranges: ipv6.collect(),
        prefix_list_ids: Vec::new(),
        user_id_group_pairs: Vec::new(),
    }
}

pub fn interface(number: u32, vpc_id: &str, groups: &[&str]) -> NetworkInterface {
    NetworkInterface {
        network_interface_id: format!("eni-{number}"),
        status: "in-use".to_owned(),
        interface_type: "interface".to_owned(),
        description: String::new(),
        requester_managed: false,
        vpc_id: vpc_id.to_owned(),
        subnet_id: "subnet-1".to_owned(),
        private_ip_address: Some(format!("10.0.0.{number}")),
        public_ip: (number == 0).then(|| "198.51.100.7".to_owned()),
        groups: identifiers(groups),
        attachment: Some(NetworkInterfaceAttachment {
            attachment_id: format!("eni-attach-{number}"),
            instance_id: Some(INSTANCE.to_owned()),
            device_index: number,
            status: "attached".to_owned(),
        }),
        tags: Vec::new(),
    }
}

fn identifiers(groups: &[&str]) -> Vec<GroupIdentifier> {
    groups.iter().map(|id| GroupIdentifier { group_id: (*id).to_owned(), group_name: (*id).to_owned() }).collect()
}

fn set_tags(all: &mut Vec<Tag>, tags: &[Tag]) {
    all.retain(|tag| !tags.iter().any(|new| new.key == tag.key));
    all.extend_from_slice(tags);
}

fn is_open(rules: &[IpPermission]) -> bool {
    rules.iter().any(|rule| rule.ip_protocol == "-1" && rule.ip_ranges.iter().any(|it| it.cidr_ip == "0.0.0.0/0"))
}

impl Account {
    /// A running instance with these interfaces, that a shutdown terminates.
    pub fn new(interfaces: Vec<NetworkInterface>) -> Self {
        Self {
            instance: Some(Instance {
                instance_id: INSTANCE.to_owned(),
                state: "running".to_owned(),
                vpc_id: Some("vpc-1".to_owned()),
                subnet_id: Some("subnet-1".to_owned()),
                security_groups: Vec::new(),
                block_device_mappings: Vec::new(),
                network_interface_ids: Vec::new(),
                iam_instance_profile: None,
                tags: Vec::new(),
            }),
            attributes: [
                InstanceAttribute::DisableApiTermination(false),
                InstanceAttribute::InstanceInitiatedShutdownBehavior("terminate".to_owned()),
            ],
            interfaces: interfaces.into_iter().map(|interface| (interface, Connection::Tracked)).collect(),
            groups: Vec::new(),
            refuse: Vec::new(),
            passing: Vec::new(),
            throttle: None,
            dies_after: None,
            hidden: 0,
            writes: Vec::new(),
            made: 0,
        }
    }

    pub fn refuse(mut self, write: &'static str, error: Error) -> Self {
        self.refuse.push((write, error));
        self
    }

    pub fn isolate(&mut self) -> Result<Output, Failure> {
        self.isolate_as(&input())
    }

    pub fn isolate_as(&mut self, input: &Input) -> Result<Output, Failure> {
        self.writes.clear();
        let context = Context {
            run: "run-1".to_owned(),
            step: "isolate".to_owned(),
            attempt: 1,
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            time: "2026-01-02T03:04:05Z".to_owned(),
        };
        isolate(self, &context, input)
    }

    /// Everything works again.
    pub fn heal(&mut self) {
        self.refuse.clear();
        self.passing.clear();
        (self.throttle, self.dies_after, self.hidden) = (None, None, 0);
    }

    pub fn groups_of(&self, number: usize) -> Vec<String> {
        group_ids(&self.interfaces[number].0)
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.interfaces.iter().map(|(_, connection)| *connection).collect()
    }

    /// The id of the group with this name that has no rules.
    pub fn closed(&self, vpc_id: &str) -> &str {
        let name = format!("quell-isolation-{INSTANCE}");
        let mut named = self.groups.iter().filter(|group| group.group_name == name);
        let group = named.find(|group| group.vpc_id.as_deref() == Some(vpc_id)).expect("the group was made");
        assert!(group.ip_permissions.is_empty() && group.ip_permissions_egress.is_empty(), "{group:?}");
        &group.group_id
    }

    pub fn tag_of_instance(&self, key: &str) -> Option<&str> {
        self.instance.as_ref()?.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    pub fn add_group(&mut self, id: &str, name: &str, vpc_id: &str, rules: [Vec<IpPermission>; 2]) {
        let [ip_permissions, ip_permissions_egress] = rules;
        self.groups.push(SecurityGroup {
            group_id: id.to_owned(),
            group_name: name.to_owned(),
            vpc_id: Some(vpc_id.to_owned()),
            owner_id: "111122223333".to_owned(),
            description: String::new(),
            ip_permissions,
            ip_permissions_egress,
            tags: vec![Tag { key: "quell-isolation".to_owned(), value: INSTANCE.to_owned() }],
        });
    }

    /// A group that somebody else made.
    pub fn add_foreign(&mut self, id: &str, name: &str, vpc_id: &str) {
        let open = || vec![permission(&["0.0.0.0/0"], &["::/0"])];
        self.add_group(id, name, vpc_id, [open(), open()]);
        self.groups.iter_mut().filter(|group| group.group_id == id).for_each(|group| group.tags.clear());
    }

    fn read(&self) -> Result<(), Error> {
        match self.dies_after {
            Some(writes) if self.writes.len() > writes => Err(Error::Unavailable(detail("Gone"))),
            _ => Ok(()),
        }
    }

    fn write(&mut self, write: String) -> Result<(), Error> {
        let number = self.writes.len();
        self.writes.push(write.clone());
        self.read()?;
        if self.throttle == Some(number) {
            return Err(Error::Throttled(detail("RequestLimitExceeded")));
        }
        if let Some((_, error, times)) = self.passing.iter_mut().find(|it| write.starts_with(it.0) && it.2 > 0) {
            *times -= 1;
            return Err(error.clone());
        }
        match self.refuse.iter().find(|(refused, _)| write.starts_with(refused)) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn find(&mut self, group_id: &str) -> Result<&mut SecurityGroup, Error> {
        let found = self.groups.iter_mut().find(|group| group.group_id == group_id);
        found.ok_or_else(|| Error::NotFound(detail("InvalidGroup.NotFound")))
    }

    /// What the rules make of the connections: one that is not tracked lives by the rules of the moment.
    fn settle(&mut self) {
        for (interface, connection) in &mut self.interfaces {
            let ours = |group: &&SecurityGroup| interface.groups.iter().any(|it| it.group_id == group.group_id);
            let groups: Vec<_> = self.groups.iter().filter(ours).collect();
            let all = |rules: fn(&SecurityGroup) -> &[IpPermission]| groups.iter().any(|group| is_open(rules(group)));
            let is_open = all(|group| &group.ip_permissions) && all(|group| &group.ip_permissions_egress);
            *connection = match (*connection, is_open) {
                (Connection::Tracked | Connection::Untracked, true) => Connection::Untracked,
                (Connection::Untracked, false) => Connection::Cut,
                (other, _) => other,
            };
        }
    }
}

/// Removes what `named` names; an error where the rules lack any of it.
fn revoke(rules: &mut Vec<IpPermission>, named: &[IpPermission]) -> Result<(), Error> {
    if named.iter().any(|rule| !rules.contains(rule)) {
        return Err(Error::NotFound(detail("InvalidPermission.NotFound")));
    }
    rules.retain(|rule| !named.contains(rule));
    Ok(())
}

impl Ec2 for Account {
    fn instance(&mut self, instance_id: &str) -> Result<Option<Instance>, Error> {
        assert_eq!(instance_id, INSTANCE);
        self.read()?;
        self.instance.clone().map(Some).ok_or_else(|| Error::NotFound(detail("InvalidInstanceID.NotFound")))
    }

    fn attribute(&mut self, _instance_id: &str, name: InstanceAttributeName) -> Result<InstanceAttribute, Error> {
        self.read()?;
        Ok(self.attributes[usize::from(name != InstanceAttributeName::DisableApiTermination)].clone())
    }

    fn set_attribute(&mut self, _instance_id: &str, attribute: &InstanceAttribute) -> Result<(), Error> {
        let place = usize::from(!matches!(attribute, InstanceAttribute::DisableApiTermination(_)));
        self.write(format!("set-attribute {place}"))?;
        self.attributes[place] = attribute.clone();
        Ok(())
    }

    fn interfaces(&mut self, instance_id: &str) -> Result<Vec<NetworkInterface>, Error> {
        assert_eq!(instance_id, INSTANCE);
        self.read()?;
        Ok(self.interfaces.iter().map(|(interface, _)| interface.clone()).collect())
    }

    fn set_group(&mut self, network_interface_id: &str, group_id: &str) -> Result<(), Error> {
        let name = self.find(group_id)?.group_name.clone();
        self.write(format!("set-group {network_interface_id} {name}"))?;
        let mut interfaces = self.interfaces.iter_mut().map(|(interface, _)| interface);
        let interface = interfaces.find(|it| it.network_interface_id == network_interface_id).expect("it is there");
        assert!(!interface.requester_managed, "EC2 does not let interfaces of services be changed");
        interface.groups = identifiers(&[group_id]);
        self.settle();
        Ok(())
    }

    fn group(&mut self, group_id: &str) -> Result<Option<SecurityGroup>, Error> {
        self.read()?;
        if self.hidden > 0 {
            self.hidden -= 1;
            if self.hidden.is_multiple_of(2) {
                return Ok(Some(SecurityGroup { tags: Vec::new(), ..self.find(group_id)?.clone() }));
            }
            return Err(Error::NotFound(detail("InvalidGroup.NotFound")));
        }
        self.find(group_id).cloned().map(Some)
    }

    fn groups_tagged(&mut self, vpc_id: &str, key: &str, value: &str) -> Result<Vec<SecurityGroup>, Error> {
        self.read()?;
        let in_vpc = self.groups.iter().filter(|group| group.vpc_id.as_deref() == Some(vpc_id));
        Ok(in_vpc.filter(|group| group.tags.iter().any(|tag| tag.key == key && tag.value == value)).cloned().collect())
    }

    fn create_group(&mut self, vpc_id: &str, name: &str, description: &str, tags: &[Tag]) -> Result<String, Error> {
        self.write(format!("create-group {name}"))?;
        assert!(description.len() <= 255 && tags.iter().any(|tag| tag.key == "quell-isolation"));
        if self.groups.iter().any(|group| group.group_name == name && group.vpc_id.as_deref() == Some(vpc_id)) {
            return Err(Error::Conflict(detail("InvalidGroup.Duplicate")));
        }
        self.made += 1;
        let id = format!("sg-made-{}", self.made);
        let egress = vec![permission(&["0.0.0.0/0"], &[]), permission(&[], &["::/0"])];
        self.add_group(&id, name, vpc_id, [Vec::new(), egress]);
        Ok(id)
    }

    fn authorize_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        let name = self.find(group_id)?.group_name.clone();
        self.write(format!("authorize {name}"))?;
        self.find(group_id)?.ip_permissions.extend_from_slice(permissions);
        self.settle();
        Ok(())
    }

    fn revoke_ingress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        self.write(format!("revoke-ingress {group_id}"))?;
        revoke(&mut self.find(group_id)?.ip_permissions, permissions)?;
        self.settle();
        Ok(())
    }

    fn revoke_egress(&mut self, group_id: &str, permissions: &[IpPermission]) -> Result<(), Error> {
        self.write(format!("revoke-egress {group_id}"))?;
        revoke(&mut self.find(group_id)?.ip_permissions_egress, permissions)?;
        self.settle();
        Ok(())
    }

    fn delete_group(&mut self, group_id: &str) -> Result<(), Error> {
        self.write(format!("delete-group {group_id}"))?;
        self.find(group_id)?;
        if self.interfaces.iter().any(|(it, _)| it.groups.iter().any(|group| group.group_id == group_id)) {
            return Err(Error::Conflict(detail("DependencyViolation")));
        }
        self.groups.retain(|group| group.group_id != group_id);
        Ok(())
    }

    fn tag(&mut self, resource: &str, tags: &[Tag]) -> Result<(), Error> {
        self.write(format!("tag {resource}"))?;
        match self.interfaces.iter_mut().find(|(interface, _)| interface.network_interface_id == resource) {
            Some((interface, _)) => set_tags(&mut interface.tags, tags),
            None => set_tags(&mut self.instance.as_mut().expect("the instance is there").tags, tags),
        }
        Ok(())
    }
}

pub fn input() -> Input {
    Input { instance_id: INSTANCE.to_owned(), incident: Some("finding-1".to_owned()), cut_connections: true }
}
