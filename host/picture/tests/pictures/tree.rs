//! The tree in the terminal.

use picture::{Picture, steps, tree};

use crate::models::{every_kind, hostile, mid_flight, sweeping};

fn text(picture: &Picture) -> String {
    tree(picture).iter().map(|line| format!("{}\n", line.text())).collect()
}

#[test]
fn a_workflow_is_a_tree() {
    insta::assert_snapshot!("every_kind", text(&every_kind()));
}

#[test]
fn a_run_is_the_same_tree_with_states_and_times() {
    insta::assert_snapshot!("mid_flight", text(&mid_flight()));
}

#[test]
fn of_many_iterations_those_are_shown_that_are_not_simply_done() {
    insta::assert_snapshot!("sweeping", text(&sweeping()));
}

/// Every line is escaped as a whole when it is printed, so a line break in a name must not have made it two.
#[test]
fn a_line_is_a_step() {
    assert_eq!(steps(&hostile()).len(), 9);
}
