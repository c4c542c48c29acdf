//! No statement of the store reads all runs or all entries to answer a question about some of them: SQLite's own query
//! plans say so. The statements are those that were executed, so that one that is added cannot be missed:
//! [`every_method_is_exercised`] holds the list of calls against the port, and [`every_statement_is_executed`] the
//! statements against the source.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use ledger::{Dedupe, Draft, EVENTS, Fence, Filter, Hash, Ledger as _, PAYLOAD_REMOVED, QUEUED, Room, SYSTEM, Summary};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::{Ledger, Summarising, draft, raw, summary};

/// The port, whose methods must all be exercised.
const PORT: &str = include_str!("../../../ledger/src/port.rs");

/// The statements that were executed in this process.
static EXECUTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Keeps what `sqlx` logs.
struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            event.record(&mut Statement);
        }
    }
}

struct Statement;

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        // The summary is the whole statement when that is short; else it ends in an ellipsis.
        if ["summary", "db.statement"].contains(&field.name()) && !value.ends_with('…') {
            let parts = value.split(';').map(words).filter(|statement| !statement.is_empty());
            EXECUTED.lock().unwrap().extend(parts);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// A statement on one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All statements of the store, and the methods of the port that executed them.
async fn executed() -> (BTreeSet<String>, BTreeSet<&'static str>) {
    static SUBSCRIBER: OnceLock<()> = OnceLock::new();
    SUBSCRIBER.get_or_init(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Recorder)).unwrap();
    });
    let ledger = Ledger::new().await;
    let methods = exercise(&ledger).await;
    let dir = ledger.close().await;
    let report = store::verify(dir.path(), None, &[], None).await.unwrap();
    assert_eq!((report.faults, report.removed), (vec![], 1));
    store::rebuild(dir.path(), &mut Summarising::default()).await.unwrap();
    crate::open(dir.path()).await.close().await;
    (EXECUTED.lock().unwrap().clone(), methods)
}

/// Calls every method of the port, with every combination of what it can be asked.
async fn exercise(ledger: &Ledger) -> BTreeSet<&'static str> {
    let store = &ledger.store;
    let dedupe = || Some(Dedupe { workflow: "contain".into(), key: "k".into(), since: 0 });
    let room = |key: Option<&str>| Room { workflow: "contain".into(), key: key.map(Into::into), runs: 9 };
    let keyed = |run: &str, status: &str| Summary {
        dedupe: Some("k".into()),
        status: status.into(),
        wake: Some(5),
        ..summary(run, 1)
    };
    let begun = || vec![draft("run.started").with("event", &serde_json::json!({}))];
    store.append("q", Fence::New(None), begun(), Some(keyed("q", QUEUED))).await.unwrap();
    store.append("r", Fence::New(dedupe()), begun(), Some(keyed("r", "running"))).await.unwrap_err();
    let fence = Fence::NewIn { dedupe: None, room: room(None) };
    store.append("r", fence, begun(), Some(keyed("r", "running"))).await.unwrap();
    store.append(SYSTEM, Fence::Open, vec![draft("grant.put")], None).await.unwrap();
    store.append("u", Fence::New(None), begun(), None).await.unwrap();
    remove_payload(ledger).await;
    let fence = Fence::Admit { moved: 1, rooms: vec![room(None), room(Some("k"))] };
    store.append("q", fence, vec![draft("run.admitted")], Some(keyed("q", "running"))).await.unwrap();
    let epoch = store.claim("r", "host", 5).await.unwrap();
    store.append("r", Fence::Epoch(epoch), vec![draft("call.intent")], None).await.unwrap();
    store.epoch("r").await.unwrap();
    for run in ["r", SYSTEM, EVENTS] {
        store.read(run, 0).await.unwrap();
        store.read_without_calls(run, 0).await.unwrap();
    }
    store.read_calls("r", "r/step/1/").await.unwrap();
    store.payload(&Hash::ZERO).await.unwrap();
    store.payload_sizes(&[Hash::ZERO]).await.unwrap();
    store.summary("r").await.unwrap();
    store.due(3).await.unwrap();
    for after in [None, Some((3, "r"))] {
        store.waiting(after, 10).await.unwrap();
    }
    for workflow in [None, Some("contain")] {
        for status in [None, Some("running")] {
            for before in [None, Some("r")] {
                store.summaries(workflow, status, before, 10).await.unwrap();
            }
        }
    }
    for filter in filters() {
        store.query(&filter).await.unwrap();
    }
    BTreeSet::from([
        "append",
        "claim",
        "epoch",
        "read",
        "read_without_calls",
        "read_calls",
        "payload",
        "payload_sizes",
        "summary",
        "due",
        "summaries",
        "waiting",
        "query",
    ])
}

/// Removes a payload, as retention does.
async fn remove_payload(ledger: &Ledger) {
    let removed = Hash::of(b"old");
    let note = draft("note.x").with_bytes("event", b"old".to_vec());
    ledger.store.append("u", Fence::Open, vec![note], None).await.unwrap();
    let data = serde_json::json!({ "payloads": [removed] });
    let says = Draft::new(PAYLOAD_REMOVED, 1_000, "host", data);
    ledger.store.append(SYSTEM, Fence::Open, vec![says], None).await.unwrap();
    assert_eq!(ledger.store.payload(&removed).await.unwrap(), None);
}

