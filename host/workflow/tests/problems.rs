//! The texts of problems, as people read them: all at once, each with a caret under its place.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use serde_json::json;
use workflow::{PluginSchema, Surroundings, load};

fn check(name: &str, source: &str) {
    check_in(name, source, &Surroundings::default());
}

fn check_in(name: &str, source: &str, surroundings: &Surroundings<'_>) {
    let problems = load("workflow.yaml", source, surroundings).expect_err("there is something wrong with it");
    insta::assert_snapshot!(name, problems.render(false));
}

/// A workflow of these steps.
fn steps(steps: &str) -> String {
    format!("name: w\nsteps:\n{steps}")
}

#[test]
fn fields() {
    check(
        "fields",
        r#"
nam: open-group
on:
  - event: { source: aws.ec2, detail: { x: [{ prefx: a }] } }
  - shedule: 1h
timeout: 0s
dedupe: { key: same, window: soon, on-update: restart }
inputs:
  alerts-topic: { type: string, default: x }
  count: { type: integer, default: "3" }
  size: { type: int }
steps:
  - id: a-b
    plugin: Notify
    wiht: { x: 1 }
    retry: { attempts: 1000000000, backoff: 0 }
  - id: ok
    aproval: { title: x }
  - id: both
    plugin: p
    approval: { title: t, approvers: [bob], needs: 2 }
  - plugin: q
    if: steps.ok.output
  - choose: []
"#,
    );
}

#[test]
fn references() {
    check(
        "references",
        &steps(
            r#"
  - id: a
    plugin: p
    with:
      later: ${{ steps.c.output }}
      unknown: ${{ steps.aa.output.x }}
      own: ${{ steps.a.status }}
      root: ${{ secrets.token }}
      error: ${{ error.message }}
      run: ${{ run.acount }}
      input: ${{ inputs.topic }}
    catch:
      - steps:
          - id: rescue
            plugin: p
            with: { why: "${{ error.mesage }}" }
  - parallel:
      branches:
        - id: b
          plugin: p
          with: { x: "got ${{ steps.b2.output }}", y: "${{ steps.a.outputs }}" }
        - id: b2
          plugin: p
  - id: c
    plugin: p
    with: { b: "${{ steps.b.output }}", r: "${{ steps.rescue.output }}" }
  - id: ask
    approval: { title: t, approvers: [group:x], show: [a, d] }
  - id: a
    plugin: p
"#,
        ),
    );
}

#[test]
fn approvals_cannot_be_bypassed() {
    check(
        "approvals",
        &steps(
            r#"
  - id: block
    parallel:
      on-error: continue
      branches:
        - steps:
            - id: one
              approval: { title: t, approvers: [group:x] }
  - id: two
    approval: { title: t, approvers: [user:a, user:b], needs: 3 }
    catch:
      - steps: [{ id: p, plugin: p }]
        then: continue
on-failure:
  - id: three
    approval: { title: t, approvers: [team:x] }
"#,
        ),
    );
}

#[test]
fn expressions() {
    check(
        "expressions",
        &steps(
            r#"
  - id: a
    plugin: p
    with:
      open: "text ${{ event.id"
      syntax: ${{ event. }}
      statement: "${{ event.id %} }}"
      filter: ${{ event | }}
"#,
        ),
    );
}

#[test]
fn plugins() {
    let schema = PluginSchema {
        input: Some(json!({
            "properties": { "topic_arn": {}, "message": {}, "subject": {} }, "required": ["topic_arn", "message"],
        })),
        output: Some(json!({ "properties": { "message_id": {} } })),
    };
    let plugins = BTreeMap::from([("notify-sns".to_owned(), schema)]);
    check_in(
        "plugins",
        &steps(
            r#"
  - id: a
    plugin: notify-sns
    with: { topic: x, subject: y }
  - id: b
    plugin: notify-sms
    with: { id: "${{ steps.a.output.mesage_id }}" }
"#,
        ),
        &Surroundings { plugins: Some(&plugins), ..Surroundings::default() },
    );
}

#[test]
fn yaml() {
    check("yaml-forbidden", "name: &n w\nname: x\nsteps: !!seq\n  - { id: a, plugin: *n, <<: { with: {} } }\n");
    check("yaml-syntax", "name: w\nsteps:\n  - id: \"a\n");
    check("yaml-tab", "name: w\nsteps:\n\t- id: a\n");
    check("yaml-two-documents", "name: w\n---\nname: x\n");
    check("yaml-directive", "%YAML 1.1\n---\nname: w\n");
    check("yaml-empty", "");
    check("yaml-null", "~\n");
    check("yaml-complex-key", "? [a, b]\n: c\n");
    check("yaml-steps-null", "name: w\nsteps:\n");
}

#[test]
fn budgets() {
    let depth = |n: usize| format!("name: w\nsteps: {}{}\n", "[".repeat(n), "]".repeat(n));
    check("budget-depth", &depth(32));
    assert!(load("w", &depth(10_000), &Surroundings::default()).is_err());
    check("budget-bytes", &format!("name: w # {}\n", "x".repeat(256 * 1024)));
    let wide: String = (0..20_001).map(|_| "1,").collect();
    let problems = load("w", &format!("steps: [{wide}]"), &Surroundings::default()).expect_err("too many nodes");
    assert_eq!(
        problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>(),
        ["the file has more than 20000 values"]
    );
    let many: String = (0..1_001).map(|n| format!("  - {{ id: s{n}, plugin: p }}\n")).collect();
    let problems = load("w", &steps(&many), &Surroundings::default()).expect_err("too many steps");
    assert_eq!(problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>(), ["a workflow has at most 1000 steps"]);
}

#[test]
fn problems_as_json_have_places() {
    let problems = load("w", "name: wé\nstepps: 1\n", &Surroundings::default()).expect_err("two things are wrong");
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&problems).unwrap());
}
