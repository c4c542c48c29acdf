//! `202` means on disk: the kernel is watched (with strace) while an event is posted. Between the host's reading of the
//! request and the first byte of its answer, the ledger's log must have been written and synchronised.

use std::process::{Command, Stdio};

use tests::{Account, Emulator, Host, Settings, event, install, until};

/// The file that a commit is written to (<https://sqlite.org/wal.html>).
const LOG: &str = "/ledger.db-wal>";

/// What of the trace is of interest.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// The host has read the event.
    Request,
    /// It has written to the ledger's log.
    Written,
    /// The log is on disk.
    Synchronised,
    /// It sends its answer.
    Accepted,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_synchronised_before_it_is_accepted() {
    let strace = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    assert!(strace.is_ok_and(|status| status.success()), "strace is missing: install Debian's package `strace`");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let trace = folder.path().join("trace");
    let emulator = Emulator::start();
    let account = Account::prepare(&emulator, 1, 0);
    let calls = "trace=fsync,fdatasync,read,readv,recvfrom,pwrite64,write,writev,sendto";
    let mut under: Vec<String> = ["strace", "-D", "-f", "-y", "-s", "64", "-e", calls, "-o"].map(Into::into).into();
    under.push(trace.display().to_string());
    let host = Host::start(Settings { endpoint: emulator.endpoint().into(), under, ..Settings::default() });
    let people = install(&host).await;

    host.api(&people.eventbridge).send_event(&event("traced", &account.incidents[0].group)).await;

    let seen = until("the trace of the answer", async || {
        let text = std::fs::read_to_string(&trace).unwrap_or_default();
        Some(read(&text)).filter(|seen| seen.contains(&Seen::Accepted))
    });
    let seen = seen.await;
    assert_eq!(seen, [Seen::Request, Seen::Written, Seen::Synchronised, Seen::Accepted]);
}

/// What happened from the reading of the event to its answer, each kind of thing once, in order. Calls count when they
/// return, except the answer, which counts when it begins.
fn read(trace: &str) -> Vec<Seen> {
    let mut seen: Vec<Seen> = vec![];
    let mut unfinished = vec![];
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else { continue };
        let call = call.trim_start();
        let begins = !call.starts_with("<...");
        let ends = !call.ends_with("<unfinished ...>");
        if begins && !ends {
            unfinished.retain(|(other, _)| *other != thread);
            unfinished.push((thread, call));
        }
        let earlier = unfinished.iter().find(|(other, _)| *other == thread).map_or("", |(_, call)| call);
        let whole = if begins { call.to_owned() } else { format!("{earlier} {call}") };
        if let Some(next) = kind(&whole, begins, ends)
            && (next == Seen::Request || !seen.is_empty())
            && !seen.contains(&next)
            && !seen.contains(&Seen::Accepted)
        {
            seen.push(next);
        }
    }
    seen
}

fn kind(call: &str, begins: bool, ends: bool) -> Option<Seen> {
    let is = |names: &[&str]| names.iter().any(|name| call.starts_with(&format!("{name}(")));
    if ends && is(&["read", "readv", "recvfrom"]) && call.contains("POST /v1/events ") {
        Some(Seen::Request)
    } else if ends && is(&["pwrite64"]) && call.contains(LOG) {
        Some(Seen::Written)
    } else if ends && is(&["fsync", "fdatasync"]) && call.contains(LOG) && call.ends_with("= 0") {
        Some(Seen::Synchronised)
    } else if begins && is(&["write", "writev", "sendto"]) && call.contains("HTTP/1.1 202") {
        Some(Seen::Accepted)
    } else {
        None
    }
}

#[test]
fn the_trace_is_read_as_strace_writes_it() {
    let trace = "\
1 fdatasync(9</d/ledger.db-wal>)   = 0
1 recvfrom(7<socket:[1]>, \"POST /v1/events HTTP/1.1\\r\\n\"..., 8192, 0, NULL, NULL) = 512
2 pwrite64(9</d/ledger.db-wal>, \"x\"..., 24, 0) = 24
2 fdatasync(9</d/ledger.db-wal> <unfinished ...>
1 recvfrom(8<socket:[2]>, 0x1, 8192, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
2 <... fdatasync resumed>)          = 0
1 writev(7<socket:[1]>, [{iov_base=\"HTTP/1.1 202 Accepted\\r\\n\"..., iov_len=9}], 1) = 9
";
    assert_eq!(read(trace), [Seen::Request, Seen::Written, Seen::Synchronised, Seen::Accepted]);
    let early: Vec<&str> = trace.lines().collect();
    let early = [early[1], early[2], early[3], early[6], early[5]].join("\n");
    assert_eq!(read(&early), [Seen::Request, Seen::Written, Seen::Accepted], "an answer before the disk is seen");
}
