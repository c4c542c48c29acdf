//! Wrong tokens: how many one client may try. A token that counts is let on whatever others of its address try, so that
//! nobody is shut out by somebody beside them, or by whoever comes through the same proxy.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ledger::Millis;

use super::client_address::ClientAddress;

/// How many wrong tokens a client may try in a window.
const MOST: u32 = 100;
/// How long a window is.
const WINDOW: Millis = 60_000;
/// How many clients are told apart; the others count as one.
const CLIENTS: usize = 4_096;

/// What has been tried of late.
#[derive(Default)]
pub struct WrongTokens(Mutex<BTreeMap<Option<IpAddr>, Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    since: Millis,
    number: u32,
}

impl Tries {
    fn is_over(&self, now: Millis) -> bool {
        // Also when the clock was set back.
        !(0..WINDOW).contains(&now.saturating_sub(self.since))
    }
}

impl WrongTokens {
    /// A client tried a wrong token. Gives how long it has to wait, in seconds, when there were too many.
    pub fn tried(&self, client: Option<ClientAddress>, now: Millis) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = client.map(ClientAddress::network);
        if !all.contains_key(&client) && all.len() >= CLIENTS {
            all.retain(|_, tries| !tries.is_over(now));
            if all.len() >= CLIENTS {
                client = None;
            }
        }
        let tries = all.entry(client).or_insert(Tries { since: now, number: 0 });
        if tries.is_over(now) {
            *tries = Tries { since: now, number: 0 };
        }
        tries.number = tries.number.saturating_add(1);
        if tries.number <= MOST {
            return Ok(());
        }
        if tries.number == MOST + 1 {
            let client = client.map_or_else(|| "many".to_owned(), |client| client.to_string());
            tracing::warn!(client, most = MOST, "wrong tokens are tried: more are refused for a minute");
        }
        let left = WINDOW - now.saturating_sub(tries.since);
        Err(u64::try_from(left).unwrap_or_default().div_ceil(1_000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Option<ClientAddress> {
        Some(ClientAddress(text.parse().unwrap()))
    }

    #[test]
    fn too_many_of_one_client_wait_and_others_do_not() {
        let wrong = WrongTokens::default();
        let tried = |client, now| (0..MOST).map(|_| wrong.tried(client, now)).collect::<Result<Vec<()>, u64>>();
        assert!(tried(from("10.0.0.1"), 0).is_ok());
        assert_eq!(wrong.tried(from("10.0.0.1"), 500), Err(60));
        assert_eq!(wrong.tried(from("::ffff:10.0.0.1"), 59_999), Err(1));
        assert_eq!(wrong.tried(from("10.0.0.2"), 500), Ok(()));
        assert_eq!(wrong.tried(from("10.0.0.1"), 60_000), Ok(()));
        // One network of IPv6 is one client.
        assert!(tried(from("2001:db8::1"), 0).is_ok());
        assert!(wrong.tried(from("2001:db8::ffff:2"), 0).is_err());
        assert!(wrong.tried(from("2001:db8:0:1::1"), 0).is_ok());
        // A clock that was set back shuts nobody out for longer.
        assert_eq!(wrong.tried(from("10.0.0.1"), -1), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let wrong = WrongTokens::default();
        for number in 0..20_000_u32 {
            let _ = wrong.tried(Some(ClientAddress(number.to_be_bytes().into())), 0);
        }
        assert!(wrong.0.lock().unwrap().len() <= CLIENTS + 1);
        // When their time is over, they make room.
        assert_eq!(wrong.tried(from("192.0.2.1"), WINDOW), Ok(()));
        assert_eq!(wrong.0.lock().unwrap().len(), 1);
    }
}
