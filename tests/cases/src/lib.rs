//! Numbered cases of attacks and faults. A test that covers one says so with [`case`]: what was put in, what must come
//! out, and what did. `docs/cases.md` is made of what the tests say, by `scripts/cases`.
//!
//! Where they are noted is the file that `QUELL_CASES` names; without it, a case is only checked.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::Location;

/// The variable that names the file.
pub const NOTED_IN: &str = "QUELL_CASES";

/// The longest that one text of a note may be, in bytes: a line must be written at once, since tests run in parallel.
const LONGEST: usize = 400;

/// Checks that what was `seen` is what is `expected`, and notes it under the number of the case: `A04`.
///
/// `input` says in a few words what was put in. What is seen must be the same in every run: a code, not a message with
/// a time in it.
#[track_caller]
#[expect(clippy::panic, reason = "it asserts, as `assert_eq` does")]
pub fn case(id: &str, input: &str, expected: impl Display, seen: impl Display) {
    let (expected, seen) = (expected.to_string(), seen.to_string());
    let numbered = matches!(id.as_bytes(), [b'A'..=b'M', b'0'..=b'9', b'0'..=b'9']);
    assert!(numbered, "`{id}` is no number of a case");
    if expected != seen {
        panic!("{id}, {input}: expected `{expected}`, and saw `{seen}`");
    }
    note(id, input, &expected, &seen, Location::caller().file());
}

fn note(id: &str, input: &str, expected: &str, seen: &str, test: &str) {
    let Some(path) = std::env::var_os(NOTED_IN) else { return };
    for text in [input, expected, seen] {
        assert!(text.len() <= LONGEST, "{id}: a text of {} bytes is too long for the page", text.len());
    }
    let line = serde_json::json!({ "case": id, "input": input, "expected": expected, "seen": seen, "test": test });
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    assert!(written.is_ok(), "the case cannot be noted in {}: {written:?}", path.display());
}
