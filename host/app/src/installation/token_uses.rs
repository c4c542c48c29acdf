//! When each token was last used: in memory, and on record at its first use and once a day at most, so that requests
//! cost no commits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Millis;
use registry::{Token, token_used};

use super::Known;

/// How far what is on record may be behind.
const DAY: Millis = 24 * 3_600_000;
/// When it is tried again after it could not be put on record.
const AGAIN: Millis = 3_600_000;

/// The uses since the start.
#[derive(Default)]
pub(super) struct TokenUses(Mutex<BTreeMap<String, TokenUse>>);

#[derive(Clone, Copy)]
struct TokenUse {
    last: Millis,
    /// When it is to be put on record.
    due: Millis,
}

impl TokenUses {
    /// The token is used now. Gives whether that is to be put on record.
    fn saw(&self, token: &Token, now: Millis) -> bool {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = token.used.map_or(Millis::MIN, |used| used.saturating_add(DAY));
        let seen = uses.entry(token.id.clone()).or_insert(TokenUse { last: now, due: recorded });
        seen.last = seen.last.max(now);
        let is_due = now >= seen.due;
        if is_due {
            seen.due = now.saturating_add(DAY);
        }
        is_due
    }

    /// The last use, by what is known here and on record.
    pub(super) fn last(&self, token: &Token) -> Option<Millis> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(&token.id).map(|seen| seen.last).max(token.used)
    }

    fn try_again(&self, id: &str, at: Millis) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = uses.get_mut(id) {
            seen.due = at;
        }
    }
}

/// Remembers that the token is used now. Nobody waits for what is put on record.
pub(super) fn saw(uses: &Arc<TokenUses>, known: &Arc<Known>, token: &Token, now: Millis) {
    if !uses.saw(token, now) {
        return;
    }
    let (uses, known, id) = (uses.clone(), known.clone(), token.id.clone());
    tokio::spawn(async move {
        let noted = known.change().await.append(token_used(&id, now)).await;
        if let Err(error) = noted {
            tracing::warn!(token = id, %error, "that a token was used cannot be put on record");
            uses.try_again(&id, now.saturating_add(AGAIN));
        }
    });
}

#[cfg(test)]
mod tests {
    use ledger::Hash;
    use registry::TokenTerms;

    use super::*;

    fn token(used: Option<Millis>) -> Token {
        let (id, terms, hash) = ("1f".into(), TokenTerms::default(), Hash::ZERO);
        Token { id, terms, by_groups: false, hash, created: 0, by: "host".into(), creator: None, used }
    }

    #[test]
    fn a_use_is_put_on_record_first_and_then_once_a_day() {
        let uses = TokenUses::default();
        let noted: Vec<Millis> = (0..100).map(|hour| hour * AGAIN).filter(|now| uses.saw(&token(None), *now)).collect();
        assert_eq!(noted, [0, DAY, 2 * DAY, 3 * DAY, 4 * DAY]);
        assert_eq!(uses.last(&token(None)), Some(99 * AGAIN));
    }

    #[test]
    fn what_is_on_record_is_not_put_there_again_after_a_restart() {
        let uses = TokenUses::default();
        assert_eq!(uses.last(&token(Some(5))), Some(5));
        assert!(!uses.saw(&token(Some(5)), 6));
        assert!(uses.saw(&token(Some(5)), DAY + 5));
        // A clock that was set back makes no use earlier.
        assert!(!uses.saw(&token(Some(5)), 7));
        assert_eq!(uses.last(&token(Some(5))), Some(DAY + 5));
    }

    #[test]
    fn what_could_not_be_put_on_record_is_tried_again_later() {
        let uses = TokenUses::default();
        assert!(uses.saw(&token(None), 0));
        uses.try_again("1f", AGAIN);
        assert!(!uses.saw(&token(None), AGAIN - 1) && uses.saw(&token(None), AGAIN));
    }
}
