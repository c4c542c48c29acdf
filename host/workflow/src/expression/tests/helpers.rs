//! What the checker refuses before there is an event, and what helpers say when they are given something wrong.

use serde_json::{Value, json};

use super::super::template::Template;
use super::{check_error, evaluate_one};
use crate::problem::Collector;
use crate::yaml;

fn error(source: &str) -> String {
    let event = json!({ "text": "x", "list": [1, "a"], "map": { "a": 1 }, "n": 1, "names": ["lower"] });
    evaluate_one(source, &event).expect_err(source).to_string()
}

#[test]
fn what_cannot_be_right_is_refused_before_there_is_an_event() {
    for (source, expected) in [
        ("event.x | lowr", "unknown filter `lowr`"),
        ("event.x is definde", "unknown test `definde`"),
        ("rnage(3)", "unknown function `rnage`"),
        ("event.x if false else event.y | lowr", "unknown filter `lowr`"),
        ("event.x | map('lowr')", "unknown filter `lowr`"),
        ("event.x | selectattr('a', 'eqq', 1)", "unknown test `eqq`"),
        ("event.x | map(event.y)", "`map` needs the name of the filter written out, in quotes"),
        ("event.x | replace('a')", "`replace` needs the argument `new`"),
        ("event.x | lower(1)", "`lower` takes no arguments"),
        ("event.x | replace('a', 'b', 1, 2)", "`replace` takes at most 3 arguments"),
        ("event.x | sort(attr='a')", "`sort` has no argument `attr`"),
        ("event.x | sort('a', attribute='b')", "`sort` is given `attribute` twice"),
        ("event.x | date_add('4 hours')", "`4 hours` is not a duration: they are written like `30s`"),
        ("event.x | date_add(4)", "`4` is not a duration"),
        ("event.x | to_datetime('us')", "`unit` must be `s` or `ms`, not `us`"),
        ("event.x | strftime('%!')", "`%!` is not a format"),
        ("event.x | get('a..b')", "`a..b` is not a path"),
        ("event.x | get('a[b]')", "is not a path"),
        ("event.x | get('a[0')", "is not a path"),
        ("event.x | get(1)", "must be text like `a.b[0].c`"),
        ("event.x | map(attribute='.a')", "`.a` is not a path"),
        ("event.x is in_cidr('10.0.0.0/33')", "`10.0.0.0/33` is not a network like `10.0.0.0/8`"),
        ("event.x is in_cidr('10.0.0.0')", "is not a network"),
        ("event.x | round(1, 'up')", "`method` of `round` must be `common`, `ceil` or `floor`"),
        ("event.x.upper()", "values have no methods"),
        ("range(*event.x)", "arguments must be written out"),
    ] {
        let event = json!({});
        let refused = super::Expression::compile(source).expect_err(source).to_string();
        assert!(refused.contains(expected), "{source}: {refused}");
        assert_eq!(evaluate_one(source, &event).unwrap_err().to_string(), refused);
    }
}

#[test]
fn what_is_given_something_wrong_says_so() {
    for (source, expected) in [
        ("event.n | lower", "`lower` takes text, not `1`"),
        ("event.map | upper", "`upper` takes text, not a mapping"),
        ("event.text | sort", "`sort` takes a list, not `x`"),
        ("event.list | sort", "text and numbers have no order among each other"),
        ("[none] | sort", "only text and numbers have an order, not null"),
        ("event.list | sum", "`sum` takes numbers, not `a`"),
        ("event.list | keys", "`keys` takes a mapping, not a list"),
        ("event.text | to_datetime", "`x` is not a timestamp: "),
        ("event.list | to_datetime", "a timestamp is text or a number, not a list"),
        ("event.text | to_seconds", "`x` is not a duration"),
        ("event.text | from_json", "`x` is not JSON: expected value"),
        ("event.text | b64decode", "`x` is not base64: "),
        ("'/w==' | b64decode", "is base64, but not of text"),
        ("event.text | int", "`int` takes a number, or text of one, not `x`"),
        ("event.text | arn", "`x` is not an ARN"),
        ("'arn:aws:s3:::' | arn", "is not an ARN"),
        ("event.text | join(1)", "`join` takes a list, not `x`"),
        ("event.list | join(event.n)", "`separator` of `join` must be text, not `1`"),
        ("event.list | items2dict", "an item of `items2dict` has no `key` or no `value`"),
        ("[{'key': 'a'}] | items2dict", "an item of `items2dict` has no `key` or no `value`"),
        ("event.list * 2", "`*` takes numbers, or text and a number, not a list"),
        ("event.map[event.list]", "a key must be text or a number, not a list"),
        ("event.text is gt(1)", "`x` and `1` have no order"),
        ("event.n is contains(1)", "`1` cannot contain `1`"),
        ("'a' ~ ('b' if false)", "is not defined"),
        ("event.text | default(event.missing)", "`event.missing`"),
        ("event.missing | lower", "`event.missing`"),
        ("event.a is undefined and event.b", "`event.b`"),
        ("event.a | default(1) + event.b", "`event.b`"),
        ("event | get('a.b')", "is not defined"),
    ] {
        assert!(error(source).contains(expected), "{source}: {}", error(source));
    }
}

