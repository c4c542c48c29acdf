//! B15, B16, B24: too many calls, and log lines that are more than lines.

use capability::{Limits, Passed};
use cases::case;
use ledger::Draft;
use serde_json::{Value, json};

use crate::world::{READ, Step, THING, World, allow, touching};

const LOG: &str = "quell:log/log@0.1.0#write";

async fn log(step: &Step, message: &str) {
    let line = json!({ "level": "info", "message": message });
    assert_eq!(step.gate.pass(&step.attempt, LOG, &line).await, Passed::Answer(json!({})));
}

/// The lines that the ledger has.
fn lines(step: &Step) -> Vec<String> {
    let line = |draft: &Draft| -> String {
        let arguments: Value = serde_json::from_slice(&draft.payloads["arguments"]).unwrap();
        arguments["message"].as_str().unwrap().to_string()
    };
    step.world.kept.lock().unwrap().iter().filter(|draft| draft.kind == "call.log").map(line).collect()
}

#[tokio::test]
async fn b15_many_log_calls_are_few_records() {
    let step = World::new(None).step("a");
    for _ in 0..20_000 {
        log(&step, "x").await;
    }
    let lines = lines(&step);
    case("B15", "20,000 log calls: records", 1_001, lines.len());
    case("B15", "20,000 log calls: the last record", "log truncated", lines.last().unwrap());
    assert!(lines.iter().rev().skip(1).all(|line| line == "x"));

    let step = World::new(None).step("a");
    for _ in 0..1_000 {
        log(&step, &"x".repeat(8 << 10)).await;
    }
    let bytes: usize = self::lines(&step).iter().map(String::len).sum();
    case("B15", "8 MiB of log: bytes kept", (1 << 20) + "log truncated".len(), bytes);
}

#[tokio::test]
async fn b16_the_201st_operation_fails_the_step() {
    let step = World::granting(json!([allow("*", "*")])).step("a");
    for number in 0..200 {
        let seen = match number % 2 {
            0 => step.write("thing:Put", THING).await,
            _ => step.call(READ, touching("thing:Get", THING)).await,
        };
        assert_eq!(seen, "1 sent", "{number}");
    }
    case("B16", "the 201st operation, a write", "call-limit, 0 sent", step.write("thing:Put", THING).await);
    let read = step.call(READ, touching("thing:Get", THING)).await;
    case("B16", "the 202nd, a read", "call-limit, 0 sent", read);
    case("B16", "requests of the attempt", 200, step.world.sent.lock().unwrap().len());

    let denied = World::new(None).step("a");
    for _ in 0..200 {
        denied.write("thing:Put", THING).await;
    }
    let seen = denied.write("thing:Put", THING).await;
    case("B16", "the 201st operation, when all before were denied", "call-limit, 0 sent", seen);
}

#[tokio::test]
async fn b24_a_log_line_is_one_record_whatever_is_in_it() {
    for (what, message) in [
        ("a colour", "\u{1b}[31mred\u{1b}[0m"),
        ("a link of the terminal", "\u{1b}]8;;https://a.test\u{7}x\u{1b}]8;;\u{7}"),
        ("a carriage return", "good\rbad"),
        ("a line end and a false prefix", "done\n2026-01-31T12:00:00Z ERROR host: false"),
        ("text that is written backwards", "\u{202e}txt.exe\u{202c}"),
        ("a zero byte", "a\0b"),
        ("markup", "</script><script>alert(1)</script>"),
        ("a quote and a backslash", "\"}\\"),
    ] {
        let step = World::new(None).step("a");
        log(&step, message).await;
        let kept = step.world.kept.lock().unwrap().clone();
        let raw = kept[0].payloads["arguments"].iter().filter(|byte| byte.is_ascii_control()).count();
        let same = if lines(&step) == [message] { "as it was written" } else { "changed" };
        let seen = format!("{} record, {same}, {raw} raw control characters", kept.len());
        case("B24", what, "1 record, as it was written, 0 raw control characters", seen);
    }
}

#[tokio::test]
async fn b24_a_line_is_cut_between_characters() {
    let step = World::bounded(&World::new(None), "a", Limits { log_line_bytes: 8, ..Limits::default() });
    for message in ["12345678", "123456789", "1234567é", "\u{1b}[31m\n\n\n\n", "€€€"] {
        log(&step, message).await;
    }
    let expected = [
        "12345678",
        "12345678 [line truncated]",
        "1234567 [line truncated]",
        "\u{1b}[31m\n\n\n [line truncated]",
        "€€ [line truncated]",
    ];
    assert_eq!(lines(&step), expected);
    case("B24", "5 lines at the limit of 8 bytes: records", 5, lines(&step).len());
}
