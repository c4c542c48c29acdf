//! An authority for tests, certificates that it issues, and messages of SNS that are signed with them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize, SigningKey as _, date_time_ymd,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::server::{ACCOUNT, REGION};
use crate::installation::{Fetch, Signers};

pub const ISSUER_URL: &str = "http://crt.r2m01.amazontrust.com/r2m01.cer";

/// The key that all signing certificates are of: making one takes a while.
static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap());

pub fn topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:quell-events")
}

/// Where a certificate of this name is.
pub fn url(name: &str) -> String {
    format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService-{name}.pem")
}

/// An authority, and one below it that issues for SNS.
pub struct Authority {
    root: Certificate,
    below: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is like.
pub struct Wanted<'a> {
    pub name: &'a str,
    /// The years in which it is valid, the last one not included.
    pub years: (i32, i32),
    /// Whether it says where its issuer's certificate is.
    pub says_issuer: bool,
}

pub const RIGHT: Wanted<'static> = Wanted { name: "sns.amazonaws.com", years: (2026, 2027), says_issuer: true };

fn params(names: &[&str], (from, to): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

fn authority() -> CertificateParams {
    let mut params = params(&[], (2020, 2040));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// `AuthorityInfoAccessSyntax` with one `caIssuers` (RFC 5280, 4.2.2.1).
fn issuer_is_at(url: &str) -> CustomExtension {
    let part = |tag: u8, body: &[u8]| [&[tag, u8::try_from(body.len()).unwrap()], body].concat();
    let oid = part(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 2]);
    let access = part(0x30, &[oid, part(0x86, url.as_bytes())].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], part(0x30, &access))
}

impl Authority {
    pub fn new() -> Authority {
        let (params, key) = (authority(), KeyPair::generate().unwrap());
        let root = params.self_signed(&key).unwrap();
        let above = Issuer::new(params, key);
        let (mut params, key) = (authority(), KeyPair::generate().unwrap());
        params.distinguished_name.push(rcgen::DnType::CommonName, "below");
        let below = params.signed_by(&key, &above).unwrap();
        Authority { root, below, issuer: Issuer::new(params, key) }
    }

    /// A certificate, alone, as SNS gives its own.
    pub fn issue(&self, wanted: &Wanted<'_>) -> String {
        let mut params = params(&[wanted.name], wanted.years);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if wanted.says_issuer {
            params.custom_extensions = vec![issuer_is_at(ISSUER_URL)];
        }
        params.signed_by(&*KEY, &self.issuer).unwrap().pem()
    }

    /// One that was issued by nobody.
    pub fn self_signed(&self) -> String {
        params(&[RIGHT.name], RIGHT.years).self_signed(&*KEY).unwrap().pem()
    }

    /// Those who trust it, and find these files.
    pub fn signers(&self, shelf: &Shelf) -> Signers {
        shelf.put(ISSUER_URL, self.below.der().to_vec());
        Signers::new(Arc::new(shelf.clone()), &[self.root.der().clone()])
    }
}

/// Files that can be fetched, and what was fetched.
#[derive(Clone, Default)]
pub struct Shelf {
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Those that do not come until this is empty.
    held: Arc<watch::Sender<HashSet<String>>>,
}

impl Shelf {
    /// Has the file at `url` not come before [`Shelf::let_go`].
    pub fn hold(&self, url: &str) {
        self.held.send_modify(|held| {
            held.insert(url.into());
        });
    }

    pub fn let_go(&self) {
        self.held.send_modify(HashSet::clear);
    }

    pub fn put(&self, url: &str, file: impl Into<Vec<u8>>) {
        self.files.lock().unwrap().insert(url.into(), file.into());
    }

    /// How often one of these was fetched, or is being fetched.
    pub fn asked_for(&self, names: &[String]) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| names.iter().any(|name| url(name) == **asked)).count()
    }

    /// What was fetched since this was asked last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Fetch for Shelf {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        self.asked.lock().unwrap().push(url.into());
        self.held.subscribe().wait_for(|held| !held.contains(url)).await.unwrap();
        self.files.lock().unwrap().get(url).cloned().ok_or_else(|| "there is nothing".into())
    }
}

/// A message that is not signed yet.
pub fn message(kind: &str, id: &str, text: &str, sent: &str) -> Value {
    let mut message = json!({
        "Type": kind, "MessageId": id, "TopicArn": topic(), "Message": text, "Timestamp": sent,
        "SignatureVersion": "2", "SigningCertURL": url("right"),
    });
    if kind != "Notification" {
        message["Token"] = json!("token-of-the-subscription");
        message["SubscribeURL"] = json!("http://127.0.0.1:9/subscribe");
    }
    message
}

/// The message, signed: AWS's documentation, read once more.
pub fn signed(mut message: Value) -> Value {
    let mut fields = match message["Type"].as_str() {
        Some("Notification") => vec!["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => vec!["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    fields.retain(|field| message.get(*field).is_some());
    let text: String = fields.iter().map(|field| format!("{field}\n{}\n", message[*field].as_str().unwrap())).collect();
    message["Signature"] = json!(STANDARD.encode(KEY.sign(text.as_bytes()).unwrap()));
    message
}
