//! What is to be seen of a workflow or of a run of it, before it is known how.

use workflow::{Millis, RunStatus};

/// A workflow, or a run of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The workflow's name.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// What starts it, each in a few words; nothing when people do.
    pub starts: Vec<String>,
    /// What a run does.
    pub steps: Vec<Node>,
    /// What a run does when it would end failed, expired or timed out.
    pub on_failure: Vec<Node>,
    /// The run; nothing when it is the workflow that is shown.
    pub run: Option<RunHead>,
}

/// A run as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct RunHead {
    /// Its id.
    pub id: String,
    /// How it is, or how it ended.
    pub status: RunStatus,
    /// When it started.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// When it is looked at.
    pub now: Millis,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it is: its id, or its place when it has none, with the iteration or the call that it is in.
    pub path: String,
    /// Its id.
    pub id: Option<String>,
    /// What kind of step it is.
    pub kind: Kind,
    /// What it runs, asks, waits for, goes through or calls.
    pub what: Option<String>,
    /// Its `if`.
    pub condition: Option<String>,
    /// What else there is to know, each in a few words: `3 attempts`, `expires after 4h`.
    pub notes: Vec<String>,
    /// What is inside of it.
    pub groups: Vec<Group>,
    /// The clauses of its `catch`.
    pub catches: Vec<Group>,
    /// Where it is in a run; nothing in a workflow.
    pub state: Option<State>,
    /// In the body of an `each`, how many iterations have it in which state.
    pub tally: Vec<(Status, usize)>,
    /// The iterations of an `each` that a run has come to, which a tree shows in place of the body.
    pub iterations: Vec<Group>,
    /// Lines that only a tree has: results, errors, what can be done.
    pub details: Vec<Detail>,
}

/// Steps that follow each other, within a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Which of the step's groups it is.
    pub label: Label,
    /// The steps.
    pub steps: Vec<Node>,
}

/// Which group it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A branch of a `parallel`.
    Branch,
    /// What a `choose` does when this is true.
    When(String),
    /// What a `choose` does when nothing else is.
    Otherwise,
    /// What an `each` does with every item.
    Body,
    /// What an `each` does with the item of this number, from 0.
    Item(usize),
    /// What the workflow that is called does.
    Callee,
    /// What the workflow that is called does when it fails.
    CalleeOnFailure,
    /// A clause of a `catch`.
    Catch {
        /// The codes that it catches; all, when there are none.
        codes: Vec<String>,
        /// Whether the run then goes on behind the step, where that is known.
        continues: Option<bool>,
    },
}

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs a plugin.
    Plugin,
    /// Does several things beside each other.
    Parallel,
    /// Does one of several things.
    Choose,
    /// Does the same with every item of a list.
    Each,
    /// Asks people.
    Approval,
    /// Lets time pass.
    Wait,
    /// Does what another workflow does.
    Call,
    /// Not known: the workflow is not at hand.
    Unknown,
}

/// Where a step is in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// How it is.
    pub status: Status,
    /// When it was reached.
    pub started: Option<Millis>,
    /// When its status last changed.
    pub changed: Option<Millis>,
    /// When it goes on by itself.
    pub due: Option<Millis>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The code of the error that it failed with.
    pub error: Option<String>,
    /// How far it is, when that can be told: `7 of 12 done`.
    pub progress: Option<String>,
    /// What it gave, in short, which only a tree shows.
    pub result: Option<String>,
}

/// How a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It went wrong.
    Failed,
    /// An approver refused.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// The outcome of a write is unknown; a person must tell it.
    Suspended,
    /// It waits for people.
    Waiting,
    /// It failed, and waits for its next attempt.
    Retrying,
    /// It waits for a time.
    Sleeping,
    /// It is being carried out.
    Running,
    /// It did what it should.
    Succeeded,
    /// Its `if` was false, or another way was taken.
    Skipped,
    /// It was not reached yet.
    Pending,
    /// It was not reached, and the run has ended.
    NotReached,
}

/// A line below a step, as pieces of text, each with how it is meant.
pub type Detail = Vec<(Tone, String)>;

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// What the eye should find.
    Bold,
    /// What matters less.
    Dim,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Wants a person.
    Attention,
}

