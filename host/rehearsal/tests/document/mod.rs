//! What the document says about a failing step. This reads the document and how blocks came out, and not the walk that
//! decides what comes next: two opinions of the same rules.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "where a test cannot go on, it has failed")]

use workflow::{Label, Placed, Run, StepState, Workflow};

/// What must come of a failure.
#[derive(Debug, Default)]
pub struct Explained {
    /// The paths of the steps that must not begin.
    pub never: Vec<String>,
    /// The steps of the `on-failure` of called workflows that must begin.
    pub told: Vec<String>,
    /// The step that begins since the failure was dealt with; `None` when nothing is behind it, or it was not.
    pub then: Option<String>,
    /// Whether the run fails.
    pub failing: bool,
}

/// A sequence of steps on the way from the workflow to a step in it.
struct Level<'t, 'w> {
    /// What the sequence is to the step that it is inside of.
    label: Option<&'t Label>,
    /// The first step of the callee's `on-failure`, when the sequence is that of a called workflow.
    on_failure: Option<&'t str>,
    sequence: &'t [Placed<'w>],
    at: usize,
}

/// Explains what must come of the failure of the step at `path`.
pub fn explain(workflow: &Workflow, path: &str, run: &Run) -> Explained {
    let (steps, on_failure) = workflow.unfold(Some(run));
    let mut levels = Vec::new();
    let in_steps = find(&steps, None, None, path, &mut levels);
    assert!(in_steps || find(&on_failure, None, None, path, &mut levels), "`{path}` is a step of the workflow");
    let mut explained = Explained::default();
    // A step of a `catch` fails with the step that it belongs to, which nothing catches a second time.
    let mut can_be_caught = true;
    for level in levels.iter().rev() {
        let Level { label, on_failure, sequence, at } = level;
        let (failed, behind) = (&sequence[*at], &sequence[at + 1..]);
        // What failed inside of it does not matter to a block that continues.
        if can_be_caught && (caught(failed, run) || failed.step.manner().continues) {
            explained.then = behind.first().map(|next| next.path.clone());
            return explained;
        }
        explained.never.extend(behind.iter().map(|step| step.path.clone()));
        explained.told.extend(on_failure.map(str::to_owned));
        can_be_caught = !matches!(label, Some(Label::Catch(_)));
    }
    explained.failing = in_steps;
    explained
}

/// Whether a clause of the step catches its failure and lets the run go on.
fn caught(placed: &Placed<'_>, run: &Run) -> bool {
    let Some(StepState::Failed { error }) = run.step(&placed.path).map(|step| step.state()) else { return false };
    let catches = |codes: &[String]| codes.is_empty() || codes.contains(&error.code);
    let clause = placed.catch.iter().position(|group| matches!(&group.label, Label::Catch(codes) if catches(codes)));
    let Some(index) = clause else { return false };
    let first = placed.catch[index].steps.first().unwrap();
    assert!(run.step(&first.path).is_some(), "`{}` fails, and its `catch` does nothing", placed.path);
    placed.step.manner().catches[index]
}

/// Goes to the step at `path`; `levels` are then the sequences on the way.
fn find<'t, 'w>(
    sequence: &'t [Placed<'w>],
    label: Option<&'t Label>,
    on_failure: Option<&'t str>,
    path: &str,
    levels: &mut Vec<Level<'t, 'w>>,
) -> bool {
    for (at, placed) in sequence.iter().enumerate() {
        levels.push(Level { label, on_failure, sequence, at });
        let of_callee = placed.groups.iter().find(|group| group.label == Label::CalleeOnFailure);
        let of_callee = of_callee.and_then(|group| group.steps.first()).map(|first| first.path.as_str());
        let found = placed.path == path
            || placed.groups.iter().chain(&placed.catch).any(|group| {
                let on_failure = of_callee.filter(|_| matches!(group.label, Label::Callee(_)));
                find(&group.steps, Some(&group.label), on_failure, path, levels)
            });
        if found {
            return true;
        }
        levels.pop();
    }
    false
}
