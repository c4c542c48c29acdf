//! The encodings: no two different entries or blocks share one, and what was written verifies until a field changes.

use std::collections::HashMap;

use ledger::{Block, Draft, Entry, Hash, Item, Place, Report, SigningKey, Verifier, arguments_hash, canonical};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Short texts over few characters, so that fields collide when they are only written one behind the other.
fn text() -> impl Strategy<Value = String> {
    "[ab\u{0}\u{1}]{0,3}"
}

fn hash() -> impl Strategy<Value = Hash> {
    (0_u8..2).prop_map(|n| Hash::of(&[n]))
}

prop_compose! {
    fn entry()(
        run in text(), sequence in 0_u64..3, kind in text(), call in proptest::option::of(text()),
        time in -1_i64..2, actor in text(), content in text(), previous in hash(),
    ) -> Entry {
        Entry { run, sequence, kind, call, time, actor, content, previous, hash: Hash::ZERO }
    }
}

/// The same text cut at another place, field by field: what a length in front of each field must tell apart.
fn shifted(entry: &Entry) -> Vec<Entry> {
    let shift = |from: &str, to: &str| {
        let mut from = from.to_owned();
        let last = from.pop()?;
        Some((from, format!("{last}{to}")))
    };
    let mut found = vec![];
    if let Some((run, kind)) = shift(&entry.run, &entry.kind) {
        found.push(Entry { run, kind, ..entry.clone() });
    }
    if let Some((kind, call)) = shift(&entry.kind, entry.call.as_deref().unwrap_or("")) {
        found.push(Entry { kind, call: Some(call), ..entry.clone() });
    }
    if let Some((actor, content)) = shift(&entry.actor, &entry.content) {
        found.push(Entry { actor, content, ..entry.clone() });
    }
    found
}

proptest! {
    #[test]
    fn entries_share_a_hash_only_when_they_are_equal(a in entry(), b in entry()) {
        prop_assert_eq!(a == b, a.computed_hash() == b.computed_hash());
        for other in shifted(&a) {
            prop_assert_ne!(a.computed_hash(), other.computed_hash());
        }
        let none = Entry { call: None, ..a.clone() };
        let empty = Entry { call: Some(String::new()), ..a };
        prop_assert_ne!(none.computed_hash(), empty.computed_hash());
    }

    #[test]
    fn a_block_lists_what_it_was_given(items in items()) {
        let block = block(1, Hash::ZERO, &items);
        prop_assert_eq!(block.items(), Some(items));
    }

    #[test]
    fn blocks_share_a_hash_only_when_they_are_equal(a in items(), b in items(), x in 1_u64..3, y in 1_u64..3) {
        let (one, other) = (block(x, Hash::ZERO, &a), block(y, Hash::ZERO, &b));
        prop_assert_eq!(one.hash == other.hash, (x, a) == (y, b));
    }

    #[test]
    fn canonical_text_reads_back_and_is_one(value in value()) {
        let text = canonical(&value);
        let again: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(canonical(&again), text);
    }

    #[test]
    fn arguments_share_a_hash_only_when_they_are_equal(a in value(), b in value()) {
        prop_assert_eq!(a == b, arguments_hash("f", &a) == arguments_hash("f", &b));
    }

    #[test]
    fn what_was_written_verifies(commits in commits()) {
        let written = Written::new(&commits);
        let report = written.verify();
        prop_assert_eq!(report.faults, vec![]);
        prop_assert_eq!(report.entries as usize, commits.iter().map(Vec::len).sum::<usize>());
        prop_assert_eq!(report.blocks as usize, commits.len());
    }

    #[test]
    fn a_changed_field_of_an_entry_is_found_there(
        commits in commits(), which in any::<prop::sample::Index>(), field in 0..9_usize,
    ) {
        let mut written = Written::new(&commits);
        let index = which.index(written.entries.len());
        let (position, entry) = &mut written.entries[index];
        let place = Place::Entry { run: entry.run.clone(), sequence: entry.sequence };
        match field {
            0 => entry.run.push('x'),
            1 => entry.sequence += 1_000,
            2 => entry.kind.push('x'),
            3 => entry.call = Some(entry.call.take().map_or_else(String::new, |call| call + "x")),
            4 => entry.time += 1,
            5 => entry.actor.push('x'),
            6 => entry.content.push(' '),
            7 => entry.previous = Hash::of(entry.previous.bytes()),
            8 => *position += 1_000,
            _ => unreachable!(),
        }
        let report = written.verify();
        prop_assert!(report.faults.iter().any(|fault| fault.place == place), "{:?}", report.faults);
    }

    #[test]
    fn a_changed_field_of_a_block_is_found_there(
        commits in commits(), which in any::<prop::sample::Index>(), field in 0..7_usize,
    ) {
        let mut written = Written::new(&commits);
        let index = which.index(written.blocks.len());
        let block = &mut written.blocks[index];
        match field {
            0 => block.writer.push('x'),
            1 => block.number += 1_000,
            2 => block.time += 1,
            3 => block.previous = Hash::of(block.previous.bytes()),
            4 => block.items.push('\n'),
            5 => block.hash = Hash::of(block.hash.bytes()),
            6 => block.signature[0] ^= 1,
            _ => unreachable!(),
        }
        let place = Place::Block { writer: block.writer.clone(), number: block.number };
        let report = written.verify();
        prop_assert!(report.faults.iter().any(|fault| fault.place == place), "{:?}", report.faults);
    }

    #[test]
    fn an_entry_that_is_taken_out_is_missed(commits in commits(), which in any::<prop::sample::Index>()) {
        let mut written = Written::new(&commits);
        let (_, entry) = written.entries.remove(which.index(written.entries.len()));
        let place = Place::Entry { run: entry.run, sequence: entry.sequence };
        let report = written.verify();
        prop_assert!(report.faults.iter().any(|fault| fault.place == place), "{:?}", report.faults);
    }
}

