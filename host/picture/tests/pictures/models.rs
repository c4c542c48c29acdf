//! Pictures made by hand: every kind of step, a run in the middle of it, and what nobody should put into a name.

use picture::{Group, Kind, Label, Node, Picture, RunHead, State, Status};
use workflow::RunStatus;

pub const SECOND: i64 = 1_000;
pub const NOON: i64 = 1_772_366_400_000;

pub fn node(id: &str, kind: Kind, what: &str) -> Node {
    let what = if what.is_empty() { None } else { Some(what.to_owned()) };
    Node { id: Some(id.to_owned()), what, ..Node::new(id, kind) }
}

pub fn plugin(id: &str, name: &str) -> Node {
    node(id, Kind::Plugin, name)
}

pub fn group(label: Label, steps: Vec<Node>) -> Group {
    Group { label, steps }
}

pub fn parallel(branches: Vec<Vec<Node>>) -> Node {
    let groups = branches.into_iter().map(|steps| group(Label::Branch, steps)).collect();
    Node { groups, ..Node::new("steps.1", Kind::Parallel) }
}

pub fn approve() -> Node {
    Node {
        notes: ["1 of group:security-leads", "shows isolate, snapshot, revoke, forensics", "refused after 4h"]
            .map(str::to_owned)
            .to_vec(),
        ..node("approve", Kind::Approval, "{event.detail.title}: contained. Notify and open a ticket?")
    }
}

fn when(severity: &str) -> Label {
    Label::When(format!("steps.assess.output.severity == \"{severity}\""))
}

/// Every kind of step at least once.
pub fn every_kind() -> Picture {
    let has_instance = Some("event.detail.resource.instanceDetails is defined".to_owned());
    let isolate = Node { condition: has_instance.clone(), ..plugin("isolate", "isolate-instance") };
    let snapshot = Node { condition: has_instance, ..plugin("snapshot", "snapshot-volumes") };
    let forensics = Node {
        notes: vec!["3 attempts".into(), "timeout 5m".into()],
        catches: vec![
            group(
                Label::Catch { codes: vec!["throttled".into(), "unavailable".into()], continues: Some(true) },
                vec![plugin("note", "notify-sns")],
            ),
            group(Label::Catch { codes: vec![], continues: Some(false) }, vec![plugin("page_somebody", "slack-alert")]),
        ],
        ..plugin("forensics", "query-cloudtrail")
    };
    let contain = Node {
        id: Some("contain".into()),
        path: "contain".into(),
        notes: vec!["goes on when a branch fails".into()],
        ..parallel(vec![
            vec![isolate],
            vec![snapshot, node("settle", Kind::Wait, "5m")],
            vec![plugin("revoke", "revoke-credentials")],
            vec![forensics],
        ])
    };
    let sweep = Node {
        notes: vec!["4 at once".into(), "goes on when an item fails".into()],
        groups: vec![group(
            Label::Body,
            vec![plugin("close_port", "sg-revoke-open-ports"), plugin("tag", "tag-resource")],
        )],
        ..node("sweep", Kind::Each, "group in steps.assess.output.groups")
    };
    let report = Node {
        groups: vec![group(Label::Callee, vec![plugin("collect", "document-incident"), plugin("send", "notify-sns")])],
        ..node("report", Kind::Call, "incident-report")
    };
    let choose = Node {
        groups: vec![
            group(when("CRITICAL"), vec![contain, approve(), plugin("notify", "slack-alert")]),
            group(when("HIGH"), vec![sweep, report]),
            group(Label::Otherwise, vec![plugin("low_ticket", "servicenow-incident")]),
        ],
        ..Node::new("steps.2", Kind::Choose)
    };
    Picture {
        title: "incident-response".into(),
        description: Some(
            "Contain a compromised instance, keep the evidence, ask a human, then tell the world.".into(),
        ),
        starts: vec!["event aws.guardduty: GuardDuty Finding".into(), "schedule 0 6 * * MON-FRI, Europe/Berlin".into()],
        steps: vec![
            Node { notes: vec!["3 attempts".into()], ..plugin("assess", "assess-severity") },
            choose,
            node("hand_over", Kind::Call, "close-incident"),
        ],
        on_failure: vec![plugin("critical_error", "notify-sns")],
        run: None,
    }
}

pub fn state(status: Status, started: i64, changed: i64) -> State {
    State {
        status,
        started: Some(NOON + started),
        changed: Some(NOON + changed),
        due: None,
        attempt: 1,
        error: None,
        progress: None,
        result: None,
    }
}

