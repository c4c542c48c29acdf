//! The guide for authors: every piece of YAML in it is read by the reader that it tells of.

use workflow::{Surroundings, load};

/// The blocks of YAML in a page.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    let mut of_cases = false;
    for line in page.lines() {
        match (&mut block, line) {
            (None, "<!-- case -->") => of_cases = true,
            (None, "```yaml") if std::mem::take(&mut of_cases) => {}
            (None, "```yaml") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(text), line) => *text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    blocks
}

/// A whole workflow of a piece of one.
fn whole(block: &str) -> String {
    let first = block.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    if first.starts_with("name:") {
        block.to_owned()
    } else if first.starts_with('-') {
        let steps: String = block.lines().map(|line| format!("  {line}\n")).collect();
        format!("name: w\nsteps:\n{steps}")
    } else {
        format!("name: w\nsteps: [{{ id: p, plugin: p }}]\n{block}")
    }
}

#[test]
fn every_piece_of_the_guide_is_as_the_reader_reads_it() {
    let blocks = blocks(include_str!("../../../docs/workflows.md"));
    assert!(blocks.len() > 10, "only {} pieces", blocks.len());
    for block in blocks {
        let source = whole(&block);
        if let Err(problems) = load("docs/workflows.md", &source, &Surroundings::default()) {
            panic!("{}\n{source}", problems.render(false));
        }
    }
}
