//! What answers tell, and what they must not.

use serde_json::{Value, json};

use super::server::{Server, is, told};

/// A value that a person sends in a wrong form is in no answer.
#[tokio::test]
async fn the_value_of_a_secret_is_never_repeated() {
    let server = Server::start().await;
    for body in [
        r#"{"value": 4815162342, "hosts": ["example.com"]}"#,
        r#"{"value": [4815162342], "hosts": ["example.com"]}"#,
        r#"{"4815162342": "x", "hosts": ["example.com"]}"#,
        r#"{"value": "a", "hosts": 4815162342}"#,
        r#""4815162342""#,
        "4815162342",
        "4815162342 ",
        r#"{"value": "4815162342"#,
    ] {
        let put = server.put("/v1/secrets/token", &server.admin).header("content-type", "application/json");
        let answer = put.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert!([400, 422].contains(&status) && !text.contains("4815162342"), "{body}: {status} {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("from line 1 column"), "{problem}");
    }
    // Elsewhere what was wrong is told, without its value.
    let made = server.post("/v1/tokens", &server.admin).json(&json!({ "name": 4815162342u64, "groups": [] }));
    let text = made.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("invalid type: integer, expected a string") && !text.contains("4815162342"), "{text}");
}

#[tokio::test]
async fn readiness_is_told_without_a_token() {
    let server = Server::start().await;
    assert_eq!(told(server.get("/readyz", None)).await, (200, String::new()));
    server.installation.close(std::time::Duration::from_secs(10)).await;
    // What was found holds for some seconds; a closed ledger takes no commits.
    let closed = async {
        loop {
            let told = told(server.get("/readyz", None)).await;
            if told.0 != 200 {
                break told;
            }
            tokio::task::yield_now().await;
        }
    };
    is(&tokio::time::timeout(std::time::Duration::from_secs(20), closed).await.unwrap(), 503, "not-ready");
    assert_eq!(told(server.get("/healthz", None)).await, (200, String::new()));
}
