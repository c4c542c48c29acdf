//! People answer at the command line what they have seen, and all of it: `quell approve` and `quell refuse` in a real
//! pseudo-terminal and without one, with the real binary.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use tests::{Api, Host, People, Settings};

/// What the workflow shows is longer than any line, and means to hide its end and to write over what was shown before.
const WORKFLOW: &str = r#"
name: ask
inputs:
  text: { type: string }
steps:
  - id: report
    call: { workflow: tell, inputs: { text: "${{ inputs.text }}" } }
  - id: approve
    approval:
      title: "Open ${{ inputs.text }}?"
      show: [report]
      approvers: [group:security-leads]
"#;
const CALLED: &str = r#"
name: tell
inputs:
  text: { type: string }
steps:
  - wait: 1s
output: { text: "${{ inputs.text }}" }
"#;

struct World {
    host: Host,
    people: People,
    text: String,
}

impl World {
    async fn new() -> World {
        let host = Host::start(Settings { endpoint: "http://127.0.0.1:9".into(), ..Settings::default() });
        let people = People::introduce(&host).await;
        let admin = host.api(&people.admin);
        for (name, source) in [("tell", CALLED), ("ask", WORKFLOW)] {
            let pushed = admin.put_document(&format!("workflows/{name}"), "application/yaml", source.into()).await;
            assert!((200..300).contains(&pushed.status), "{name}: {} {}", pushed.status, pushed.body);
        }
        let text = format!("{}\u{1b}[2J\u{202e}THE END", "x".repeat(300));
        World { host, people, text }
    }

    /// A run that asks.
    async fn asked(&self) -> (String, Value) {
        // Not the admin, who made the tokens and so is nobody whose runs they approve.
        let starter = self.host.api(&self.people.bob);
        let start = json!({ "account": "123456789012", "region": "us-east-1", "inputs": { "text": self.text } });
        let started = starter.post("workflows/ask/runs", &start).await.expect_status(202);
        let run = started["run"].as_str().expect("a run has an id").to_owned();
        let seen = self.api().run_that(&run, |run| run["approvals"][0]["requested"].is_string()).await;
        (run, seen["approvals"][0]["requested"].clone())
    }

    async fn decisions(&self, run: &str) -> usize {
        self.host.api(&self.people.admin).entries_of_kind(run, "approval.decided").await.len()
    }

    /// Runs a command as alice where nobody can be asked: its exit code, standard output and standard error.
    fn piped(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.host.command(&self.people.alice, arguments).output().expect("the binary can be run");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn api(&self) -> Api {
        self.host.api(&self.people.alice)
    }
}

/// Whether all of the question was shown, and nothing that a terminal acts upon.
fn is_whole(shown: &str) -> bool {
    shown.matches(&"x".repeat(300)).count() >= 2
        && shown.matches("THE END").count() >= 2
        && shown.contains("\\u{1b}[2J\\u{202e}THE END?")
        && !shown.contains("\u{1b}[2J")
        && !shown.contains('\u{202e}')
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_approved_in_a_terminal_was_shown_whole() {
    let world = World::new().await;
    let (run, _) = world.asked().await;
    for typed in ["\n", "n\n", "perhaps\n"] {
        let (shown, asked, code) = world.host.in_a_terminal(&world.people.alice, &["approve", &run], typed);
        assert!(asked && is_whole(&shown), "{shown}");
        assert_eq!(code, 1, "{shown}");
        assert!(shown.contains("nothing was decided"), "{shown}");
    }
    assert_eq!(world.decisions(&run).await, 0);
    let (shown, asked, code) = world.host.in_a_terminal(&world.people.alice, &["approve", &run], "y\n");
    assert!(asked && is_whole(&shown), "{shown}");
    assert!(code == 0 && shown.contains(&format!("approved approve of {run}")), "{shown}");
    world.api().run_that_ended(&run, "succeeded").await;

    let (run, _) = world.asked().await;
    let (shown, asked, code) = world.host.in_a_terminal(&world.people.alice, &["refuse", &run, "approve"], "yes\n");
    assert!(asked && code == 0 && is_whole(&shown), "{shown}");
    world.api().run_that_ended(&run, "refused").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_can_be_asked_the_question_that_was_seen_is_named() {
    let world = World::new().await;
    let (run, requested) = world.asked().await;
    let requested = requested.as_str().expect("a time is text");

    let (code, out, err) = world.piped(&["approve", &run]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(is_whole(&err), "{err}");
    assert!(err.contains(&format!("quell approve {run} approve --requested {requested}")), "{err}");
    let (code, _, err) = world.piped(&["approve", &run, "--requested", "2026-01-01T00:00:00Z"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains(&format!("was asked at {requested}, and not at 2026-01-01T00:00:00Z")), "{err}");
    assert_eq!(world.decisions(&run).await, 0);

    let (code, out, err) = world.piped(&["approve", &run, "approve", "--requested", requested]);
    assert_eq!((code, out), (Some(0), format!("approved approve of {run}\n")), "{err}");
    world.api().run_that_ended(&run, "succeeded").await;

    let (run, _) = world.asked().await;
    let (_, out, _) = world.piped(&["runs", "show", &run]);
    assert!(is_whole(&out), "{out}");
    let (code, _, err) = world.piped(&["refuse", &run, "--yes"]);
    assert!(code == Some(0) && is_whole(&err), "{err}");
    world.api().run_that_ended(&run, "refused").await;
}
