//! The account of an incident in the emulator: prepared, and read back behind the host's back. What is in it is decided in
//! `tests/emulator/incident.py`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Message, Snapshot};
use super::emulator::{Emulator, python};

/// A prepared account.
#[derive(Debug, Deserialize, Serialize)]
pub struct Estate {
    /// What went wrong in it.
    pub incidents: Vec<Compromise>,
    /// One of each kind that has nothing to do with it.
    pub outside: Compromise,
    /// A bucket whose owner took care, and which was opened all the same.
    pub careful: Careful,
    reports: String,
    queue: String,
}

/// A compromised instance, a user whose key leaked, and a bucket that was opened.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Compromise {
    /// What it is called.
    pub name: String,
    /// The instance.
    pub instance: String,
    /// Its network interfaces.
    pub interfaces: Vec<String>,
    /// The security groups that they had.
    pub groups: Vec<String>,
    /// Its volumes.
    pub volumes: Vec<String>,
    profile: String,
    /// The role of the instance.
    pub role: String,
    /// The user.
    pub user: String,
    /// The key that leaked.
    pub key: String,
    /// All keys of the user.
    pub keys: Vec<String>,
    /// The bucket.
    pub bucket: String,
    /// What GuardDuty and CloudTrail write of the three.
    #[serde(default)]
    pub events: BTreeMap<String, Value>,
}

/// A bucket, encrypted with KMS, whose policy makes nothing public, and that an ACL opened.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Careful {
    /// Its name.
    pub bucket: String,
    /// What CloudTrail writes of it.
    pub event: Value,
}

/// What AWS says now.
#[derive(Debug, Deserialize)]
pub struct State {
    /// Of each incident, in their order.
    pub incidents: Vec<Condition>,
    /// Of what has nothing to do with it.
    pub outside: Condition,
    /// Of the bucket whose owner took care.
    pub careful: Bucket,
    /// All snapshots of the account.
    pub snapshots: Vec<Snapshot>,
    /// All security groups, by id.
    pub groups: BTreeMap<String, Group>,
    /// What is in the bucket for reports, by key.
    pub reports: BTreeMap<String, String>,
    /// What the topics delivered since the last time.
    pub messages: Vec<Message>,
}

/// How an instance, a user and a bucket are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Condition {
    /// The security groups of each network interface.
    pub interfaces: BTreeMap<String, Vec<String>>,
    /// The tags of the instance.
    pub tags: BTreeMap<String, String>,
    /// Whether the instance is protected from being terminated.
    pub protected: bool,
    /// The status of each access key.
    pub keys: BTreeMap<String, String>,
    /// The inline policies of the role.
    pub role_policies: BTreeMap<String, Value>,
    /// The inline policies of the user.
    pub user_policies: BTreeMap<String, Value>,
    /// The bucket.
    pub bucket: Bucket,
}

/// How a bucket is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bucket {
    /// What is blocked.
    pub block: Option<BTreeMap<String, bool>>,
    /// Its policy.
    pub policy: Option<Value>,
    /// How new objects are encrypted.
    pub encryption: Option<Value>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The VPC that it is in.
    pub vpc: String,
    /// How many rules it has for traffic in.
    pub ingress: usize,
    /// And out.
    pub egress: usize,
}

impl Estate {
    /// Makes `incidents`, and their traces in CloudTrail where that is there.
    pub fn prepare(emulator: &Emulator, incidents: usize) -> Estate {
        let incidents = incidents.to_string();
        let mut arguments = vec!["prepare", "--incidents", &incidents];
        if let Some(cloudtrail) = emulator.cloudtrail() {
            arguments.extend(["--cloudtrail", cloudtrail]);
        }
        serde_json::from_value(run(emulator, &arguments, &Value::Null)).expect("what is prepared is as it is read here")
    }

    /// Reads everything back.
    pub fn read(&self, emulator: &Emulator) -> State {
        let prepared = serde_json::to_value(self).expect("what was read can be written");
        serde_json::from_value(run(emulator, &["read"], &prepared)).expect("what is read is as it is read here")
    }
}

impl Condition {
    /// The groups that its interfaces have now.
    pub fn groups(&self) -> Vec<&String> {
        let mut groups: Vec<&String> = self.interfaces.values().flatten().collect();
        groups.sort();
        groups.dedup();
        groups
    }
}

impl Bucket {
    /// Whether nothing that was or will be said of it makes it public.
    pub fn is_closed(&self) -> bool {
        self.block.as_ref().is_some_and(|block| block.len() == 4 && block.values().all(|blocked| *blocked))
    }
}

fn run(emulator: &Emulator, arguments: &[&str], given: &Value) -> Value {
    let arguments: Vec<&str> = [emulator.endpoint()].into_iter().chain(arguments.iter().copied()).collect();
    python("incident.py", &arguments, given)
}
