//! What a token may do: its scopes, stated when it is made. Which scope a route needs is decided where the routes are;
//! groups say who may decide an approval, and nothing else.
//!
//! No scope contains another one: a token may do what its scopes say, one by one. So the list of a token's scopes is the
//! whole answer to what it may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The kinds of scopes that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// Look at runs, workflows, plugins, grants and what waits; decide what the token's groups may decide.
    Read,
    /// Start runs by hand, and look at those.
    Start,
    /// Send events.
    Events,
    /// Cancel, retry and resume runs, settle reviews, disable and enable workflows.
    Operate,
    /// Upload plugins; check, put, disable and enable workflows.
    Author,
    /// Change tokens, grants, the guardrail, secrets and limits.
    Admin,
    /// Read the whole ledger, the installation's own chain included, and the lists of tokens and secrets.
    Audit,
}

/// One thing that a token may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenScope {
    kind: ScopeKind,
    /// The workflow or the account that it is limited to.
    only: Option<String>,
}

/// All that a token may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenScopes(BTreeSet<TokenScope>);

/// Why a text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// There is no such scope.
    #[error("there is no scope `{given}`: {help}")]
    Unknown {
        /// What was given.
        given: String,
        /// What there is.
        help: String,
    },
    /// It says of what, and the scope has no such part.
    #[error("the scope `{kind}` stands alone: write `{kind}`, without `:{given}`")]
    Alone {
        /// The scope.
        kind: &'static str,
        /// What was given behind the colon.
        given: String,
    },
    /// It does not say of what.
    #[error("the scope `{kind}` says of which {what}: write `{kind}:<{what}>`, or `{kind}:*` for all")]
    Bare {
        /// The scope.
        kind: &'static str,
        /// What must follow.
        what: &'static str,
    },
    /// What follows the colon is no workflow or account.
    #[error("`{given}` is no {what}: {rule}, or `*` for all")]
    Only {
        /// What was given behind the colon.
        given: String,
        /// What it should be.
        what: &'static str,
        /// What one looks like.
        rule: &'static str,
    },
}

/// The longest name of a workflow.
const MAX_WORKFLOW: usize = 64;
/// How much of a wrong text is repeated in an error.
const SHOWN: usize = 64;

impl ScopeKind {
    /// All of them.
    pub const ALL: [ScopeKind; 7] = [
        ScopeKind::Read,
        ScopeKind::Start,
        ScopeKind::Events,
        ScopeKind::Operate,
        ScopeKind::Author,
        ScopeKind::Admin,
        ScopeKind::Audit,
    ];

    /// The name, which stands before the colon.
    pub fn name(self) -> &'static str {
        match self {
            ScopeKind::Read => "read",
            ScopeKind::Start => "start",
            ScopeKind::Events => "events",
            ScopeKind::Operate => "operate",
            ScopeKind::Author => "author",
            ScopeKind::Admin => "admin",
            ScopeKind::Audit => "audit",
        }
    }

    /// The scope as it is written: `read`, `start:<workflow>`.
    pub fn form(self) -> &'static str {
        match self {
            ScopeKind::Start => "start:<workflow>",
            ScopeKind::Events => "events:<account>",
            kind => kind.name(),
        }
    }

    /// What it is limited to.
    fn what(self) -> Option<&'static str> {
        match self {
            ScopeKind::Start => Some("workflow"),
            ScopeKind::Events => Some("account"),
            _ => None,
        }
    }

    fn named(name: &str) -> Option<ScopeKind> {
        ScopeKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl TokenScope {
    /// Of everything that this kind of scope can be about.
    pub fn all_of(kind: ScopeKind) -> TokenScope {
        TokenScope { kind, only: None }
    }

    /// What kind it is.
    pub fn kind(&self) -> ScopeKind {
        self.kind
    }

    fn covers(&self, kind: ScopeKind, name: &str) -> bool {
        self.kind == kind && self.only.as_deref().is_none_or(|only| only == name)
    }
}

impl FromStr for TokenScope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<TokenScope, ScopeError> {
        let (name, only) = text.split_once(':').map_or((text, None), |(name, only)| (name, Some(only)));
        let short = |text: &str| text.chars().take(SHOWN).collect::<String>();
        let Some(kind) = ScopeKind::named(name) else {
            let help = unknown(&short(name));
            return Err(ScopeError::Unknown { given: short(text), help });
        };
        match (kind.what(), only) {
            (None, None) => Ok(TokenScope { kind, only: None }),
            (None, Some(given)) => Err(ScopeError::Alone { kind: kind.name(), given: short(given) }),
            (Some(what), None) => Err(ScopeError::Bare { kind: kind.name(), what }),
            (Some(_), Some("*")) => Ok(TokenScope { kind, only: None }),
            (Some(what), Some(given)) => match rule(kind, given) {
                None => Ok(TokenScope { kind, only: Some(given.into()) }),
                Some(rule) => Err(ScopeError::Only { given: short(given), what, rule }),
            },
        }
    }
}

