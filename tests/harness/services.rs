//! The stand-ins for Slack and ServiceNow: `tests/emulator/services.py`, as a process that ends with the test. They check what
//! they are sent, and say what they got.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::emulator::{Ended, script, started};

/// The path of the webhook, and the user of ServiceNow: what the secrets hold.
const WEBHOOK: &str = "T00000000/B00000000/mayNobodySeeThis";
const USER: &str = "quell:mayNobodySeeThisEither";
/// The user as the header has it: base64 of the above.
const BASIC: &str = "cXVlbGw6bWF5Tm9ib2R5U2VlVGhpc0VpdGhlcg==";

/// The running stand-ins.
pub struct Services {
    url: String,
    folder: TempDir,
    _process: Ended,
}

/// What they got.
#[derive(Debug, Deserialize)]
pub struct Received {
    /// Messages to Slack.
    pub messages: Vec<Value>,
    /// Incidents in ServiceNow.
    pub incidents: Vec<Value>,
    /// Requests that were not right, with the reason.
    pub rejected: Vec<Value>,
    /// Correlation ids that came again.
    pub repeated: Vec<Value>,
}

impl Services {
    /// Starts them; each answers a write only after `delay`.
    pub fn start(delay: Duration) -> Services {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = script("services.py");
        command.arg("--ca").arg(folder.path().join("authority.pem"));
        command.args([
            "--slack-path",
            WEBHOOK,
            "--servicenow-user",
            USER,
            "--delay-ms",
            &delay.as_millis().to_string(),
        ]);
        let (process, [url]) = started(command);
        Services { url, folder, _process: process }
    }

    /// The certificate of the authority that theirs is of.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Where they answer: `127.0.0.1:<port>`.
    pub fn host(&self) -> &str {
        self.url.strip_prefix("https://").expect("they answer over TLS")
    }

    /// What a secret of an installation is: its name and its value.
    pub fn secrets(&self) -> [(&'static str, &'static str); 2] {
        [("slack-webhook", WEBHOOK), ("servicenow", BASIC)]
    }

    /// What they got.
    pub async fn received(&self) -> Received {
        let answer = client(&self.authority()).get(format!("{}/received", self.url)).send().await;
        answer.expect("they answer").json().await.expect("it is as it is read here")
    }
}

impl Received {
    /// How many messages and incidents there are.
    pub fn written(&self) -> usize {
        self.messages.len() + self.incidents.len()
    }
}

fn client(authority: &Path) -> Client {
    let pem = std::fs::read(authority).expect("they wrote it before they said where they answer");
    let certificate = Certificate::from_pem(&pem).expect("it is a certificate");
    let builder = Client::builder().no_proxy().tls_certs_only([certificate]);
    builder.build().expect("a client can be made")
}
