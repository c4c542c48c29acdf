//! Plugins that misbehave at run time (cases B of the list of faults): each ends with its code, and the next one runs.

use std::time::{Duration, Instant};

use sandbox::{Answer, Ended, Limits};
use serde_json::json;

use crate::support::{ECHO, Module, SANDBOX, ended, invoke, running};

const LOOP: &str = "(loop $l (br $l)) (unreachable)";

fn little_fuel() -> Limits {
    Limits { fuel: 1_000_000, ..Limits::default() }
}

async fn code(module: Module) -> String {
    ended(module, &Limits::default()).await.code().to_owned()
}

#[tokio::test]
async fn b01_a_loop_uses_up_its_fuel() {
    assert_eq!(ended(running(LOOP), &little_fuel()).await, Ended::FuelExhausted);
}

#[tokio::test]
async fn b02_loops_outside_of_run() {
    let start = Module { more: "(func $s (loop $l (br $l))) (start $s)", ..ECHO };
    let realloc = Module { realloc: LOOP, ..ECHO };
    let post = r#"(func (export "cabi_post_quell:plugin/remediation@0.1.0#run") (param i32) (loop $l (br $l)))"#;
    let post_return = Module { more: post, ..ECHO };
    for module in [start, realloc, post_return] {
        assert_eq!(ended(module, &little_fuel()).await, Ended::FuelExhausted);
    }
}

