//! What is special to IAM: where users and roles are, their tags, and what became of its writes.

use std::collections::BTreeMap;

use capability::{FaultKind, Touch};
use cases::case;
use serde_json::{Value, json};

use crate::rows::{Row, rows};
use crate::server::{Reply, Server, nobody};
use crate::{is_done, operation};

const LAST_USED: &str = "quell:iam/access-keys@0.1.0#get-access-key-last-used";
const UPDATE_KEY: &str = "quell:iam/access-keys@0.1.0#update-access-key";
const PUT_USER_POLICY: &str = "quell:iam/user-policies@0.1.0#put-user-policy";

fn row(function: &str) -> Row {
    iam().into_iter().find(|row| row.function == function).unwrap()
}

fn iam() -> Vec<Row> {
    rows().into_iter().filter(|row| row.function.starts_with("quell:iam/")).collect()
}

fn ok(body: &str) -> Reply {
    Reply::Full(200, body.into())
}

fn error(status: u16, code: &str) -> Reply {
    let error = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Reply::Full(status, format!("<ErrorResponse>{error}</ErrorResponse>"))
}

/// What IAM answers of the entity that a row is about, its ARN, and what is asked for it.
fn entity(row: &Row) -> (&'static str, &'static str, &'static str) {
    if row.arguments.get("role-name").is_some() {
        let get = self::row("quell:iam/roles@0.1.0#get-role");
        (get.reply, "arn:aws:iam::123456789012:role/service/app", "GetRole")
    } else if row.arguments.get("instance-profile-name").is_some() {
        (row.reply, "arn:aws:iam::123456789012:instance-profile/p/web", "GetInstanceProfile")
    } else {
        let get = self::row("quell:iam/users@0.1.0#get-user");
        (get.reply, "arn:aws:iam::123456789012:user/division/bob", "GetUser")
    }
}

/// The replies to the host's search for a row's entity: a key tells its user first.
fn search(row: &Row, then: Reply) -> Vec<Reply> {
    let first = (row.function == LAST_USED).then(|| ok(row.reply));
    first.into_iter().chain([then]).collect()
}

#[tokio::test]
async fn a_call_touches_the_arn_with_its_path() {
    for row in iam() {
        let (reply, arn, action) = entity(&row);
        let server = Server::start(search(&row, ok(reply))).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        let touch = Touch { action: row.action.into(), resource: arn.into() };
        assert_eq!(operation.locate().await, Ok(Some(vec![touch])), "{}", row.function);
        assert_eq!(server.requests().last().unwrap().form["Action"], action, "{}", row.function);
    }
}

/// So that a plugin without a grant is denied as for one that exists.
#[tokio::test]
async fn what_does_not_exist_is_taken_for_what_has_no_path() {
    for row in iam() {
        let server = Server::start(search(&row, error(404, "NoSuchEntity"))).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        assert_eq!(operation.locate().await, Ok(Some(operation.touches())), "{}", row.function);
    }
    let row = row(LAST_USED);
    let server = Server::start([error(404, "NoSuchEntity")]).await;
    let operation = operation(&server.endpoint, LAST_USED, &row.arguments).await.unwrap();
    assert_eq!(operation.locate().await, Ok(Some(operation.touches())));
}

/// Only IAM's own word is taken for absence.
#[tokio::test]
async fn what_is_not_told_is_not_guessed() {
    for row in iam() {
        let nameless = ok("<Response><GetUserResult/><GetRoleResult/><GetInstanceProfileResult/></Response>");
        let bare = Reply::Full(404, String::new());
        for reply in [error(403, "AccessDenied"), error(400, "Throttling"), bare, nameless, Reply::None] {
            let server = Server::start(search(&row, reply.clone())).await;
            let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
            let located = operation.locate().await;
            assert!(located.is_err(), "{} {reply:?} {located:?}", row.function);
        }
    }
}

#[tokio::test]
async fn tags_are_the_entitys() {
    for row in iam() {
        let (reply, arn, _) = entity(&row);
        let server = Server::start([ok(reply), error(404, "NoSuchEntity"), error(403, "AccessDenied")]).await;
        let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
        let red = BTreeMap::from([("team".into(), "red".into())]);
        assert_eq!(operation.tags(arn).await, Ok(Some(red)), "{}", row.function);
        assert_eq!(operation.tags(arn).await, Ok(None), "{}", row.function);
        assert_eq!(operation.tags(arn).await.unwrap_err().kind, FaultKind::AccessDenied, "{}", row.function);
        if row.function == LAST_USED {
            assert_eq!(server.requests()[0].form["UserName"], "bob");
            assert_eq!(operation.tags(&operation.touches()[0].resource).await, Ok(None));
            assert_eq!(server.requests().len(), 3);
        }
    }
}

