//! The account in the emulator: prepared, and read back behind the host's back. What is in it is decided in
//! `tests/emulator/account.py`.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::emulator::{Emulator, script};

/// A prepared account.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// What went wrong in it.
    pub incidents: Vec<Incident>,
    /// Instances that have nothing to do with it.
    pub outside: Vec<Instance>,
    /// The ARN of the topic that is to be told.
    pub topic: String,
    queue: String,
}

/// A security group that was opened to the internet.
#[derive(Clone, Debug, Deserialize)]
pub struct Incident {
    /// The group.
    pub group: String,
    /// Its rules that open a watched port to the internet, sorted.
    pub bad: Vec<String>,
    /// Its other rules, sorted.
    pub good: Vec<String>,
    /// The instances that use it.
    pub instances: Vec<Instance>,
}

/// An instance.
#[derive(Clone, Debug, Deserialize)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its volumes.
    pub volumes: Vec<String>,
}

/// What AWS says now.
#[derive(Debug, Deserialize)]
pub struct Reading {
    /// The rules of each group, sorted.
    pub groups: BTreeMap<String, Vec<String>>,
    /// All snapshots of the account.
    pub snapshots: Vec<Snapshot>,
}

/// A snapshot.
#[derive(Debug, Deserialize)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// The volume that it was taken of.
    pub volume: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A message that the topic delivered.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// Its subject.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
}

impl Account {
    /// Makes `incidents` opened groups with `instances` instances each, and a topic.
    pub fn prepare(emulator: &Emulator, incidents: usize, instances: usize) -> Account {
        let (incidents, instances) = (incidents.to_string(), instances.to_string());
        run(emulator, &["prepare", "--incidents", &incidents, "--instances", &instances])
    }

    /// Reads the groups of all incidents, and all snapshots.
    pub fn read(&self, emulator: &Emulator) -> Reading {
        let groups = self.incidents.iter().map(|incident| incident.group.as_str());
        run(emulator, &["read"].into_iter().chain(groups).collect::<Vec<_>>())
    }

    /// Takes the messages that the topic delivered since the last time.
    pub fn messages(&self, emulator: &Emulator) -> Vec<Message> {
        run(emulator, &["messages", &self.queue])
    }
}

impl Incident {
    /// The volumes of its instances.
    pub fn volumes(&self) -> impl Iterator<Item = &String> {
        self.instances.iter().flat_map(|instance| &instance.volumes)
    }
}

impl Reading {
    /// The snapshots of a volume.
    pub fn snapshots_of<'a>(&'a self, volume: &'a str) -> impl Iterator<Item = &'a Snapshot> {
        self.snapshots.iter().filter(move |snapshot| snapshot.volume == volume)
    }
}

fn run<T: DeserializeOwned>(emulator: &Emulator, arguments: &[&str]) -> T {
    let mut command = script("account.py");
    command.arg(emulator.endpoint()).args(arguments).stderr(Stdio::inherit());
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    assert!(output.status.success(), "{command:?} failed; what it said is above");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command:?} printed no such JSON: {error}"))
}
