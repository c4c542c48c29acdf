//! Where requests may go: the internet, and what the grant names.

use std::net::IpAddr;

use capability::{Catalog as _, Fault, FaultKind};
use https::{Reply, Server};
use serde_json::{Value, json};

use super::{Kept, LOOPBACK, SEND, naming, operations, refused, request};
use crate::scope;

async fn sent(server: &Server, url: &str, named: &[IpAddr]) -> Result<Value, Fault> {
    let operation =
        operations(server, &Kept::default()).operation(SEND, &request("post", url, json!({})), &scope()).await?;
    operation.send(&naming(operation.as_ref(), named)).await
}

/// However an address is written, and whatever name leads to it.
#[tokio::test]
async fn private_addresses_are_not_asked() {
    let server = Server::start([]).await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "2130706433",
        "0.0.0.0",
        "0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "localhost",
        "LOCALHOST",
    ] {
        let answer = sent(&server, &server.url(host, "/x"), &[]).await;
        let message = refused(answer, FaultKind::AccessDenied, "private-address", false);
        assert!(message.contains("nothing was sent"), "{message}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_grant_names_is_reached_and_nothing_else() {
    let answer = || Reply::new(200, "", "");
    let server = Server::start([answer(), answer()]).await;
    for host in ["127.0.0.1", "localhost"] {
        let url = server.url(host, "/x");
        for named in [&[] as &[IpAddr], &[[127, 0, 0, 2].into()], &[[10, 0, 0, 1].into()]] {
            refused(sent(&server, &url, named).await, FaultKind::AccessDenied, "private-address", false);
        }
        assert_eq!(sent(&server, &url, &[LOOPBACK]).await.unwrap()["status"], 200, "{host}");
    }
    let url = server.url("127.0.0.2", "/x");
    refused(sent(&server, &url, &[LOOPBACK]).await, FaultKind::AccessDenied, "private-address", false);
    assert_eq!(server.requests().len(), 2);
}
