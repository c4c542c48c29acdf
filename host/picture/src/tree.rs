//! The picture as lines for a terminal: steps one below the other, what is inside of them below them.

use crate::model::{Group, Kind, Label, Node, Picture, State, Status, Tone};

/// An `each` shows so many iterations; of more, only those that are not simply done.
const SHOWN_ITERATIONS: usize = 20;

/// One line, as pieces of text, each with how it is meant. Nothing in it is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<(Tone, String)>);

impl Line {
    /// The line without how it is meant.
    pub fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    fn of(tone: Tone, text: impl Into<String>) -> Line {
        Line::default().and(tone, text)
    }

    fn and(mut self, tone: Tone, text: impl Into<String>) -> Line {
        let text = text.into();
        if !text.is_empty() {
            self.0.push((tone, text));
        }
        self
    }
}

/// The whole of it: what it is called, what it is for, what starts it, and its steps.
pub fn tree(picture: &Picture) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Bold, &picture.title)];
    lines.extend(picture.description.iter().map(|description| Line::of(Tone::Plain, description)));
    if picture.starts.is_empty() {
        lines.push(Line::of(Tone::Dim, "started by people"));
    }
    lines.extend(picture.starts.iter().map(|start| Line::of(Tone::Dim, start)));
    lines.push(Line::default());
    lines.extend(steps(picture));
    lines
}

/// The steps, those of `on-failure` below them. Of a run, only those clauses are shown that it has come to.
pub fn steps(picture: &Picture) -> Vec<Line> {
    let now = picture.run.as_ref().map_or(0, |run| run.now);
    let mut tree = Tree { now, lines: vec![] };
    tree.sequence(&picture.steps, "", "");
    if shows(&picture.on_failure) {
        tree.lines.push(Line::of(Tone::Dim, "on failure:"));
        tree.sequence(&picture.on_failure, "", "");
    }
    tree.lines
}

/// Whether a clause is shown: in a workflow always, in a run once it has come to it.
fn shows(steps: &[Node]) -> bool {
    let reached = |node: &Node| {
        node.state.as_ref().is_none_or(|state| !matches!(state.status, Status::Pending | Status::NotReached))
    };
    steps.iter().any(reached)
}

struct Tree {
    now: workflow::Millis,
    lines: Vec<Line>,
}

impl Tree {
    /// Steps that follow each other. `first` stands before the first line, `rest` before all others.
    fn sequence(&mut self, steps: &[Node], first: &str, rest: &str) {
        for (at, step) in steps.iter().enumerate() {
            self.step(step, if at == 0 { first } else { rest }, rest);
        }
    }

    fn step(&mut self, node: &Node, first: &str, rest: &str) {
        self.lines.push(self.line(node, first));
        let below = format!("{rest}  ");
        for detail in &node.details {
            let mut line = Line::of(Tone::Dim, &below);
            line.0.extend(detail.iter().cloned());
            self.lines.push(line);
        }
        let (groups, more) = self.groups(node);
        let of_failure = |group: &&Group| matches!(group.label, Label::CalleeOnFailure | Label::Catch { .. });
        let groups = groups.into_iter().chain(&node.catches);
        let groups: Vec<&Group> = groups.filter(|group| !of_failure(group) || shows(&group.steps)).collect();
        let is_chosen = groups.iter().any(|group| group.steps.iter().any(|step| !step.is_idle()));
        for (at, group) in groups.iter().enumerate() {
            let is_last = at + 1 == groups.len() && more.is_none();
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let (first, below) = (format!("{rest}{branch}"), format!("{rest}{below}"));
            let Some(label) = label(&group.label) else {
                self.sequence(&group.steps, &first, &below);
                continue;
            };
            self.lines.push(Line::of(Tone::Dim, first).and(Tone::Dim, label));
            let is_passed = node.kind == Kind::Choose && is_chosen && group.steps.iter().all(Node::is_idle);
            if !is_passed {
                let below = format!("{below}  ");
                self.sequence(&group.steps, &below, &below);
            }
        }
        if let Some(more) = more {
            self.lines.push(Line::of(Tone::Dim, format!("{rest}└─ {more}")));
        }
    }

