//! How the interfaces of an instance that are in one VPC get the group without rules, and lose their connections.
//!
//! Other groups do not cut a connection that EC2 tracks: it lives on by what EC2 remembers of it. So an interface first
//! gets a group that is open in both directions, under which EC2 tracks nothing, and at once the one without rules
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html>, and what AWS's runbook
//! `AWSSupport-ContainEC2Instance` does). Everything that can fail is made ready before, so that what lies between the two
//! is one call; when that call fails it is tried again, and then the open group loses its rules instead. Whatever an earlier
//! attempt left open is closed first of all.

use quell_sdk::ec2::network_interfaces::NetworkInterface;
use quell_sdk::ec2::security_groups::SecurityGroup;
use quell_sdk::{During, Error, Failure};

use crate::aws::Ec2;
use crate::groups::{self, Owner, Purpose};
use crate::{Interface, record};

/// EC2's code for an interface that does not exist.
const NO_SUCH_INTERFACE: &str = "InvalidNetworkInterfaceID.NotFound";

/// The interfaces of an instance in one VPC, on their way.
pub struct Switch<'a, E> {
    /// EC2.
    pub ec2: &'a mut E,
    /// The instance and the VPC.
    pub owner: Owner<'a>,
    /// Whether tracked connections are cut.
    pub cut: bool,
    /// The interfaces that are isolated.
    pub isolated: Vec<Interface>,
    /// What could not be done.
    pub problems: Vec<Failure>,
    /// Whether anything was changed.
    pub changed: bool,
}