impl Node {
    /// A step of which nothing else is known.
    pub fn new(path: impl Into<String>, kind: Kind) -> Node {
        Node {
            path: path.into(),
            id: None,
            kind,
            what: None,
            condition: None,
            notes: vec![],
            groups: vec![],
            catches: vec![],
            state: None,
            tally: vec![],
            iterations: vec![],
            details: vec![],
        }
    }

    /// What it is called in a picture: its id, or its kind.
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or(self.kind.name())
    }

    /// Whether a run went, or goes, past it without doing anything.
    pub(crate) fn is_idle(&self) -> bool {
        let is_idle = |status: Status| [Status::Skipped, Status::Pending, Status::NotReached].contains(&status);
        match self.tally.as_slice() {
            [] => self.state.as_ref().is_some_and(|state| is_idle(state.status)),
            tally => tally.iter().all(|(status, _)| is_idle(*status)),
        }
    }
}

impl Kind {
    /// The kind by the name that a file gives it.
    pub fn named(name: &str) -> Kind {
        let kinds = [Kind::Plugin, Kind::Parallel, Kind::Choose, Kind::Each, Kind::Approval, Kind::Wait, Kind::Call];
        kinds.into_iter().find(|kind| kind.name() == name).unwrap_or(Kind::Unknown)
    }

    /// The name that a file gives it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Plugin => "plugin",
            Kind::Parallel => "parallel",
            Kind::Choose => "choose",
            Kind::Each => "each",
            Kind::Approval => "approval",
            Kind::Wait => "wait",
            Kind::Call => "call",
            Kind::Unknown => "step",
        }
    }
}

impl Status {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Status::Failed => "failed",
            Status::Refused => "refused",
            Status::Expired => "expired",
            Status::Suspended => "needs a review",
            Status::Waiting | Status::Sleeping => "waiting",
            Status::Retrying => "retrying",
            Status::Running => "running",
            Status::Succeeded => "succeeded",
            Status::Skipped => "skipped",
            Status::Pending => "pending",
            Status::NotReached => "not reached",
        }
    }

    /// Whether nothing more will come of it.
    pub(crate) fn is_over(self) -> bool {
        use Status::{Expired, Failed, NotReached, Refused, Skipped, Succeeded};
        [Failed, Refused, Expired, Succeeded, Skipped, NotReached].contains(&self)
    }

    /// How it is meant.
    pub fn tone(self) -> Tone {
        match self {
            Status::Failed | Status::Refused | Status::Expired => Tone::Bad,
            Status::Suspended | Status::Waiting | Status::Retrying => Tone::Attention,
            Status::Running | Status::Sleeping => Tone::Bold,
            Status::Succeeded => Tone::Good,
            Status::Skipped | Status::Pending | Status::NotReached => Tone::Dim,
        }
    }
}

impl State {
    /// Of a step that a run has not come to, or, when it has ended, will not.
    pub fn unreached(ended: bool) -> State {
        let status = if ended { Status::NotReached } else { Status::Pending };
        State { status, started: None, changed: None, due: None, attempt: 1, error: None, progress: None, result: None }
    }

    /// How long it took or takes, as words behind the status: `for 3.0s`, `in 1m 2s`, or nothing.
    pub(crate) fn when(&self, now: Millis) -> Option<String> {
        let since = |from: Millis, to: Millis, word: &str| Some(format!("{word} {}", super::between(from, to)));
        match (self.status, self.started, self.changed) {
            (Status::Pending | Status::NotReached | Status::Skipped, ..) | (_, None, _) => None,
            (Status::Retrying, ..) => self.due.and_then(|due| since(now, due, "in")),
            (Status::Sleeping, ..) => self.due.and_then(|due| since(now, due, "another")),
            (Status::Running, Some(started), _) => since(started, now, "for"),
            (Status::Waiting | Status::Suspended, Some(started), changed) => {
                since(changed.unwrap_or(started), now, "for")
            }
            (_, Some(started), changed) => since(started, changed.unwrap_or(started), "in"),
        }
    }
}
