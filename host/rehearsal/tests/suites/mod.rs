//! The cases of the shipped workflows, and files on disk for those who load cases.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "where a test cannot go on, it has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::{Files, Line, Suite, load};

/// Files beside a file of cases.
pub struct Beside(pub PathBuf);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

/// The cases of every workflow in `workflows/`.
pub fn shipped() -> Vec<Suite> {
    all_in(&repository().join("workflows"))
}

/// The cases of every shipped workflow, and of those that are only for tests.
pub fn all() -> Vec<Suite> {
    let mut suites = shipped();
    suites.extend(all_in(&repository().join("host/rehearsal/tests/workflows")));
    suites
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn all_in(folder: &Path) -> Vec<Suite> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "there are workflows in {}", folder.display());
    files.iter().map(|file| suite(folder, file.file_name().unwrap().to_str().unwrap())).collect()
}

fn suite(folder: &Path, name: &str) -> Suite {
    let folder = folder.join("tests");
    let source = fs::read_to_string(folder.join(name));
    let source = source.unwrap_or_else(|error| panic!("`{name}` has no cases in `tests` beside it: {error}"));
    load(&format!("tests/{name}"), &source, &Beside(folder)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A line without its tones.
pub fn plain(line: &Line) -> String {
    line.iter().map(|(_, text)| text.as_str()).collect()
}
