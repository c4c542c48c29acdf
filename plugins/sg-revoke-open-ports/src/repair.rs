//! The repair of one group: read it, look into the prefix lists that it refers to, revoke what is open.
//!
//! One revocation a source, so that a source that somebody else removed meanwhile stops no other.

use std::collections::BTreeMap;

use quell_sdk::ec2::security_groups::SecurityGroup;
use quell_sdk::{During, Error, Failure};

use crate::aws::Ec2;
use crate::exposure::{self, Reach};
use crate::internet::Block;
use crate::sources::{self, Address, Source};
use crate::{Output, Unchecked, WatchedPort};

/// The code of the failure where the group does not exist.
const GROUP_NOT_FOUND: &str = "group-not-found";

/// EC2's code for a group that does not exist, also while one of its rules is revoked.
const NO_SUCH_GROUP: &str = "InvalidGroup.NotFound";

/// Repairs the group. Everything that can be revoked is, before what could not be done becomes a failure.
pub fn repair(ec2: &mut impl Ec2, group_id: &str, ports: &[WatchedPort]) -> Result<Output, Failure> {
    let group = read(ec2, group_id)?;
    let looked = look(ec2, &group, ports);
    let mut problems = looked.problems;
    let mut output = Output {
        group_id: group_id.to_owned(),
        revoked: Vec::new(),
        already_gone: Vec::new(),
        unchecked: looked.unchecked,
        kept: sources::count(&group),
    };
    for (source, names) in exposure::find(&looked.reaches, ports) {
        let opening = source.opening(names);
        match ec2.revoke(group_id, source.permission()) {
            Ok(()) => output.revoked.push(opening),
            Err(Error::NotFound(detail)) if detail.code == NO_SUCH_GROUP => {
                return Err(not_found(group_id));
            }
            Err(Error::NotFound(_)) => output.already_gone.push(opening),
            Err(error) => {
                problems.push(Failure::new(error.kind(), format!("revoking {source}: {}", error.sentence())));
                continue;
            }
        }
        output.kept = output.kept.saturating_sub(1);
    }
    finish(output, problems)
}

fn read(ec2: &mut impl Ec2, group_id: &str) -> Result<SecurityGroup, Failure> {
    match ec2.group(group_id) {
        Ok(Some(group)) => Ok(group),
        Ok(None) | Err(Error::NotFound(_)) => Err(not_found(group_id)),
        Err(error) => Err(error).during(format_args!("reading `{group_id}`")),
    }
}

fn not_found(group_id: &str) -> Failure {
    Failure::new(GROUP_NOT_FOUND, format!("the security group `{group_id}` does not exist"))
}

/// What the sources of a group turned out to be.
struct Looked {
    reaches: Vec<Reach>,
    /// What nobody will be able to look at with this grant.
    unchecked: Vec<Unchecked>,
    /// What another try may be able to look at.
    problems: Vec<Failure>,
}

/// Finds out which addresses the sources stand for. Each prefix list is read once, and only if it opens a watched port.
fn look(ec2: &mut impl Ec2, group: &SecurityGroup, ports: &[WatchedPort]) -> Looked {
    let mut looked = Looked { reaches: Vec::new(), unchecked: Vec::new(), problems: Vec::new() };
    let mut lists: BTreeMap<String, Vec<Block>> = BTreeMap::new();
    let opening = |source: &Source| ports.iter().any(|watched| source.opens(watched.port));
    for source in sources::of(group).into_iter().filter(opening) {
        let blocks = match &source.address {
            Address::Ipv4(cidr) | Address::Ipv6(cidr) => looked.parse(cidr, vec![cidr.clone()]),
            Address::PrefixList(id) => match lists.get(id) {
                Some(blocks) => blocks.clone(),
                None => {
                    let blocks = looked.list(ec2, id);
                    lists.insert(id.clone(), blocks.clone());
                    blocks
                }
            },
        };
        looked.reaches.push(Reach { source, blocks });
    }
    looked
}

impl Looked {
    fn list(&mut self, ec2: &mut impl Ec2, id: &str) -> Vec<Block> {
        match ec2.blocks(id) {
            Ok(cidrs) => self.parse(id, cidrs),
            Err(error) if error.is_transient() => {
                let problem = format!("reading the prefix list `{id}`: {}", error.sentence());
                self.problems.push(Failure::new(error.kind(), problem));
                Vec::new()
            }
            Err(error) => {
                self.skip(id, error.kind(), error.sentence());
                Vec::new()
            }
        }
    }

    fn parse(&mut self, source: &str, cidrs: Vec<String>) -> Vec<Block> {
        let mut blocks = Vec::new();
        for cidr in cidrs {
            match Block::parse(&cidr) {
                Some(block) => blocks.push(block),
                None => self.skip(source, "unreadable", format!("`{cidr}` is no CIDR block")),
            }
        }
        blocks
    }

    fn skip(&mut self, source: &str, code: &str, message: String) {
        quell_sdk::warn!("`{source}` was not checked: {message}");
        self.unchecked.push(Unchecked { source: source.to_owned(), code: code.to_owned(), message });
    }
}

/// The output, or, where something could not be done, a failure with the code of the first problem and all that is
/// known.
fn finish(output: Output, problems: Vec<Failure>) -> Result<Output, Failure> {
    let Some(first) = problems.first() else {
        return Ok(output);
    };
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let revoked: Vec<&str> = output.revoked.iter().map(|opening| opening.source.as_str()).collect();
    let done =
        if revoked.is_empty() { "nothing was revoked".to_owned() } else { format!("revoked: {}", revoked.join(", ")) };
    let message = format!("`{}` is not repaired: {}; {done}", output.group_id, messages.join("; "));
    Err(Failure::new(first.code.clone(), message))
}

#[cfg(test)]
mod tests;
