//! What is refused at load, with the exact text that people read.

#![expect(clippy::unwrap_used, reason = "a helper of tests that panics fails its test")]

use grant::Policy;

fn check(document: &str, expected: &str) {
    let error = Policy::load("team", document).unwrap_err();
    assert_eq!(error.to_string(), format!("policy `team` is refused\n{expected}"));
}

/// One statement that is right but for what it is given.
fn check_statement(elements: &str, expected: &str) {
    check(&format!("{{\"Version\": \"2012-10-17\", \"Statement\":\n{{{elements}}}}}"), expected);
}

fn check_resource(action: &str, resource: &str, help: &str) {
    let column = format!("\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": ").chars().count() + 2;
    check_statement(
        &format!("\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{resource}\""),
        &format!("line 2, column {column}, Statement.Resource: `{resource}` is not a resource here\n  help: {help}"),
    );
}

fn check_condition(condition: &str, expected: &str) {
    check_statement(
        &format!("\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\", \"Condition\":\n{condition}"),
        expected,
    );
}

#[test]
fn documents() {
    check("", "line 1, column 1: not JSON: EOF while parsing a value");
    check("{\"Version\": \"2012-10-17\",\n \"ü\" 1}", "line 2, column 6: not JSON: expected `:`");
    check("[]", "line 1, column 1: expected an object, found a list");
    check("{} {}", "line 1, column 4: not JSON: trailing characters");
    check(
        "{}",
        "line 1, column 1: `Version` is missing\n  help: write `\"Version\": \"2012-10-17\"`: older versions have no policy variables\n\
         line 1, column 1: `Statement` is missing",
    );
    check(
        "{\"Version\": \"2008-10-17\", \"Statement\": []}",
        "line 1, column 13, Version: unknown version `2008-10-17`\n  help: write `\"Version\": \"2012-10-17\"`: older versions have no policy variables\n\
         line 1, column 40, Statement: `Statement` is empty",
    );
    check(
        "{\"Version\": \"2012-10-17\", \"Version\": \"2012-10-17\", \"statement\": [], \"Statement\": 7}",
        "line 1, column 27, Version: `Version` is given twice\n\
         line 1, column 52, statement: unknown element `statement`\n  help: did you mean `Statement`?\n\
         line 1, column 82, Statement: expected an object, found a number",
    );
    let long = format!("{{\"Version\": \"2012-10-17\", \"Id\": \"{}\"}}", "x".repeat(70_000));
    check(&long, "line 1, column 1: the document has 70035 bytes, more than 61440");
}

#[test]
fn statements() {
    check_statement(
        "",
        "line 2, column 1, Statement: `Effect` is missing\n\
         line 2, column 1, Statement: a statement has either `Action` or `NotAction`\n\
         line 2, column 1, Statement: a statement has either `Resource` or `NotResource`",
    );
    check_statement(
        "\"Effect\": \"allow\", \"Action\": \"s3:*\", \"NotAction\": \"s3:*\", \"Resource\": []",
        "line 2, column 1, Statement: a statement has either `Action` or `NotAction`\n\
         line 2, column 12, Statement.Effect: unknown effect `allow`\n  help: write `Allow` or `Deny`\n\
         line 2, column 72, Statement.Resource: `Resource` is empty",
    );
    check_statement(
        "\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": \"*\", \"Resourse\": \"*\"",
        "line 2, column 21, Statement.Principal: `Principal` belongs in policies of resources, not in grants\n  help: remove it: a grant belongs to the plugin that it is set for\n\
         line 2, column 74, Statement.Resourse: unknown element `Resourse`\n  help: did you mean `Resource`?",
    );
    check_statement(
        "\"Sid\": \"a b\", \"Effect\": \"Allow\", \"Action\": [\"s3:*\", \"s3\", \"*:*\", \"s3:Get Object\", null], \"Resource\": \"*\"",
        "line 2, column 9, Statement.Sid: sid `a b` has characters other than letters and digits\n\
         line 2, column 54, Statement.Action[1]: `s3` is not an action\n  help: an action is `service:Name`, with `*` and `?` in the name if wanted, or `*`\n\
         line 2, column 60, Statement.Action[2]: `*:*` is not an action\n  help: an action is `service:Name`, with `*` and `?` in the name if wanted, or `*`\n\
         line 2, column 67, Statement.Action[3]: `s3:Get Object` is not an action\n  help: an action is `service:Name`, with `*` and `?` in the name if wanted, or `*`\n\
         line 2, column 84, Statement.Action[4]: expected a string, found null",
    );
    check(
        "{\"Version\": \"2012-10-17\", \"Statement\": [\n\
         {\"Sid\": \"A\", \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n\
         {\"Sid\": \"A\", \"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}",
        "line 3, column 1, Statement[1]: sid `A` is used twice",
    );
}

#[test]
fn resources() {
    let bare = "only `secret` actions have a bare name for a resource; other resources are `*` or an arn";
    check_resource("s3:*", "acme-data", bare);
    check_resource("*", "acme-data", bare);
    check_resource("s3:*", "https://hooks.example.com/*", "a URL is a resource of `http` actions only");
    check_resource("http:Post", "arn:aws:s3:::acme", "an arn is no resource of `http` and `secret` actions");
    check_resource(
        "secret:Use",
        "a b",
        "a resource is `*` or an arn; the name of a secret has letters, digits, `_`, `.`, `-` and wildcards",
    );
    check_resource(
        "secret:Use",
        "${aws:PrincipalTag/team}",
        "a resource is `*`, an arn, or for `http` actions a URL that begins with `https://`",
    );
    let other = "a resource is `*`, an arn, or for `http` actions a URL that begins with `https://`";
    check_resource("secret:Use", "a:b", other);
    check_resource("secret:Use", "a/b", other);
    check_resource("http:Get", "https://example.com/a b", "a URL pattern has no white space");
    check_resource(
        "http:Get",
        "http://example.com/",
        "a resource is `*`, an arn, or for `http` actions a URL that begins with `https://`",
    );
    check_resource(
        "http:Get",
        "https://example.com",
        "a URL pattern has a path behind its host: `https://hooks.example.com/*`",
    );
    let host = "the host of a URL pattern is written out in lower case; only its first label may be `*`";
    check_resource("http:Get", "https://*/", host);
    check_resource("http:Get", "https://*example.com/", host);
    check_resource("http:Get", "https://user@example.com/", host);
    check_resource("http:Get", "https://${aws:username}/", host);
    check_resource("s3:*", "arn:aws:s3:acme", "an arn has six fields: `arn:partition:service:region:account:resource`");
    check_resource("s3:*", "arn:awz:s3:::acme", "the partition of an arn is `aws`, `aws-cn`, `aws-us-gov` or `*`");
    check_resource("s3:*", "arn:aws:*:::acme", "the service of an arn is a name in lower case without wildcards");
    check_resource(
        "ec2:*",
        "arn:aws:ec2:EU:1:x",
        "the region of an arn is empty, a name such as `eu-central-1` or a pattern of one",
    );
    check_resource(
        "ec2:*",
        "arn:aws:ec2:*:instance:i-1",
        "the account of an arn is empty, twelve digits, `aws` or a pattern of these",
    );
    let account = "the account of an arn is empty, twelve digits, `aws` or a pattern of these";
    for odd in ["abcdefabcdef", "a*", "12345678901", "1234567890123", "AWS", "aws*", " "] {
        check_resource("ec2:*", &format!("arn:aws:ec2:*:{odd}:x"), account);
    }
    check_resource(
        "s3:*",
        "arn:aws:s3:::",
        "the resource of an arn, behind the fifth colon, is text without control characters",
    );
}

#[test]
fn variables() {
    check_resource("s3:*", "arn:aws:s3:::${aws:username", "the variable is not closed");
    let key = "a variable names a condition key such as `aws:PrincipalTag/team`";
    check_resource("s3:*", "arn:aws:s3:::${}", key);
    check_resource("s3:*", "arn:aws:s3:::${username}", key);
    check_resource(
        "http:Post",
        "https://hooks.slack.com/services/${secret:slack}",
        "a secret has no value here: a `*` stands for it in the URL, and `secret:Use` on its name allows it",
    );
    check_resource("s3:*", "arn:aws:s3:::${aws:${x}}", key);
    check_resource(
        "s3:*",
        "arn:aws:s3:::${aws:username, x}",
        "the default value of a variable stands in single quotes",
    );
    check_resource(
        "ec2:*",
        "arn:aws:ec2:*:${aws:ResourceAccount}:instance/*",
        "a variable stands only in the resource of an arn, behind the fifth colon",
    );
}

#[test]
fn conditions() {
    check_condition("{}", "line 3, column 1, Statement.Condition: `Condition` is empty");
    check_condition("[]", "line 3, column 1, Statement.Condition: expected an object, found a list");
    check_condition(
        "{\"StringEqual\": {\"a\": \"b\"}, \"StringMatches\": {\"a\": \"b\"}, \"BinaryEquals\": {\"a:b\": \"c\"}}",
        "line 3, column 2, Statement.Condition.StringEqual: unknown condition operator `StringEqual`\n  help: did you mean `StringEquals`?\n\
         line 3, column 29, Statement.Condition.StringMatches: unknown condition operator `StringMatches`\n\
         line 3, column 58, Statement.Condition.BinaryEquals: unknown condition operator `BinaryEquals`",
    );
    let combination =
        "`IfExists` goes neither with `ForAllValues:`, `ForAnyValue:` nor with `Null`, and `Null` with no prefix";
    check_condition(
        "{\"ForAnyValue:StringLikeIfExists\": {\"a:b\": \"c\"}}",
        &format!(
            "line 3, column 2, Statement.Condition[\"ForAnyValue:StringLikeIfExists\"]: condition operator `ForAnyValue:StringLikeIfExists` combines what does not go together\n  help: {combination}"
        ),
    );
    for operator in ["ForAllValues:Null", "ForAnyValue:Null", "NullIfExists"] {
        let column = if operator.contains(':') { format!("[\"{operator}\"]") } else { format!(".{operator}") };
        check_condition(
            &format!("{{\"{operator}\": {{\"a:b\": \"true\"}}}}"),
            &format!(
                "line 3, column 2, Statement.Condition{column}: condition operator `{operator}` combines what does not go together\n  help: {combination}"
            ),
        );
    }
    for (name, nearest) in [("Nu", Some("Null")), ("xxNull", Some("Null")), ("xxxNull", None), ("String", None)] {
        let help = nearest.map(|name| format!("\n  help: did you mean `{name}`?")).unwrap_or_default();
        check_condition(
            &format!("{{\"{name}\": {{\"a:b\": \"true\"}}}}"),
            &format!("line 3, column 2, Statement.Condition.{name}: unknown condition operator `{name}`{help}"),
        );
    }
    for key in ["a_b:c", "a b:c", ":c", "a:", "a: ", "a:${b}", "a:*", "a"] {
        check_condition(
            &format!("{{\"Bool\": {{\"{key}\": \"true\"}}}}"),
            &format!(
                "line 3, column 11, Statement.Condition.Bool{}: `{key}` is not a condition key\n  help: a condition key has a prefix, such as `aws:RequestedRegion`",
                if key == "a" { ".a".into() } else { format!("[{key:?}]") }
            ),
        );
    }
    check_condition(
        "{\"StringEquals\": {\"region\": \"x\", \"aws:A\": [], \"AWS:a\": \"x\", \"aws:B\": {}}}",
        "line 3, column 19, Statement.Condition.StringEquals.region: `region` is not a condition key\n  help: a condition key has a prefix, such as `aws:RequestedRegion`\n\
         line 3, column 43, Statement.Condition.StringEquals[\"aws:A\"]: `aws:A` is empty\n\
         line 3, column 47, Statement.Condition.StringEquals[\"AWS:a\"]: `AWS:a` is given twice\n\
         line 3, column 70, Statement.Condition.StringEquals[\"aws:B\"]: expected a string, a number or a boolean, found an object",
    );
}

#[test]
fn condition_values() {
    let cases = [
        ("NumericEquals", "ten", "this operator compares with a decimal number such as `12.5`"),
        ("NumericEquals", "1e3", "this operator compares with a decimal number such as `12.5`"),
        ("DateLessThan", "tomorrow", "this operator compares with a time such as `2026-01-31T12:00:00Z`"),
        ("DateLessThan", "2026", "this operator compares with a time such as `2026-01-31T12:00:00Z`"),
        ("Bool", "yes", "this operator compares with `true` or `false`"),
        ("IpAddress", "203.0.113.0/33", "this operator compares with a network such as `203.0.113.0/24`"),
        ("IpAddress", "203.0.113.0/+8", "this operator compares with a network such as `203.0.113.0/24`"),
        ("IpAddress", "203.0.113.0/", "this operator compares with a network such as `203.0.113.0/24`"),
        ("IpAddress", "2001:db8::/129", "this operator compares with a network such as `203.0.113.0/24`"),
        ("IpAddress", "::ffff:203.0.113.0/120", "this operator compares with a network such as `203.0.113.0/24`"),
        ("ArnLike", "role/app", "an arn has six fields: `arn:partition:service:region:account:resource`"),
        ("Null", "maybe", "`Null` has one value, `true` or `false`"),
        ("Bool", "${aws:SecureTransport}", "variables stand only in values of `String` and `Arn` operators"),
        ("StringLike", "${aws:x", "the variable is not closed"),
    ];
    for (operator, value, help) in cases {
        let column = format!("{{\"{operator}\": {{\"a:b\": ").len() + 1;
        check_condition(
            &format!("{{\"{operator}\": {{\"a:b\": \"{value}\"}}}}"),
            &format!(
                "line 3, column {column}, Statement.Condition.{operator}[\"a:b\"]: value `{value}` does not fit its operator\n  help: {help}"
            ),
        );
    }
    check_condition(
        "{\"Null\": {\"a:b\": [true, false]}}",
        "line 3, column 25, Statement.Condition.Null[\"a:b\"][1]: value `false` does not fit its operator\n  help: `Null` has one value, `true` or `false`",
    );
}
