//! An installation on an empty folder, served.

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capability::Clock;
use registry::{TokenScopes, TokenTerms};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::config::Config;
use crate::http::connections::{self, ConnectionLimits};
use crate::http::router;
use crate::installation::{Installation, Signers, SystemClock};

/// The one account that the installation knows. Nothing answers for it.
pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-central-1";

/// The binary `quell`: `QUELL_BIN`, or the one beside this test.
fn binary() -> PathBuf {
    let built = || std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("quell");
    let binary = std::env::var_os("QUELL_BIN").map_or_else(built, PathBuf::from);
    assert!(binary.is_file(), "`{}` is missing: run `cargo build -p app`, or `make test`", binary.display());
    binary
}

/// All scopes.
const EVERYTHING: [&str; 7] = ["read", "start:*", "events:*", "operate", "author", "admin", "audit"];
/// What most people may.
const ORDINARY: [&str; 3] = ["read", "start:*", "events:*"];

/// The text of a new token that the host itself made.
async fn made(
    installation: &Installation,
    name: &str,
    scopes: &[&str],
    groups: &[&str],
    expires: Option<i64>,
) -> String {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let scopes = TokenScopes::parse(&owned(scopes)).unwrap();
    let terms = TokenTerms { name: name.into(), scopes, groups: owned(groups), expires };
    installation.make_token(terms, None, "host").await.unwrap().text
}

pub struct Server {
    pub address: SocketAddr,
    /// The token of an administrator, who may do everything.
    pub admin: String,
    /// The token of `alice`, who may look, start runs and send events, and is in no group.
    pub person: String,
    pub installation: Arc<Installation>,
    http: reqwest::Client,
    _folder: Arc<TempDir>,
}

/// What outlives a server: its data and its configuration.
pub struct Folder {
    folder: Arc<TempDir>,
    config: Config,
}

impl Folder {
    pub fn new() -> Folder {
        Folder::with("")
    }

    /// With more accounts than the one, or more tables.
    pub fn with(more: &str) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let mut config: Config = toml::from_str(&format!(
            "[accounts.{ACCOUNT}]\nregions = [\"{REGION}\"]\nendpoint = \"http://127.0.0.1:9\"\n\
             test-keys = {{ access-key-id = \"id\", secret-access-key = \"key\" }}\n{more}"
        ))
        .unwrap();
        config.data = folder.path().join("data");
        // This test is another program than the one that checks uploads.
        config.program = binary();
        Folder { folder: Arc::new(folder), config }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.config.data.clone()
    }

    /// Everything in the data folder.
    pub fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.config.data).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The same, with a configuration that acts in another region.
    pub fn in_region(&self, region: &str) -> Folder {
        let mut config = self.config.clone();
        config.accounts.0.values_mut().for_each(|account| account.regions = vec![region.into()]);
        Folder { folder: self.folder.clone(), config }
    }
}

impl Server {
    pub async fn start() -> Server {
        Server::at(&Folder::new(), SystemClock).await
    }

    /// A server on this folder, by this clock.
    pub async fn at(folder: &Folder, clock: impl Clock + 'static) -> Server {
        Server::hearing(folder, clock, Signers::of_this_machine()).await
    }

    /// The same, believing these signers of SNS.
    pub async fn hearing(folder: &Folder, clock: impl Clock + 'static, signers: Signers) -> Server {
        let Folder { folder, config } = folder;
        let installation = Arc::new(Installation::open_at(config, Arc::new(clock), signers).await.unwrap());
        let admin = made(&installation, "admin", &EVERYTHING, &[], None).await;
        installation.begin().await.unwrap();
        let person = made(&installation, "alice", &ORDINARY, &[], None).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(connections::serve(
            listener,
            router(installation.clone()),
            ConnectionLimits::default(),
            pending(),
            Duration::ZERO,
        ));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Server { address, admin, person, installation, http, _folder: folder.clone() }
    }

    /// Stops, so that another server may serve the folder. What is connected stays without an answer.
    pub async fn stop(self) {
        self.installation.close(Duration::from_secs(10)).await;
    }

    /// The token of a person in `groups`, who may do what most people may.
    pub async fn token(&self, name: &str, groups: &[&str]) -> String {
        made(&self.installation, name, &ORDINARY, groups, None).await
    }

    /// The token of a person who may do this.
    pub async fn token_with(&self, name: &str, scopes: &[&str]) -> String {
        made(&self.installation, name, scopes, &[], None).await
    }

    /// The same, until a moment.
    pub async fn token_until(&self, name: &str, scopes: &[&str], expires: i64) -> String {
        made(&self.installation, name, scopes, &[], Some(expires)).await
    }

    pub fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The answer to a request that comes from this address of the machine.
    pub async fn from(&self, address: [u8; 4], request: reqwest::Request) -> reqwest::Response {
        let client = reqwest::Client::builder().no_proxy().local_address(IpAddr::from(address)).build().unwrap();
        client.execute(request).await.unwrap()
    }

    pub fn get(&self, path: &str, token: Option<&String>) -> RequestBuilder {
        self.request(Method::GET, path, token.map(String::as_str))
    }

    pub fn post(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::POST, path, Some(token))
    }

    pub fn put(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::PUT, path, Some(token))
    }

    pub fn delete(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::DELETE, path, Some(token))
    }

    /// What an administrator sees there.
    pub async fn see(&self, path: &str) -> Value {
        let answer = self.get(path, Some(&self.admin)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Sends bytes as they are, which a client library would put in order, and gives the status; 0 when the server hung
    /// up without an answer, or before all was sent, in which case TCP may lose the answer.
    pub async fn raw(&self, request: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let sent = stream.write_all(request.as_bytes()).await;
        let mut head = [0; 12];
        if sent.is_err() || stream.read_exact(&mut head).await.is_err() {
            return 0;
        }
        std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
    }
}

/// The status of the answer, and the code when it is a problem.
pub async fn told(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let code = serde_json::from_str(&body).ok().and_then(|body: Value| Some(body.get("code")?.as_str()?.to_string()));
    (status, code.unwrap_or_default())
}

/// `told`, for comparisons.
#[track_caller]
pub fn is(told: &(u16, String), status: u16, code: &str) {
    assert_eq!((told.0, told.1.as_str()), (status, code));
}
