//! The newest block, written down outside the database, so that a database which is cut off or set back is found out.
//!
//! The file has one head a line; it is replaced as a whole. Carry it, or its lines, to a place that the machine
//! cannot write to, and not even its owner can rewrite the ledger unseen.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::Head;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::OpenError;

/// Reads the heads in the file `path`; none when there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<Head>, OpenError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(OpenError::file(path)(error)),
    };
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|_| OpenError::HeadMalformed { path: path.to_owned(), line: index + 1 })
        })
        .collect()
}

/// Replaces the heads in the file `path` by `head`. A crash leaves the old file or the new one.
pub(crate) fn write(path: &Path, head: &Head) -> std::io::Result<()> {
    let draft = path.with_extension("jsonl.new");
    let mut file = fs::File::create(&draft)?;
    writeln!(file, "{}", serde_json::to_string(head)?)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

/// Writes heads down off the commit path, and not too often. A failure is logged and fails no commit.
pub(crate) struct Exporter {
    path: PathBuf,
    every: Duration,
    waiting: Option<Head>,
    next: Instant,
    running: Option<JoinHandle<()>>,
}

impl Exporter {
    /// An exporter to the file `path`, at most once in `every`.
    pub fn new(path: PathBuf, every: Duration) -> Exporter {
        Exporter { path, every, waiting: None, next: Instant::now(), running: None }
    }

    /// There is a new head.
    pub fn offer(&mut self, head: Head) {
        self.waiting = Some(head);
    }

    /// Completes when a head should be written; never, while none waits. Safe to drop.
    pub async fn due(&self) {
        match self.waiting {
            Some(_) => tokio::time::sleep_until(self.next).await,
            None => std::future::pending().await,
        }
    }

    /// Starts to write what waits. While a slow disk is busy with the last one, it goes on waiting.
    pub fn start(&mut self) {
        self.next = Instant::now() + self.every;
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        if let Some(head) = self.waiting.take() {
            let path = self.path.clone();
            self.running = Some(tokio::task::spawn_blocking(move || log_failure(&path, write(&path, &head))));
        }
    }

    /// Writes what waits, and returns once it is written.
    pub async fn finish(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.await;
        }
        self.start();
        if let Some(running) = self.running.take() {
            let _ = running.await;
        }
    }
}

fn log_failure(path: &Path, result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(path = %path.display(), %error, "the newest block could not be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Hash;

    fn head(number: u64) -> Head {
        Head { writer: "w".into(), number, hash: Hash::of(&number.to_be_bytes()) }
    }

    #[test]
    fn the_file_holds_the_newest_head() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heads.jsonl");
        assert_eq!(read(&path).unwrap(), vec![]);
        write(&path, &head(1)).unwrap();
        write(&path, &head(2)).unwrap();
        assert_eq!(read(&path).unwrap(), vec![head(2)]);
    }

    #[test]
    fn several_lines_are_read_and_a_wrong_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heads.jsonl");
        let line = |number| serde_json::to_string(&head(number)).unwrap();
        fs::write(&path, format!("{}\n{}\n", line(1), line(2))).unwrap();
        assert_eq!(read(&path).unwrap(), vec![head(1), head(2)]);
        fs::write(&path, format!("{}\n{{}}\n", line(1))).unwrap();
        assert!(matches!(read(&path), Err(OpenError::HeadMalformed { line: 2, .. })));
    }

    #[tokio::test]
    async fn only_the_newest_of_what_waits_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heads.jsonl");
        let mut exporter = Exporter::new(path.clone(), Duration::from_secs(3600));
        exporter.offer(head(1));
        exporter.due().await;
        exporter.start();
        exporter.offer(head(2));
        exporter.offer(head(3));
        exporter.finish().await;
        assert_eq!(read(&path).unwrap(), vec![head(3)]);
    }
}