    /// What is inside of a step, and what is said of what is left out.
    fn groups<'n>(&self, node: &'n Node) -> (Vec<&'n Group>, Option<String>) {
        if node.iterations.is_empty() {
            // Of a run, nothing is said about a body that no item came to.
            let bodies = node.groups.iter().filter(|group| group.label != Label::Body || node.state.is_none());
            return (bodies.collect(), None);
        }
        let all = node.iterations.len();
        if all <= SHOWN_ITERATIONS {
            return (node.iterations.iter().collect(), None);
        }
        let is_done = |node: &Node| {
            let status = node.state.as_ref().map(|state| state.status);
            status.is_some_and(|status| [Status::Succeeded, Status::Skipped].contains(&status))
        };
        let open = node.iterations.iter().filter(|item| !item.steps.iter().all(is_done));
        let shown: Vec<&Group> = open.take(SHOWN_ITERATIONS).collect();
        let more = format!("… and {} more", all - shown.len());
        (shown, Some(more))
    }

    fn line(&self, node: &Node, first: &str) -> Line {
        let what = match (node.kind, &node.what) {
            (Kind::Unknown, None) => String::new(),
            (Kind::Plugin | Kind::Unknown, Some(what)) => format!(" ({what})"),
            (kind, _) => format!(" ({})", kind.name()),
        };
        let Some(state) = &node.state else {
            let line = Line::of(Tone::Dim, first).and(Tone::Bold, node.name());
            let line = line.and(Tone::Dim, if node.id.is_some() { what } else { String::new() });
            let told = node.what.as_ref().filter(|_| node.kind != Kind::Plugin);
            let line = line.and(Tone::Plain, told.map(|what| format!(" {what}")).unwrap_or_default());
            let notes = node.notes.iter().map(|note| format!(" · {note}")).collect::<String>();
            let condition = node.condition.as_ref().map(|condition| format!(" if {condition}"));
            return line.and(Tone::Attention, condition.unwrap_or_default()).and(Tone::Dim, notes);
        };
        let tone = state.status.tone();
        let line = Line::of(Tone::Dim, first).and(tone, mark(state.status)).and(Tone::Plain, " ");
        let line = line.and(Tone::Bold, &node.path).and(Tone::Dim, what);
        let line = line.and(tone, format!(" {}", state.status.word())).and(Tone::Plain, self.when(state));
        line.and(Tone::Dim, state.result.as_ref().map(|result| format!(" {result}")).unwrap_or_default())
    }

    /// How far it is, how long it took or takes, and which attempt it was.
    fn when(&self, state: &State) -> String {
        let progress = state.progress.as_ref().map(|progress| format!(", {progress}")).unwrap_or_default();
        let took = state.when(self.now).map(|when| format!(" {when}")).unwrap_or_default();
        let attempt = if state.attempt > 1 { format!(", attempt {}", state.attempt) } else { String::new() };
        format!("{took}{attempt}{progress}")
    }
}

/// What stands before the steps of a group; nothing, when they stand for themselves.
fn label(label: &Label) -> Option<String> {
    match label {
        Label::Branch | Label::Body | Label::Item(_) | Label::Callee => None,
        Label::CalleeOnFailure => Some("on failure".to_owned()),
        Label::When(condition) => Some(format!("when {condition}")),
        Label::Otherwise => Some("otherwise".to_owned()),
        Label::Catch { codes, continues } => {
            let codes = if codes.is_empty() { "any failure".to_owned() } else { codes.join(", ") };
            let then = match continues {
                Some(true) => ", then go on",
                Some(false) => ", then fail",
                None => "",
            };
            Some(format!("catch {codes}{then}"))
        }
    }
}

/// How a status is marked.
fn mark(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::NotReached => "·",
        Status::Skipped => "-",
        Status::Running => "▸",
        Status::Retrying => "↻",
        Status::Sleeping => "◷",
        Status::Waiting => "?",
        Status::Suspended => "!",
        Status::Succeeded => "✓",
        Status::Failed | Status::Refused | Status::Expired => "✗",
    }
}
