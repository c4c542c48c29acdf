//! A plugin that sends a request with a secret in it: the value gets to the server that it is for, and nowhere else.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cases::case;
use https::Reply;
use serde_json::{Value, json};

use super::component::encode;
use super::running::once;
use super::server::{ACCOUNT, Folder, REGION, Server, is, told};
use crate::installation::SystemClock;

/// Tells the child of a test that it is one.
const ALONE: &str = "QUELL_TEST_ALONE";

/// The value of the secret.
const CANARY: &str = "xoxb-canary-7c1e55d0a4";

const WORKFLOW: &str = "name: tell\nsteps:\n  - id: tell\n    plugin: tell\n    with: {}\n";

/// A plugin that posts to `url`, with the secret `token` in a header. Its output is what was answered; it fails as the call
/// failed.
fn telling(url: &str) -> Vec<u8> {
    let (name, value) = ("authorization", "Bearer ${secret:token}");
    encode(&format!(
        r#"(module
        (import "quell:http/client@0.1.0" "send" (func $send
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
        (memory (export "memory") 16)
        (global $next (mut i32) (i32.const 8192))
        (data (i32.const 0) "tell1.0.0Tells.{{}}{name}{value}{url}")
        (func $pair (param $at i32) (param $start i32) (param $len i32)
            (i32.store (local.get $at) (local.get $start))
            (i32.store offset=4 (local.get $at) (local.get $len)))
        (func $copy (param $at i32) (param $from i32)
            (call $pair (local.get $at) (i32.load (local.get $from)) (i32.load offset=4 (local.get $from))))
        (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
            (global.get $next)
            (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get $size)) (i32.const 7)) (i32.const -8))))
        (func (export "quell:plugin/remediation@0.1.0#run") (param i32 i32) (result i32)
            (call $pair (i32.const 3000) (i32.const 17) (i32.const {name_length}))
            (call $pair (i32.const 3008) (i32.const {value_start}) (i32.const {value_length}))
            (call $send
                (i32.const 2) (i32.const {url_start}) (i32.const {url_length}) (i32.const 3000) (i32.const 1)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3200))
            (i32.store8 (i32.const 3400) (i32.load8_u (i32.const 3200)))
            (if (i32.load8_u (i32.const 3200))
                (then (call $copy (i32.const 3404) (i32.const 3208)) (call $copy (i32.const 3412) (i32.const 3216)))
                (else (call $copy (i32.const 3404) (i32.const 3220))))
            (i32.const 3400))
        (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
            (call $pair (i32.const 2048) (i32.const 0) (i32.const 4))
            (call $pair (i32.const 2056) (i32.const 4) (i32.const 5))
            (call $pair (i32.const 2064) (i32.const 9) (i32.const 6))
            (call $pair (i32.const 2072) (i32.const 15) (i32.const 2))
            (call $pair (i32.const 2080) (i32.const 15) (i32.const 2))
            (i32.const 2048)))"#,
        name_length = name.len(),
        value_start = 17 + name.len(),
        value_length = value.len(),
        url_start = 17 + name.len() + value.len(),
        url_length = url.len(),
    ))
}

/// Everything that is logged, down to what only developers turn on.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Starts the workflow, and gives the run when it has this status.
async fn run(server: &Server, status: &str) -> Value {
    let start = server.post("/v1/workflows/tell/runs", &server.person);
    let started = start.json(&json!({ "account": ACCOUNT, "region": REGION })).send().await.unwrap();
    let started: Value = started.json().await.unwrap();
    once(server, started["run"].as_str().unwrap(), status).await
}

