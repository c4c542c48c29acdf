//! The installation's key: it signs the blocks, and names the writer that they are of.
//!
//! It lies beside the database, readable by the owner only. Whoever can read both can rewrite both; against that
//! stand the heads that are kept elsewhere.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use ledger::{Hash, SigningKey, VerifyingKey};

use crate::OpenError;

/// The file that holds the key: the 32-byte Ed25519 seed as hex digits.
pub const KEY_FILE: &str = "ledger.key";

/// The name of the writer that signs with `key`'s other half: the first 16 hex digits of the key's SHA-256.
pub fn writer_of(key: &VerifyingKey) -> String {
    Hash::of(&key.bytes()).to_string().chars().take(16).collect()
}

/// Reads the key in `dir`; `None` when there is none.
pub(crate) fn load(dir: &Path) -> Result<Option<SigningKey>, OpenError> {
    let path = dir.join(KEY_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::file(&path)(error)),
    };
    match SigningKey::from_hex(text.trim_end()) {
        Some(key) => Ok(Some(key)),
        None => Err(OpenError::KeyMalformed { path }),
    }
}

/// Refuses a key that others than the owner can read or change.
pub(crate) fn check_mode(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(KEY_FILE);
    let mode = fs::metadata(&path).map_err(OpenError::file(&path))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(OpenError::KeyExposed { path, mode }) }
}

/// Makes the key of a new installation. A crash leaves a whole key or none.
pub(crate) fn create(dir: &Path) -> Result<SigningKey, OpenError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(OpenError::Random)?;
    let key = SigningKey::from_seed(&seed);
    let draft = dir.join("ledger.key.new");
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(key.to_hex().as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, dir.join(KEY_FILE))?;
        // The name is on disk when its folder is.
        fs::File::open(dir)?.sync_all()
    };
    write().map_err(OpenError::file(&draft))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_only_a_key_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap().is_none());
        let made = create(dir.path()).unwrap();
        let kept = load(dir.path()).unwrap().unwrap();
        assert_eq!(made.verifying(), kept.verifying());
        assert_eq!(writer_of(&made.verifying()).len(), 16);
        check_mode(dir.path()).unwrap();

        let path = dir.path().join(KEY_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(check_mode(dir.path()), Err(OpenError::KeyExposed { mode: 0o644, .. })));
        fs::write(&path, "nonsense").unwrap();
        assert!(matches!(load(dir.path()), Err(OpenError::KeyMalformed { .. })));
    }

    #[test]
    fn two_installations_have_two_keys() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_ne!(create(a.path()).unwrap().to_hex(), create(b.path()).unwrap().to_hex());
    }
}
