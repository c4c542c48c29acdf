//! The AWS emulator: moto, as a process that ends with the test.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::files::repository;

/// A running emulator, empty at first.
pub struct Emulator {
    process: Child,
    endpoint: String,
}

impl Emulator {
    /// Starts one on a free port.
    pub fn start() -> Emulator {
        // It ends when its standard input does, so that it does not outlive a test that was killed either.
        let mut command = script("serve.py");
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let out = process.stdout.take().expect("its output is piped");
        let mut endpoint = String::new();
        BufReader::new(out).read_line(&mut endpoint).expect("its output is text");
        let endpoint = endpoint.trim().to_owned();
        assert!(endpoint.starts_with("http://"), "the emulator did not start; what it said is above");
        Emulator { process, endpoint }
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A script of `tests/emulator`, in the Python that has what it needs.
pub(super) fn script(name: &str) -> Command {
    let python = std::env::var_os("QUELL_PYTHON").map(PathBuf::from);
    let python = python.expect("`QUELL_PYTHON` names no Python with moto and boto3: run `make test`, which makes one");
    let mut command = Command::new(python);
    command.arg(repository().join("tests/emulator").join(name));
    command
}
