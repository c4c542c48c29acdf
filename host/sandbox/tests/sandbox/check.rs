//! Uploads that are checked in a child process: what comes back, and what becomes of a child that does not come back.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use cases::case;
use rustix::process::{Pid, Signal, kill_process};
use sandbox::{CheckError, CheckLimits, Checked, Checker, Ended};

use crate::{
    support::{ECHO, Module, SANDBOX, running},
    upload, worst,
};

/// The child: an example of this crate, which Cargo puts beside the folder of the tests. `cargo test` builds it, but not
/// when it is told which tests to run.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples/check");
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let source =
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).iter().filter_map(|path| changed(path)).max();
    assert!(changed(&program) >= source, "{} is missing or old: `cargo test --no-run` builds it", program.display());
    program
});

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// A checker whose children can be told from those of other tests.
fn checker(mark: &str, limits: CheckLimits) -> Checker {
    Checker::new(&*PROGRAM, [mark], limits)
}

fn short() -> CheckLimits {
    CheckLimits { cpu_time: Duration::from_secs(1), ..CheckLimits::DEFAULT }
}

/// More than a second of work for the compiler.
fn hard() -> Vec<u8> {
    worst::many_branches(40)
}

fn code(checked: &Result<Checked, CheckError>) -> String {
    match checked {
        Ok(_) => "accepted".to_owned(),
        Err(CheckError::Refused(refused)) => refused.code().to_owned(),
        Err(CheckError::Describe(ended)) => format!("describe: {}", ended.code()),
        Err(CheckError::Busy { .. }) => "busy".to_owned(),
        Err(CheckError::Host(problem)) => format!("host: {problem}"),
    }
}

/// Checks that the checker still works.
async fn next_works(checker: &Checker) {
    assert_eq!(code(&checker.check(ECHO.component()).await), "accepted");
}

/// The children with that mark that have begun to work.
fn children(mark: &str) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let marked = processes.filter_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let mut arguments = line.split(|byte| *byte == 0);
        (arguments.next()?.ends_with(b"examples/check") && arguments.next()? == mark.as_bytes()).then_some(pid)
    });
    marked.filter_map(Pid::from_raw).collect()
}

/// How often a test looks whether a process is there: the system tells nobody when one of another's comes or goes.
const EVERY: Duration = Duration::from_millis(1);

/// Sends a signal to the child of that mark as soon as there is one.
async fn signal(mark: &str, signal: Signal) {
    let child = loop {
        if let Some(child) = children(mark).first() {
            break *child;
        }
        tokio::time::sleep(EVERY).await;
    };
    kill_process(child, signal).unwrap();
}

#[tokio::test]
async fn a_plugin_is_inspected_and_described() {
    let component = running("(call $note (local.get $in) (local.get $len)) (unreachable)").component();
    let checked = checker("accepted", CheckLimits::DEFAULT).check(component.clone()).await.unwrap();
    assert_eq!(checked.inspection, SANDBOX.inspect(&component).unwrap());
    let description = SANDBOX.describe(&SANDBOX.compile(&component).unwrap()).await.unwrap();
    assert_eq!(checked.description, description);
}

#[tokio::test]
async fn a_deep_schema_crosses() {
    // As deep as a schema may be, and so deeper than it could be inside of another document.
    let schema = format!("{{\"a\":{}{}}}", "[".repeat(126), "]".repeat(126));
    let more = format!("(data (i32.const 8192) \"{}\")", schema.replace('"', "\\\""));
    let describe = format!(
        "(call $description) (i32.store (i32.const 2072) (i32.const 8192)) (i32.store (i32.const 2076) (i32.const {}))",
        schema.len()
    );
    let module = Module { describe: describe.leak(), more: more.leak(), ..ECHO };
    let checked = checker("deep", CheckLimits::DEFAULT).check(module.component()).await.unwrap();
    assert_eq!(checked.description.input_schema.to_string(), schema);
}

