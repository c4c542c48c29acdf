//! The Lambda handlers of the document that Quell was made from, run unchanged on a prepared account, and Quell on one that was
//! prepared alike. What each left unrepaired stands side by side in `tests/seed/left-unrepaired.txt`. With `QUELL_UPDATE`
//! set, that is written anew.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use tests::{
    Account, Bucket, Compromise, Condition, Emulator, Estate, Group, Incident, Reading, Scene, Snapshot, State, event,
    push_workflow, python, repository,
};

/// An account in which everything went wrong that the document is about.
struct Wrong {
    account: Account,
    estate: Estate,
}

/// What AWS says of it now.
struct Now {
    rules: Reading,
    state: State,
}

impl Wrong {
    fn read(&self, emulator: &Emulator) -> Now {
        Now { rules: self.account.read(emulator), state: self.estate.read(emulator) }
    }

    /// The events of all of it.
    fn events(&self) -> Vec<Value> {
        let group = event("group", &self.account.incidents[0].group);
        let incident = &self.estate.incidents[0].events;
        let careful = self.estate.careful.event.clone();
        vec![group, incident["bucket"].clone(), careful, incident["instance"].clone(), incident["key"].clone()]
    }
}

/// What is to be known of the emulator to read the sheet.
const NOTE: &str = "
The account is emulated. On AWS, the handler for instances would fail at its first call, since the VPC that it names is not in
the account; were it there, the first interface would be moved, and everything let out.
";

/// The handlers, each on the events that it is for.
fn theirs() -> (Wrong, Now) {
    let emulator = Emulator::start();
    let wrong = Wrong { account: Account::prepare(&emulator, 1, 1), estate: Estate::prepare(&emulator, 1) };
    let incident = &wrong.estate.incidents[0];
    // What the handler of a custom Config rule is given, as it reads it.
    let config = |bucket: &str| json!({ "configurationItem": json!({ "resourceName": bucket }).to_string() });
    let given = json!({
        "bucket": [config(&incident.bucket), config(&wrong.estate.careful.bucket)],
        "group": [wrong.events()[0]],
        "isolate": [incident.events["instance"]],
    });
    let became = python("seed.py", &[emulator.endpoint()], &given);
    let all: Vec<&Value> =
        became.as_object().into_iter().flatten().filter_map(|(_, of)| of.as_array()).flatten().collect();
    assert!(all.len() == 4 && all.iter().all(|one| one.get("returned").is_some()), "a handler failed: {became:#}");
    let now = wrong.read(&emulator);
    (wrong, now)
}

/// Quell, on the events of all of it.
async fn ours() -> (Wrong, Now) {
    let Scene { emulator, estate, services: _services, host, people, proxy: _proxy } = Scene::prepare(1).await;
    let wrong = Wrong { account: Account::prepare(&emulator, 1, 1), estate };
    push_workflow(&host.api(&people.admin)).await;
    let (alice, eventbridge) = (host.api(&people.alice), host.api(&people.eventbridge));
    for event in wrong.events() {
        let (run, _) = eventbridge.send_event(&event).await;
        if event["source"] != "aws.s3" {
            alice.run_that_waits(&run).await;
            alice.decide(&run, "approve", "approve").await.expect_status(200);
        }
        alice.run_that_ended(&run, "succeeded").await;
    }
    let now = wrong.read(&emulator);
    (wrong, now)
}

/// What there is to repair, one line each: what it is, and how it is now. What is as it should be begins with a blank, what
/// is not with an `!`.
#[derive(Default)]
struct Sheet(Vec<(String, String)>);

