//! Expressions: results and their types, what is missing, and hostile sources.

mod fuzz;
mod helpers;
mod hostile;
mod page;

use serde_json::{Value, json};

use super::scope::Scope;
use super::template::Template;
use super::{Expression, ExpressionError};
use crate::problem::Collector;
use crate::yaml;

/// Evaluates a YAML value against this event.
fn evaluate(source: &str) -> Result<Value, String> {
    let event = json!({
        "id": "e-1", "severity": 8, "score": 7.5, "ok": true, "none": null, "big": u64::MAX, "list": [1, 2],
        "map": { "b": 1, "a": 2 }, "evil": "${{ 7*7 }} {{ event }} {% raw %}", "long": "x".repeat(200_000),
    });
    evaluate_in(source, &event)
}

fn evaluate_in(source: &str, event: &Value) -> Result<Value, String> {
    let mut problems = Collector::new(source);
    let template = yaml::parse(source, &mut problems).map(|node| Template::read(&node, &mut problems));
    if !problems.is_empty() {
        let problems = problems.finish("value.yaml");
        return Err(problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n"));
    }
    template.unwrap().evaluate(&Scope::Event(event)).map_err(|error| error.to_string())
}

/// Evaluates what stands between the delimiters.
fn evaluate_one(source: &str, event: &Value) -> Result<Value, ExpressionError> {
    let expression = Expression::compile(source)?;
    let steps = std::collections::BTreeSet::new();
    expression.evaluate(&Scope::Event(event).context(expression.references().iter(), &steps)?)
}

fn check(source: &str, expected: Value) {
    assert_eq!(evaluate(source), Ok(expected), "{source}");
}

fn check_error(source: &str, expected: &str) {
    let error = evaluate(source).expect_err(source);
    assert!(error.contains(expected), "{source}: {error}");
}

#[test]
fn one_expression_keeps_its_type() {
    check("${{ event.severity }}", json!(8));
    check("${{ event.severity + 1 }}", json!(9));
    check("${{ event.severity == 8.0 }}", json!(true));
    check("${{ event.score }}", json!(7.5));
    check("${{ event.none }}", json!(null));
    check("${{ event.big }}", json!(u64::MAX));
    check("${{ event.list }}", json!([1, 2]));
    check("${{ event.missing is defined }}", json!(false));
    check("${{ event.missing | default('x') }}", json!("x"));
    check("\"${{ [event.id, {'k': event.ok}] }}\"", json!(["e-1", { "k": true }]));
    check("{ a: [\"${{ event.id }}\", 1, no] }", json!({ "a": ["e-1", 1, "no"] }));
    let map = evaluate("${{ event.map }}").unwrap();
    assert_eq!(map.to_string(), r#"{"b":1,"a":2}"#, "the order of fields is kept");
}

#[test]
fn plain_scalars_are_text_unless_json_has_them() {
    check(
        "[no, on, Yes, True, 012, 1:20, 1e3, .inf, 0x1f, 1_000, 2001-01-01, 99999999999999999999]",
        json!([
            "no",
            "on",
            "Yes",
            "True",
            "012",
            "1:20",
            "1e3",
            ".inf",
            "0x1f",
            "1_000",
            "2001-01-01",
            "99999999999999999999",
        ]),
    );
    check(
        "[null, ~, true, false, 0, -3, 1.5, '1', \"true\"]",
        json!([null, null, true, false, 0, -3, 1.5, "1", "true"]),
    );
    check("{ a: , 1: x }", json!({ "a": null, "1": "x" }));
}

#[test]
fn in_a_text_results_are_put_into_it() {
    check("id ${{ event.id }}, ${{ event.severity }}/${{event.ok}}", json!("id e-1, 8/true"));
    check("\"${{ event.list }} ${{ event.none }}\"", json!("[1,2] null"));
    check("\"${{ '}}' }}${{ \\\"'}\\\" }}\"", json!("}}'}"));
    check("\"a ${{ {'k': {'l': 1}}.k.l }} b\"", json!("a 1 b"));
}

#[test]
fn what_looks_like_another_template_language_is_text() {
    for text in [
        "{{ 7*7 }}",
        "{% raw %}",
        "{# x #}",
        "${jndi:ldap://x}",
        "<%= 7*7 %>",
        "#{7*7}",
        "$(id)",
        "`id`",
        "${7*7}",
        "{{constructor}}",
        "%{7*7}",
        "[[7*7]]",
        "$ {{ event.id }}",
        "!!python/object",
        "${secret:slack}",
        "@{7*7}",
    ] {
        check(&serde_json::to_string(text).unwrap(), json!(text));
    }
}

#[test]
fn a_result_is_never_evaluated_again() {
    check("${{ event.evil }}", json!("${{ 7*7 }} {{ event }} {% raw %}"));
    check("<${{ event.evil }}>", json!("<${{ 7*7 }} {{ event }} {% raw %}>"));
    check("${{ '$' ~ '{{ event.id }}' }}", json!("${{ event.id }}"));
}

#[test]
fn what_is_missing_is_an_error_with_its_name() {
    check_error("${{ event.detail.type }}", "`event.detail` in `event.detail.type` is not defined");
    check_error("${{ event.missing }}", "`event.missing`");
    check_error("${{ [event.missing] }}", "`event.missing`");
    check_error("x ${{ event.missing }}", "`event.missing`");
    check_error("${{ event.missing == 1 }}", "`event.missing`");
    check_error("${{ event['map']['__proto__'] }}", "not defined");
    check_error("${{ event.__class__.__mro__ }}", "`event.__class__`");
    check_error("${{ event['..'] }}", "not defined");
    check_error("${{ event.list[1000000000] }}", "not defined");
    check_error("${{ event.list[-9] }}", "not defined");
    check("${{ event.list[-1] }}", json!(2));
}

#[test]
fn what_costs_too_much_is_stopped() {
    check_error("${{ 'x' * 1000000000 }}", "too costly");
    check_error("${{ range(100000) | list }}", "too costly");
    check_error("${{ event.long ~ event.long }}", "more than");
    check_error("[\"${{ event.long }}\", \"${{ event.long }}\"]", "more than");
    check_error(&format!("${{{{ {} }}}}", vec!["1"; 2_000].join("+")), "longer than 2048 bytes");
    let doubling =
        "(event.id * 9) | replace('e', 'eeeeeeeeee') | replace('e', 'eeeeeeeeee') | replace('e', 'eeeeeeeeee')
        | replace('e', 'eeeeeeeeee') | replace('e', 'eeeeeeeeee') | replace('e', 'eeeeeeeeee')";
    check_error(&format!("\"${{{{ {doubling} }}}}\""), "too costly");
}

#[test]
fn the_deepest_sources_that_are_short_enough_do_not_overflow() {
    let nested = |open: &str, close: &str| {
        let times = 1_900 / (open.len() + close.len());
        format!("${{{{ {}1{} }}}}", open.repeat(times), close.repeat(times))
    };
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("not ", ""), ("-", "")] {
        check_error(&serde_json::to_string(&nested(open, close)).unwrap(), "not a valid expression");
    }
    let chain = |terms| format!("${{{{ {} }}}}", vec!["1"; terms].join("+"));
    check(&chain(100), json!(100));
    check_error(&chain(1_000), "nested too deeply");
}

#[test]
fn what_is_not_an_expression_is_a_problem() {
    check_error("${{ event.id", "without `}}`");
    check_error("${{ }}", "not a valid expression");
    check_error("${{ event. }}", "not a valid expression");
    check_error("${{ event.id }} ${{", "without");
    check_error("${{ event | nope }}", "nope");
    check_error("${{ debug() }}", "debug");
    check_error("${{ event.id.startswith('e') }}", "startswith");
}

#[test]
fn a_condition_is_true_or_false() {
    let condition = |source: &str| {
        let mut problems = Collector::new(source);
        let node = yaml::parse(source, &mut problems).unwrap();
        Template::read(&node, &mut problems).evaluate_condition(&Scope::Event(&json!({ "n": 1, "f": "false" })))
    };
    assert_eq!(condition("${{ event.n == 1 }}"), Ok(true));
    assert_eq!(condition("false"), Ok(false));
    assert!(matches!(condition("${{ event.f }}"), Err(ExpressionError::WrongType { .. })));
    assert!(matches!(condition("${{ event.n }}"), Err(ExpressionError::WrongType { .. })));
}
