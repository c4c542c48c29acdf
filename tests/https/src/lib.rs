//! A server over TLS for tests: it stands for a chat, a tracker, whatever a plugin sends to. It gives the replies that it was
//! told, one a connection, and keeps what it was asked; its certificate is from an authority of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With these bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// Not at all: the connection stays open.
    Never,
}

impl Reply {
    /// A whole reply. `headers` are lines, each with its end.
    pub fn new(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let head =
            format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        Reply::Bytes([head.as_bytes(), body].concat())
    }

    /// A whole reply that is a JSON document.
    pub fn json(status: u16, body: &str) -> Reply {
        Reply::new(status, "content-type: application/json\r\n", body)
    }
}

/// A request as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The line: `POST /services/x HTTP/1.1`.
    pub line: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The server; it stops when it is dropped.
pub struct Server {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// The certificate of its authority, in PEM.
    pub authority: String,
    connections: Arc<Mutex<usize>>,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts a server with `replies`, whose certificate is for `127.0.0.1` and `localhost`. Any further request is answered
    /// with an error that no test expects.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Server {
        Server::named(&["127.0.0.1", "localhost"], replies).await
    }

    /// The same, with a certificate for these hosts.
    pub async fn named(hosts: &[&str], replies: impl IntoIterator<Item = Reply>) -> Server {
        let (authority, acceptor) = certified(hosts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests): (Arc<Mutex<usize>>, Arc<Mutex<Vec<Request>>>) = Default::default();
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<Vec<_>>().into_iter()));
        let (counted, seen) = (connections.clone(), requests.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                let (acceptor, seen, replies) = (acceptor.clone(), seen.clone(), replies.clone());
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let request = read(&mut stream).await?;
                    seen.lock().unwrap().push(request);
                    let reply = replies.lock().unwrap().next();
                    match reply.unwrap_or_else(|| Reply::new(418, "", "one request too many")) {
                        Reply::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
                        Reply::Never => std::future::pending().await,
                    }
                    stream.shutdown().await.ok()
                });
            }
        });
        Server { port, authority, connections, requests, task }
    }

    /// A URL of this server: at `host`, with this path.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    /// How many connections were made to it, TLS or not.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// An authority, and TLS with a certificate that it made for `hosts`.
fn certified(hosts: &[&str]) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = vec![];
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let mut request = Request { line, headers: lines.filter_map(header).collect(), body: vec![] };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = body;
    Some(request)
}
