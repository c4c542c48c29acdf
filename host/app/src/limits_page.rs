//! Holds `docs/limits.md` against the code: the limits of the sandbox, which makes the page, with those of the gate and of
//! the API, which it does not know.

use std::ops::RangeInclusive;
use std::path::Path;

use sandbox::{LimitRow, Unit, limits_page};

use crate::config::{CONNECTIONS, CONNECTIONS_PER_ADDRESS, MEMORY_POOL_BYTES, MOST_OPERATIONS};
use crate::http::connections::ConnectionLimits;
use crate::http::requests::{MAX_REQUESTS, MAX_REQUESTS_OF_ONE};

const ATTEMPT: &str = "An attempt of a step, at the gate";
const INSTALLATION: &str = "All plugins together";
const API: &str = "The API";

fn row(name: &'static str, meaning: &'static str, unit: Unit, default: usize, bounds: Option<(u64, u64)>) -> LimitRow {
    LimitRow { of: ATTEMPT, name, meaning, unit, default: default as u64, bounds }
}

fn api(name: &'static str, meaning: &'static str, default: usize, bounds: Option<&RangeInclusive<usize>>) -> LimitRow {
    let bounds = bounds.map(|bounds| (*bounds.start() as u64, *bounds.end() as u64));
    LimitRow { of: API, name, meaning, unit: Unit::Count, default: default as u64, bounds }
}

fn rows() -> Vec<LimitRow> {
    let gate = capability::Limits::default();
    let (lines, bytes) = (gate.log_lines as u64, gate.log_bytes as u64);
    let operations = gate.operations as usize;
    let ConnectionLimits { connections, connections_per_address: per_address, .. } = ConnectionLimits::default();
    vec![
        row("operations", "calls that reach AWS", Unit::Count, operations, Some((0, u64::from(MOST_OPERATIONS)))),
        row("log-line-bytes", "one line of the log; the rest is cut off", Unit::Bytes, gate.log_line_bytes, None),
        row(
            "log-lines",
            "lines of the log; the rest is dropped, and that is said once",
            Unit::Count,
            gate.log_lines,
            Some((0, lines)),
        ),
        row(
            "log-bytes",
            "the log; the rest is dropped, and that is said once",
            Unit::Bytes,
            gate.log_bytes,
            Some((0, bytes)),
        ),
        LimitRow {
            of: INSTALLATION,
            name: "memory-pool-bytes",
            meaning: "the limits of memory of all plugins that run at once; the next one waits",
            unit: Unit::Bytes,
            default: MEMORY_POOL_BYTES as u64,
            bounds: Some((sandbox::Limits::MAX.memory_bytes as u64, 1 << 40)),
        },
        api(
            "connections",
            "connections at once; the one that waits longest makes room",
            connections,
            Some(&CONNECTIONS),
        ),
        api("connections-per-address", "the same, of one address", per_address, Some(&CONNECTIONS_PER_ADDRESS)),
        api("requests", "requests with a token under way at once; the next is answered as busy", MAX_REQUESTS, None),
        api("requests-of-one", "the same, of one person", MAX_REQUESTS_OF_ONE, None),
    ]
}

#[test]
fn limits_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    let page = limits_page(&rows());
    if std::env::var("QUELL_LIMITS").is_ok_and(|what| what == "write") {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        page,
        "`QUELL_LIMITS=write cargo test limits_page` writes it anew"
    );
}
