//! Who somebody is: a name, the token that speaks for it, and who made that token.
//!
//! This decides when two of them may be one human being. A name is what a token was given when it was made, so that two
//! names alone are no two people: whoever made a token has seen it, and can speak as both.

/// Somebody who starts, decides or retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Their name; of what is no person, `queue:<name>`, `topic:<name>` or `quell:<what>`.
    pub name: String,
    /// The id of the token that they spoke with; none where none was, or where an older Quell did not write it down.
    pub token: Option<String>,
    /// Who made that token, who made the token that it was made with, and so on up to the first.
    pub makers: Vec<TokenMaker>,
}

/// Somebody who made a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenMaker {
    /// Their name.
    pub name: String,
    /// The token that they made it with, as far as that is known.
    pub token: Option<String>,
}

/// Why two principals may be one human being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalRelation {
    /// They have the same name, or the same token.
    Same,
    /// The other one made this one's token, or a token that it was made with.
    Maker,
    /// The same, the other way round.
    MadeBy,
}

impl Principal {
    /// How `other` is related to this one, if at all.
    pub fn relation(&self, other: &Principal) -> Option<PrincipalRelation> {
        let same_token = self.token.is_some() && self.token == other.token;
        if same_token || self.name == other.name {
            Some(PrincipalRelation::Same)
        } else if self.makers.iter().any(|maker| maker.is(other)) {
            Some(PrincipalRelation::Maker)
        } else if other.makers.iter().any(|maker| maker.is(self)) {
            Some(PrincipalRelation::MadeBy)
        } else {
            None
        }
    }
}

impl TokenMaker {
    fn is(&self, principal: &Principal) -> bool {
        self.name == principal.name || (self.token.is_some() && self.token == principal.token)
    }
}

/// Somebody of whom nothing is known but the name.
impl From<&str> for Principal {
    fn from(name: &str) -> Principal {
        Principal { name: name.to_owned(), token: None, makers: Vec::new() }
    }
}

impl From<String> for Principal {
    fn from(name: String) -> Principal {
        Principal { name, token: None, makers: Vec::new() }
    }
}

impl From<&Principal> for Principal {
    fn from(principal: &Principal) -> Principal {
        principal.clone()
    }
}