/// A process has one log, so this test runs itself as a child, where nothing else is logged.
#[tokio::test]
async fn a_secret_gets_to_its_server_and_nowhere_else() {
    if std::env::var_os(ALONE).is_none() {
        let test = "http::tests::sending::a_secret_gets_to_its_server_and_nowhere_else";
        let child = || Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(ALONE, "1").output();
        let output = tokio::task::spawn_blocking(child).await.unwrap().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && out.contains("1 passed"), "{out}");
        return;
    }
    let log = Log::default();
    let written = log.clone();
    tracing_subscriber::fmt().with_env_filter("trace").with_writer(move || written.clone()).try_init().unwrap();

    let there =
        https::Server::start([Reply::json(200, r#"{"ok":true}"#), Reply::json(200, &format!("[{CANARY:?}]"))]).await;
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), &there.authority).unwrap();
    let folder = Folder::with(&format!("[http]\nca-file = {:?}\n", authority.path()));
    let server = Server::at(&folder, SystemClock).await;

    let url = there.url("127.0.0.1", "/hooks/1");
    let upload =
        server.post("/v1/plugins", &server.admin).header("content-type", "application/wasm").body(telling(&url));
    assert_eq!(told(upload).await.0, 201);
    let plugin = server.see("/v1/plugins/tell").await;
    assert_eq!(
        (&plugin["imports"][0]["depends"], &plugin["imports"][0]["actions"][0]),
        (&json!(true), &json!("http:Post"))
    );
    let grant = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "http:Post", "Resource": there.url("127.0.0.1", "/hooks/*") },
            { "Effect": "Allow", "Action": "secret:Use", "Resource": "token" },
        ],
    });
    let digest = server.see("/v1/plugins/tell").await["digest"].as_str().unwrap().to_owned();
    let put = server.put("/v1/plugins/tell/grant", &server.admin).header("if-match", format!("\"{digest}\""));
    assert_eq!(told(put.json(&grant)).await.0, 200);
    let set = async |hosts: &[&str]| {
        let secret = server.put("/v1/secrets/token", &server.admin).json(&json!({ "value": CANARY, "hosts": hosts }));
        assert_eq!(told(secret).await.0, 204);
    };
    let put = server.put("/v1/workflows/tell", &server.admin).header("content-type", "application/yaml").body(WORKFLOW);
    is(&told(put).await, 200, "");

    set(&["hooks.slack.com"]).await;
    let bound = run(&server, "failed").await;
    set(&["127.0.0.1"]).await;
    let sent = run(&server, "succeeded").await;
    let withheld = run(&server, "failed").await;
    assert_eq!(told(server.delete("/v1/secrets/token", &server.admin)).await.0, 204);
    let unknown = run(&server, "failed").await;

    let requests = there.requests();
    let bearers: Vec<Option<&str>> = requests.iter().map(|request| request.header("authorization")).collect();
    let bearer = format!("Bearer {CANARY}");
    assert_eq!(bearers, [Some(bearer.as_str()), Some(bearer.as_str())]);
    assert_eq!(sent["steps"][0]["output"], json!({ "ok": true }));
    for (run, code) in [(&bound, "secret-host"), (&withheld, "secret-in-reply"), (&unknown, "unknown-secret")] {
        assert_eq!(run["error"]["code"], code, "{run}");
    }

    let mut seen = vec![("L06", "what the API answers of runs", format!("{bound}{sent}{withheld}{unknown}"))];
    seen.push(("L07", "what the API answers of the ledger", server.see("/v1/ledger?limit=200").await.to_string()));
    let audit = server.get("/v1/audit/capabilities", Some(&server.admin)).send().await.unwrap().text().await.unwrap();
    seen.push(("L07", "what the API answers of plugins and their calls", audit));
    server.stop().await;
    seen.push(("L11", "the files of the data folder", String::from_utf8_lossy(&folder.bytes()).into_owned()));
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    // It does have what is logged of requests, their hosts.
    assert!(log.contains("TRACE") && log.contains("starting new connection 'Some(\"127.0.0.1\")'"), "{log:.2000}");
    seen.push(("L05", "the log, from `trace` on", log));
    for (number, what, text) in seen {
        assert!(text.len() > 1000, "{what}: {text}");
        let found = if text.contains(CANARY) { "the value" } else { "no value" };
        case(number, &format!("a secret that was sent, in {what}"), "no value", found);
    }
}