/// The rule that the name of a workflow, or an account, breaks.
fn rule(kind: ScopeKind, given: &str) -> Option<&'static str> {
    let is_account = given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit());
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts = given.starts_with(|first: char| first.is_ascii_lowercase());
    let is_workflow = starts && given.bytes().all(rest) && given.len() <= MAX_WORKFLOW;
    match kind {
        ScopeKind::Events if !is_account => Some("an account has 12 digits"),
        ScopeKind::Start if !is_workflow => {
            Some("a name is a lower-case letter, then lower-case letters, digits or `-`, up to 64")
        }
        _ => None,
    }
}

fn unknown(given: &str) -> String {
    let forms = ScopeKind::ALL.map(ScopeKind::form).join("`, `");
    let names = ScopeKind::ALL.map(ScopeKind::name);
    let near = workflow::suggestion(given, &names);
    match near.starts_with("did you mean") {
        true => format!("there are `{forms}`; {near}"),
        false => format!("there are `{forms}`"),
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match (&self.only, self.kind.what()) {
            (Some(only), _) => write!(f, ":{only}"),
            (None, Some(_)) => f.write_str(":*"),
            (None, None) => Ok(()),
        }
    }
}

impl TokenScopes {
    /// Everything.
    pub fn all() -> TokenScopes {
        ScopeKind::ALL.into_iter().map(TokenScope::all_of).collect()
    }

    /// What a token may do that was made before there were scopes: what the groups of its owner let it do then, but for
    /// the installation's own chain and the check of workflows, which are `audit`'s and `author`'s.
    pub fn of_groups(groups: &[String]) -> TokenScopes {
        let is_in = |name: &str| groups.iter().any(|group| group == name);
        if is_in("admins") {
            return TokenScopes::all();
        }
        let operate = is_in("operators").then_some(ScopeKind::Operate);
        let everyone = [ScopeKind::Read, ScopeKind::Start, ScopeKind::Events];
        everyone.into_iter().chain(operate).map(TokenScope::all_of).collect()
    }

    /// Reads scopes as people write them.
    pub fn parse(texts: &[String]) -> Result<TokenScopes, ScopeError> {
        texts.iter().map(|text| text.parse()).collect()
    }

    /// Whether there is a scope of this kind, whatever it is limited to.
    pub fn has(&self, kind: ScopeKind) -> bool {
        self.0.iter().any(|scope| scope.kind == kind)
    }

    /// Whether runs of this workflow may be started.
    pub fn may_start(&self, workflow: &str) -> bool {
        self.0.iter().any(|scope| scope.covers(ScopeKind::Start, workflow))
    }

    /// Whether events of this account may be sent.
    pub fn may_send(&self, account: &str) -> bool {
        self.0.iter().any(|scope| scope.covers(ScopeKind::Events, account))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As people write them.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> TokenScopes {
        TokenScopes(scopes.into_iter().collect())
    }
}

/// `read, start:*`.
impl fmt::Display for TokenScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(", "))
    }
}

impl Serialize for TokenScopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}

impl<'de> Deserialize<'de> for TokenScopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TokenScopes, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        TokenScopes::parse(&texts).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        text.parse::<TokenScope>().map(|scope| scope.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in ["read", "start:contain", "start:*", "events:123456789012", "events:*", "operate", "admin", "audit"]
        {
            assert_eq!(parsed(text).as_deref(), Ok(text));
        }
        assert_eq!(
            ScopeKind::ALL.map(ScopeKind::name),
            ["read", "start", "events", "operate", "author", "admin", "audit"]
        );
    }

    #[test]
    fn what_is_no_scope_is_refused_with_what_to_write() {
        let refused = |text: &str| parsed(text).unwrap_err();
        assert_eq!(
            refused("raed"),
            "there is no scope `raed`: there are `read`, `start:<workflow>`, `events:<account>`, `operate`, `author`, \
             `admin`, `audit`; did you mean `read`?"
        );
        assert!(!refused("everything-at-all").contains("did you mean"));
        assert_eq!(refused("admin:*"), "the scope `admin` stands alone: write `admin`, without `:*`");
        assert_eq!(
            refused("start"),
            "the scope `start` says of which workflow: write `start:<workflow>`, or `start:*` for all"
        );
        assert_eq!(refused("events:12345"), "`12345` is no account: an account has 12 digits, or `*` for all");
        for text in ["", " read", "Read", "read,start:*", "*", "start:", "start:*x", "start:a b", "events:12345678901a"]
        {
            assert!(parsed(text).is_err(), "{text:?}");
        }
        assert!(refused(&"x".repeat(5_000)).len() < 300);
    }

    #[test]
    fn no_scope_contains_another_one() {
        for kind in ScopeKind::ALL {
            let one: TokenScopes = [TokenScope::all_of(kind)].into_iter().collect();
            let has: Vec<ScopeKind> = ScopeKind::ALL.into_iter().filter(|kind| one.has(*kind)).collect();
            assert_eq!(has, [kind]);
            assert_eq!(one.may_start("contain"), kind == ScopeKind::Start);
            assert_eq!(one.may_send("123456789012"), kind == ScopeKind::Events);
        }
        let narrow = TokenScopes::parse(&["start:contain".into(), "events:123456789012".into()]).unwrap();
        assert!(narrow.may_start("contain") && !narrow.may_start("contain-all") && !narrow.may_start("*"));
        assert!(narrow.may_send("123456789012") && !narrow.may_send("210987654321") && !narrow.may_send(""));
    }
}