impl<E: Ec2> Switch<'_, E> {
    /// Isolates the interfaces. What fails for one stops no other.
    pub fn run(&mut self, interfaces: &[NetworkInterface]) {
        if let Err(problem) = self.isolate(interfaces) {
            self.problems.push(problem);
        }
    }

    /// Fails where there is no group to isolate with. Then nothing stays open at least.
    fn isolate(&mut self, interfaces: &[NetworkInterface]) -> Result<(), Failure> {
        let leftovers = self.existing(Purpose::Opening);
        let (isolation, others) = match self.isolation() {
            Ok(isolation) => isolation,
            Err(problem) => {
                leftovers.iter().flatten().for_each(|leftover| self.disarm(leftover));
                return Err(problem);
            }
        };
        let leftovers = leftovers?;
        let left_open: Vec<&str> = leftovers.iter().map(|group| group.group_id.as_str()).collect();
        let mut ours = vec![isolation.as_str()];
        ours.extend(others.iter().map(String::as_str).chain(left_open.iter().copied()));

        let mut waiting = Vec::new();
        let mut is_stuck = false;
        for interface in interfaces {
            let now = group_ids(interface);
            if now == [isolation.as_str()] {
                let previous = record::read(&interface.tags);
                self.isolated.push(report(interface, &isolation, previous, Switched::default()));
            } else if now.iter().all(|group| ours.contains(&group.as_str())) {
                // An earlier run got as far as the open group, under which nothing was tracked.
                let previous = record::read(&interface.tags);
                let opened = now.iter().any(|group| left_open.contains(&group.as_str()));
                is_stuck |= !self.close_off(interface, &isolation, previous, opened, &leftovers);
            } else {
                let previous = record::previous(&now, &ours, &interface.tags);
                waiting.push((interface, previous));
            }
        }
        if !is_stuck {
            for leftover in &leftovers {
                self.clear(leftover);
            }
        }
        if !waiting.is_empty() {
            self.move_over(waiting, &isolation);
        }
        Ok(())
    }

    /// The id of the group without rules, which is made where there is none. One with a rule for incoming traffic that
    /// could not be removed is none: it may let in more than what the interfaces have. Behind it the ids of others that
    /// there are for the same purpose.
    fn isolation(&mut self) -> Result<(String, Vec<String>), Failure> {
        let mut existing = self.existing(Purpose::Isolation)?.into_iter();
        let mut group = match existing.next() {
            Some(group) => group,
            None => {
                let made = groups::make(self.ec2, &self.owner, Purpose::Isolation);
                self.changed = true;
                made.during(format_args!("making the security group without rules in `{}`", self.owner.vpc_id))?
            }
        };
        match groups::close(self.ec2, &mut group) {
            Ok(had_rules) => self.changed |= had_rules,
            Err(error) => {
                let lets_in = !group.ip_permissions.is_empty();
                let problem = Err(error).during(format_args!("removing the rules of `{}`", group.group_id));
                match lets_in {
                    true => return problem,
                    false => self.problems.extend(problem.err()),
                }
            }
        }
        Ok((group.group_id, existing.map(|other| other.group_id).collect()))
    }

    fn existing(&mut self, purpose: Purpose) -> Result<Vec<SecurityGroup>, Failure> {
        let what = format_args!("looking for security groups of `{}`", self.owner.instance_id);
        groups::existing(self.ec2, &self.owner, purpose).during(what)
    }

    /// Moves interfaces that have groups of others, and cuts their connections.
    fn move_over(&mut self, waiting: Vec<(&NetworkInterface, Vec<String>)>, isolation: &str) {
        let mut opening = None;
        if self.cut {
            match self.opening() {
                Ok(group) => opening = Some(group),
                Err(problem) => self.problems.push(problem),
            }
        }
        let mut is_lost = false;
        for (interface, previous) in waiting {
            self.record(interface, &previous);
            if is_lost {
                let message = format!("connections of `{}` that are there are not cut", interface.network_interface_id);
                self.problems.push(Failure::new("connections-not-cut", message));
            }
            let opened = opening.as_ref().is_some_and(|group| self.open_up(interface, group));
            let closed = self.close_off(interface, isolation, previous, opened, opening.as_slice());
            if opening.is_some() && !closed {
                // The open group has lost its rules, or nothing is known of it: it is no way for the others.
                opening = None;
                is_lost = true;
            }
        }
        if let Some(opening) = opening {
            self.clear(&opening);
        }
    }

    /// A new group that is open in both directions.
    fn opening(&mut self) -> Result<SecurityGroup, Failure> {
        let what = "connections that are there are not cut, since there is no open security group";
        let made = groups::make(self.ec2, &self.owner, Purpose::Opening);
        self.changed = true;
        let group = made.during(what)?;
        match groups::open(self.ec2, &group) {
            Ok(()) => Ok(group),
            Err(error) => {
                let problem = Failure::new(error.kind(), format!("{what}: {}", error.sentence()));
                self.clear(&group);
                Err(problem)
            }
        }
    }

    /// Writes down which groups the interface had. It is isolated all the same where that fails.
    fn record(&mut self, interface: &NetworkInterface, previous: &[String]) {
        let tags = record::tags(previous, &interface.tags);
        if tags.is_empty() {
            return;
        }
        let id = &interface.network_interface_id;
        match self.ec2.tag(id, &tags) {
            Ok(()) => self.changed = true,
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                let what = format!("recording the groups of `{id}`, which were {}", previous.join(", "));
                self.problem(&what, &error);
            }
        }
    }

    /// Gives the interface the open group, so that nothing of it is tracked.
    fn open_up(&mut self, interface: &NetworkInterface, opening: &SecurityGroup) -> bool {
        let id = &interface.network_interface_id;
        match self.ec2.set_group(id, &opening.group_id) {
            Ok(()) => {
                self.changed = true;
                true
            }
            Err(error) => {
                if !is_gone(&error) {
                    self.problem(&format!("connections of `{id}` that are there are not cut"), &error);
                }
                false
            }
        }
    }

    /// Gives the interface the group without rules. Where that fails and it may have one of the open ones, those lose
    /// their rules; `opened` where it certainly has one.
    fn close_off(
        &mut self,
        interface: &NetworkInterface,
        isolation: &str,
        previous: Vec<String>,
        opened: bool,
        open: &[SecurityGroup],
    ) -> bool {
        let id = &interface.network_interface_id;
        let mut set_group = || match self.ec2.set_group(id, isolation) {
            Err(error) if is_gone(&error) => Ok(false),
            done => done.map(|()| true),
        };
        let done = if open.is_empty() { set_group() } else { groups::insist(set_group) };
        match done {
            Ok(false) => true,
            Ok(true) => {
                self.changed = true;
                let switched = Switched { moved: true, cut: opened };
                self.isolated.push(report(interface, isolation, previous, switched));
                true
            }
            Err(error) => {
                self.problem(&format!("giving `{id}` the security group without rules"), &error);
                open.iter().for_each(|opening| self.disarm(opening));
                false
            }
        }
    }

    /// Removes the rules of an open group that something still has.
    fn disarm(&mut self, opening: &SecurityGroup) {
        let id = &opening.group_id;
        let closed = groups::insist(|| match self.ec2.group(id)? {
            Some(mut now) => groups::close(self.ec2, &mut now),
            None => Ok(false),
        });
        match closed {
            Ok(had_rules) => self.changed |= had_rules,
            Err(error) => self.problem(&format!("removing the rules of `{id}`, which is OPEN TO EVERYBODY"), &error),
        }
    }

    /// Deletes an open group; where that fails it loses its rules at least.
    fn clear(&mut self, opening: &SecurityGroup) {
        let id = &opening.group_id;
        match groups::delete(self.ec2, id) {
            Ok(()) => self.changed = true,
            Err(error) => {
                self.problem(&format!("deleting the security group `{id}`"), &error);
                self.disarm(opening);
            }
        }
    }

    fn problem(&mut self, what: &str, error: &Error) {
        self.problems.push(Failure::new(error.kind(), format!("{what}: {}", error.sentence())));
    }
}

/// What a run did with an interface.
#[derive(Clone, Copy, Default)]
struct Switched {
    moved: bool,
    cut: bool,
}

fn report(interface: &NetworkInterface, isolation: &str, previous_groups: Vec<String>, done: Switched) -> Interface {
    Interface {
        network_interface_id: interface.network_interface_id.clone(),
        vpc_id: interface.vpc_id.clone(),
        private_ip_address: interface.private_ip_address.clone(),
        public_ip: interface.public_ip.clone(),
        security_group: isolation.to_owned(),
        previous_groups,
        moved: done.moved,
        connections_cut: done.cut,
    }
}

/// The ids of the groups that an interface has.
pub fn group_ids(interface: &NetworkInterface) -> Vec<String> {
    interface.groups.iter().map(|group| group.group_id.clone()).collect()
}

/// Whether the interface was detached and deleted meanwhile, as with an instance that is terminated.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::NotFound(detail) if detail.code == NO_SUCH_INTERFACE)
}
