//! Secrets: encrypted with ChaCha20-Poly1305 (RFC 8439) before they are stored, bound to their name and hosts, and decrypted
//! for the sending of a request alone.

use std::sync::Arc;

use capability::{Fault, FaultKind};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use operations::SecretValue;
use registry::{secret_removed, secret_set};

use super::{Error, Installation, Known, Person, Result};

/// The largest value of a secret.
const MAX_BYTES: usize = 8 << 10;

impl Installation {
    /// Stores a secret, which may be sent to `hosts` only.
    pub async fn set_secret(&self, name: &str, hosts: &[String], value: &str, by: &Person) -> Result<()> {
        check(name, hosts, value)?;
        let ciphertext = encrypt(&self.store.secrets_key(), name, hosts, value)?;
        let mut change = self.known.change().await;
        Ok(change.append(secret_set(name, hosts, ciphertext, self.known.now(), &by.actor())).await?)
    }

    /// Removes a secret.
    pub async fn remove_secret(&self, name: &str, by: &Person) -> Result<()> {
        let mut change = self.known.change().await;
        if self.known.read().secret(name).is_none() {
            return Err(Error::NotFound { what: "secret", name: name.into() });
        }
        Ok(change.append(secret_removed(name, self.known.now(), &by.actor())).await?)
    }
}

/// The secrets, for whoever sends requests: nobody else is given a value.
pub(super) struct Vault {
    known: Arc<Known>,
    key: [u8; 32],
}

impl Vault {
    /// The secrets that are known, encrypted with this key.
    pub fn new(known: Arc<Known>, key: [u8; 32]) -> Vault {
        Vault { known, key }
    }
}

impl operations::Secrets for Vault {
    fn secret(&self, name: &str) -> std::result::Result<Option<operations::Secret>, Fault> {
        let known = self.known.read();
        let Some(registry::Secret { name, hosts, ciphertext, .. }) = known.secret(name) else { return Ok(None) };
        let value = decrypt(&self.key, name, hosts, ciphertext).ok_or_else(|| {
            let message =
                format!("the secret `{name}` cannot be decrypted: it is not the one that was stored; set it anew");
            Fault::known(FaultKind::Other, "unreadable-secret", message)
        })?;
        Ok(Some(operations::Secret { hosts: hosts.clone(), value }))
    }

    fn bound_to(&self, host: &str) -> Vec<(String, SecretValue)> {
        let known = self.known.read();
        let bound = known.secrets().filter(|secret| secret.hosts.iter().any(|bound| bound == host));
        let read = |secret: &registry::Secret| {
            let registry::Secret { name, hosts, ciphertext, .. } = secret;
            Some((name.clone(), decrypt(&self.key, name, hosts, ciphertext)?))
        };
        bound.filter_map(read).collect()
    }
}

fn check(name: &str, hosts: &[String], value: &str) -> Result<()> {
    let invalid = |message: String| Err(Error::Invalid(message));
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(word) {
        return invalid(format!("{name:?} is no name of a secret: at most 64 lower-case letters, digits and `-`"));
    }
    if hosts.is_empty() {
        return invalid("a secret is bound to at least one host, such as `hooks.slack.com`".into());
    }
    for host in hosts {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if host.is_empty() || host.len() > 253 || !host.chars().all(allowed) {
            return invalid(format!("{host:?} is no host name: give it in lower case, without scheme, port and path"));
        }
    }
    match value.len() {
        0 => invalid("the secret is empty".into()),
        1..=MAX_BYTES => Ok(()),
        _ => invalid(format!("the secret has more than {MAX_BYTES} bytes")),
    }
}

/// The nonce, then the ciphertext. Name and hosts are authenticated: they cannot be exchanged in the ledger.
fn encrypt(key: &[u8; 32], name: &str, hosts: &[String], value: &str) -> Result<Vec<u8>> {
    let failed = |_| Error::Unavailable("the secret cannot be encrypted".into());
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).map_err(|error| Error::Unavailable(error.to_string()))?;
    let bound = bound(name, hosts);
    let payload = Payload { msg: value.as_bytes(), aad: &bound };
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    let ciphertext = cipher.encrypt(&Nonce::from(nonce), payload).map_err(failed)?;
    Ok([nonce.as_slice(), &ciphertext].concat())
}

/// `None` for what was not encrypted with this key for this name and these hosts.
fn decrypt(key: &[u8; 32], name: &str, hosts: &[String], stored: &[u8]) -> Option<SecretValue> {
    let (nonce, ciphertext) = stored.split_first_chunk::<12>()?;
    let payload = Payload { msg: ciphertext, aad: &bound(name, hosts) };
    let plain = ChaCha20Poly1305::new(&(*key).into()).decrypt(&Nonce::from(*nonce), payload).ok()?;
    String::from_utf8(plain).ok().map(SecretValue::new)
}

fn bound(name: &str, hosts: &[String]) -> Vec<u8> {
    format!("{name}\0{}", hosts.join("\0")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_bound_to_its_name_and_hosts() {
        let (key, hosts) = ([3; 32], vec!["hooks.slack.com".to_string()]);
        let stored = encrypt(&key, "slack", &hosts, "T0/B0/xyz").unwrap();
        assert!(!stored.windows(9).any(|window| window == b"T0/B0/xyz"));
        assert!(decrypt(&key, "slack", &hosts, &stored).is_some());
        for hosts in [vec![], vec!["evil.example".to_string()], vec![hosts[0].clone(), "evil.example".to_string()]] {
            assert!(decrypt(&key, "slack", &hosts, &stored).is_none(), "{hosts:?}");
        }
        assert!(decrypt(&key, "other", &hosts, &stored).is_none());
        assert!(decrypt(&[4; 32], "slack", &hosts, &stored).is_none());
        for cut in [0, 11, 12, stored.len() - 1] {
            assert!(decrypt(&key, "slack", &hosts, &stored[..cut]).is_none(), "{cut}");
        }
    }
}