#[tokio::test]
async fn b03_b04_time_is_bounded_when_fuel_is_not() {
    let limits = Limits { fuel: Limits::MAX.fuel, guest_time: Duration::from_millis(50), ..Limits::default() };
    let fill = "(loop $l (memory.fill (i32.const 65536) (i32.const 0) (i32.const 33554432)) (br $l)) (unreachable)";
    for module in [running(LOOP), Module { memory: "600", run: fill, ..ECHO }] {
        let plugin = module.plugin();
        let started = Instant::now();
        let (result, _) = invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await;
        assert_eq!(result, Err(Ended::DeadlineExceeded));
        assert!(started.elapsed() >= limits.guest_time);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn b03_the_wall_clock_is_seen_while_a_plugin_computes() {
    let limits = Limits { fuel: Limits::MAX.fuel, wall_time: Duration::from_millis(50), ..Limits::default() };
    assert_eq!(ended(running(LOOP), &limits).await, Ended::TimedOut);
}

#[tokio::test]
async fn b05_memory_does_not_grow_beyond_its_limit() {
    let gives_up = Module { run: "(memory.grow (i32.const 65000)) (drop) (unreachable)", ..ECHO };
    assert_eq!(ended(gives_up, &Limits::default()).await, Ended::MemoryLimit);
    let goes_on = "(if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then (unreachable)))
        (call $ok (local.get $in) (local.get $len))";
    let (result, _) = invoke(&running(goes_on).plugin(), "{}", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("{}".to_owned()));
}

#[tokio::test]
async fn b06_a_large_initial_memory_is_refused() {
    assert_eq!(ended(Module { memory: "65536", ..ECHO }, &Limits::default()).await, Ended::MemoryLimit);
}

#[tokio::test]
async fn b08_tables_are_bounded() {
    let initial = Module { more: "(table 10000000 funcref)", ..ECHO };
    let grown = Module {
        more: "(table $t 1 funcref)",
        run: "(table.grow $t (ref.null func) (i32.const 10000000)) (drop) (unreachable)",
        ..ECHO
    };
    for module in [initial, grown] {
        assert_eq!(ended(module, &Limits::default()).await, Ended::TableLimit);
    }
}

#[tokio::test]
async fn b09_recursion_overflows_the_stack_and_nothing_else() {
    let module = Module {
        run: "(call $deep (i32.const 0))",
        more: "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))",
        ..ECHO
    };
    assert_eq!(ended(module, &Limits::default()).await, Ended::StackOverflow);
}

#[tokio::test]
async fn b10_traps_are_told_apart() {
    let null = Module { more: "(table 1 funcref)", run: "(call_indirect (result i32) (i32.const 0))", ..ECHO };
    let cases = [
        (running("(unreachable)"), "unreachable"),
        (running("(i32.div_u (i32.const 1) (i32.const 0))"), "divide by zero"),
        (running("(i32.load (i32.const -4))"), "out of bounds memory access"),
        (null, "uninitialized element"),
    ];
    for (module, text) in cases {
        let ended = ended(module, &Limits::default()).await;
        assert_eq!(ended.code(), "trap");
        assert!(ended.to_string().contains(text), "{ended}");
    }
}

#[tokio::test]
async fn a_trap_says_where() {
    let module = Module { run: "(call $inner)", more: "(func $inner (result i32) (unreachable))", ..ECHO };
    let Ended::Trapped { backtrace, .. } = ended(module, &Limits::default()).await else { panic!("not a trap") };
    assert_eq!(backtrace.first().map(String::as_str), Some("inner"));
}

#[tokio::test]
async fn b11_b13_what_one_call_copies_is_bounded() {
    let string = Module { memory: "600", run: "(call $note (i32.const 0) (i32.const 33554432)) (unreachable)", ..ECHO };
    let list =
        Module { memory: "600", run: "(call $label (i32.const 8192) (i32.const 1000000)) (unreachable)", ..ECHO };
    for module in [string, list] {
        assert_eq!(ended(module, &Limits::default()).await, Ended::HostcallLimit);
    }
}

#[tokio::test]
async fn b12_strings_outside_of_memory_trap() {
    for run in [
        "(call $note (i32.const 1048570) (i32.const 100)) (unreachable)",
        "(call $note (i32.const 8) (i32.const -1)) (unreachable)",
    ] {
        assert_eq!(code(running(run)).await, "trap");
    }
}

#[tokio::test]
async fn b14_strings_are_utf8() {
    let invalid =
        "(i32.store8 (i32.const 5000) (i32.const 255)) (call $note (i32.const 5000) (i32.const 1)) (unreachable)";
    assert_eq!(code(running(invalid)).await, "trap");
    let nul = "(call $note (i32.const 5000) (i32.const 1)) (call $ok (local.get $in) (local.get $len))";
    let (result, calls) = invoke(&running(nul).plugin(), "{}", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("{}".to_owned()));
    assert_eq!(calls[0].arguments, json!({"line": "\0"}));
}

const NOTES: Module = running("(loop $l (call $note (i32.const 0) (i32.const 4)) (br $l)) (unreachable)");

#[tokio::test]
async fn b15_b16_calls_are_counted() {
    let limits = Limits { host_calls: 20, ..Limits::default() };
    let (result, calls) = invoke(&NOTES.plugin(), "{}", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Err(Ended::CallLimit { limit: 20 }));
    assert_eq!(calls.len(), 20);
}

#[tokio::test]
async fn b15_arguments_are_counted() {
    // Each call has the arguments `{"line":"demo"}`: 15 bytes.
    let limits = Limits { argument_bytes: 31, ..Limits::default() };
    let (result, calls) = invoke(&NOTES.plugin(), "{}", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Err(Ended::ArgumentLimit { limit: 31 }));
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn b20_nothing_is_kept_between_invocations() {
    let count = "(i32.store (i32.const 6000) (i32.add (i32.load (i32.const 6000)) (i32.const 1)))
        (i32.store8 (i32.const 6010) (i32.add (i32.const 48) (i32.load (i32.const 6000))))
        (call $ok (i32.const 6010) (i32.const 1))";
    let plugin = running(count).plugin();
    for _ in 0..2 {
        let (result, _) = invoke(&plugin, "{}", &Limits::default(), |_| Answer::Return(json!({}))).await;
        assert_eq!(result, Ok("1".to_owned()));
    }
}

#[tokio::test]
async fn b22_the_text_of_a_failure_is_cut() {
    let fails = running("(call $err (i32.const 8192) (i32.const 200) (i32.const 8192) (i32.const 100000))");
    let Ended::Failed { code, message } = ended(fails, &Limits::default()).await else { panic!("not a failure") };
    assert_eq!((code.len(), message.len()), (128, 8 << 10));
}

#[tokio::test]
async fn b23_outputs_are_bounded_and_json() {
    let large = running("(call $ok (i32.const 8192) (i32.const 262145))");
    let too_large = Ended::OutputLimit { bytes: 262_145, limit: 262_144 };
    assert_eq!(ended(large, &Limits::default()).await, too_large);
    let echo = ECHO.plugin();
    for input in ["NaN", "{\"a\": 1, \"a\": 2}", "", &"[".repeat(10_000)] {
        let (result, _) = invoke(&echo, input, &Limits::default(), |_| Answer::Return(json!({}))).await;
        assert_eq!(result.unwrap_err().code(), "output-invalid", "{input}");
    }
    assert_eq!(code(running("(call $ok (i32.const 0) (i32.const -1))")).await, "trap");
}

#[tokio::test]
async fn inputs_are_bounded() {
    let limits = Limits { input_bytes: 4, ..Limits::default() };
    let (result, _) = invoke(&ECHO.plugin(), "12345", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Err(Ended::InputLimit { bytes: 5, limit: 4 }));
    let (result, _) = invoke(&ECHO.plugin(), "1234", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("1234".to_owned()));
}

#[tokio::test]
async fn limits_beyond_the_maximum_are_refused() {
    let limits = Limits { fuel: Limits::MAX.fuel + 1, ..Limits::default() };
    let ended = ended(ECHO, &limits).await;
    assert_eq!(ended.code(), "limits-invalid");
    assert_eq!(ended.to_string(), "the limit `fuel` is above its maximum, 100000000000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b26_a_plugin_that_computes_does_not_hold_up_others() {
    let limits = Limits { fuel: Limits::MAX.fuel, guest_time: Duration::from_millis(100), ..Limits::default() };
    let busy = running(LOOP).plugin();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (plugin, limits) = (busy.clone(), limits.clone());
            tokio::spawn(async move { invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await.0 })
        })
        .collect();
    let (result, _) = invoke(&ECHO.plugin(), "[]", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("[]".to_owned()));
    assert!(tasks.iter().any(|task| !task.is_finished()), "the others should still be computing");
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(Ended::DeadlineExceeded));
    }
}

#[tokio::test]
async fn a_plugin_outlives_its_sandbox_and_is_still_interrupted() {
    let sandbox = sandbox::Sandbox::new(SANDBOX.contract().clone()).unwrap();
    let plugin = sandbox.compile(&running(LOOP).component()).unwrap();
    drop(sandbox);
    let limits = Limits { fuel: Limits::MAX.fuel, guest_time: Duration::from_millis(20), ..Limits::default() };
    let (result, _) = invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Err(Ended::DeadlineExceeded));
}