#[tokio::test]
async fn refusals_cross_as_they_are() {
    let checker = checker("refused", CheckLimits::DEFAULT);
    let unknown = wat::parse_str(r#"(component (import "evil:x/y" (instance)))"#).unwrap();
    for bytes in [&b""[..], b"\0asm\x01\0\0\0", b"(module)", b"\x1f\x8b", &unknown] {
        let CheckError::Refused(refused) = checker.check(bytes.to_vec()).await.unwrap_err() else {
            panic!("not refused")
        };
        assert_eq!(refused, SANDBOX.inspect(bytes).unwrap_err());
    }
    let module = Module { describe: "(loop $l (br $l)) (unreachable)", ..ECHO };
    let checked = checker.check(module.component()).await;
    assert!(matches!(checked, Err(CheckError::Describe(Ended::FuelExhausted))), "{checked:?}");
}

#[tokio::test]
async fn a20_hard_to_compile() {
    let checker = checker("a20", short());
    let cases = [
        ("one function of 7 MB", "too-complex", worst::long_function(7_000_000)),
        ("50,001 locals", "malformed", worst::many_locals(1, 50_001)),
        ("20,000 functions with 50,000 locals each", "compile-limit", worst::many_locals(19_000, 50_000)),
        ("a branch to 1,000,000 places", "too-complex", worst::wide_branch(1_000_000)),
        ("the largest functions, nothing but branches", "compile-limit", worst::many_branches(60)),
    ];
    for (input, expected, component) in cases {
        case("A20", input, expected, code(&checker.check(component).await));
        next_works(&checker).await;
    }
}

#[tokio::test]
async fn a21_types_that_unfold_without_end() {
    let checker = checker("a21", short());
    for (kind, twice) in upload::TWICE {
        for levels in [14, 60] {
            // At 60 levels the type is larger than wasmparser allows; records and variants would have to have names.
            let expected = if (kind, levels) == ("tuples", 14) { "import-type-mismatch" } else { "malformed" };
            let component = wat::parse_str(upload::unfolding(twice, levels)).unwrap();
            let input = format!("{kind} of {kind}, {levels} levels deep");
            case("A21", &input, expected, code(&checker.check(component).await));
        }
    }
    next_works(&checker).await;
}

#[tokio::test]
async fn a23_a_child_that_is_killed() {
    let checker = checker("a23-killed", CheckLimits::DEFAULT);
    let (checked, ()) = tokio::join!(checker.check(hard()), signal("a23-killed", Signal::KILL));
    assert!(checked.as_ref().unwrap_err().to_string().contains("signal 9"), "{checked:?}");
    case("A23", "the child is killed", "compile-limit", code(&checked));
    next_works(&checker).await;
}

#[tokio::test]
async fn a23_a_child_that_hangs() {
    let limits = CheckLimits { wall_time: Duration::from_secs(2), ..CheckLimits::DEFAULT };
    let stopped = checker("a23-hangs", limits);
    let (checked, ()) = tokio::join!(stopped.check(hard()), signal("a23-hangs", Signal::STOP));
    case("A23", "the child hangs", "compile-limit", code(&checked));
    assert_eq!(children("a23-hangs"), []);
    next_works(&checker("a23-hangs", CheckLimits::DEFAULT)).await;
}

#[tokio::test]
async fn a23_a_child_that_runs_out() {
    let memory = checker("a23-memory", CheckLimits { memory_bytes: 64 << 20, ..CheckLimits::DEFAULT });
    case("A23", "the child runs out of memory", "compile-limit", code(&memory.check(hard()).await));
    next_works(&memory).await;
    let time = checker("a23-time", short());
    case("A23", "the child runs out of processor time", "compile-limit", code(&time.check(hard()).await));
    next_works(&time).await;
}

#[tokio::test]
async fn a_program_that_is_no_child() {
    // In turn: no answer, garbage without an end, the component itself, failure.
    for program in ["true", "yes", "cat", "false"] {
        let checker = Checker::new(program, [""; 0], CheckLimits::DEFAULT);
        assert_eq!(code(&checker.check(ECHO.component()).await), "compile-limit", "{program}");
    }
    let missing = Checker::new("/nonexistent", [""; 0], CheckLimits::DEFAULT).check(ECHO.component()).await;
    assert!(matches!(missing, Err(CheckError::Host(_))), "{missing:?}");
}

#[tokio::test]
async fn a_child_has_no_environment() {
    let checker = checker("environment", CheckLimits::DEFAULT);
    let look = async {
        loop {
            if let Some(child) = children("environment").first() {
                break fs::read(format!("/proc/{}/environ", child.as_raw_nonzero())).unwrap();
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        checked = checker.check(hard()) => panic!("it is over already: {checked:?}"),
        environment = look => assert_eq!(String::from_utf8_lossy(&environment), ""),
    }
}

#[tokio::test]
async fn dropping_a_check_ends_its_child() {
    let checker = checker("dropped", CheckLimits::DEFAULT);
    let started = async {
        while children("dropped").is_empty() {
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        checked = checker.check(hard()) => panic!("it is over already: {checked:?}"),
        () = started => {}
    }
    let dropped = Instant::now();
    while !children("dropped").is_empty() {
        assert!(dropped.elapsed() < Duration::from_secs(10), "the child is still there");
        tokio::time::sleep(EVERY).await;
    }
    next_works(&checker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a24_many_uploads_at_once() {
    let limits = CheckLimits { at_once: 2, waiting: 4, ..short() };
    let (checker, component) = (checker("a24", limits), Arc::new(hard()));
    let uploads: Vec<_> = (0..50)
        .map(|_| {
            let (checker, component) = (checker.clone(), Arc::clone(&component));
            tokio::spawn(async move { code(&checker.check(component.to_vec()).await) })
        })
        .collect();
    let mut most = 0;
    while uploads.iter().any(|upload| !upload.is_finished()) {
        most = most.max(children("a24").len());
        tokio::time::sleep(EVERY).await;
    }
    let mut codes = Vec::new();
    for upload in uploads {
        codes.push(upload.await.unwrap());
    }
    let count = |code: &str| codes.iter().filter(|seen| *seen == code).count();
    case("A24", "50 of the worst uploads at once", "2 children, 6 checked, 44 busy", {
        format!("{most} children, {} checked, {} busy", count("compile-limit"), count("busy"))
    });
    next_works(&checker).await;
}
