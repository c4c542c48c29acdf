//! Keeps the layout as ARCHITECTURE.md has it: which crate may use which, what may be named where, and that everything
//! says what it is. What compilers and linters can check is left to them.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::repository;
use toml::{Table, Value};
use wit_parser::{Docs, Resolve, TypeDefKind};

/// The crates of the host, and which of the others each may use.
const EDGES: [(&str, &[&str]); 13] = [
    ("grant", &[]),
    ("workflow", &[]),
    ("picture", &["workflow"]),
    ("ledger", &[]),
    ("sandbox", &[]),
    ("capability", &["grant", "ledger"]),
    ("operations", &["capability"]),
    ("registry", &["grant", "ledger", "workflow"]),
    ("rehearsal", &["workflow"]),
    ("runner", &["capability", "grant", "ledger", "workflow"]),
    ("store", &["ledger"]),
    ("audit", &["capability", "grant", "ledger", "registry"]),
    (
        "app",
        &[
            "audit",
            "capability",
            "grant",
            "ledger",
            "operations",
            "picture",
            "registry",
            "rehearsal",
            "runner",
            "sandbox",
            "store",
            "workflow",
        ],
    ),
];

/// Crates without IO, clock and async, and what would bring those.
const PURE: [&str; 6] = ["grant", "workflow", "picture", "ledger", "registry", "rehearsal"];
const IMPURE: [&str; 8] = ["tokio", "sqlx", "sqlx-core", "wasmtime", "axum", "hyper", "reqwest", "async-std"];

/// What only one crate of the host may know: the beginning of the names of its dependencies, and the crate.
const ONLY: [(&str, &str); 5] =
    [("aws-", "operations"), ("wasmtime", "sandbox"), ("axum", "app"), ("sqlx", "store"), ("clap", "app")];

/// The longest that a source file may be, in lines.
const LONGEST: usize = 500;

/// Names of AWS services, none of which the sandbox may know.
const SERVICES: [&str; 7] = ["ec2", "sns", "s3", "iam", "sts", "cloudtrail", "sqs"];

#[test]
fn crates_use_only_those_that_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.into();
    let crates = manifests("host");
    let names: BTreeSet<&str> = crates.keys().map(String::as_str).collect();
    assert_eq!(names, allowed.keys().copied().collect(), "the folders of `host` and the table");
    for (name, manifest) in &crates {
        let ours =
            dependencies(manifest).into_iter().filter(|used| names.contains(used.as_str()) || used == "quell-sdk");
        let ours: BTreeSet<String> = ours.collect();
        let table: BTreeSet<String> = allowed[name.as_str()].iter().map(|used| (*used).to_owned()).collect();
        assert_eq!(ours, table, "what `{name}` uses, and what it may use");
    }
    for (name, manifest) in manifests("plugins") {
        let host = dependencies(&manifest).into_iter().find(|used| names.contains(used.as_str()));
        assert_eq!(host, None, "the plugin `{name}` uses a crate of the host");
    }
}

#[test]
fn pure_crates_have_nothing_impure_beneath_them() {
    for pure in PURE {
        let beneath = beneath(pure);
        let impure: Vec<&str> = IMPURE.into_iter().filter(|name| beneath.contains(*name)).collect();
        assert!(impure.is_empty(), "`{pure}` has no IO, and yet depends on {impure:?}");
        let aws = beneath.iter().find(|name| name.starts_with("aws-"));
        assert_eq!(aws, None, "`{pure}` has no IO");
    }
}

/// Cargo unites features over what one command builds, so a crate that `make build` builds with fewer of them is built again by
/// `make test`, and so is the AWS SDK behind it.
#[test]
fn the_demo_and_the_tests_build_crates_with_the_same_features() {
    let built = features(&["--package", "app", "--package", "test-features"], "normal");
    let tested = features(&["--workspace"], "normal,dev");
    let of_the_sdk = beneath("operations");
    let differ = built.iter().filter(|(package, features)| {
        let name = package.split(' ').next().unwrap_or_default();
        of_the_sdk.contains(name) && tested.get(*package) != Some(*features)
    });
    let differ: Vec<_> = differ.map(|(package, _)| package).collect();
    assert!(differ.is_empty(), "`tests/features/Cargo.toml` has to ask for all features of {differ:?} that tests need");
}

#[test]
fn each_adapter_is_known_to_one_crate() {
    for (name, manifest) in manifests("host") {
        for used in dependencies(&manifest) {
            for (prefix, only) in ONLY {
                assert!(!used.starts_with(prefix) || name == only, "`{name}` uses `{used}`, which is `{only}`'s");
            }
        }
    }
}

#[test]
fn the_sandbox_knows_no_service() {
    for (path, text) in sources("host/sandbox/src") {
        let word = |c: char| !c.is_ascii_alphanumeric();
        let named = text.split(word).find(|word| SERVICES.contains(&word.to_ascii_lowercase().as_str()));
        assert_eq!(named, None, "{}", path.display());
    }
}

#[test]
fn every_source_file_says_what_it_is_and_stays_short() {
    let files: Vec<_> = ["host", "plugins", "tests"].into_iter().flat_map(sources).collect();
    assert!(files.len() > 100, "only {} source files were found", files.len());
    let silent: Vec<String> = problems(&files, |text| !text.starts_with("//! "));
    assert!(silent.is_empty(), "these do not begin with `//!`: {silent:#?}");
    let long: Vec<String> = problems(&files, |text| text.lines().count() > LONGEST);
    assert!(long.is_empty(), "these are longer than {LONGEST} lines: {long:#?}");
}

