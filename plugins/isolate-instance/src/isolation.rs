//! The isolation of one instance: protect it, isolate its interfaces VPC by VPC, tag it.
//!
//! It is protected first, since what is cut off may shut itself down. It is tagged last, so that the tag says what is so.

use std::collections::BTreeMap;

use quell_sdk::ec2::instances::Instance;
use quell_sdk::ec2::network_interfaces::NetworkInterface;
use quell_sdk::ec2::tags::Tag;
use quell_sdk::{Context, During, Error, Failure};

use crate::aws::Ec2;
use crate::groups::Owner;
use crate::protection::{Protection, protect};
use crate::switch::{Switch, group_ids};
use crate::{Input, Interface, ManagedInterface, Outcome, Output, report};

/// The key of the tag of the instance that says when it was isolated.
const ISOLATED: &str = "quell-isolated";

/// The key of the tag of the instance that says why.
const INCIDENT: &str = "quell-incident";

/// The longest value of a tag, in characters.
const MAX_TAG_VALUE: usize = 256;

/// Isolates the instance. Everything that can be done is, before what could not be done becomes a failure.
pub fn isolate(ec2: &mut impl Ec2, context: &Context, input: &Input) -> Result<Output, Failure> {
    check(input)?;
    let id = &input.instance_id;
    let instance = match ec2.instance(id) {
        Ok(Some(instance)) => instance,
        Ok(None) | Err(Error::NotFound(_)) => return Ok(report::gone(id, context)),
        Err(error) => return Err(error).during(format_args!("reading `{id}`")),
    };
    if matches!(instance.state.as_str(), "terminated" | "shutting-down") {
        return Ok(report::terminated(&instance));
    }
    let mut work = Work {
        protection: protect(ec2, id),
        interfaces: Vec::new(),
        managed: Vec::new(),
        problems: Vec::new(),
        changed: false,
    };
    let suffix = format!("{}-{}", context.run, context.attempt);
    work.isolate(ec2, &instance, input.cut_connections, &suffix);
    work.tag(ec2, context, &instance, input.incident.as_deref());
    work.finish(&instance)
}

fn check(input: &Input) -> Result<(), Failure> {
    let id = &input.instance_id;
    let is_id = id.strip_prefix("i-").is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
    });
    if !is_id {
        let problem = format!("`instance_id` is `{id}`, and no id such as `i-0123456789abcdef0`");
        return Err(Failure::new(Failure::INVALID_INPUT, problem));
    }
    let length = input.incident.as_ref().map_or(1, |incident| incident.chars().count());
    if length == 0 || length > MAX_TAG_VALUE {
        let problem = format!("`incident` has {length} characters, a tag has 1 to {MAX_TAG_VALUE}");
        return Err(Failure::new(Failure::INVALID_INPUT, problem));
    }
    Ok(())
}

/// What was done so far.
struct Work {
    protection: Protection,
    interfaces: Vec<Interface>,
    managed: Vec<ManagedInterface>,
    /// What could not be done with the network.
    problems: Vec<Failure>,
    changed: bool,
}

impl Work {
    fn isolate(&mut self, ec2: &mut impl Ec2, instance: &Instance, cut: bool, suffix: &str) {
        let id = &instance.instance_id;
        let mut interfaces = match ec2.interfaces(id).during("listing its network interfaces") {
            Ok(interfaces) => interfaces,
            Err(problem) => return self.problems.push(problem),
        };
        if interfaces.is_empty() {
            let problem = "EC2 lists no network interface of it";
            return self.problems.push(Failure::new("no-network-interface", problem));
        }
        interfaces.sort_by_key(|interface| interface.attachment.as_ref().map(|attachment| attachment.device_index));
        let (managed, own): (Vec<_>, Vec<_>) = interfaces.into_iter().partition(|it| it.requester_managed);
        self.managed = managed.iter().map(managed_interface).collect();

        // The VPC of the primary interface first. An instance may have interfaces in several.
        let primary = own.first().map(|interface| interface.vpc_id.clone());
        let mut by_vpc: BTreeMap<(bool, String), Vec<NetworkInterface>> = BTreeMap::new();
        for interface in own {
            let vpc_id = interface.vpc_id.clone();
            by_vpc.entry((primary.as_ref() != Some(&vpc_id), vpc_id)).or_default().push(interface);
        }
        for ((_, vpc_id), interfaces) in by_vpc {
            let mut switch = Switch {
                ec2,
                owner: Owner { instance_id: id, vpc_id: &vpc_id, suffix },
                // One that is stopped has no connections.
                cut: cut && instance.state != "stopped",
                isolated: Vec::new(),
                problems: Vec::new(),
                changed: false,
            };
            switch.run(&interfaces);
            let Switch { isolated, problems, changed, .. } = switch;
            self.interfaces.extend(isolated);
            self.problems.extend(problems);
            self.changed |= changed;
        }
    }

    /// Tags the instance once it is isolated: with the time and the incident of the run that isolated it, and not of one
    /// that found it isolated.
    fn tag(&mut self, ec2: &mut impl Ec2, context: &Context, instance: &Instance, incident: Option<&str>) {
        let is_tagged = instance.tags.iter().any(|tag| tag.key == ISOLATED);
        let is_moved = self.interfaces.iter().any(|interface| interface.moved);
        if !self.problems.is_empty() || self.interfaces.is_empty() || (is_tagged && !is_moved) {
            return;
        }
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let mut tags = vec![tag(ISOLATED, &context.time)];
        tags.extend(incident.map(|incident| tag(INCIDENT, incident)));
        match ec2.tag(&instance.instance_id, &tags).during("tagging it") {
            Ok(()) => self.changed = true,
            Err(problem) => self.problems.push(problem),
        }
    }

    /// The output, or, where something could not be done, a failure with the code of the first problem and all that is
    /// known.
    fn finish(self, instance: &Instance) -> Result<Output, Failure> {
        let Work { protection, interfaces, managed, mut problems, changed } = self;
        let Protection { termination_protection, shutdown_behavior, unprotected, .. } = protection;
        let is_isolated = problems.is_empty();
        problems.extend(protection.problems);
        let outcome = if managed.is_empty() { Outcome::Isolated } else { Outcome::PartlyIsolated };
        let mut output = Output {
            outcome,
            changed: changed || protection.changed,
            summary: String::new(),
            instance_id: instance.instance_id.clone(),
            state: Some(instance.state.clone()),
            security_group: interfaces.first().map(|interface| interface.security_group.clone()),
            interfaces,
            managed_interfaces: managed,
            termination_protection,
            shutdown_behavior,
            unprotected,
            auto_scaling_group: report::auto_scaling_group(instance),
        };
        match problems.first() {
            None => {
                output.summary = report::summary(&output);
                Ok(output)
            }
            Some(first) => Err(Failure::new(first.code.clone(), report::problems(&output, is_isolated, &problems))),
        }
    }
}

fn managed_interface(interface: &NetworkInterface) -> ManagedInterface {
    ManagedInterface {
        network_interface_id: interface.network_interface_id.clone(),
        interface_type: interface.interface_type.clone(),
        description: interface.description.clone(),
        groups: group_ids(interface),
    }
}

#[cfg(test)]
mod tests;