fn keys(status: &str, rest: &str) -> Reply {
    ok(&format!(
        "<ListAccessKeysResponse><ListAccessKeysResult>{rest}<AccessKeyMetadata><member><UserName>bob</UserName>
        <AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>{status}</Status></member></AccessKeyMetadata>
        </ListAccessKeysResult></ListAccessKeysResponse>"
    ))
}

fn other_keys(marker: &str) -> Reply {
    let Reply::Full(_, body) = keys("Inactive", marker) else { panic!("no body") };
    ok(&body.replace("AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"))
}

#[tokio::test]
async fn a_key_is_switched_when_it_is_listed_so() {
    let row = row(UPDATE_KEY);
    let more = "<IsTruncated>true</IsTruncated><Marker>n</Marker>";
    for (replies, expected) in [
        (vec![keys("Inactive", "")], Ok(true)),
        (vec![keys("Active", "")], Ok(false)),
        (vec![other_keys("")], Ok(false)),
        (vec![other_keys(more), keys("Inactive", "")], Ok(true)),
        (vec![other_keys(more), keys("Active", "")], Ok(false)),
        (vec![error(404, "NoSuchEntity")], Err(FaultKind::NotFound)),
    ] {
        let asked = replies.len();
        let server = Server::start(replies.clone()).await;
        let operation = operation(&server.endpoint, UPDATE_KEY, &row.arguments).await.unwrap();
        assert_eq!(is_done(&operation).await, expected, "{replies:?}");
        assert_eq!(server.requests().len(), asked);
    }
    let server = Server::start([error(403, "AccessDenied"), keys("Active", ""), other_keys("")]).await;
    let operation = operation(&server.endpoint, UPDATE_KEY, &row.arguments).await.unwrap();
    assert_eq!(is_done(&operation).await, Err(FaultKind::AccessDenied));
    assert_eq!(operation.state().await, Ok(json!({ "status": "Active" })));
    assert_eq!(operation.state().await, Ok(json!(null)));
}

/// The document as IAM answers it: spaced as it likes, and encoded.
fn policy(entity: &str, document: &str) -> Reply {
    let encoded: String = document.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let name = format!("<{entity}Name>x</{entity}Name><PolicyName>revoke</PolicyName>");
    ok(&format!(
        "<Get{entity}PolicyResponse><Get{entity}PolicyResult>{name}<PolicyDocument>{encoded}</PolicyDocument>
        </Get{entity}PolicyResult></Get{entity}PolicyResponse>"
    ))
}

#[tokio::test]
async fn a_policy_is_put_when_it_is_there_and_deleted_when_it_is_not() {
    for (entity, name) in [("User", "user"), ("Role", "role")] {
        let put = row(&format!("quell:iam/{name}-policies@0.1.0#put-{name}-policy"));
        let delete = row(&format!("quell:iam/{name}-policies@0.1.0#delete-{name}-policy"));
        let asked = put.arguments["policy-document"].as_str().unwrap().replace(',', ",\n  ");
        let gone = || error(404, "NoSuchEntity");
        // Whose policies they are is asked for where IAM does not tell it from a policy that there is not.
        let there = || ok(row(&format!("quell:iam/{name}s@0.1.0#get-{name}")).reply);
        for (row, replies, done) in [
            (&put, vec![policy(entity, &asked)], Ok(true)),
            (&put, vec![policy(entity, &asked.replace("Deny", "Allow"))], Ok(false)),
            (&put, vec![gone(), there()], Ok(false)),
            (&put, vec![gone(), gone()], Err(FaultKind::NotFound)),
            (&delete, vec![gone(), there()], Ok(true)),
            (&delete, vec![gone(), gone()], Err(FaultKind::NotFound)),
            (&delete, vec![policy(entity, &asked)], Ok(false)),
        ] {
            let more = [error(403, "AccessDenied"), policy(entity, "{}"), gone(), there(), gone(), gone()];
            let server = Server::start(replies.iter().cloned().chain(more)).await;
            let operation = operation(&server.endpoint, row.function, &row.arguments).await.unwrap();
            assert_eq!(is_done(&operation).await, done, "{} {replies:?}", row.function);
            assert_eq!(is_done(&operation).await, Err(FaultKind::AccessDenied));
            assert_eq!(operation.state().await, Ok(json!({ "policy-document": "{}" })), "{}", row.function);
            assert_eq!(operation.state().await, Ok(json!(null)), "{}", row.function);
            assert_eq!(operation.state().await.unwrap_err().kind, FaultKind::NotFound, "{}", row.function);
        }
    }
}

