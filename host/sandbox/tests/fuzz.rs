//! What decides whether an upload is a plugin is given anything: chance, and plugins with bits flipped, cut off and spliced.
//! It never panics; every refusal has a code and a help text; and what passes compiles, or is refused as `not-compiled`.
//!
//! `QUELL_FUZZ` says how many inputs there are; without it there are few enough for every run of the tests. On failure,
//! bolero prints the seed and what it shrank the input to. `tests/corpus` has the plugins that are changed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::{
    collections::{BTreeSet, HashMap},
    env, fs,
    path::Path,
    sync::LazyLock,
};

use bolero::check;
use sandbox::{Contract, Refused, Sandbox};

/// How many inputs there are in every run of the tests.
const USUAL: usize = 3_000;

/// Every code with which an upload may be refused: programs know them.
const CODES: [&str; 18] = [
    "archive-refused",
    "compile-limit",
    "core-module-not-component",
    "empty",
    "export-mismatch",
    "feature-disabled",
    "import-type-mismatch",
    "malformed",
    "not-compiled",
    "not-wasm",
    "option-refused",
    "precompiled-refused",
    "text-refused",
    "too-complex",
    "too-large",
    "unknown-import",
    "unsupported-version",
    "wasi-not-allowed",
];

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let wit =
        [("world.wit", include_str!("wit/world.wit")), ("deps/demo/demo.wit", include_str!("wit/deps/demo/demo.wit"))];
    Sandbox::new(Contract::parse(wit).unwrap()).unwrap()
});

/// The plugins of the corpus, by name.
static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
});

fn how_many() -> usize {
    env::var("QUELL_FUZZ").map_or(USUAL, |count| count.parse().expect("QUELL_FUZZ is a number"))
}

/// Uploads bytes, and gives the code with which they are refused.
fn upload(bytes: &[u8]) -> Option<&'static str> {
    let inspected = SANDBOX.inspect(bytes);
    let refused = match (&inspected, SANDBOX.compile(bytes)) {
        (Ok(inspection), Ok(plugin)) => {
            assert_eq!(plugin.inspection(), inspection);
            return None;
        }
        (Ok(_), Err(refused)) => {
            assert!(matches!(refused, Refused::NotCompiled { .. }), "{refused}");
            refused
        }
        (Err(first), second) => {
            assert_eq!(second.unwrap_err(), *first);
            first.clone()
        }
    };
    assert!(CODES.contains(&refused.code()), "{}", refused.code());
    assert!(!refused.help().is_empty() && !refused.to_string().is_empty());
    Some(refused.code())
}

#[test]
fn plugins_of_the_corpus_are_plugins() {
    let imports: BTreeSet<_> = CORPUS.iter().map(|plugin| SANDBOX.inspect(plugin).unwrap().imports.len()).collect();
    assert_eq!(imports, BTreeSet::from([0, 1, 4]), "with no import, with one, and with all of them");
}

#[test]
fn anything_is_refused_with_a_code() {
    check!().with_iterations(how_many()).with_max_len(4_096).for_each(|bytes: &[u8]| {
        upload(bytes).expect("chance makes no plugin");
        // The same behind what a component begins with.
        upload(&[b"\0asm\x0d\0\x01\0", bytes].concat());
    });
}

/// What is done to a plugin: a kind, a place, a length, a byte.
type Change = (u8, u16, u16, u8);

#[test]
fn changed_plugins_are_refused_with_a_code_or_compile() {
    let mut seen: HashMap<Option<&str>, usize> = HashMap::new();
    let seen_in = std::sync::Mutex::new(&mut seen);
    check!().with_iterations(how_many()).with_type::<(u8, [Change; 3], u8)>().for_each(|(which, changes, count)| {
        let mut bytes = pick(*which).clone();
        for change in changes.iter().take(usize::from(count % 3) + 1) {
            apply(&mut bytes, *change);
        }
        if let Ok(mut seen) = seen_in.lock() {
            *seen.entry(upload(&bytes)).or_default() += 1;
        }
    });
    println!("{seen:#?}");
}

fn pick(which: u8) -> &'static Vec<u8> {
    &CORPUS[usize::from(which) % CORPUS.len()]
}

fn apply(bytes: &mut Vec<u8>, (kind, at, length, byte): Change) {
    let at = if bytes.is_empty() { 0 } else { usize::from(at) % bytes.len() };
    let end = (at + usize::from(length) % 64 + 1).min(bytes.len());
    match kind % 7 {
        0 => flip(bytes, at, byte),
        1 => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => bytes.insert(at, byte),
        5 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        _ => {
            let other = pick(byte);
            let from = usize::from(length) % other.len();
            let part = other[from..(from + 64).min(other.len())].to_vec();
            bytes.splice(at..end, part);
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some(old) = bytes.get_mut(at) {
        *old ^= 1 << (byte % 8);
    }
}
