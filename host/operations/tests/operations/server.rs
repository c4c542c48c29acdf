//! An HTTP server that gives the replies that it was given, one a request, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With a status and a body.
    Full(u16, String),
    /// With a status, headers and a body.
    Headed(u16, &'static [(&'static str, &'static str)], String),
    /// With a success that breaks off in the middle of its body.
    Cut,
    /// Not at all: the connection is closed.
    None,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// The head, as text.
    pub head: String,
    /// The form in the body.
    pub form: BTreeMap<String, String>,
    /// The body, as text.
    pub body: String,
}

/// The server; it stops when it is dropped.
pub struct Server {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts a server with `replies`. Any further request is answered with an error that no test expects.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter();
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                seen.lock().unwrap().push(request);
                let reply = replies.next().unwrap_or(Reply::Full(418, "one request too many".into()));
                write(&mut stream, reply).await;
            }
        });
        Server { endpoint, requests, task }
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// An endpoint where nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = vec![];
    let (head, length) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            break (head, end + 4);
        }
    };
    let header = |name: &str| {
        head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    let expected = length + header("content-length").map_or(0, |(_, value)| value.parse::<usize>().unwrap());
    while bytes.len() < expected {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = std::str::from_utf8(&bytes[length..]).unwrap();
    let is_form = header("content-type").is_some_and(|(_, value)| value == "application/x-www-form-urlencoded");
    let pairs = body.split('&').filter(|_| is_form).filter_map(|pair| pair.split_once('='));
    let form = pairs.map(|(key, value)| (plain(key), plain(value))).collect();
    Some(Request { form, head: head.clone(), body: body.to_owned() })
}

/// Undoes the encoding of a form.
fn plain(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

async fn write(stream: &mut TcpStream, reply: Reply) {
    let full = |status: u16, headers: &[(&str, &str)], body: &str| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    let text = match reply {
        Reply::Full(status, body) => full(status, &[("content-type", "text/xml")], &body),
        Reply::Headed(status, headers, body) => full(status, headers, &body),
        Reply::Cut => "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n<Half".into(),
        Reply::None => String::new(),
    };
    // The client may be gone by now; what it then sees is what the test is about.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}