#[tokio::test]
async fn a_policy_is_read_or_refused() {
    let endpoint = nobody().await;
    let statement = |effect: &str| format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*"}}"#);
    let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let put = |entity: &str, document: &str| {
        let function = format!("quell:iam/{entity}-policies@0.1.0#put-{entity}-policy");
        let name = format!("{entity}-name");
        (function, json!({ (name): "x", "policy-name": "revoke", "policy-document": document }))
    };
    let both = document(&format!("{},{}", statement("Deny"), statement("Allow")));
    for (document, expected) in [(document(&statement("Deny")), vec!["Deny"]), (both, vec!["Deny", "Allow"])] {
        let (function, arguments) = put("user", &document);
        let compared = operation(&endpoint, &function, &arguments).await.unwrap().arguments();
        assert_eq!(compared[1], ("policy-effect", expected.into_iter().map(String::from).collect()));
    }
    let long = |bytes: usize| {
        let rest = document(&statement("Deny")).len();
        document(&statement("Deny"))
            .replace("\"Action\":\"*\"", &format!("\"Action\":\"{}*\"", "a".repeat(bytes - rest)))
    };
    for (entity, longest) in [("user", 2_048), ("role", 10_240)] {
        let refused = async |document: &str| {
            let (function, arguments) = put(entity, document);
            operation(&endpoint, &function, &arguments).await.map(|_| ()).map_err(|fault| fault.kind)
        };
        assert_eq!(refused(&long(longest)).await, Ok(()), "{entity}");
        assert_eq!(refused(&format!("{}\n ", long(longest))).await, Ok(()), "{entity}");
        assert_eq!(refused(&long(longest + 1)).await, Err(FaultKind::Invalid), "{entity}");
        for wrong in ["", "{}", "[]", "no JSON", &document(&statement("deny")), &document("")] {
            assert_eq!(refused(wrong).await, Err(FaultKind::Invalid), "{entity} {wrong}");
        }
    }
    let (function, mut arguments) = put("user", "{}");
    assert_eq!(function, PUT_USER_POLICY);
    arguments["policy-document"] = json!({});
    assert!(operation(&endpoint, &function, &arguments).await.is_err());
}

/// C10 for every name: what could hold a path, or be taken for more than one.
#[tokio::test]
async fn c10_tricks_with_names_are_refused() {
    let endpoint = nobody().await;
    let long = "x".repeat(4096);
    let tricks = [
        "",
        "*",
        "bo?",
        "division/bob",
        "/bob",
        "bob/",
        "../bob",
        "bob%2f",
        "bob:x",
        "b\u{43e}b",
        " bob",
        "bob ",
        "bob\n",
        "arn:aws:iam::123456789012:user/bob",
        &long,
    ];
    for row in iam() {
        let names = ["user-name", "role-name", "instance-profile-name", "policy-name", "access-key-id"];
        for (name, trick) in names.iter().flat_map(|name| tricks.map(|trick| (name, trick))) {
            if row.arguments.get(name).is_none() {
                continue;
            }
            let mut arguments = row.arguments.clone();
            arguments[name] = Value::from(trick);
            let taken = operation(&endpoint, row.function, &arguments).await;
            let seen = taken.map_or_else(|fault| fault.kind.case(), |_| "taken");
            let function = row.function.rsplit('#').next().unwrap();
            case("C10", &format!("{function}: the {name} {:.24}", format!("{trick:?}")), "invalid", seen);
        }
    }
    let mut arguments = row(UPDATE_KEY).arguments;
    for wrong in ["inactive", "INACTIVE", "", "Expired", "Inactive "] {
        arguments["status"] = wrong.into();
        let fault = operation(&endpoint, UPDATE_KEY, &arguments).await.map(|_| ()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Invalid, "{wrong}");
    }
}
