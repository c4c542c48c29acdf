//! The example of the page on cases is what it says: its cases pass and try all that can happen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod suites;

use rehearsal::{Files, load, run};

const PAGE: &str = include_str!("../../../docs/workflow-tests.md");

struct Page;

impl Files for Page {
    fn read(&self, path: &str) -> Result<String, String> {
        if path == "../contain.yaml" { Ok(block("workflow")) } else { Err("the page has no such file".to_owned()) }
    }
}

/// The block of YAML behind a mark.
fn block(mark: &str) -> String {
    let (_, behind) = PAGE.split_once(&format!("<!-- {mark} -->\n```yaml\n")).unwrap();
    behind.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_of_the_page_is_as_it_says() {
    let suite =
        load("workflows/tests/contain.yaml", &block("cases"), &Page).unwrap_or_else(|problems| panic!("{problems}"));
    let report = run(&suite, &[]);
    let text: Vec<String> = report.lines().iter().map(suites::plain).collect();
    assert!(report.passed(), "{}", text.join("\n"));
    assert_eq!(report.untried, Some(vec!["step `tell` fails".to_owned(), "step `alert` fails".to_owned()]));
}
