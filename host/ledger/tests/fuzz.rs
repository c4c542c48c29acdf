//! What stands on disk, after somebody or something changed it: reading never panics, and what can be read has one text.
//!
//! Each runs some thousand random inputs, and the corpus in `__fuzz__`. `BOLERO_RANDOM_ITERATIONS=1000000` makes it
//! more; `cargo bolero test --package ledger` lets a fuzzer choose them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests that panics fails its test")]

use std::collections::BTreeMap;

use bolero::check;
use ledger::{Block, Draft, Entry, Hash, Item, SigningKey, VerifyingKey, canonical};
use serde_json::{Value, json};

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn entries() -> Vec<Entry> {
    let drafts = [
        Draft::new("run.started", 1_800_000_000_000, "user:ä", json!({ "workflow": "w", "n": u64::MAX, "f": 0.1 }))
            .with("inputs", &json!({ "a": [null, "\u{1b}[0m"] })),
        Draft::new("call.intent", 1_800_000_000_001, "plugin:abc", json!({ "touches": [] })).about("r-1/s/1/1"),
        Draft::new("call.denied", -1, "", json!(null)),
    ];
    let mut previous = Hash::ZERO;
    let sealed = drafts.iter().zip(1..).map(|(draft, sequence)| {
        let entry = draft.seal("r-1", sequence, previous);
        previous = entry.hash;
        entry
    });
    sealed.collect()
}

fn block() -> Block {
    let items: Vec<Item> = entries().iter().zip(1..).map(|(entry, position)| Item::new(position, entry)).collect();
    Block::seal("writer", 3, 1_800_000_000_000, Hash::of(b"before"), &items, &key())
}

/// Changes, drops or adds bytes.
fn mutated(text: &str, edits: &[(u16, u8, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, how, what) in edits.iter().take(6) {
        let at = usize::from(*at) % (bytes.len() + 1);
        let end = (at + usize::from(*what) % 8).min(bytes.len());
        match how % 5 {
            0 => bytes.insert(at, *what),
            1 if at < bytes.len() => bytes[at] = *what,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => bytes.truncate(bytes.len() - usize::from(*what % 4).min(bytes.len())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_content(content: &str) -> Entry {
    Entry { content: content.into(), ..entries().remove(0) }
}

/// The text that stands for what was read.
fn content_of(data: &Value, payloads: &BTreeMap<String, Hash>) -> String {
    canonical(&json!({ "data": data, "payloads": payloads }))
}

/// A content that can be read: its canonical text reads back the same, and is the only one that the ledger writes.
fn open(content: &str) {
    let Ok((data, payloads)) = with_content(content).open() else { return };
    let text = content_of(&data, &payloads);
    let (again, same) = with_content(&text).open().unwrap();
    assert_eq!((content_of(&again, &same), same), (text.clone(), payloads), "{content}");
    let value: Value = serde_json::from_str(content).unwrap();
    if canonical(&value) == content && value.as_object().unwrap().len() == 2 {
        assert_eq!(text, content);
    }
}

fn list(items: &str) {
    let block = Block { items: items.into(), ..block() };
    if let Some(read) = block.items() {
        let lines: String = read.iter().map(|item| format!("{item}\n")).collect();
        assert_eq!(lines, items);
    }
}

fn digits(text: &str) {
    if let Some(hash) = Hash::parse(text) {
        assert_eq!(hash.to_string(), text);
        assert_eq!(Hash::from_bytes(*hash.bytes()), hash);
    }
    if let Some(key) = SigningKey::from_hex(text) {
        assert_eq!(key.to_hex(), text);
    }
    if let Some(key) = VerifyingKey::from_hex(text) {
        assert_eq!(key.to_hex(), text);
        assert!(!block().signed_by(&key) || text == self::key().verifying().to_hex());
    }
}

fn json_text(text: &str) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let once = canonical(&value);
    assert_eq!(canonical(&serde_json::from_str(&once).unwrap()), once, "{text}");
}

#[test]
fn texts_of_any_bytes() {
    check!().with_iterations(4_000).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        open(&text);
        list(&text);
        digits(&text);
        json_text(&text);
    });
}

#[test]
fn contents_and_lists_that_were_changed() {
    let contents: Vec<String> = entries().into_iter().map(|entry| entry.content).collect();
    let items = block().items;
    list(&items);
    check!().with_type::<(u8, Vec<(u16, u8, u8)>)>().with_iterations(4_000).for_each(|(which, edits)| {
        let content = mutated(&contents[usize::from(*which) % contents.len()], edits);
        open(&content);
        json_text(&content);
        list(&mutated(&items, edits));
        digits(&mutated(&Hash::of(b"x").to_string(), edits));
        digits(&mutated(&key().verifying().to_hex(), edits));
    });
}

#[test]
fn an_entry_that_was_changed_has_another_hash() {
    let entries = entries();
    check!().with_type::<(u8, u8, Vec<(u16, u8, u8)>, i64)>().with_iterations(4_000).for_each(
        |(which, field, edits, number)| {
            let original = &entries[usize::from(*which) % entries.len()];
            let mut entry = original.clone();
            match field % 7 {
                0 => entry.run = mutated(&entry.run, edits),
                1 => entry.sequence = entry.sequence.wrapping_add(*number as u64),
                2 => entry.kind = mutated(&entry.kind, edits),
                3 => entry.call = entry.call.xor(Some(mutated("r-1/s/1/1", edits))),
                4 => entry.time = entry.time.wrapping_add(*number),
                5 => entry.actor = mutated(&entry.actor, edits),
                _ => entry.content = mutated(&entry.content, edits),
            }
            assert_eq!(entry.computed_hash() == original.hash, entry == *original, "{entry:?}");
        },
    );
}

#[test]
fn a_block_that_was_changed_is_not_the_signed_one() {
    let original = block();
    let verifying = key().verifying();
    assert!(original.signed_by(&verifying));
    check!().with_type::<(u8, Vec<(u16, u8, u8)>, i64)>().with_iterations(1_000).for_each(|(field, edits, number)| {
        let mut block = original.clone();
        let bit = (*number as u64 % 512) as usize;
        match field % 6 {
            0 => block.writer = mutated(&block.writer, edits),
            1 => block.number = block.number.wrapping_add(*number as u64),
            2 => block.time = block.time.wrapping_add(*number),
            3 => block.items = mutated(&block.items, edits),
            4 => block.signature[bit / 8] ^= 1 << (bit % 8),
            _ => block.previous = Hash::of(&number.to_be_bytes()),
        }
        let holds = block.computed_hash() == block.hash && block.signed_by(&verifying);
        assert_eq!(holds, block == original, "{block:?}");
    });
}
