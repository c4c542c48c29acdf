//! Calls and answers across the channel.

use std::time::Duration;

use sandbox::{Answer, Call, Channel, Description, Ended, Limits};
use serde_json::{Value, json};

use crate::support::{ECHO, Module, SANDBOX, invoke, running};

/// Asks for `demo`, three times, and answers with the first string of the list, or fails with the text of the error.
const ASK: Module = running(
    "(call $ask (i32.const 0) (i32.const 4) (i32.const 1) (i32.const 3) (i32.const 3000))
     (if (result i32) (i32.load8_u (i32.const 3000))
        (then (call $err (i32.const 0) (i32.const 4) (i32.load (i32.const 3008)) (i32.load (i32.const 3012))))
        (else (call $ok (i32.load (i32.load (i32.const 3004))) (i32.load offset=4 (i32.load (i32.const 3004))))))",
);

async fn ask(answer: Answer) -> (Result<String, Ended>, Vec<Call>) {
    invoke(&ASK.plugin(), "{}", &Limits::default(), |_| answer.clone()).await
}

#[tokio::test]
async fn a_call_crosses_and_its_result_comes_back() {
    let (result, calls) = ask(Answer::Return(json!({"ok": ["[1, 2]", "unused"]}))).await;
    assert_eq!(result, Ok("[1, 2]".to_owned()));
    let arguments = json!({"name": "demo", "times": 3});
    assert_eq!(calls, [Call { function: "quell:demo/things@0.1.0#ask".to_owned(), arguments }]);
}

#[tokio::test]
async fn a_denied_call_is_a_value() {
    let (result, _) = ask(Answer::Return(json!({"err": {"denied": "not granted"}}))).await;
    assert_eq!(result, Err(Ended::Failed { code: "demo".to_owned(), message: "not granted".to_owned() }));
}

#[tokio::test]
async fn stop_ends_the_invocation_with_the_hosts_code() {
    let stop = Answer::Stop { code: "nondeterministic".to_owned(), message: "call 1 differs".to_owned() };
    let (result, calls) = ask(stop).await;
    assert_eq!(result.as_ref().unwrap_err().code(), "nondeterministic");
    assert_eq!(calls.len(), 1);
}

#[tokio::test]
async fn a_wrong_answer_ends_the_invocation() {
    for wrong in [json!({}), json!(null), json!({"ok": [1]}), json!({"err": {"gone": null}})] {
        let (result, _) = ask(Answer::Return(wrong.clone())).await;
        let ended = result.unwrap_err();
        assert_eq!(ended.code(), "answer-invalid", "{wrong}: {ended}");
        assert!(ended.to_string().contains("quell:demo/things@0.1.0#ask"), "{ended}");
    }
}

#[tokio::test]
async fn a_host_that_is_gone_ends_the_invocation() {
    let (channel, host) = Channel::new();
    drop(host);
    let plugin = ASK.plugin();
    let ended = SANDBOX.invoke(&plugin, "{}".to_owned(), &Limits::default(), channel).await.unwrap_err();
    assert_eq!(ended.code(), "host-gone");
}

#[tokio::test]
async fn a_float_that_is_not_finite_cannot_be_recorded() {
    let weigh = running("(call $weigh (f64.const nan)) (call $ok (local.get $in) (local.get $len))");
    let (result, calls) = invoke(&weigh.plugin(), "{}", &Limits::default(), |_| Answer::Return(json!({}))).await;
    assert_eq!(result.unwrap_err().code(), "argument-invalid");
    assert_eq!(calls, []);
}

#[tokio::test]
async fn b27_dropping_an_invocation_while_it_waits_ends_it() {
    let (channel, mut host) = Channel::new();
    let plugin = ASK.plugin();
    let task = tokio::spawn(async move { SANDBOX.invoke(&plugin, "{}".to_owned(), &Limits::default(), channel).await });
    let call = host.calls.recv().await;
    assert!(call.is_some());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(host.calls.recv().await, None);
    assert!(host.answers.send(Answer::Return(Value::Null)).await.is_err());
}

#[tokio::test]
async fn b21_a_host_that_does_not_answer_is_a_timeout() {
    let limits = Limits { wall_time: Duration::from_millis(30), ..Limits::default() };
    let (channel, mut host) = Channel::new();
    let plugin = ASK.plugin();
    let ended = SANDBOX.invoke(&plugin, "{}".to_owned(), &limits, channel).await.unwrap_err();
    assert_eq!(ended, Ended::TimedOut);
    assert!(host.calls.recv().await.is_some(), "the call stays with the host");
}

#[tokio::test]
async fn describe_reads_the_description() {
    let description = SANDBOX.describe(&ECHO.plugin()).await.unwrap();
    let expected = Description {
        name: "demo".to_owned(),
        version: "1.0.0".to_owned(),
        summary: "Demo.".to_owned(),
        input_schema: json!({}),
        output_schema: json!(true),
    };
    assert_eq!(description, expected);
}

#[tokio::test]
async fn describe_may_call_nothing() {
    let module = Module { describe: "(call $note (i32.const 0) (i32.const 4)) (call $description)", ..ECHO };
    let ended = SANDBOX.describe(&module.plugin()).await.unwrap_err();
    assert_eq!(ended, Ended::CallNotAllowed { function: "quell:demo/things@0.1.0#note".to_owned() });
    let module = Module { describe: "(loop $l (br $l)) (call $description)", ..ECHO };
    assert_eq!(SANDBOX.describe(&module.plugin()).await, Err(Ended::FuelExhausted));
}

#[tokio::test]
async fn describe_must_have_schemas() {
    let module = Module { describe: "(call $description) (i32.store (i32.const 2084) (i32.const 3))", ..ECHO };
    let ended = SANDBOX.describe(&module.plugin()).await.unwrap_err();
    assert_eq!(ended.code(), "output-invalid");
    assert!(ended.to_string().contains("`output-schema`"), "{ended}");
}

#[test]
fn messages_keep_their_form_between_processes() {
    let call = Call { function: "a:b/c@1.0.0#d".to_owned(), arguments: json!({"n": u64::MAX}) };
    let text = serde_json::to_string(&call).unwrap();
    assert_eq!(text, r#"{"function":"a:b/c@1.0.0#d","arguments":{"n":18446744073709551615}}"#);
    assert_eq!(serde_json::from_str::<Call>(&text).unwrap(), call);
    let ended = Ended::Failed { code: "a".to_owned(), message: "b".to_owned() };
    let text = serde_json::to_string(&ended).unwrap();
    assert_eq!(text, r#"{"ended":"failed","code":"a","message":"b"}"#);
    assert_eq!(serde_json::from_str::<Ended>(&text).unwrap(), ended);
    let limits = serde_json::to_string(&Limits::default()).unwrap();
    assert_eq!(serde_json::from_str::<Limits>(&limits).unwrap(), Limits::default());
}
