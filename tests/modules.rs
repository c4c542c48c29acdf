//! The modules at the top of each crate of the host use each other without cycles: each can be read, and moved, with what
//! is beneath it only. The compiler allows cycles; Cargo forbids them between crates.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tests::repository;

/// Which modules each module uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_have_no_cycles() {
    let crates = fs::read_dir(repository().join("host")).expect("the host has crates");
    let crates: Vec<PathBuf> = crates.map(|entry| entry.expect("a folder can be read").path().join("src")).collect();
    assert!(crates.len() >= 10);
    for source in crates {
        let cycle = cycle(&uses(&source));
        assert!(cycle.is_empty(), "{} has modules that use each other: {cycle:#?}", source.display());
    }
}

#[test]
fn a_cycle_is_found() {
    let uses = |pairs: &[(&str, &[&str])]| -> Uses {
        pairs.iter().map(|(name, used)| (name.to_string(), used.iter().map(ToString::to_string).collect())).collect()
    };
    assert!(cycle(&uses(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
    let found = cycle(&uses(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(named("use crate::{a::B, c, d::{e, f}};\ncrate::g::h();"), ["a", "c", "d", "g"]);
}

/// What is left when every module goes that uses none of those that are left: the cycles, and what uses them.
fn cycle(uses: &Uses) -> Uses {
    let mut left = uses.clone();
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, used| used.iter().any(|used| names.contains(used)));
        if left.len() == before {
            return left;
        }
    }
}

fn uses(source: &Path) -> Uses {
    let files = files(source);
    let modules: BTreeSet<String> = files.iter().map(|(module, _)| module.clone()).collect();
    let root = files.iter().find(|(module, _)| module == "lib").map(|(_, text)| text.as_str()).unwrap_or_default();
    let reexports = reexports(root);
    let mut uses = Uses::new();
    for (module, text) in files.iter().filter(|(module, _)| !["lib", "main"].contains(&module.as_str())) {
        let used = named(text).into_iter().map(|name| reexports.get(&name).cloned().unwrap_or(name));
        let used = used.filter(|name| modules.contains(name) && name != module);
        uses.entry(module.clone()).or_default().extend(used);
    }
    uses
}

/// Every source file but tests, with the module at the top that it belongs to, without comments.
fn files(source: &Path) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                let inside = path.strip_prefix(source).expect("it is inside").components().next();
                let top =
                    inside.expect("it has a name").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).expect("a source file can be read");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default().lines();
                found.push((
                    top,
                    code.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n"),
                ));
            }
        }
    }
    found
}

/// The names behind `crate::`.
fn named(text: &str) -> Vec<String> {
    text.split("crate::").skip(1).flat_map(first_names).collect()
}

/// What stands first in each part of a path or of a group of paths.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in group.chars() {
        match (c, depth) {
            ('}', 0) => break,
            (',', 0) => parts.push(String::new()),
            _ => parts.last_mut().expect("there is a part").push(c),
        }
        depth += i32::from(c == '{') - i32::from(c == '}');
    }
    parts.iter().map(|part| name(part)).filter(|name| !name.is_empty()).collect()
}

/// The module that each name comes from which the crate's root exports.
fn reexports(root: &str) -> BTreeMap<String, String> {
    let mut from = BTreeMap::new();
    for line in root.split("pub use ").skip(1) {
        let Some((module, rest)) = line.split_once("::") else { continue };
        let items = rest.split(';').next().unwrap_or_default();
        let names = items.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty());
        from.extend(names.map(|name| (name.to_owned(), module.to_owned())));
    }
    from
}
