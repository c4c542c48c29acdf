//! The steps of a run as a picture of them: what each gave, and what people can do about it, with the command that does.
//! What a step is, and where it stands, is the server's to say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use picture::{Detail, Group, Kind, Label, Node, Picture, RunHead, State, Status, Tone};

use super::tree::{message, settle_command, short};
use crate::cli::question::decided;
use crate::cli::time;
use crate::wire::{Approval, Decision, Part, Review, Run, Step, StepStatus};

/// The run at the time `now`.
pub fn picture(run: &Run, now: Timestamp) -> Picture {
    let mut children: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &run.steps {
        children.entry(step.parent.as_deref().unwrap_or_default()).or_default().push(step);
    }
    let steps = Steps { run, children };
    let info = &run.info;
    Picture {
        title: info.workflow.clone(),
        steps: steps.below("", |step| step.part != Part::OnFailure),
        on_failure: steps.below("", |step| step.part == Part::OnFailure),
        run: Some(RunHead {
            id: info.run.clone(),
            status: info.status.into(),
            started: info.started.as_millisecond(),
            ended: info.ended.map(Timestamp::as_millisecond),
            now: now.as_millisecond(),
        }),
        ..Picture::default()
    }
}

struct Steps<'a> {
    run: &'a Run,
    /// By the step that they are inside of.
    children: BTreeMap<&'a str, Vec<&'a Step>>,
}

impl Steps<'_> {
    fn below(&self, parent: &str, is_wanted: impl Fn(&Step) -> bool) -> Vec<Node> {
        let children = self.children.get(parent).into_iter().flatten();
        children.filter(|step| is_wanted(step)).map(|step| self.node(step)).collect()
    }

    fn node(&self, step: &Step) -> Node {
        let kind = step.kind.as_deref().map_or(Kind::Unknown, Kind::named);
        let mut node = Node::new(&step.path, kind);
        node.what.clone_from(&step.plugin);
        node.state = Some(self.state(step));
        node.details = self.details(step);
        for group in self.groups(step) {
            match group.label {
                Label::Catch { .. } => node.catches.push(group),
                _ => node.groups.push(group),
            }
        }
        node.with_iterations()
    }

    /// What is inside of a step: neighbours of the same branch are a group.
    fn groups(&self, block: &Step) -> Vec<Group> {
        let mut groups: Vec<(Option<&str>, Option<usize>, Group)> = vec![];
        for step in self.children.get(block.path.as_str()).into_iter().flatten() {
            let (label, branch, node) = (step.label.as_deref(), step.branch, self.node(step));
            match groups.last_mut() {
                Some((last_label, last_branch, group)) if (*last_label, *last_branch) == (label, branch) => {
                    group.steps.push(node);
                }
                _ => {
                    let group = Group { label: label_of(block, step), steps: vec![node] };
                    groups.push((label, branch, group));
                }
            }
        }
        groups.into_iter().map(|(_, _, group)| group).collect()
    }

    fn state(&self, step: &Step) -> State {
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
        State {
            status: self.status(step),
            started: millis(step.started),
            changed: millis(step.changed),
            due: millis(step.due),
            attempt: step.attempt.unwrap_or(1),
            result: step.output.as_ref().map(short),
            ..State::unreached(false)
        }
    }

    fn status(&self, step: &Step) -> Status {
        match step.status {
            StepStatus::Pending if self.run.info.status.is_final() => Status::NotReached,
            StepStatus::Pending => Status::Pending,
            StepStatus::Skipped => Status::Skipped,
            StepStatus::Running => Status::Running,
            StepStatus::Retrying => Status::Retrying,
            StepStatus::Waiting if step.due.is_some() => Status::Sleeping,
            StepStatus::Waiting => Status::Waiting,
            StepStatus::Suspended => Status::Suspended,
            StepStatus::Succeeded => Status::Succeeded,
            StepStatus::Failed => Status::Failed,
            StepStatus::Refused => Status::Refused,
            StepStatus::Expired => Status::Expired,
        }
    }

    /// Why it failed, what was decided on it, and what it waits for.
    fn details(&self, step: &Step) -> Vec<Detail> {
        let mut details = vec![];
        if let Some(error) = &step.error {
            details.push(vec![(Tone::Bad, format!("{}: ", error.code)), (Tone::Plain, message(error))]);
        }
        let waits = self.run.approvals.iter().any(|approval| approval.step == step.path);
        let decisions = step.decisions.iter().filter(|_| !waits);
        details.extend(decisions.map(|made| one(Tone::Plain, decided(made))));
        let approvals = self.run.approvals.iter().filter(|approval| approval.step == step.path);
        details.extend(approvals.flat_map(|approval| self.approval(approval)));
        let reviews = self.run.reviews.iter().filter(|review| review.step == step.path);
        details.extend(reviews.flat_map(|review| self.review(review)));
        details
    }

    fn approval(&self, approval: &Approval) -> Vec<Detail> {
        let approved = approval.decisions.iter().filter(|made| made.decision == Decision::Approve).count();
        let who = approval.approvers.join(" or ");
        let until = approval.expires.map(|expires| format!(", until {}", time::moment(expires))).unwrap_or_default();
        let mut details = vec![
            one(Tone::Bold, &approval.title),
            one(Tone::Plain, format!("{approved} of {} approvals by {who}{until}", approval.needs)),
        ];
        details.extend(approval.decisions.iter().map(|made| one(Tone::Plain, decided(made))));
        let shown = approval.show.as_object().into_iter().flatten();
        details.extend(shown.map(|(step, result)| one(Tone::Dim, format!("{step}: {}", short(result)))));
        let (run, step) = (&self.run.info.run, &approval.step);
        details.push(one(Tone::Attention, format!("quell approve {run} {step}")));
        details.push(one(Tone::Attention, format!("quell refuse {run} {step} --reason …")));
        details
    }

    fn review(&self, review: &Review) -> Vec<Detail> {
        let call = review.function.as_deref().unwrap_or(&review.call);
        let arguments = review.arguments.as_ref().map(|arguments| format!(" {}", short(arguments))).unwrap_or_default();
        let why = review.message.as_deref().map(|message| format!(" ({message})")).unwrap_or_default();
        let unknown = format!("it is unknown whether this was carried out{why}: look in AWS, then say");
        vec![
            one(Tone::Plain, format!("{call}{arguments}")),
            one(Tone::Plain, unknown),
            one(Tone::Attention, settle_command(&self.run.info.run, review)),
        ]
    }
}

/// A line of one piece.
fn one(tone: Tone, text: impl Into<String>) -> Detail {
    vec![(tone, text.into())]
}

/// What a step's neighbours are to the step that they are inside of.
fn label_of(block: &Step, step: &Step) -> Label {
    let label = step.label.as_deref().unwrap_or_default();
    if let Some(codes) = label.strip_prefix("catch").filter(|_| step.part == Part::Catch) {
        let codes = codes.trim().split(", ").filter(|code| !code.is_empty()).map(str::to_owned).collect();
        return Label::Catch { codes, continues: None };
    }
    match (block.kind.as_deref(), label) {
        (Some("each"), "for each") => Label::Body,
        (Some("each"), _) => step.branch.map_or(Label::Body, Label::Item),
        (Some("choose"), "otherwise") => Label::Otherwise,
        (Some("choose"), label) => Label::When(label.strip_prefix("when ").unwrap_or(label).to_owned()),
        (Some("call"), "on failure") => Label::CalleeOnFailure,
        (Some("call"), _) => Label::Callee,
        _ => Label::Branch,
    }
}
