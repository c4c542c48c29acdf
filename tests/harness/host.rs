//! The real binary, serving a data folder: started, killed, started again.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::Api;
use super::emulator::python;
use super::files::binary;

/// The account that the emulator plays, and the region that the tests act in.
pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "us-east-1";

/// How the line begins that says where the host listens, and the one with the first token.
const LISTENING: &str = "listening on ";
const FIRST_TOKEN: &str = "first token, for admins; it is shown only now: ";

/// What a host is started with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where all requests to AWS go.
    pub endpoint: String,
    /// Where those to CloudTrail go instead.
    pub cloudtrail: Option<String>,
    /// Lines of the table `limits` of its configuration.
    pub limits: String,
    /// More tables of its configuration.
    pub tables: String,
    /// The command that the binary is run under: `strace -D …`. It must become the binary's child, not its parent.
    pub under: Vec<String>,
}

/// A host with a folder of its own.
pub struct Host {
    folder: TempDir,
    settings: Settings,
    serving: Option<Serving>,
    first_token: String,
}

struct Serving {
    process: Child,
    url: String,
    /// Kept open, so that the host may write to it.
    out: BufReader<ChildStdout>,
}

impl Host {
    /// Starts a host on an empty folder.
    pub fn start(settings: Settings) -> Host {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut host = Host { folder, settings, serving: None, first_token: String::new() };
        std::fs::write(host.configuration(), host.toml()).expect("the folder can be written to");
        host.first_token = host.serve().expect("a first start prints the first token");
        host
    }

    /// Ends the host as a crash does: with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(Serving { mut process, .. }) = self.serving.take() {
            process.kill().expect("a process of ours can be killed");
            process.wait().expect("a process that was killed ends");
        }
    }

    /// Starts it again on the same folder, at another port.
    pub fn restart(&mut self) {
        self.kill();
        let token = self.serve();
        assert_eq!(token, None, "only the first start makes a token");
    }

    /// Tells the host to stop, as a service manager does, waits until it has, and gives what it says meanwhile.
    pub fn stop(&mut self) -> String {
        let Serving { mut process, mut out, .. } = self.serving.take().expect("the host is not running");
        let told = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
        assert!(told.is_ok_and(|told| told.success()), "a process of ours can be told to stop");
        let mut said = String::new();
        out.read_to_string(&mut said).expect("its output is text");
        let ended = process.wait().expect("a process that was told to stop ends");
        assert!(ended.success(), "{ended}");
        said
    }

    /// The API, for whoever has this token.
    pub fn api(&self, token: &str) -> Api {
        Api::new(self.url(), token)
    }

    /// The token of the administrator that the first start printed.
    pub fn first_token(&self) -> &str {
        &self.first_token
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder that ends with the host, for whatever a test wants to keep.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the binary's, with the token of who gives it.
    pub fn command(&self, token: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env("QUELL_URL", self.url()).env("QUELL_TOKEN", token).stdin(Stdio::null());
        command
    }

    /// Runs a command of the binary's in a pseudo-terminal and types this when it asks: what was shown, whether it asked, and
    /// its exit code.
    pub fn in_a_terminal(&self, token: &str, arguments: &[&str], typed: &str) -> (String, bool, i64) {
        let command: Vec<Value> =
            [json!(binary())].into_iter().chain(arguments.iter().map(|word| json!(word))).collect();
        let environment = json!({ "QUELL_URL": self.url(), "QUELL_TOKEN": token, "NO_COLOR": "1" });
        let given = json!({ "command": command, "env": environment, "typed": typed });
        let done = python("terminal.py", &[], &given);
        let shown = done["shown"].as_str().unwrap_or_default().to_owned();
        (shown, done["asked"] == true, done["code"].as_i64().unwrap_or(i64::MIN))
    }

    /// Asserts that `quell ledger verify` finds nothing.
    pub fn verify(&self) {
        let mut command = Command::new(binary());
        command.args(["ledger", "verify", "--data"]).arg(self.data());
        let output = command.output().expect("the binary can be run");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "the ledger does not verify:\n{out}{err}");
    }

    /// What it wrote to its log so far.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).expect("the log can be read")
    }

    /// The id of its process.
    pub fn process(&self) -> u32 {
        self.serving.as_ref().expect("the host is not running").process.id()
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.serving.as_ref().expect("the host is not running").url
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("quell.toml")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("host.log")
    }

    fn toml(&self) -> String {
        let (data, Settings { endpoint, limits, cloudtrail, tables, .. }) = (self.data(), &self.settings);
        let cloudtrail =
            cloudtrail.as_ref().map(|at| format!("endpoints = {{ cloudtrail = {at:?} }}\n")).unwrap_or_default();
        format!(
            "data = {data:?}\nlisten = \"127.0.0.1:0\"\n\n[limits]\n{limits}\n\n[accounts.{ACCOUNT}]\n\
             regions = [\"{REGION}\"]\nendpoint = \"{endpoint}\"\n{cloudtrail}\
             test-keys = {{ access-key-id = \"test\", secret-access-key = \"test\" }}\n\n{tables}\n"
        )
    }

    /// Starts the process, waits until it serves, and gives the first token if it printed one.
    fn serve(&mut self) -> Option<String> {
        let log = File::options().create(true).append(true).open(self.log()).expect("the folder can be written to");
        let mut line: Vec<PathBuf> = self.settings.under.iter().map(PathBuf::from).collect();
        line.extend([binary(), "serve".into(), "--config".into(), self.configuration()]);
        let (program, arguments) = line.split_first().expect("a command line has a program");
        let mut command = Command::new(program);
        // Not a line for each request: a test that polls makes hundreds.
        command.args(arguments).env("RUST_LOG", "info,tower_http=warn").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let mut out = BufReader::new(process.stdout.take().expect("its output is piped"));
        let (url, token) = announced(&mut out);
        self.serving = Some(Serving { process, url: url.unwrap_or_default(), out });
        assert!(!self.url().is_empty(), "the host did not start");
        token
    }

    /// What it said last.
    fn said(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

/// Where a host says that it listens, if it does, and the first token, if there is one.
fn announced(out: &mut impl BufRead) -> (Option<String>, Option<String>) {
    let mut token = None;
    for line in out.lines().map_while(Result::ok) {
        if let Some(url) = line.strip_prefix(LISTENING) {
            return (Some(url.to_owned()), token);
        }
        token = token.or_else(|| line.strip_prefix(FIRST_TOKEN).map(str::to_owned));
    }
    (None, token)
}

/// How many lines of a host's log are shown when its test fails.
const SHOWN: usize = 60;

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("the host's folder is kept: {}; it said last:\n{}", self.folder.path().display(), self.said());
        }
    }
}
