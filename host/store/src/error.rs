//! Why a ledger could not be opened. What fails later is `ledger::LedgerError`.

use std::io;
use std::path::{Path, PathBuf};

/// Why a ledger could not be opened or verified. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused a file or folder.
    #[error("cannot use `{path}`")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason that the system gave.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("`{dir}` is in use by another Quell process{holder}")]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// ` (<process id>)`, when it is known.
        holder: String,
    },
    /// The bundled SQLite has a known bug that can corrupt a database in WAL mode.
    #[error("SQLite {found} is too old: 3.51.3 or later is needed")]
    SqliteTooOld {
        /// Its version.
        found: String,
    },
    /// The file is not a ledger.
    #[error("`{path}` is not a Quell ledger: {what}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead, as far as is known.
        what: String,
    },
    /// A later Quell wrote the file.
    #[error("`{path}` has schema version {found}, and this Quell knows only {known}: use the newer Quell")]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// An earlier Quell wrote the file. What it says is the same; what is kept of it beside the entries is not.
    #[error(
        "`{path}` was written by an earlier Quell\nhelp: `quell ledger rebuild --data <its folder>` brings it up to date, \
         and so does `quell serve`"
    )]
    OlderSchema {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("`{path}` is damaged: {what}\nhelp: keep a copy of the folder, then restore a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite's check found.
        what: String,
    },
    /// The ledger is there, its key is not.
    #[error("`{path}` is missing: without the key that signed the ledger it can neither be written nor verified")]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// The key file has something else in it.
    #[error("`{path}` does not hold a key: 64 lower-case hex digits are expected")]
    KeyMalformed {
        /// The key file.
        path: PathBuf,
    },
    /// Others on the machine can read or replace the key.
    #[error("`{path}` is open to others (mode {mode:03o})\nhelp: chmod 600 `{path}`")]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key did not sign the newest block.
    #[error("block {number} was not signed with `{path}`: the key or the ledger was exchanged")]
    OtherKey {
        /// The key file.
        path: PathBuf,
        /// The newest block.
        number: u64,
    },
    /// The system has no random numbers to make a key of.
    #[error("cannot make a key: {0}")]
    Random(getrandom::Error),
    /// The heads file has something else in it.
    #[error("line {line} of `{path}` is not a head")]
    HeadMalformed {
        /// The heads file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The ledger is older than what was exported from it.
    #[error(
        "the ledger was set back or rewritten: block {number} was exported, and is missing or another one now\n\
         help: if you restored a backup on purpose, move `{path}` away"
    )]
    SetBack {
        /// The block that was exported.
        number: u64,
        /// The heads file.
        path: PathBuf,
    },
    /// The database failed otherwise.
    #[error("cannot read `{path}`: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// The reason that SQLite gave.
        source: sqlx::Error,
    },
}

impl OpenError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
        let path = path.to_owned();
        |source| OpenError::File { path, source }
    }

    /// Tells damage and foreign files, which SQLite reports as errors of any statement, from other failures.
    pub(crate) fn database(path: &Path) -> impl FnOnce(sqlx::Error) -> OpenError + use<> {
        /// `SQLITE_CORRUPT` and `SQLITE_NOTADB`, <https://sqlite.org/rescode.html>.
        const CORRUPT: i32 = 11;
        const NOT_A_DATABASE: i32 = 26;
        let path = path.to_owned();
        move |source| {
            let code = source.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
            // The low byte is the primary code, the rest says more of the same.
            match code.map(|code| code & 0xff) {
                Some(CORRUPT) => OpenError::Damaged { path, what: source.to_string() },
                Some(NOT_A_DATABASE) => OpenError::Foreign { path, what: "it is no SQLite database".into() },
                _ => OpenError::Database { path, source },
            }
        }
    }
}
