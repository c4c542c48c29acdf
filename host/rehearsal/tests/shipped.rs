//! The cases of every shipped workflow pass, and try all that can happen in it. A workflow that is added without cases
//! fails here.

mod suites;

use rehearsal::run;

#[test]
fn the_cases_of_every_shipped_workflow_pass() {
    for suite in suites::all() {
        let report = run(&suite, &[]);
        let text: Vec<String> = report.lines().iter().map(suites::plain).collect();
        assert!(report.passed(), "{}", text.join("\n"));
    }
}

#[test]
fn the_cases_of_every_shipped_workflow_try_all_that_can_happen() {
    for suite in suites::all() {
        let report = run(&suite, &[]);
        let untried = report.untried.unwrap_or_else(|| panic!("all cases were tried"));
        assert!(untried.is_empty(), "no case of `{}` tries that {}", suite.workflow.name, untried.join(", or that "));
    }
}
