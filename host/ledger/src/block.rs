//! A block: what one commit of one writer added, over all runs, signed.
//!
//! The chain of a run does not miss an entry that is cut off its end, nor a run that is removed whole; the block that
//! lists them does. Each block carries the hash of the one before and an Ed25519 signature (RFC 8032), so that
//! whoever rewrites the whole chain needs the installation's key as well.

use std::fmt::{self, Write as _};

use ed25519_dalek::{Signer as _, Verifier as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{Entry, Hash, Millis, hex};

/// One entry as a block lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its position over all runs, in the order of appending.
    pub position: i64,
    /// The entry's run.
    pub run: String,
    /// Its place there.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Item {
    /// `entry`, appended at `position`.
    pub fn new(position: i64, entry: &Entry) -> Item {
        Item { position, run: entry.run.clone(), sequence: entry.sequence, hash: entry.hash }
    }

    fn parse(line: &str) -> Option<Item> {
        let mut words = line.split(' ');
        let item = Item {
            position: words.next()?.parse().ok()?,
            run: words.next()?.into(),
            sequence: words.next()?.parse().ok()?,
            hash: Hash::parse(words.next()?)?,
        };
        // Only the text that `Display` writes: one list has one encoding.
        (item.to_string() == line).then_some(item)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.position, self.run, self.sequence, self.hash)
    }
}

/// An Ed25519 signature, 64 bytes.
pub type Signature = [u8; 64];

/// The key that signs blocks.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// The key that blocks are verified with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl SigningKey {
    /// The key of a 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads a seed in hex; `None` when `text` is anything else.
    pub fn from_hex(text: &str) -> Option<SigningKey> {
        hex::decode(text).map(|seed| SigningKey::from_seed(&seed))
    }

    /// The seed in hex: the secret itself.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0.as_bytes())
    }

    /// A key for another purpose: HMAC-SHA-256 of what it is for, one call of the PRF as in NIST SP 800-108.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC accepts keys of every length (RFC 2104)")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.to_bytes()).expect("HMAC accepts keys of every length");
        mac.update(format!("quell/{purpose}/1").as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The key that verifies what this one signs.
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }
}

impl VerifyingKey {
    /// Reads the 32 bytes of a public key; `None` when they are not one.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<VerifyingKey> {
        ed25519_dalek::VerifyingKey::from_bytes(bytes).ok().map(VerifyingKey)
    }

    /// Reads a public key in hex; `None` when `text` is not one.
    pub fn from_hex(text: &str) -> Option<VerifyingKey> {
        hex::decode(text).and_then(|bytes| VerifyingKey::from_bytes(&bytes))
    }

    /// The public key in hex.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.bytes())
    }

    /// The 32 bytes of the public key.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

/// What one commit added.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The installation that wrote it.
    pub writer: String,
    /// Its place among that writer's blocks, from 1, without gaps.
    pub number: u64,
    /// When it was committed.
    pub time: Millis,
    /// The hash of the writer's block before it.
    pub previous: Hash,
    /// The entries: `<position> <run> <sequence> <hash>`, a line each, in the order in which they were appended.
    pub items: String,
    /// The hash of all the above.
    pub hash: Hash,
    /// The writer's signature of `hash`.
    pub signature: Signature,
}

impl Block {
    /// Seals what was appended into the block `number` of `writer`. The runs are such as [`crate::is_run_name`] allows.
    pub fn seal(writer: &str, number: u64, time: Millis, previous: Hash, items: &[Item], key: &SigningKey) -> Block {
        let mut lines = String::new();
        for item in items {
            // Writing into a string cannot fail.
            let _ = writeln!(lines, "{item}");
        }
        let mut block =
            Block { writer: writer.into(), number, time, previous, items: lines, hash: Hash::ZERO, signature: [0; 64] };
        block.hash = block.computed_hash();
        block.signature = key.0.sign(&signed_bytes(&block.hash)).to_bytes();
        block
    }

    /// The hash that the fields have now.
    pub fn computed_hash(&self) -> Hash {
        let mut out = b"quell-block/1\0".to_vec();
        let mut field = |bytes: &[u8]| {
            out.extend((bytes.len() as u64).to_be_bytes());
            out.extend(bytes);
        };
        field(self.writer.as_bytes());
        field(&self.number.to_be_bytes());
        field(&self.time.to_be_bytes());
        field(self.previous.bytes());
        field(self.items.as_bytes());
        Hash::of(&out)
    }

    /// Whether `key`'s owner signed the block's hash.
    pub fn signed_by(&self, key: &VerifyingKey) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature);
        key.0.verify(&signed_bytes(&self.hash), &signature).is_ok()
    }

    /// The entries that the block lists; `None` when the list cannot be read.
    pub fn items(&self) -> Option<Vec<Item>> {
        if !self.items.is_empty() && !self.items.ends_with('\n') {
            return None;
        }
        self.items.split_terminator('\n').map(Item::parse).collect()
    }
}

fn signed_bytes(hash: &Hash) -> Vec<u8> {
    [b"quell-block-signature/1\0".as_slice(), hash.bytes()].concat()
}
