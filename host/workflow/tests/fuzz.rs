//! Documents that nobody would write: loading never panics, problems lie inside the document, and what is taken prints
//! and reads back.
//!
//! Each runs some thousand random inputs. `BOLERO_RANDOM_ITERATIONS=1000000` makes it more;
//! `cargo bolero test --package workflow` lets a fuzzer choose them.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use std::fs;
use std::path::Path;

use bolero::check;
use workflow::{Surroundings, load, to_json, to_yaml};

/// What a mistake or an attack puts into a document.
const TOKENS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    - ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "ü",
    "${{",
    "}}",
    "${{ steps.a.output }}",
    "${{ item }}",
    "id: a",
    "if: true",
    "plugin: p",
    "parallel:",
    "choose:",
    "each:",
    "wait: 5m",
    "call:",
    "approval:",
    "catch:",
    "retry:",
    "on-failure:",
    "null",
    "18446744073709551616",
    "-1",
    "1e9",
    "|\n",
    ">-\n",
    "? ",
];

/// The shipped workflows.
fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn load_and_use(source: &str) {
    match load("w.yaml", source, &Surroundings::default()) {
        Ok(workflow) => {
            let written = to_json(source).unwrap();
            assert_eq!(to_json(&to_yaml(&written)).as_ref(), Some(&written));
            workflow.unfold(None);
            workflow.notes.render(true);
        }
        Err(problems) => {
            let lines = source.lines().count().max(1) + 1;
            assert!(problems.iter().count() > 0);
            assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line) && problem.column >= 1));
            problems.render(false);
        }
    }
}

#[test]
fn documents_of_any_bytes() {
    check!().with_iterations(2_000).for_each(|bytes: &[u8]| load_and_use(&String::from_utf8_lossy(bytes)));
}

#[test]
fn documents_of_tokens() {
    check!().with_type::<Vec<u8>>().with_iterations(2_000).for_each(|tokens| {
        let text: String = tokens.iter().map(|token| TOKENS[usize::from(*token) % TOKENS.len()]).collect();
        load_and_use(&text);
    });
}

#[test]
fn workflows_with_mistakes() {
    let shipped = shipped();
    check!().with_type::<(u8, Vec<(u16, u8, u8)>)>().with_iterations(2_000).for_each(|(which, edits)| {
        let mut text: Vec<char> = shipped[usize::from(*which) % shipped.len()].chars().collect();
        for (at, length, token) in edits.iter().take(5) {
            let from = usize::from(*at) % (text.len() + 1);
            let to = (from + usize::from(length % 16)).min(text.len());
            text.splice(from..to, TOKENS[usize::from(*token) % TOKENS.len()].chars());
        }
        load_and_use(&text.into_iter().collect::<String>());
    });
}
