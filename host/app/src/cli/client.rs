//! The client of Quell's HTTP API: how its resources are addressed, and how its problems become errors.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, IF_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Error;
use crate::wire::Problem;

/// An upload is compiled before it is answered, which takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the server may take to accept a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The content type of values and policies.
pub const JSON: &str = "application/json";

/// The client.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    token: Option<String>,
}

/// A body, and what it is.
pub struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl Body {
    /// A value of the API.
    pub fn json(value: &impl Serialize) -> Result<Body, Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(Body { content_type: JSON, bytes })
    }

    /// A document as a person wrote it.
    pub fn document(content_type: &'static str, bytes: impl Into<Vec<u8>>) -> Body {
        Body { content_type, bytes: bytes.into() }
    }

    fn of(self, request: RequestBuilder) -> RequestBuilder {
        request.header(CONTENT_TYPE, self.content_type).body(self.bytes)
    }
}

impl Client {
    /// A client of the server at `url`. `direct`: no proxy stands between.
    pub fn new(url: Url, token: Option<String>, direct: bool) -> Result<Client, Error> {
        // No redirects: they could take the token elsewhere.
        let http =
            reqwest::Client::builder().timeout(PATIENCE).connect_timeout(CONNECT_PATIENCE).redirect(Policy::none());
        let http = if direct { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| Error::Unexpected(reason(&error)))?;
        Ok(Client { http, url, token })
    }

    /// Reads a resource.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Error> {
        self.query(path, &()).await
    }

    /// Reads those of a collection that the query asks for.
    pub async fn query<T: DeserializeOwned>(&self, path: &[&str], query: &impl Serialize) -> Result<T, Error> {
        let request = self.request(Method::GET, path)?.query(query);
        decode(self.send(request).await?).await
    }

    /// Reads a resource as the text that it is.
    pub async fn text(&self, path: &[&str]) -> Result<String, Error> {
        self.text_of(path, &()).await
    }

    /// Reads what a query asks for, as the text that it is.
    pub async fn text_of(&self, path: &[&str], query: &impl Serialize) -> Result<String, Error> {
        let response = self.send(self.request(Method::GET, path)?.query(query)).await?;
        response.text().await.map_err(|error| self.unreachable(&error))
    }

    /// Adds to a collection. Gives what is there now, and whether it is new.
    pub async fn create<T: DeserializeOwned>(&self, path: &[&str], body: Body) -> Result<(T, bool), Error> {
        let response = self.send(body.of(self.request(Method::POST, path)?)).await?;
        let is_new = response.status() == StatusCode::CREATED;
        Ok((decode(response).await?, is_new))
    }

    /// Asks for something to be done, and gives what came of it.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: Body) -> Result<T, Error> {
        decode(self.send(body.of(self.request(Method::POST, path)?)).await?).await
    }

    /// Asks for something to be done.
    pub async fn tell(&self, path: &[&str], body: Body) -> Result<(), Error> {
        self.send(body.of(self.request(Method::POST, path)?)).await.map(drop)
    }

    /// Stores a resource.
    pub async fn put(&self, path: &[&str], body: Body) -> Result<(), Error> {
        self.send(body.of(self.request(Method::PUT, path)?)).await.map(drop)
    }

    /// Stores a resource, and gives what came of it.
    pub async fn put_for<T: DeserializeOwned>(&self, path: &[&str], body: Body) -> Result<T, Error> {
        decode(self.send(body.of(self.request(Method::PUT, path)?)).await?).await
    }

    /// Removes a resource, and gives what is there instead.
    pub async fn delete_for<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Error> {
        decode(self.send(self.request(Method::DELETE, path)?).await?).await
    }

    /// Stores a resource, if the one that is there has this entity tag, or whatever is there when none is given.
    pub async fn put_if(&self, path: &[&str], body: Body, tag: Option<&str>) -> Result<(), Error> {
        let request = body.of(self.request(Method::PUT, path)?);
        let request = match tag {
            Some(tag) => request.header(IF_MATCH, format!("\"{tag}\"")),
            None => request,
        };
        self.send(request).await.map(drop)
    }

    /// Removes a resource.
    pub async fn delete(&self, path: &[&str]) -> Result<(), Error> {
        self.send(self.request(Method::DELETE, path)?).await.map(drop)
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Error> {
        let request = self.http.request(method, address(&self.url, path)?);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(problem.into()),
            Err(_) => Err(Error::Unexpected(format!("{} answered {status}, and not as a Quell server does", self.url))),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        Error::Unreachable { url: self.url.to_string(), reason: reason(error) }
    }
}

async fn decode<T: DeserializeOwned>(response: Response) -> Result<T, Error> {
    let other = |error: &dyn std::error::Error| {
        Error::Unexpected(format!("the server's answer cannot be read, is it of another version? {}", reason(error)))
    };
    let body = response.bytes().await.map_err(|error| other(&error))?;
    serde_json::from_slice(&body).map_err(|error| other(&error))
}

/// The address of a resource. Each part of the path is one segment, whatever characters it has: a name cannot lead to
/// another resource.
fn address(url: &Url, path: &[&str]) -> Result<Url, Error> {
    if let Some(part) = path.iter().find(|part| ["", ".", ".."].contains(part)) {
        return Err(Error::usage(format!("`{part}` is no name")));
    }
    let mut address = url.clone();
    match address.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().push("v1").extend(path),
        Err(()) => return Err(Error::usage(format!("`{url}` is no URL of a server"))),
    };
    Ok(address)
}

/// The innermost reason, which is the one that says something.
fn reason(error: &dyn std::error::Error) -> String {
    let mut reason = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, path: &[&str], expected: &str) {
        let address = address(&Url::parse(url).unwrap(), path);
        let address = address.map_or_else(|error| error.to_string(), |address| address.to_string());
        assert_eq!(address, expected);
    }

    #[test]
    fn a_name_is_one_segment_of_the_address() {
        check("http://127.0.0.1:7878", &["runs"], "http://127.0.0.1:7878/v1/runs");
        check("https://quell.example/base/", &["plugins", "a b"], "https://quell.example/base/v1/plugins/a%20b");
        check("http://127.0.0.1:7878", &["runs", "../tokens?x#y"], "http://127.0.0.1:7878/v1/runs/..%2Ftokens%3Fx%23y");
        check("http://127.0.0.1:7878", &["runs", ".."], "`..` is no name");
        check("http://127.0.0.1:7878", &["runs", ""], "`` is no name");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_so() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(Url::parse(&format!("http://{free}")).unwrap(), None, true).unwrap();
        let error = client.get::<serde_json::Value>(&["runs"]).await.unwrap_err();
        assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
        assert!(error.page().render(false).contains("quell serve"));
    }
}