fn pending() -> State {
    State { started: None, changed: None, ..state(Status::Pending, 0, 0) }
}

/// Gives every step a state: what is said of its path, or pending.
fn lay(nodes: &mut [Node], states: &[(&str, State)]) {
    for node in nodes {
        let state = states.iter().find(|(path, _)| *path == node.path).map(|(_, state)| state.clone());
        node.state = Some(state.unwrap_or_else(pending));
        for group in node.groups.iter_mut().chain(&mut node.catches) {
            lay(&mut group.steps, states);
        }
    }
}

/// The same in the middle of a run.
pub fn mid_flight() -> Picture {
    let mut picture = every_kind();
    let failed = State { error: Some("throttled".into()), attempt: 3, ..state(Status::Failed, 2_000, 9_500) };
    let retrying = State { attempt: 2, due: Some(NOON + 95_000), ..state(Status::Retrying, 2_100, 60_000) };
    lay(
        &mut picture.steps,
        &[
            ("assess", state(Status::Succeeded, 0, 1_900)),
            ("steps.2", state(Status::Running, 1_900, 1_900)),
            ("contain", state(Status::Running, 1_900, 1_900)),
            ("isolate", State { result: Some("{\"isolated\":true}".into()), ..state(Status::Succeeded, 2_000, 5_300) }),
            ("snapshot", state(Status::Skipped, 2_000, 2_000)),
            ("settle", State { due: Some(NOON + 300_000), ..state(Status::Sleeping, 2_000, 2_000) }),
            ("revoke", retrying),
            ("forensics", failed),
            ("note", state(Status::Running, 9_500, 9_500)),
        ],
    );
    lay(&mut picture.on_failure, &[]);
    picture.run = Some(RunHead {
        id: "r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b".into(),
        status: RunStatus::Running,
        started: NOON,
        ended: None,
        now: NOON + 83_000,
    });
    picture
}

/// A run that goes through a list, and then waits for a person.
pub fn sweeping() -> Picture {
    let body = |path: &str| Node { path: path.into(), ..plugin("close_port", "sg-revoke-open-ports") };
    let item = |at: usize, state: State| {
        group(Label::Item(at), vec![Node { state: Some(state), ..body(&format!("sweep[{at}].close_port")) }])
    };
    let sweep = Node {
        groups: vec![group(
            Label::Body,
            vec![Node {
                tally: vec![(Status::Failed, 1), (Status::Running, 2), (Status::Succeeded, 27)],
                ..body("close_port")
            }],
        )],
        iterations: (0..30)
            .map(|at| match at {
                3 => item(at, State { error: Some("access-denied".into()), ..state(Status::Failed, 0, 700) }),
                28 | 29 => item(at, state(Status::Running, 60_000, 60_000)),
                _ => item(at, state(Status::Succeeded, 0, 500)),
            })
            .collect(),
        state: Some(State { progress: Some("28 of 30 done".into()), ..state(Status::Running, 0, 0) }),
        ..node("sweep", Kind::Each, "group in inputs.groups")
    };
    let approve = Node { state: Some(state(Status::Waiting, 10_000, 10_000)), ..approve() };
    Picture {
        title: "sweep".into(),
        steps: vec![parallel(vec![vec![sweep], vec![approve]])]
            .into_iter()
            .map(|node| Node { state: Some(state(Status::Running, 0, 0)), ..node })
            .collect(),
        run: Some(RunHead {
            id: "r-1".into(),
            status: RunStatus::Running,
            started: NOON,
            ended: None,
            now: NOON + 61 * SECOND,
        }),
        ..Picture::default()
    }
}

/// Names and titles that try to be more than text.
pub fn hostile() -> Picture {
    let evil = "</text></svg><script>alert(1)</script>\"'&\u{202e}\u{0}]]>%%{init: {}}%%\n1. x";
    let mut step = node(evil, Kind::Plugin, evil);
    step.condition = Some(evil.into());
    step.notes = vec![evil.into()];
    let mut asks = node("approve", Kind::Approval, evil);
    asks.catches = vec![group(Label::Catch { codes: vec![evil.into()], continues: Some(true) }, vec![step.clone()])];
    let ways = vec![group(Label::When(evil.into()), vec![step.clone()])];
    Picture {
        title: evil.into(),
        description: Some(evil.into()),
        starts: vec![evil.into()],
        steps: vec![step.clone(), asks, Node { groups: ways, ..node(evil, Kind::Choose, "") }],
        on_failure: vec![step],
        run: Some(RunHead { id: evil.into(), status: RunStatus::Failed, started: 0, ended: Some(1), now: 2 }),
    }
}
