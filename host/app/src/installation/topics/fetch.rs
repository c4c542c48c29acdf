//! Fetching certificates: the port, and how it is done.

use std::time::Duration;

use async_trait::async_trait;

/// How long a fetch may take.
const TIME: Duration = Duration::from_secs(3);
/// The largest file; a certificate has some 2 KiB.
const BYTES: usize = 32 << 10;

/// Fetches certificates.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// What is at the address, which was checked before. Why there is nothing is a text for the log.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;
}

/// Fetches over HTTP, and follows no redirect.
pub struct Http;

#[async_trait]
impl Fetch for Http {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIME).build();
        let request = client.map_err(|error| error.to_string())?.get(url);
        let mut answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("`{url}` answers with {}", answer.status().as_u16()));
        }
        let mut bytes = vec![];
        while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > BYTES {
                return Err(format!("what is at `{url}` has more than {BYTES} bytes"));
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What a fetch from a server gives that answers so.
    async fn fetched(answer: String) -> Result<Vec<u8>, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/x.pem", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1024];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            // Whoever has had enough hangs up.
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let fetched = Http.fetch(&url).await;
        server.await.unwrap();
        fetched
    }

    #[tokio::test]
    async fn takes_what_is_small_and_right_there() {
        let answer =
            |head: &str, body: &str| format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        assert_eq!(fetched(answer("200 OK", "abc")).await, Ok(b"abc".to_vec()));
        let elsewhere = answer("302 Found\r\nlocation: http://127.0.0.1:9/", "");
        assert!(fetched(elsewhere).await.unwrap_err().ends_with("answers with 302"));
        assert!(fetched(answer("404 Not Found", "")).await.unwrap_err().ends_with("answers with 404"));
        assert!(fetched(answer("200 OK", &"x".repeat(BYTES + 1))).await.unwrap_err().contains("has more than 32768"));
        assert!(fetched("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".into()).await.is_err(), "cut off");
    }
}
