//! Which credentials a request is signed with, and where it goes.

use std::process::Command;

use capability::{Catalog as _, FaultKind};
use operations::Account;

use crate::rows::rows;
use crate::server::{Reply, Server, nobody};
use crate::{account, marker, operation, operations, scope};

const ROLE: &str = "arn:aws:iam::123456789012:role/quell";
const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
    <SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-role</SessionToken>
    <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
/// Tells the child of a test where to send its requests.
const ENDPOINT: &str = "QUELL_TEST_ENDPOINT";

fn with_role(endpoint: &str) -> Account {
    Account { role_arn: Some(ROLE.into()), external_id: Some("ext".into()), ..account(endpoint) }
}

#[tokio::test]
async fn a_role_is_assumed_once_and_then_used() {
    let row = &rows()[0];
    let answer = || Reply::Full(200, row.reply.into());
    let server = Server::start([Reply::Full(200, ASSUMED.into()), answer(), answer()]).await;
    let catalog = operations(with_role(&server.endpoint));
    for _ in 0..2 {
        let operation = catalog.operation(row.function, &row.arguments, &scope()).await.unwrap();
        assert_eq!(operation.send(&marker()).await.as_ref(), Ok(&row.output));
    }

    let requests = server.requests();
    let actions: Vec<_> = requests.iter().map(|request| request.form["Action"].as_str()).collect();
    assert_eq!(actions, ["AssumeRole", "DescribeSecurityGroups", "DescribeSecurityGroups"]);
    let form = &requests[0].form;
    assert_eq!(["RoleArn", "ExternalId", "RoleSessionName"].map(|key| form[key].as_str()), [ROLE, "ext", "quell"]);
    assert!(requests[0].head.contains("Credential=AKIATEST/"));
    for request in &requests[1..] {
        assert!(request.head.contains("Credential=ASIAROLE/") && request.head.contains("token-of-role"));
    }
}

/// Each service at its own endpoint, the others at the one for all; and a queue is a service like any.
#[tokio::test]
async fn a_service_has_an_endpoint_of_its_own() {
    let row = &rows()[0];
    let ec2 = Server::start([Reply::Full(200, row.reply.into())]).await;
    let sqs = Server::start([Reply::Full(200, "{}".into())]).await;
    let others = Server::start([Reply::Full(200, ASSUMED.into())]).await;
    let endpoints = [("ec2".to_owned(), ec2.endpoint.clone()), ("sqs".to_owned(), sqs.endpoint.clone())];
    let operations = operations(Account { endpoints: endpoints.into(), ..with_role(&others.endpoint) });
    let operation = operations.operation(row.function, &row.arguments, &scope()).await.unwrap();
    assert_eq!(operation.send(&marker()).await.as_ref(), Ok(&row.output));
    let queue = operations.queue(&scope(), "https://sqs.eu-central-1.amazonaws.com/123456789012/q").await.unwrap();
    assert_eq!(queue.receive().await, Ok(vec![]));

    let action = |server: &Server| server.requests().iter().map(|r| r.form["Action"].clone()).collect::<Vec<_>>();
    assert_eq!(action(&others), ["AssumeRole"]);
    assert_eq!(action(&ec2), ["DescribeSecurityGroups"]);
    let [asked] = sqs.requests().try_into().unwrap();
    assert!(asked.head.to_lowercase().contains("x-amz-target: amazonsqs.receivemessage"), "{}", asked.head);
    assert!(asked.head.contains("Credential=ASIAROLE/"), "as the role: {}", asked.head);
}

/// I21: no role, no request; in particular none with the host's own credentials.
#[tokio::test]
async fn i21_without_the_role_nothing_is_sent() {
    let row = &rows()[0];
    let refused = |code: &str| {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>not you</Message></Error></ErrorResponse>")
    };
    for (reply, kind, code) in [
        (Reply::Full(403, refused("AccessDenied")), FaultKind::AccessDenied, "AccessDenied"),
        (Reply::Full(400, refused("Throttling")), FaultKind::Throttled, "Throttling"),
        (Reply::Full(500, refused("InternalFailure")), FaultKind::Unavailable, "InternalFailure"),
        (Reply::None, FaultKind::Unavailable, "no-credentials"),
    ] {
        let server = Server::start([reply.clone()]).await;
        let catalog = operations(with_role(&server.endpoint));
        let operation = catalog.operation(row.function, &row.arguments, &scope()).await.unwrap();
        let fault = operation.send(&marker()).await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str(), fault.unknown), (kind, code, false), "{reply:?} {fault}");
        let actions: Vec<_> = server.requests().iter().map(|request| request.form["Action"].clone()).collect();
        assert_eq!(actions, ["AssumeRole"], "{reply:?}");
    }

    let catalog = operations(with_role(&nobody().await));
    let operation = catalog.operation(row.function, &row.arguments, &scope()).await.unwrap();
    let fault = operation.send(&marker()).await.unwrap_err();
    assert_eq!((fault.kind, fault.unknown), (FaultKind::Unavailable, false), "{fault}");
}

