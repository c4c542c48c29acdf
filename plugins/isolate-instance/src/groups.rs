//! The groups of an isolation, in each VPC: the one without rules, and the one through which tracked connections are cut,
//! which is open in both directions and does not outlive the run.
//!
//! They are known by their tag. Their names are easy to guess, so whoever may make groups could take one beforehand, to be
//! in the way or to be used.

use quell_sdk::ec2::security_groups::{IpPermission, IpRange, Ipv6Range, SecurityGroup};
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{Detail, Error};

use crate::aws::Ec2;

/// The key of the tag that all groups of an isolation have; its value is the id of the instance. The grant hangs on it.
pub const TAG: &str = "quell-isolation";

/// EC2's code for a rule that is not there.
const NO_SUCH_RULE: &str = "InvalidPermission.NotFound";

/// EC2's code for a rule that is there.
const RULE_EXISTS: &str = "InvalidPermission.Duplicate";

/// EC2's code for a name that another group has.
const NAME_TAKEN: &str = "InvalidGroup.Duplicate";

/// The code for a group that is made and that EC2 does not show.
const NOT_VISIBLE: &str = "not-visible-yet";

/// How often something is looked at, or tried, that EC2 may say late. There is no waiting in a plugin but the calls.
const TIMES: usize = 5;

/// What a group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Has no rules.
    Isolation,
    /// Is open in both directions.
    Opening,
}

impl Purpose {
    /// The name of the group for an instance, where nobody else has it.
    fn name(self, instance_id: &str) -> String {
        match self {
            Self::Isolation => format!("quell-isolation-{instance_id}"),
            Self::Opening => format!("quell-opening-{instance_id}"),
        }
    }

    fn description(self, instance_id: &str) -> String {
        match self {
            Self::Isolation => format!("Isolates {instance_id}: has no rules, and must not get any"),
            Self::Opening => format!("Cuts the connections of {instance_id}: open, and deleted at once"),
        }
    }
}

/// Whose groups they are, and where.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The VPC.
    pub vpc_id: &'a str,
    /// What stands behind a name that somebody else has: no other attempt has it.
    pub suffix: &'a str,
}

impl Owner<'_> {
    /// Whether a group is this instance's, made by this plugin for any purpose.
    fn has(&self, group: &SecurityGroup) -> bool {
        let is_tagged = group.tags.iter().any(|tag| tag.key == TAG && tag.value == self.instance_id);
        is_tagged && group.vpc_id.as_deref() == Some(self.vpc_id)
    }
}

/// The groups for a purpose that are there, the one with the plain name first.
pub fn existing(ec2: &mut impl Ec2, owner: &Owner, purpose: Purpose) -> Result<Vec<SecurityGroup>, Error> {
    let name = purpose.name(owner.instance_id);
    let is_named = |group: &SecurityGroup| match group.group_name.strip_prefix(&name) {
        Some(suffix) => suffix.is_empty() || suffix.starts_with('-'),
        None => false,
    };
    let mut groups = ec2.groups_tagged(owner.vpc_id, TAG, owner.instance_id)?;
    groups.retain(|group| owner.has(group) && is_named(group));
    groups.sort_by(|one, other| (&one.group_name, &one.group_id).cmp(&(&other.group_name, &other.group_id)));
    Ok(groups)
}

/// Makes a group. One without rules may also be found, where another run has just made it; an open one is always new,
/// since somebody else's may have lost its rules or be about to go.
pub fn make(ec2: &mut impl Ec2, owner: &Owner, purpose: Purpose) -> Result<SecurityGroup, Error> {
    let name = purpose.name(owner.instance_id);
    match create(ec2, owner, purpose, &name) {
        Err(Error::Conflict(detail)) if detail.code == NAME_TAKEN => {}
        done => return done,
    }
    if purpose == Purpose::Isolation {
        match seen(owner, || Ok(existing(ec2, owner, purpose)?.into_iter().next())) {
            Err(Error::Unavailable(detail)) if detail.code == NOT_VISIBLE => {}
            done => return done,
        }
    }
    // It is a group of somebody else, who may be the one that is to be isolated.
    create(ec2, owner, purpose, &format!("{name}-{}", owner.suffix))
}