/// Each link of a document to a file of this repository.
#[test]
fn links_in_documents_lead_somewhere() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "docs/limits.md",
        "docs/cases.md",
        "docs/seed-checklist.md",
        "docs/events.md",
        "docs/access.md",
        "docs/workflow-tests.md",
        "plugins/README.md",
    ] {
        let path = repository().join(document);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{document}` cannot be read: {error}"));
        let folder = path.parent().expect("a file is in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || file.is_empty();
            assert!(outside || folder.join(file).exists(), "`{document}` has a link to `{link}`, which is not there");
        }
    }
}

#[test]
fn every_item_of_the_contract_is_documented() {
    let mut resolve = Resolve::default();
    resolve.push_dir(repository().join("wit")).expect("the WIT is valid");
    let mut silent = vec![];
    let mut says = |what: String, docs: &Docs| {
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            silent.push(what);
        }
    };
    for (id, interface) in resolve.interfaces.iter() {
        let name = resolve.id_of(id).unwrap_or_else(|| "an interface in a world".into());
        says(name.clone(), &interface.docs);
        for (function, definition) in &interface.functions {
            says(format!("{name}#{function}"), &definition.docs);
        }
        for (item, id) in &interface.types {
            let definition = &resolve.types[*id];
            if matches!(definition.kind, TypeDefKind::Type(_)) {
                continue; // a `use`
            }
            says(format!("{name}.{item}"), &definition.docs);
            for (part, docs) in parts(&definition.kind) {
                says(format!("{name}.{item}.{part}"), docs);
            }
        }
    }
    for (_, world) in resolve.worlds.iter() {
        says(format!("world {}", world.name), &world.docs);
    }
    assert!(silent.is_empty(), "these have no `///`: {silent:#?}");
}

#[test]
fn every_shipped_plugin_is_complete() {
    let shipped: Vec<(String, Table)> =
        manifests("plugins").into_iter().filter(|(_, manifest)| is_plugin(manifest)).collect();
    assert!(shipped.len() >= 3, "only {} plugins were found", shipped.len());
    for (name, _) in shipped {
        for file in ["README.md", "grant.json", "src/lib.rs"] {
            let path = repository().join("plugins").join(&name).join(file);
            assert!(path.is_file(), "`{}` is missing", path.display());
        }
    }
}

#[test]
fn every_dependency_is_explained() {
    let root = manifest(repository());
    let dependencies = root["workspace"]["dependencies"].as_table().expect("the workspace has dependencies");
    let page = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md can be read");
    let external = dependencies.iter().filter(|(_, how)| how.get("path").is_none());
    let silent: Vec<&String> =
        external.map(|(name, _)| name).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(silent.is_empty(), "ARCHITECTURE.md does not say what these are for: {silent:#?}");
}

/// The manifests of the crates in a folder, by the crates' names.
fn manifests(folder: &str) -> BTreeMap<String, Table> {
    let entries = std::fs::read_dir(repository().join(folder)).expect("the folder can be read");
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path());
    let crates = folders.filter(|path| path.join("Cargo.toml").is_file());
    crates.map(|path| manifest(&path)).map(|manifest| (package(&manifest), manifest)).collect()
}

fn manifest(folder: &Path) -> Table {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest can be read");
    text.parse().expect("the manifest is TOML")
}

fn package(manifest: &Table) -> String {
    manifest["package"]["name"].as_str().expect("a crate has a name").to_owned()
}

/// What a crate depends on, save for its tests.
fn dependencies(manifest: &Table) -> Vec<String> {
    let table = |name: &str| manifest.get(name).and_then(Value::as_table).into_iter().flat_map(Table::keys);
    table("dependencies").chain(table("build-dependencies")).cloned().collect()
}

fn is_plugin(manifest: &Table) -> bool {
    let kinds = manifest.get("lib").and_then(|lib| lib.get("crate-type")).and_then(Value::as_array);
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib")))
}

/// The names of all crates that a crate of the workspace depends on, at any depth, save for its tests.
fn beneath(name: &str) -> BTreeSet<String> {
    let tree = cargo_tree(&["--package", name], "normal", "{p}");
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The packages, with their versions, that a selection of the workspace is built of, and the features of each.
fn features(selection: &[&str], edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in cargo_tree(selection, edges, "{p}|{f}|").lines() {
        if let [package, features, ..] = line.split('|').collect::<Vec<_>>().as_slice() {
            // Some are built twice, once of them for build scripts: together they are the same.
            let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
            found.entry((*package).to_owned()).or_default().extend(features);
        }
    }
    found
}

fn cargo_tree(selection: &[&str], edges: &str, format: &str) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["tree", "--offline", "--locked", "--edges", edges, "--prefix", "none", "--format", format]);
    let output = command.args(selection).current_dir(repository()).output().expect("cargo can be run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    out.into_owned()
}

/// All Rust files below a folder, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                found.push((path, text));
            }
        }
    }
    found
}

fn problems(files: &[(PathBuf, String)], is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
    files.iter().filter(|(_, text)| is_wrong(text)).map(|(path, _)| path.display().to_string()).collect()
}

/// The parts of a type that have documentation of their own.
fn parts(kind: &TypeDefKind) -> Vec<(&str, &Docs)> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| (field.name.as_str(), &field.docs)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| (case.name.as_str(), &case.docs)).collect(),
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.as_str(), &case.docs)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.as_str(), &flag.docs)).collect(),
        _ => vec![],
    }
}
