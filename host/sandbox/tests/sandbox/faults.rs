//! Cases B of the list of faults that one file cannot be: several plugins at once, an invocation that is dropped, a host that
//! does not answer. And what the messages of the others say.

use std::time::{Duration, Instant};

use cases::case;
use sandbox::{Answer, Channel, Ended, Limits};
use serde_json::json;

use crate::support::{ECHO, Module, SANDBOX, ended, invoke, running};

const LOOP: &str = "(loop $l (br $l)) (unreachable)";

/// Everything that there can be, so that nothing but dropping ends a plugin soon.
fn most() -> Limits {
    Limits {
        fuel: Limits::MAX.fuel,
        guest_time: Limits::MAX.guest_time,
        wall_time: Limits::MAX.wall_time,
        ..Limits::MAX
    }
}

/// Checks that a plugin still runs.
async fn next_runs() {
    let (result, _) = invoke(&ECHO.plugin(), "[1]", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("[1]".to_owned()));
}

#[tokio::test]
async fn b03_b04_time_is_not_up_too_early() {
    let limits = Limits { guest_time: Duration::from_millis(50), ..most() };
    let started = Instant::now();
    assert_eq!(ended(running(LOOP), &limits).await, Ended::DeadlineExceeded);
    assert!(started.elapsed() >= limits.guest_time);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b07_all_the_memory_of_20_plugins_at_once() {
    let every_page = "(local $at i32)
        (loop $l
            (i32.store (local.get $at) (i32.const 1))
            (local.set $at (i32.add (local.get $at) (i32.const 4096)))
            (br_if $l (i32.lt_u (local.get $at) (i32.const 67108864))))
        (call $ok (i32.const 100) (i32.const 7))";
    let plugin = Module { memory: "1024", run: every_page, ..ECHO }.plugin();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(
                async move { invoke(&plugin, "{}", &Limits::default(), |_| Answer::Return(json!({}))).await.0 },
            )
        })
        .collect();
    for task in tasks {
        let seen = match task.await.unwrap() {
            Ok(output) => format!("output: {output}"),
            Err(ended) => ended.code().to_owned(),
        };
        assert_eq!(seen, "output: {\"a\":1}");
    }
    case("B07", "20 plugins use 64 MiB each, at once", "each ends with its output", "each ends with its output");
    next_runs().await;
}

#[tokio::test]
async fn a_trap_says_where() {
    let module = Module { run: "(call $inner)", more: "(func $inner (result i32) (unreachable))", ..ECHO };
    let Ended::Trapped { backtrace, .. } = ended(module, &Limits::default()).await else { panic!("not a trap") };
    assert_eq!(backtrace.first().map(String::as_str), Some("inner"));
}

#[tokio::test]
async fn b14_a_nul_reaches_the_host() {
    let nul = "(call $note (i32.const 5000) (i32.const 1)) (call $ok (local.get $in) (local.get $len))";
    let (result, calls) = invoke(&running(nul).plugin(), "{}", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Ok("{}".to_owned()));
    assert_eq!(calls[0].arguments, json!({"line": "\0"}));
}

const NOTES: Module = running("(loop $l (call $note (i32.const 0) (i32.const 4)) (br $l)) (unreachable)");

