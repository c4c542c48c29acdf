//! Secrets: encrypted with ChaCha20-Poly1305 (RFC 8439) before they are stored, bound to their name and hosts.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use registry::{secret_removed, secret_set};

use super::{Error, Installation, Person, Result};

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

fn bound(name: &str, hosts: &[String]) -> Vec<u8> {
    format!("{name}\0{}", hosts.join("\0")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decrypt(key: &[u8; 32], name: &str, hosts: &[String], stored: &[u8]) -> Option<Vec<u8>> {
        let (nonce, ciphertext) = stored.split_at(12);
        let nonce: [u8; 12] = nonce.try_into().unwrap();
        let payload = Payload { msg: ciphertext, aad: &bound(name, hosts) };
        ChaCha20Poly1305::new(&(*key).into()).decrypt(&Nonce::from(nonce), payload).ok()
    }

    #[test]
    fn a_secret_is_bound_to_its_name_and_hosts() {
        let (key, hosts) = ([3; 32], vec!["hooks.slack.com".to_string()]);
        let stored = encrypt(&key, "slack", &hosts, "T0/B0/xyz").unwrap();
        assert!(!stored.windows(9).any(|window| window == b"T0/B0/xyz"));
        assert_eq!(decrypt(&key, "slack", &hosts, &stored).unwrap(), b"T0/B0/xyz");
        assert_eq!(decrypt(&key, "slack", &["evil.example".into()], &stored), None);
        assert_eq!(decrypt(&key, "other", &hosts, &stored), None);
        assert_eq!(decrypt(&[4; 32], "slack", &hosts, &stored), None);
    }
}
