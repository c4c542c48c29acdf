//! The AWS emulator: moto, and ministack for CloudTrail, as processes that end with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::files::repository;

/// A running emulator, empty at first.
pub struct Emulator {
    endpoint: String,
    cloudtrail: Option<String>,
    _process: Ended,
}

impl Emulator {
    /// Starts one on a free port.
    pub fn start() -> Emulator {
        let (process, [endpoint]) = started(script("serve.py"));
        Emulator { endpoint, cloudtrail: None, _process: process }
    }

    /// Starts one, and one of CloudTrail beside it.
    pub fn start_with_cloudtrail() -> Emulator {
        let mut command = script("serve.py");
        command.arg("--cloudtrail");
        let (process, [endpoint, cloudtrail]) = started(command);
        Emulator { endpoint, cloudtrail: Some(cloudtrail), _process: process }
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where CloudTrail answers, if it is there.
    pub fn cloudtrail(&self) -> Option<&str> {
        self.cloudtrail.as_deref()
    }
}

/// A process that ends with this value. It is told by the end of its standard input, so that it does not outlive a test
/// that was killed either.
pub(super) struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Starts a script, and gives the first lines that it says: where it answers.
pub(super) fn started<const LINES: usize>(mut command: Command) -> (Ended, [String; LINES]) {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = started.unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let mut out = BufReader::new(process.stdout.take().expect("its output is piped"));
    let lines = std::array::from_fn(|_| {
        let mut line = String::new();
        out.read_line(&mut line).expect("its output is text");
        line.trim().to_owned()
    });
    assert!(lines.iter().all(|line| line.starts_with("http")), "{command:?} did not start; what it said is above");
    (Ended(process), lines)
}

/// A script of `tests/emulator`, in the Python that has what it needs.
pub(super) fn script(name: &str) -> Command {
    let python = std::env::var_os("QUELL_PYTHON").map(PathBuf::from);
    let python = python.expect("`QUELL_PYTHON` names no Python with moto and boto3: run `make test`, which makes one");
    let mut command = Command::new(python);
    command.arg(repository().join("tests/emulator").join(name));
    command
}

/// Runs a script of `tests/emulator` on JSON, and gives the JSON that it prints.
pub fn python(name: &str, arguments: &[&str], given: &Value) -> Value {
    let mut command = script(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let mut input = process.stdin.take().expect("its input is piped");
    input.write_all(given.to_string().as_bytes()).expect("it reads what it is given");
    drop(input);
    let output = process.wait_with_output().expect("a process that was started ends");
    assert!(output.status.success(), "{command:?} failed; what it said is above");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command:?} printed no JSON: {error}"))
}