fn create(ec2: &mut impl Ec2, owner: &Owner, purpose: Purpose, name: &str) -> Result<SecurityGroup, Error> {
    let tags = [("Name", name), (TAG, owner.instance_id)];
    let tags = tags.map(|(key, value)| Tag { key: key.to_owned(), value: value.to_owned() });
    let group_id = ec2.create_group(owner.vpc_id, name, &purpose.description(owner.instance_id), &tags)?;
    if group_id.is_empty() {
        // A person settled a call whose answer was lost.
        return seen(owner, || Ok(existing(ec2, owner, purpose)?.into_iter().find(|group| group.group_name == name)));
    }
    seen(owner, || ec2.group(&group_id))
}

/// The group that is asked for, once EC2 shows it, with its tags: whether it may be changed is judged by them.
fn seen(owner: &Owner, mut look: impl FnMut() -> Result<Option<SecurityGroup>, Error>) -> Result<SecurityGroup, Error> {
    for _ in 0..TIMES {
        match look() {
            Ok(Some(group)) if owner.has(&group) => return Ok(group),
            Ok(_) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Unavailable(Detail {
        code: NOT_VISIBLE.to_owned(),
        message: "EC2 does not show the new security group".to_owned(),
    }))
}

/// Tries again what must not fail for something that passes. Of a denial there is one more try: whether the grant holds is
/// judged by tags, which EC2 may show late.
pub fn insist<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut denials = 0;
    let mut last = call();
    for _ in 1..TIMES {
        let again = match &last {
            Ok(_) | Err(Error::Invalid(_)) => false,
            Err(Error::AccessDenied(_)) => {
                denials += 1;
                denials < 2
            }
            Err(_) => true,
        };
        if !again {
            break;
        }
        last = call();
    }
    last
}

/// Removes all rules of a group, and says whether there were any. What could be removed is no longer in `group`.
pub fn close(ec2: &mut impl Ec2, group: &mut SecurityGroup) -> Result<bool, Error> {
    let mut had_rules = false;
    for _ in 0..TIMES {
        let mut meanwhile = false;
        if !group.ip_permissions.is_empty() {
            had_rules = true;
            meanwhile |= !is_removed(ec2.revoke_ingress(&group.group_id, &group.ip_permissions))?;
            group.ip_permissions.clear();
        }
        if !group.ip_permissions_egress.is_empty() {
            had_rules = true;
            meanwhile |= !is_removed(ec2.revoke_egress(&group.group_id, &group.ip_permissions_egress))?;
            group.ip_permissions_egress.clear();
        }
        if !meanwhile {
            return Ok(had_rules);
        }
        // Somebody else removed some of it, so EC2 may have removed nothing: what is there now?
        match ec2.group(&group.group_id)? {
            Some(now) => *group = now,
            None => return Ok(had_rules),
        }
    }
    Err(Error::Conflict(Detail {
        code: "rules-change".to_owned(),
        message: format!("the rules of `{}` change while they are removed", group.group_id),
    }))
}

/// Whether everything that was named is removed; not, where some of it was not there.
fn is_removed(revoked: Result<(), Error>) -> Result<bool, Error> {
    match revoked {
        Ok(()) => Ok(true),
        Err(Error::NotFound(detail)) if detail.code == NO_SUCH_RULE => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets everything into a new group. EC2 lets everything out of it already, over IPv6 too where its VPC has that.
///
/// All of it, in both directions: only then are connections not tracked.
pub fn open(ec2: &mut impl Ec2, group: &SecurityGroup) -> Result<(), Error> {
    let everything = IpPermission {
        ip_protocol: "-1".to_owned(),
        from_port: None,
        to_port: None,
        ip_ranges: vec![IpRange { cidr_ip: "0.0.0.0/0".to_owned(), description: None }],
        ipv6_ranges: vec![Ipv6Range { cidr_ipv6: "::/0".to_owned(), description: None }],
        prefix_list_ids: Vec::new(),
        user_id_group_pairs: Vec::new(),
    };
    match ec2.authorize_ingress(&group.group_id, &[everything]) {
        Err(Error::Conflict(detail)) if detail.code == RULE_EXISTS => Ok(()),
        done => done,
    }
}

/// Deletes a group; one that is gone is deleted. EC2 may for a moment take it for one that is in use.
pub fn delete(ec2: &mut impl Ec2, group_id: &str) -> Result<(), Error> {
    let mut last = Ok(());
    for _ in 0..TIMES {
        last = match ec2.delete_group(group_id) {
            Err(Error::NotFound(_)) => Ok(()),
            done => done,
        };
        if !matches!(last, Err(Error::Conflict(_))) {
            break;
        }
    }
    last
}
