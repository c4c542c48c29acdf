//! The picture as a Mermaid flowchart, which GitHub, GitLab and many editors draw.
//!
//! Every label is quoted, and what Mermaid or the page around it could act upon is written as a number, so that a title
//! is never more than a text.

use std::fmt::Write as _;

use crate::model::{Group, Kind, Label, Node, Picture, Status, Tone};
use crate::text::visible;

/// Longer lines of a label are cut off.
const LINE: usize = 64;
const CLASSES: &str = "  classDef approval fill:#fff5df,stroke:#b45309,stroke-width:3px,color:#1f2733
  classDef good fill:#e6f4ea,stroke:#1a7f37,color:#1f2733
  classDef bad fill:#fdeceb,stroke:#cf222e,stroke-width:2px,color:#1f2733
  classDef ask fill:#fff5d6,stroke:#9a6700,stroke-width:2px,color:#1f2733
  classDef run fill:#e3effd,stroke:#0969da,stroke-width:2px,color:#1f2733
  classDef idle fill:#f1f3f6,stroke:#8390a2,color:#556070,stroke-dasharray:4 4
";

/// The picture as the text of a Mermaid flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let now = picture.run.as_ref().map_or(0, |run| run.now);
    let mut chart = Chart { text: "flowchart TD\n".to_owned(), nodes: 0, depth: 1, now };
    let starts = match picture.starts.as_slice() {
        [] => "started by people".to_owned(),
        starts => lines(starts.iter().map(String::as_str)),
    };
    chart.put(&format!("start([\"{starts}\"])"));
    let ends = chart.sequence(&picture.steps, vec![Exit::from("start")]);
    let end = picture.run.as_ref().map_or("end", |run| run.status.name());
    chart.put(&format!("finish([\"{end}\"])"));
    chart.join(&ends, "finish");
    if !picture.on_failure.is_empty() {
        chart.subgraph("failing", "on failure", |chart| {
            chart.sequence(&picture.on_failure, vec![]);
        });
        let when = Exit::labelled("finish", "failed, expired or timed out".to_owned());
        chart.join(&[Exit { is_caught: true, ..when }], "failing");
    }
    chart.text.push_str(CLASSES);
    chart.text
}

/// Where a run leaves what was drawn, and what is said of it.
#[derive(Clone)]
struct Exit {
    from: String,
    label: Option<String>,
    is_caught: bool,
}

impl Exit {
    fn from(id: &str) -> Exit {
        Exit { from: id.to_owned(), label: None, is_caught: false }
    }

    fn labelled(id: &str, label: String) -> Exit {
        Exit { label: Some(label), ..Exit::from(id) }
    }
}

struct Chart {
    text: String,
    nodes: usize,
    depth: usize,
    now: workflow::Millis,
}

