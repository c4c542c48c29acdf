//! The folder of a ledger: made when missing, and in the hands of one process.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::OpenError;

/// The file beside the database that the newest block is written down in.
pub const HEADS_FILE: &str = "heads.jsonl";

/// Held locked by the process that writes. The system releases it when the process ends, however it ends.
const LOCK_FILE: &str = "ledger.lock";

/// The right to write in a folder, for as long as it lives.
pub(super) struct Lock {
    _file: File,
}

/// Makes the folder, for the owner only, and takes it.
pub(super) fn take(dir: &Path) -> Result<Lock, OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(OpenError::file(dir))?;
    let path = dir.join(LOCK_FILE);
    let mut options = File::options();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(OpenError::file(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.is_empty() { holder } else { format!(" ({})", holder.trim_end()) };
            return Err(OpenError::InUse { dir: dir.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(OpenError::file(&path)(error)),
    }
    let name_holder = |file: &mut File| {
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())
    };
    name_holder(&mut file).map_err(OpenError::file(&path))?;
    Ok(Lock { _file: file })
}

/// Fails when the disk of the folder has less than `least` bytes that this process may use, or does not tell. The words are
/// those of SQLite for the same thing.
pub(super) fn has_room(dir: &Path, least: u64) -> Result<(), String> {
    let disk = rustix::fs::statvfs(dir).map_err(|error| format!("the disk does not tell what is free: {error}"))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    match free >= least {
        true => Ok(()),
        false => Err(format!("database or disk is full: {free} bytes are free, and {least} are needed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_folder_has_one_holder_and_is_its_owners_only() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a/b");
        let lock = take(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let refused = take(&dir).err().unwrap().to_string();
        let expected = format!("is in use by another Quell process ({})", std::process::id());
        assert!(refused.ends_with(&expected), "{refused}");
        drop(lock);
        take(&dir).unwrap();
    }
}