impl Sheet {
    fn of(Wrong { account, estate }: &Wrong, Now { rules, state }: &Now) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.group(&account.incidents[0], rules);
        sheet.bucket("bucket with a public policy", &state.incidents[0].bucket, true);
        sheet.bucket("bucket with a careful policy", &state.careful, false);
        sheet.instance(&estate.incidents[0], state);
        sheet.user(&state.incidents[0]);
        sheet
    }

    fn line(&mut self, what: &str, is_right: bool, how: &str) {
        self.0.push((what.to_owned(), format!("{} {how}", if is_right { ' ' } else { '!' })));
    }

    /// How many of `all` there are, which must be all of them.
    fn all(&mut self, what: &str, count: usize, all: usize) {
        self.line(what, count == all, &format!("{count} of {all} kept"));
    }

    /// How many lines are not as they should be.
    fn left(&self) -> usize {
        self.0.iter().filter(|(_, how)| how.starts_with('!')).count()
    }

    fn group(&mut self, group: &Incident, now: &Reading) {
        let left = &now.groups[&group.group];
        for rule in &group.bad {
            let is_gone = !left.contains(rule);
            self.line(&format!("rule: {}", named(rule)), is_gone, if is_gone { "revoked" } else { "still open" });
        }
        self.all(
            "rules that are right",
            group.good.iter().filter(|rule| left.contains(rule)).count(),
            group.good.len(),
        );
        let volumes: Vec<&String> = group.volumes().collect();
        self.all("volumes behind the group", kept(&volumes, &now.snapshots), volumes.len());
    }

    fn bucket(&mut self, name: &str, bucket: &Bucket, was_opened_by_policy: bool) {
        let is_closed = bucket.is_closed();
        self.line(&format!("{name}: access"), is_closed, if is_closed { "blocked" } else { "public" });
        let is_there = bucket.policy.is_some();
        let policy = if is_there { "kept" } else { "deleted" };
        self.line(&format!("{name}: policy"), is_there != was_opened_by_policy, policy);
        let with = bucket.encryption.as_ref().and_then(|with| with["SSEAlgorithm"].as_str()).unwrap_or("none");
        self.line(&format!("{name}: encryption"), was_opened_by_policy || with == "aws:kms", with);
    }

    fn instance(&mut self, incident: &Compromise, state: &State) {
        let now = &state.incidents[0];
        for (number, interface) in incident.interfaces.iter().enumerate() {
            let is_cut_off = now.interfaces[interface].iter().all(|group| !incident.groups.contains(group));
            let how = if is_cut_off { "only in the isolation group" } else { "still in a group of before" };
            self.line(&format!("instance: interface {}", number + 1), is_cut_off, how);
        }
        let isolation = now.groups().into_iter().filter(|group| !incident.groups.contains(group));
        let isolation: Vec<&Group> = isolation.map(|group| &state.groups[group]).collect();
        // The emulator makes a group in a VPC that is not there, without the rule that AWS gives each new one.
        let is_possible = isolation.iter().all(|group| group.vpc == state.groups[&incident.groups[0]].vpc);
        let how = if is_possible { "of its VPC" } else { "of a VPC that is not there" };
        self.line("instance: its new group", is_possible, how);
        let is_silent = is_possible && isolation.iter().all(|group| group.egress == 0);
        self.line("instance: traffic out", is_silent, if is_silent { "none" } else { "as EC2 lets it" });
        self.line("instance: termination", now.protected, if now.protected { "protected" } else { "anyone's" });
        let remembered = now.tags.keys().any(|key| key.starts_with("quell-"));
        self.line("instance: why", remembered, if remembered { "in its tags" } else { "nowhere" });
        let volumes: Vec<&String> = incident.volumes.iter().collect();
        self.all("instance: volumes", kept(&volumes, &state.snapshots), volumes.len());
        self.sessions("instance: sessions of its role", &now.role_policies);
    }

    fn user(&mut self, now: &Condition) {
        let active = now.keys.values().filter(|status| *status == "Active").count();
        self.line("user: access keys", active == 0, &format!("{active} of {} active", now.keys.len()));
        self.sessions("user: sessions", &now.user_policies);
    }

    fn sessions(&mut self, what: &str, policies: &BTreeMap<String, Value>) {
        let denied = !policies.is_empty();
        self.line(what, denied, if denied { "denied" } else { "still valid" });
    }
}

/// How many of the volumes have a snapshot.
fn kept(volumes: &[&String], snapshots: &[Snapshot]) -> usize {
    let taken: BTreeSet<&String> = snapshots.iter().map(|snapshot| &snapshot.volume).collect();
    volumes.iter().filter(|volume| taken.contains(*volume)).count()
}

/// A rule without ids, which differ from account to account.
fn named(rule: &str) -> String {
    let Some((what, source)) = rule.split_once(" from ") else { return rule.to_owned() };
    let source = match source.split_once('-') {
        Some(("pl", _)) => "a prefix list",
        Some(("sg", _)) => "another group",
        _ => source,
    };
    format!("{what} from {source}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_seed_leaves_unrepaired_quell_repairs() {
    let (their_account, theirs) = theirs();
    let (our_account, ours) = ours().await;
    let (theirs, ours) = (Sheet::of(&their_account, &theirs), Sheet::of(&our_account, &ours));
    assert_eq!(theirs.0.len(), ours.0.len());

    let mut text = format!("{:<42} {:<32} {}\n\n", "", "  the handlers of the document", "  Quell");
    for ((what, their), (_, our)) in theirs.0.iter().zip(&ours.0) {
        writeln!(text, "{what:<42} {their:<32} {our}").expect("text can be written to");
    }
    let (bad, left, ours_left) = ("not as it should be (!)", theirs.left(), ours.left());
    writeln!(text, "\n{bad:<42}   {left:<30}   {ours_left}").expect("text can be written to");

    text.push_str(NOTE);
    let path = repository().join("tests/seed/left-unrepaired.txt");
    if std::env::var_os("QUELL_UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the sheet can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text,
        kept,
        "`{}` differs: run this test with `QUELL_UPDATE=1`, and look at what changed",
        path.display()
    );
    assert_eq!(ours.left(), 0, "{text}");
    assert!(theirs.left() > 10, "{text}");
}