#[tokio::test]
async fn b15_arguments_are_counted() {
    // Each call has the arguments `{"line":"demo"}`: 15 bytes.
    let limits = Limits { argument_bytes: 31, ..Limits::default() };
    let (result, calls) = invoke(&NOTES.plugin(), "{}", &limits, |_| Answer::Return(json!({}))).await;
    assert_eq!(result, Err(Ended::ArgumentLimit { limit: 31 }));
    assert_eq!(calls.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn b21_an_answer_after_an_hour() {
    let plugin = NOTES.plugin();
    let (channel, mut host) = Channel::new();
    let serve = async {
        let call = host.calls.recv().await;
        // An hour of the paused clock, which takes no time.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        (call.is_some(), host.answers.send(Answer::Return(json!({}))).await.is_err())
    };
    let invoked = SANDBOX.invoke(&plugin, "{}".to_owned(), &Limits::DEFAULT, channel);
    let (result, (called, is_gone)) = tokio::join!(invoked, serve);
    case("B21", "the host answers after an hour", "timeout", result.unwrap_err().code());
    assert!(called && is_gone, "the call stays with the host");
}

#[tokio::test]
async fn b22_the_text_of_a_failure_is_cut() {
    let fails = running("(call $err (i32.const 8192) (i32.const 200) (i32.const 8192) (i32.const 100000))");
    let Ended::Failed { code, message } = ended(fails, &Limits::default()).await else { panic!("not a failure") };
    let seen = format!("{} and {} bytes", code.len(), message.len());
    case("B22", "a failure with a long code and a long message", "128 and 8192 bytes", seen);
}

#[tokio::test]
async fn b23_an_output_that_is_not_there() {
    let large = running("(call $ok (i32.const 8192) (i32.const 262145))");
    let too_large = Ended::OutputLimit { bytes: 262_145, limit: 262_144 };
    assert_eq!(ended(large, &Limits::default()).await, too_large);
    let nowhere = ended(running("(call $ok (i32.const 0) (i32.const -1))"), &Limits::default()).await;
    case("B23", "an output of 4 GiB less 1 byte", "trap", nowhere.code());
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
    let text = serde_json::to_string(&ended).unwrap();
    assert_eq!(serde_json::from_str::<Ended>(&text).unwrap(), ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b26_plugins_that_compute_do_not_hold_up_others() {
    let limits = Limits { fuel: Limits::MAX.fuel, guest_time: Duration::from_millis(100), ..Limits::default() };
    let busy = running(LOOP).plugin();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (plugin, limits) = (busy.clone(), limits.clone());
            tokio::spawn(async move { invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await.0 })
        })
        .collect();
    let (result, _) = invoke(&ECHO.plugin(), "[]", &Limits::default(), |_| Answer::Return(json!({}))).await;
    let others = tasks.iter().filter(|task| !task.is_finished()).count();
    assert!(others > 0, "the others should still be computing");
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(Ended::DeadlineExceeded));
    }
    case("B26", "one plugin beside 100 that loop", "output: []", format!("output: {}", result.unwrap()));
}

#[tokio::test]
async fn b27_an_invocation_that_is_dropped_at_each_of_its_calls() {
    let twenty = "(local $n i32)
        (loop $l
            (call $note (i32.const 0) (i32.const 4))
            (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20))))
        (call $ok (local.get $in) (local.get $len))";
    let plugin = running(twenty).plugin();
    let mut seen = Vec::new();
    for last in 0..=20 {
        // With the call under way, and with its answer under way.
        for is_answered in [false, true] {
            let (channel, mut host) = Channel::new();
            let limits = Limits::default();
            let mut invoked = Box::pin(SANDBOX.invoke(&plugin, "{}".to_owned(), &limits, channel));
            let mut received = 0;
            let serve = async {
                while let Some(_call) = host.calls.recv().await {
                    received += 1;
                    if received > last {
                        if is_answered {
                            host.answers.send(Answer::Return(json!({}))).await.unwrap();
                        }
                        break;
                    }
                    host.answers.send(Answer::Return(json!({}))).await.unwrap();
                }
            };
            tokio::select! {
                biased;
                () = serve => {}
                result = &mut invoked => assert_eq!((last, result), (20, Ok("{}".to_owned()))),
            }
            drop(invoked);
            assert_eq!(host.calls.recv().await, None, "nothing is called once it is dropped");
            seen.push(received);
        }
    }
    assert_eq!(seen, (1..=20).chain([20]).flat_map(|calls| [calls, calls]).collect::<Vec<_>>());
    case("B27", "an invocation dropped at each of 20 calls", "no panic, no call more", "no panic, no call more");
    next_runs().await;
}

#[tokio::test]
async fn b27_an_invocation_that_is_dropped_while_it_computes() {
    // One thread: the drop has its turn only if the plugin gives it up.
    let plugin = running(LOOP).plugin();
    let limits = most();
    let (channel, host) = Channel::new();
    let started = Instant::now();
    let invoked = SANDBOX.invoke(&plugin, "{}".to_owned(), &limits, channel);
    let stopped = tokio::time::timeout(Duration::from_millis(50), invoked).await;
    assert!(stopped.is_err(), "{stopped:?}");
    assert!(host.answers.is_closed());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let task = tokio::spawn({
        let (channel, _) = Channel::new();
        async move { SANDBOX.invoke(&plugin, "{}".to_owned(), &most(), channel).await }
    });
    tokio::task::yield_now().await;
    task.abort();
    let aborted = tokio::time::timeout(Duration::from_secs(2), task).await.unwrap();
    case(
        "B27",
        "an invocation dropped while it loops",
        "cancelled",
        if aborted.unwrap_err().is_cancelled() { "cancelled" } else { "" },
    );
    next_runs().await;
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
