//! The call key: the place of a call, and what is sent to AWS to find it again.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::Marker;

/// A call's place: run / step path / attempt / call number. The same call has the same key in every replay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKey {
    /// The run's id.
    pub run: String,
    /// The step's path in its workflow, iterations and called workflows included.
    pub step: String,
    /// Which try of the step, from 1.
    pub attempt: u32,
    /// Which call of the attempt, from 1.
    pub number: u32,
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.run, self.step, self.attempt, self.number)
    }
}

impl CallKey {
    /// What the keys of all calls of one attempt begin with.
    pub fn of_attempt(run: &str, step: &str, attempt: u32) -> String {
        format!("{run}/{step}/{attempt}/")
    }

    /// Reads what `Display` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<CallKey> {
        let (rest, number) = text.rsplit_once('/')?;
        let (rest, attempt) = rest.rsplit_once('/')?;
        let (run, step) = rest.split_once('/')?;
        Some(CallKey {
            run: run.into(),
            step: step.into(),
            attempt: attempt.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// The installation's secret that tokens are made with, so that nobody else can guess one.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> TokenKey {
        TokenKey(bytes)
    }

    /// The marker of a call: HMAC-SHA-256 of its key, the first 32 hex digits.
    pub fn marker(&self, key: &CallKey) -> Marker {
        let text = key.to_string();
        // HMAC takes a key of any length (RFC 2104), so this cannot fail.
        #[expect(clippy::expect_used, reason = "HMAC accepts keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC accepts keys of every length");
        mac.update(text.as_bytes());
        let token = mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Marker { call: text, token, addresses: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_markers_are_stable() {
        let key = CallKey { run: "r-1".into(), step: "each[2]/fix".into(), attempt: 3, number: 4 };
        assert_eq!(CallKey::parse(&key.to_string()), Some(key.clone()));
        assert!(key.to_string().starts_with(&CallKey::of_attempt("r-1", "each[2]/fix", 3)));
        assert!(!key.to_string().starts_with(&CallKey::of_attempt("r-1", "each[2]/fix", 30)));
        assert_eq!(CallKey::parse("r-1/fix/1"), None);
        let marker = TokenKey::new([7; 32]).marker(&key);
        assert_eq!(marker, TokenKey::new([7; 32]).marker(&key));
        assert_eq!(marker.token.len(), 32);
        assert_ne!(marker.token, TokenKey::new([8; 32]).marker(&key).token);
        assert_ne!(marker.token, TokenKey::new([7; 32]).marker(&CallKey { number: 5, ..key }).token);
    }
}