/// The account of the host's own credentials, as STS tells it.
fn identity(account: &str) -> https::Reply {
    https::Reply::new(
        200,
        "content-type: text/xml\r\n",
        format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/host</Arn><UserId>U</UserId>
            <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    )
}

/// Sends twice with the host's own credentials, which are in the environment of a child of this test, to a server that
/// answers so. Gives what was asked of it, and how each sending ended.
async fn own(replies: Vec<https::Reply>) -> (Vec<String>, String) {
    let server = https::Server::start(replies).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &server.authority).unwrap();
    let endpoint = format!("https://localhost:{}", server.port);
    let child = move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "credentials::the_hosts_own_credentials_are_those_of_the_account", "--nocapture"])
            .env(ENDPOINT, endpoint)
            .env("SSL_CERT_FILE", authority)
            .envs([
                ("AWS_ACCESS_KEY_ID", "AKIAHOST"),
                ("AWS_SECRET_ACCESS_KEY", "x"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ])
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(child).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    let action = |text: &str| text.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap().to_owned();
    (server.requests().iter().map(|request| action(request.text())).collect(), told)
}

/// Without a role the host acts with its own credentials: STS is asked first whose they are, and those of another account are
/// used for nothing.
#[tokio::test]
async fn the_hosts_own_credentials_are_those_of_the_account() {
    let row = rows().into_iter().find(|row| row.function == "quell:sns/topics@0.1.0#publish").unwrap();
    if let Ok(endpoint) = std::env::var(ENDPOINT) {
        let operations = operations(Account { test_keys: None, ..account(&endpoint) });
        let operation = operations.operation(row.function, &row.arguments, &scope()).await.unwrap();
        println!("prepared {:?}", operation.prepare().await);
        for _ in 0..2 {
            println!("sent {:?}", operation.send(&marker()).await);
        }
        return;
    }
    let reply = || https::Reply::new(200, "content-type: text/xml\r\n", row.reply);
    let (asked, told) = own(vec![identity("123456789012"), reply(), reply()]).await;
    assert_eq!(asked, ["GetCallerIdentity", "Publish", "Publish"], "{told}");
    assert_eq!(told.matches("sent Ok").count(), 2, "{told}");

    let (asked, told) = own((0..3).map(|_| identity("210987654321")).collect()).await;
    assert_eq!(asked, ["GetCallerIdentity"; 3], "{told}");
    assert_eq!(told.matches("AccessDenied, code: \"other-account\"").count(), 3, "{told}");
    let message = "the host's own credentials are of the account `210987654321`, and would be used for the account \
        `123456789012`: set `role-arn` of `accounts.123456789012` in the configuration";
    assert!(told.contains(message), "{told}");

    let failed = || https::Reply::new(500, "", "");
    let (asked, told) = own((0..3).map(|_| failed()).collect()).await;
    assert_eq!(asked, ["GetCallerIdentity"; 3], "{told}");
    assert_eq!(told.matches("unknown: false").count(), 3, "{told}");
}

/// The variables by which the AWS tools are redirected do not redirect the host. They must be set before the process
/// starts, so the test runs itself as a child.
#[tokio::test]
async fn the_environment_does_not_redirect() {
    let row = &rows()[0];
    if let Ok(endpoint) = std::env::var(ENDPOINT) {
        let operation = operation(&endpoint, row.function, &row.arguments).await.unwrap();
        assert_eq!(operation.send(&marker()).await.as_ref(), Ok(&row.output));
        return;
    }

    let configured = Server::start([Reply::Full(200, row.reply.into())]).await;
    let elsewhere = Server::start([]).await;
    let endpoint = configured.endpoint.clone();
    let redirected = elsewhere.endpoint.clone();
    let child = move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "credentials::the_environment_does_not_redirect"])
            .env(ENDPOINT, endpoint)
            .env("AWS_ENDPOINT_URL", &redirected)
            .env("AWS_ENDPOINT_URL_EC2", &redirected)
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(child).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(configured.requests().len(), 1);
    assert!(elsewhere.requests().is_empty());
}
