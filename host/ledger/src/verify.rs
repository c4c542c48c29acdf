//! Whether a ledger is what was written: every entry, every chain, every block, and its end.
//!
//! Give it the blocks in their order and the entries in theirs, interleaved as you like (what is given at about the
//! same time as its block needs no memory). It finds every fault, not just the first, and names the place of each.

use std::collections::hash_map::Entry as Listed;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Block, Entry, Hash, Item, VerifyingKey};

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "at")]
pub enum Place {
    /// An entry.
    Entry {
        /// Its run.
        run: String,
        /// Its place in the run.
        sequence: u64,
    },
    /// An entry that no longer says which one it is.
    Position {
        /// Where it stands among all entries.
        position: i64,
    },
    /// A block.
    Block {
        /// Its writer.
        writer: String,
        /// Its number.
        number: u64,
    },
    /// The database as a whole: a page, or an index that does not fit its table.
    Database,
    /// What is kept of a run beside its entries.
    Run {
        /// The run.
        run: String,
    },
    /// What a run's entries come to: they are as they were written, and cannot be followed.
    History {
        /// The run.
        run: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Entry { run, sequence } => write!(f, "entry {sequence} of run `{run}`"),
            Place::Position { position } => write!(f, "the entry at position {position}"),
            Place::Block { writer, number } => write!(f, "block {number} of writer `{writer}`"),
            Place::Database => f.write_str("the database"),
            Place::Run { run } => write!(f, "the projection of run `{run}`"),
            Place::History { run } => write!(f, "the history of run `{run}`"),
        }
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub what: String,
}

/// The newest block at some moment, kept outside the ledger: what a ledger that was cut off or set back no longer has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The writer.
    pub writer: String,
    /// Its newest block then.
    pub number: u64,
    /// That block's hash.
    pub hash: Hash,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// How many chains: runs, and the installation's own.
    pub runs: u64,
    /// How many blocks.
    pub blocks: u64,
    /// How many payloads are kept no longer, and an entry says that they were removed: no fault.
    pub removed: u64,
    /// The newest block of each writer.
    pub heads: Vec<Head>,
    /// All that is wrong, in the order of the places. Empty when the ledger is whole.
    pub faults: Vec<Fault>,
}

/// Run and sequence, and what block and entry must agree on: position and hash.
type Pairs = HashMap<(String, u64), (i64, Hash)>;

/// Verifies a ledger piece by piece.
pub struct Verifier {
    key: VerifyingKey,
    exported: BTreeMap<(String, u64), Vec<Hash>>,
    newest: BTreeMap<String, (u64, Hash)>,
    chains: HashMap<String, (u64, Hash)>,
    /// Listed by a block, entry not yet given.
    listed: Pairs,
    /// Entry given, not yet listed by a block.
    unlisted: Pairs,
    report: Report,
}

impl Verifier {
    /// A verification of blocks that were signed with `key`'s other half. `exported` are heads that were written down
    /// outside the ledger.
    pub fn new(key: VerifyingKey, exported: &[Head]) -> Verifier {
        let mut heads: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for head in exported {
            heads.entry((head.writer.clone(), head.number)).or_default().push(head.hash);
        }
        Verifier {
            key,
            exported: heads,
            newest: BTreeMap::new(),
            chains: HashMap::new(),
            listed: Pairs::new(),
            unlisted: Pairs::new(),
            report: Report::default(),
        }
    }