#[test]
fn an_unknown_name_has_its_nearest_as_help() {
    let source = "[\"${{ event.x | lowr }}\", \"${{ event.y is definde }}\"]";
    let mut problems = Collector::new(source);
    let node = yaml::parse(source, &mut problems).unwrap();
    let _ = Template::read(&node, &mut problems);
    let text = problems.finish("w.yaml").render(false);
    assert!(text.contains("did you mean `lower`?") && text.contains("did you mean `defined`?"), "{text}");
}

#[test]
fn references_are_found_wherever_they_stand() {
    for (source, expected) in [
        ("event.a[1:]", vec!["event.a"]),
        ("event['a'].b", vec!["event.a.b"]),
        ("event.a[event.b].c", vec!["event.a", "event.b"]),
        ("steps.s.output.x is defined", vec!["steps.s.output.x"]),
        ("[1] | map(attribute=inputs.a)", vec!["inputs.a"]),
        ("{run.id: error.code}", vec!["error.code", "run.id"]),
        ("range(event.n) | select('gt', event.m)", vec!["event.m", "event.n"]),
        ("1 < event.a < event.b", vec!["event.a", "event.b"]),
        ("(event.a | get('x')).y | default(event.z)", vec!["event.a", "event.z"]),
    ] {
        let expression = super::Expression::compile(source).unwrap();
        let found: Vec<String> = expression.references().iter().map(|path| path.join(".")).collect();
        assert_eq!(found, expected, "{source}");
    }
}

/// ARNs as the service authorization reference of AWS has them, with the type and id of each.
#[test]
fn arns_of_every_shape() {
    for (arn, kind, id) in [
        ("arn:aws:ec2:eu-west-1:123456789012:instance/i-1", Some("instance"), "i-1"),
        ("arn:aws:ec2:eu-west-1:123456789012:security-group-rule/sgr-1", Some("security-group-rule"), "sgr-1"),
        ("arn:aws:iam::123456789012:root", None, "root"),
        ("arn:aws:iam::123456789012:user/a/b/c", Some("user"), "a/b/c"),
        ("arn:aws:sts::123456789012:assumed-role/r/s", Some("assumed-role"), "r/s"),
        ("arn:aws:s3:::bucket", Some("bucket"), "bucket"),
        ("arn:aws-cn:s3:::bucket/a:b/c", Some("object"), "bucket/a:b/c"),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/p", Some("accesspoint"), "p"),
        ("arn:aws:sns:eu-west-1:123456789012:topic:1-2-3", None, "topic:1-2-3"),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", None, "queue"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:live", Some("function"), "f:live"),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*", Some("log-group"), "/aws/lambda/f:*"),
        ("arn:aws:rds:eu-west-1:123456789012:db:d", Some("db"), "d"),
        ("arn:aws:kms:eu-west-1:123456789012:key/k-1", Some("key"), "k-1"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/i", Some("table"), "t/index/i"),
        ("arn:aws:apigateway:eu-west-1::/restapis/a/stages/s", Some("restapis"), "a/stages/s"),
        ("arn:aws:execute-api:eu-west-1:123456789012:a/stage/GET/x", None, "a/stage/GET/x"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-1", Some("secret"), "a/b-1"),
        ("arn:aws-us-gov:states:us-gov-west-1:123456789012:stateMachine:m", Some("stateMachine"), "m"),
    ] {
        let event = json!({ "arn": arn });
        let seen = evaluate_one("[(event.arn | arn).resource_type, (event.arn | arn).resource_id]", &event);
        assert_eq!(seen, Ok(json!([kind, id])), "{arn}");
        assert_eq!(evaluate_one("event.arn is arn", &event), Ok(Value::Bool(true)));
    }
    for text in
        ["", "arn", "arn:aws:s3", "arn:aws:s3::", "arn::s3:::b", "arn:aws::::b", "ARN:aws:s3:::b", "x:aws:s3:::b"]
    {
        assert_eq!(evaluate_one("event.t is arn", &json!({ "t": text })), Ok(Value::Bool(false)), "{text}");
    }
}

#[test]
fn sorting_has_one_order_for_large_numbers() {
    let numbers = json!({ "n": [9_007_199_254_740_993u64, 9_007_199_254_740_992.0, 9_007_199_254_740_992u64, u64::MAX, -1, 0.5] });
    let sorted = evaluate_one("event.n | sort", &numbers).unwrap();
    assert_eq!(sorted[0], json!(-1));
    assert_eq!(sorted[5], json!(u64::MAX));
    check_error("${{ [1, 'a'] | sort }}", "no order");
}