/// Every combination of what a filter can ask for.
fn filters() -> Vec<Filter> {
    let mut all = vec![Filter { limit: 10, ..Filter::default() }];
    let mut also = |add: &dyn Fn(&mut Filter)| {
        let more = all.clone().into_iter().map(|mut filter| {
            add(&mut filter);
            filter
        });
        all.extend(more.collect::<Vec<_>>());
    };
    also(&|filter| filter.run = Some("r".into()));
    also(&|filter| filter.run = Some(EVENTS.into()));
    also(&|filter| filter.kind = Some("call.intent".into()));
    also(&|filter| filter.kind = Some("call.".into()));
    also(&|filter| filter.actor = Some("host".into()));
    also(&|filter| filter.since = Some(1));
    also(&|filter| filter.until = Some(9_999));
    also(&|filter| filter.after = Some(1));
    also(&|filter| filter.without = &["*"]);
    all
}

/// What SQLite would do for a statement.
async fn plan(db: &mut SqliteConnection, statement: &str) -> Vec<String> {
    if statement.contains("temp.") {
        sqlx::raw_sql("CREATE TEMP TABLE IF NOT EXISTS runs AS SELECT * FROM main.runs")
            .execute(&mut *db)
            .await
            .unwrap();
    }
    let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
    let rows = explain.fetch_all(&mut *db).await.map_err(|error| format!("{statement}: {error}")).unwrap();
    // It would stand for `runs` in all other statements.
    sqlx::raw_sql("DROP TABLE IF EXISTS temp.runs").execute(db).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

fn is_planned(statement: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| statement.starts_with(verb))
}

#[tokio::test]
async fn no_statement_scans_runs_or_entries() {
    let (statements, _) = executed().await;
    let ledger = Ledger::new().await;
    let mut db = raw(ledger.dir.path()).await;
    let mut scans = vec![];
    for statement in statements.iter().filter(|statement| is_planned(statement)) {
        let steps = plan(&mut db, statement).await;
        scans.extend(steps.iter().filter(|step| reads_all(statement, step)).map(|step| format!("{step}: {statement}")));
    }
    assert!(scans.is_empty(), "{} of {} statements: {scans:#?}", scans.len(), statements.len());
    ledger.close().await;
}

/// Whether a step of the plan of `statement` reads entries or runs that are not asked for. To go through all that is behind
/// something is to read what is asked for only where nothing else is.
fn reads_all(statement: &str, step: &str) -> bool {
    let of_table = |verb: &str| ["entries", "runs"].iter().any(|table| step.starts_with(&format!("{verb} {table}")));
    let columns = ["run", "kind", "actor", "workflow", "status", "dedupe", "hash"];
    let picks = columns.iter().any(|column| statement.contains(&format!("{column} = ?")));
    let finds = step.contains("=?") || (step.contains(">?") && step.contains("<?"));
    // All of what was just made takes the place of all that is kept.
    let replaces = statement == "INSERT INTO main.runs SELECT * FROM temp.runs";
    (of_table("SCAN") && !replaces) || (of_table("SEARCH") && picks && !finds)
}

/// Lists of runs come in the order of an index: their length does not matter.
#[tokio::test]
async fn lists_of_runs_are_not_sorted() {
    let (statements, _) = executed().await;
    let ledger = Ledger::new().await;
    let mut db = raw(ledger.dir.path()).await;
    let lists = statements.iter().filter(|statement| statement.contains("FROM runs") && is_planned(statement));
    for statement in lists {
        let steps = plan(&mut db, statement).await;
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{statement}: {steps:?}");
    }
    ledger.close().await;
}

#[tokio::test]
async fn every_method_is_exercised() {
    let (_, called) = executed().await;
    let port = PORT.split_once("pub trait Ledger").unwrap().1;
    let methods = port.lines().filter_map(|line| line.strip_prefix("    async fn ")?.split(['(', '<']).next());
    let missing: Vec<&str> = methods.filter(|method| !called.contains(method)).collect();
    assert!(missing.is_empty(), "call these in `exercise`, so that their statements are looked at: {missing:?}");
}

#[tokio::test]
async fn every_statement_is_executed() {
    let (statements, _) = executed().await;
    let mut written = vec![];
    fragments(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
    assert!(written.len() > 10, "only {written:?} were found in the source");
    let missing: Vec<_> =
        written.iter().filter(|part| !statements.iter().any(|statement| statement.contains(part.as_str()))).collect();
    assert!(missing.is_empty(), "let `exercise` come to these: {missing:#?}");
}

/// The pieces of SQL in the source that read or write the two tables, as far as they stand in it literally.
fn fragments(folder: &Path, found: &mut Vec<String>) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            fragments(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code: String =
                code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            let literals = code.split('"').skip(1).step_by(2);
            for part in literals.flat_map(|literal| literal.split(['{', '}'])) {
                let part = words(&part.replace('\\', ""));
                let tables = ["FROM entries", "FROM runs", "JOIN runs", "INTO entries", "INTO runs", "UPDATE runs"];
                if tables.iter().any(|table| part.contains(table)) {
                    found.push(part);
                }
            }
        }
    }
}