    /// The next block, in the order of writer and number.
    pub fn block(&mut self, block: &Block) {
        let place = Place::Block { writer: block.writer.clone(), number: block.number };
        let (before, previous) = self.newest.get(&block.writer).copied().unwrap_or((0, Hash::ZERO));
        if before.checked_add(1) != Some(block.number) {
            self.fault(&place, format!("follows block {before}: blocks are missing or out of order"));
        }
        if block.previous != previous {
            self.fault(&place, "does not continue the block before it");
        }
        if block.hash != block.computed_hash() {
            self.fault(&place, "was changed: its hash does not match");
        }
        if !block.signed_by(&self.key) {
            self.fault(&place, "is not signed with the installation's key");
        }
        if let Some(heads) = self.exported.remove(&(block.writer.clone(), block.number))
            && heads.iter().any(|hash| *hash != block.hash)
        {
            self.fault(&place, "is another than the one exported: history was rewritten");
        }
        match block.items() {
            None => self.fault(&place, "lists entries that cannot be read"),
            Some(items) => items.into_iter().for_each(|item| self.list(&place, item)),
        }
        self.newest.insert(block.writer.clone(), (block.number, block.hash));
        self.report.blocks += 1;
    }

    fn list(&mut self, block: &Place, item: Item) {
        let Item { position, run, sequence, hash } = item;
        let key = (run, sequence);
        if let Some(found) = self.unlisted.remove(&key) {
            self.compare(&key.0, sequence, (position, hash), found);
            return;
        }
        match self.listed.entry(key) {
            Listed::Vacant(free) => {
                free.insert((position, hash));
            }
            Listed::Occupied(taken) => {
                let what = format!("lists entry {sequence} of run `{}` again", taken.key().0);
                self.fault(block, what);
            }
        }
    }

    /// The next entry, in the order of positions.
    pub fn entry(&mut self, position: i64, entry: &Entry) {
        let Entry { run, sequence, .. } = entry;
        let place = Place::Entry { run: run.clone(), sequence: *sequence };
        let (before, previous) = self.chains.get(run).copied().unwrap_or((0, Hash::ZERO));
        if before.checked_add(1) != Some(*sequence) {
            self.fault(&place, format!("follows entry {before}: entries are missing or out of order"));
        }
        if entry.previous != previous {
            self.fault(&place, "does not continue the entry before it");
        }
        if entry.hash != entry.computed_hash() {
            self.fault(&place, "was changed: its hash does not match");
        }
        let key = (run.clone(), *sequence);
        if let Some(written) = self.listed.remove(&key) {
            self.compare(run, *sequence, written, (position, entry.hash));
        } else if self.unlisted.insert(key, (position, entry.hash)).is_some() {
            self.fault(&place, "is there twice");
        }
        self.chains.insert(run.clone(), (*sequence, entry.hash));
        self.report.entries += 1;
    }

    fn compare(&mut self, run: &str, sequence: u64, written: (i64, Hash), found: (i64, Hash)) {
        let place = Place::Entry { run: run.into(), sequence };
        if written.1 != found.1 {
            self.fault(&place, "is not the one that its block lists");
        }
        if written.0 != found.0 {
            self.fault(&place, format!("stands at position {}, and was written at {}", found.0, written.0));
        }
    }

    /// A fault that whoever reads the ledger found, beside those that are found here.
    pub fn fault(&mut self, place: &Place, what: impl Into<String>) {
        self.report.faults.push(Fault { place: place.clone(), what: what.into() });
    }

    /// The result, once all was given.
    pub fn finish(mut self) -> Report {
        for (run, sequence) in std::mem::take(&mut self.listed).into_keys() {
            self.fault(&Place::Entry { run, sequence }, "is missing: a block lists it");
        }
        for (run, sequence) in std::mem::take(&mut self.unlisted).into_keys() {
            self.fault(&Place::Entry { run, sequence }, "is in no block");
        }
        for (writer, number) in std::mem::take(&mut self.exported).into_keys() {
            let what = "is missing: it was exported, so the ledger was cut off or set back";
            self.fault(&Place::Block { writer, number }, what);
        }
        self.report.runs = self.chains.len() as u64;
        self.report.heads =
            self.newest.into_iter().map(|(writer, (number, hash))| Head { writer, number, hash }).collect();
        self.report.faults.sort();
        self.report
    }
}