impl Chart {
    fn put(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(self.depth));
    }

    fn join(&mut self, exits: &[Exit], to: &str) {
        for Exit { from, label, is_caught } in exits {
            let arrow = if *is_caught { "-.->" } else { "-->" };
            match label {
                Some(label) => self.put(&format!("{from} {arrow}|\"{label}\"| {to}")),
                None => self.put(&format!("{from} {arrow} {to}")),
            }
        }
    }

    fn subgraph(&mut self, id: &str, label: &str, inside: impl FnOnce(&mut Chart)) {
        // A title of several lines would be drawn over what is inside.
        self.put(&format!("subgraph {id} [\"{}\"]", label.replace("<br/>", " · ")));
        self.depth += 1;
        self.put("direction TB");
        inside(self);
        self.depth -= 1;
        self.put("end");
    }

    fn sequence(&mut self, steps: &[Node], mut exits: Vec<Exit>) -> Vec<Exit> {
        for step in steps {
            exits = self.step(step, &exits);
        }
        exits
    }

    fn step(&mut self, node: &Node, before: &[Exit]) -> Vec<Exit> {
        self.nodes += 1;
        let id = format!("n{}", self.nodes);
        let is_framed = matches!(node.kind, Kind::Each | Kind::Call) && !node.groups.is_empty();
        let mut exits = if is_framed {
            self.subgraph(&id, &self.label(node), |chart| {
                node.groups.iter().for_each(|group| {
                    chart.sequence(&group.steps, vec![]);
                });
            });
            self.join(before, &id);
            vec![Exit::from(&id)]
        } else {
            let label = self.label(node);
            let class = class(node).map(|class| format!(":::{class}")).unwrap_or_default();
            let (open, close) = shape(node.kind);
            self.put(&format!("{id}{open}\"{label}\"{close}{class}"));
            self.join(before, &id);
            self.ways(node, &id)
        };
        for clause in &node.catches {
            let caught = Exit { is_caught: true, ..Exit::labelled(&id, way(&clause.label)) };
            let handled = self.sequence(&clause.steps, vec![caught]);
            if matches!(clause.label, Label::Catch { continues: Some(true), .. }) {
                exits.extend(handled.into_iter().map(|exit| Exit { is_caught: true, ..exit }));
            }
        }
        exits
    }

    /// The ways that lead on from a step, and where they leave it.
    fn ways(&mut self, node: &Node, id: &str) -> Vec<Exit> {
        let mut exits = vec![];
        for Group { label, steps } in &node.groups {
            let entry = match label {
                Label::When(_) | Label::Otherwise => Exit::labelled(id, way(label)),
                _ => Exit::from(id),
            };
            exits.extend(self.sequence(steps, vec![entry]));
        }
        let is_open = node.kind == Kind::Choose && node.groups.iter().all(|group| group.label != Label::Otherwise);
        if is_open {
            exits.push(Exit::labelled(id, way(&Label::Otherwise)));
        }
        if exits.is_empty() { vec![Exit::from(id)] } else { exits }
    }

    fn label(&self, node: &Node) -> String {
        let kind = if node.id.is_some() && node.kind != Kind::Plugin { Some(node.kind.name()) } else { None };
        let state = node.state.as_ref().filter(|_| node.tally.is_empty()).map(|state| {
            let error = state.error.as_ref().map(|code| format!(": {code}")).unwrap_or_default();
            let progress = state.progress.as_ref().map(|progress| format!(", {progress}")).unwrap_or_default();
            let when = state.when(self.now).map(|when| format!(" {when}")).unwrap_or_default();
            format!("{}{error}{when}{progress}", state.status.word())
        });
        let tally: Vec<String> =
            node.tally.iter().map(|(status, count)| format!("{count} {}", status.word())).collect();
        let tally = if tally.is_empty() { None } else { Some(tally.join(", ")) };
        let condition = node.condition.as_ref().map(|condition| format!("if {condition}"));
        let parts = [Some(node.name()), kind, node.what.as_deref(), condition.as_deref()];
        lines(parts.into_iter().flatten().chain(state.as_deref()).chain(tally.as_deref()))
    }
}

fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Plugin | Kind::Unknown | Kind::Each => ("[", "]"),
        Kind::Parallel => ("[/", "\\]"),
        Kind::Choose => ("{", "}"),
        Kind::Approval => ("{{", "}}"),
        Kind::Wait => ("([", "])"),
        Kind::Call => ("[[", "]]"),
    }
}

fn class(node: &Node) -> Option<&'static str> {
    let status = node.tally.first().map(|(status, _)| *status).or(node.state.as_ref().map(|state| state.status));
    match (status, status.map(Status::tone)) {
        (None, _) if node.kind == Kind::Approval => Some("approval"),
        (None, _) => None,
        (_, Some(Tone::Good)) => Some("good"),
        (_, Some(Tone::Bad)) => Some("bad"),
        (_, Some(Tone::Attention)) => Some("ask"),
        (_, Some(Tone::Bold)) => Some("run"),
        (_, Some(Tone::Plain | Tone::Dim) | None) => Some("idle"),
    }
}

fn way(label: &Label) -> String {
    match label {
        Label::When(condition) => lines([condition.as_str()]),
        Label::Otherwise => "otherwise".to_owned(),
        Label::Catch { codes, .. } if codes.is_empty() => "catch".to_owned(),
        Label::Catch { codes, .. } => lines([format!("catch {}", codes.join(", ")).as_str()]),
        Label::CalleeOnFailure => "on failure".to_owned(),
        Label::Branch | Label::Body | Label::Item(_) | Label::Callee => String::new(),
    }
}

/// Lines of a label, made safe.
fn lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let safe = lines.into_iter().map(|line| {
        let mut text: String = visible(line.trim()).chars().take(LINE + 1).collect();
        if text.chars().count() > LINE {
            text = text.chars().take(LINE - 1).collect();
            text.push('…');
        }
        quote(&text)
    });
    safe.collect::<Vec<_>>().join("<br/>")
}

/// A line of a label with all that is not a plain character as a number. A line that begins like one of a list in
/// Markdown would be taken for one.
fn quote(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut quoted = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let is_bullet = (at == 0 && "-*+".contains(c)) || (at == digits && at > 0 && c == '.');
        if is_bullet || "\"#&<>`%\\;*~".contains(c) {
            let _ = write!(quoted, "#{};", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted
}