/// Entries may be given before their blocks or behind them: the result is the same.
#[test]
fn the_order_between_blocks_and_entries_does_not_matter() {
    let written = Written::new(&[vec![0, 1, 0], vec![1], vec![0, 0]]);
    let mut verifier = Verifier::new(key().verifying(), &[]);
    written.entries.iter().for_each(|(position, entry)| verifier.entry(*position, entry));
    written.blocks.iter().for_each(|block| verifier.block(block));
    assert_eq!(verifier.finish(), written.verify());
}

/// The encoding of version 1, fixed for ever: a ledger of today must verify in ten years.
#[test]
fn version_1_stays_as_it_is() {
    let draft = Draft::new("call.intent", 1_700_000_000_000, "plugin:ab", json!({"n": 1})).about("r/a/1/1");
    let entry = draft.with("arguments", &json!({"group": "sg-1"})).seal("r", 1, Hash::ZERO);
    let arguments = Hash::of(br#"{"group":"sg-1"}"#);
    assert_eq!(entry.content, format!(r#"{{"data":{{"n":1}},"payloads":{{"arguments":"{arguments}"}}}}"#));
    let block = Block::seal("w", 1, 1_700_000_000_001, Hash::ZERO, &[Item::new(1, &entry)], &key());
    assert_eq!(block.items, format!("1 r 1 {}\n", entry.hash));
    assert_eq!(entry.hash.to_string(), "72cc2bc3cb619dfb5c7e04c0ff1bb54661cc6fd933c1510414a370483d5831e2");
    assert_eq!(block.hash.to_string(), "a14b50de5aa6393fc4d8224d8254a4af774a44489d626148e6d08ef2418e0dc2");
}

/// A ledger in memory.
struct Written {
    entries: Vec<(i64, Entry)>,
    blocks: Vec<Block>,
}

impl Written {
    /// One block for each commit; a commit is the runs that it appends one entry each to.
    fn new(commits: &[Vec<u8>]) -> Written {
        let mut written = Written { entries: vec![], blocks: vec![] };
        let mut ends: HashMap<u8, (u64, Hash)> = HashMap::new();
        let mut previous = Hash::ZERO;
        for (number, commit) in (1..).zip(commits) {
            let mut items = vec![];
            for run in commit {
                let (last, hash) = ends.get(run).copied().unwrap_or((0, Hash::ZERO));
                let draft = Draft::new("step.started", 5, "host", json!({ "run": run }));
                let entry = draft.seal(&format!("run-{run}"), last + 1, hash);
                ends.insert(*run, (entry.sequence, entry.hash));
                let position = written.entries.len() as i64 + 1;
                items.push(Item::new(position, &entry));
                written.entries.push((position, entry));
            }
            let block = block(number, previous, &items);
            previous = block.hash;
            written.blocks.push(block);
        }
        written
    }

    fn verify(&self) -> Report {
        let mut verifier = Verifier::new(key().verifying(), &[]);
        self.blocks.iter().for_each(|block| verifier.block(block));
        self.entries.iter().for_each(|(position, entry)| verifier.entry(*position, entry));
        verifier.finish()
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn block(number: u64, previous: Hash, items: &[Item]) -> Block {
    Block::seal("w", number, 7, previous, items, &key())
}

fn commits() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(0_u8..3, 1..4), 1..5)
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (1_i64..12, "[1a ]{1,2}", 1_u64..12, hash()).prop_map(|(position, run, sequence, hash)| {
        let run = if ledger::is_run_name(&run) { run } else { "r".into() };
        Item { position, run, sequence, hash }
    });
    prop::collection::vec(item, 0..4)
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u64..3).prop_map(Value::from),
        prop_oneof![Just(u64::MAX), Just(1 << 53), Just((1 << 53) + 1)].prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
        "[a\"\\\\\n]{0,2}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab]{0,1}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
