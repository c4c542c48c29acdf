//! Whether something holds, with a third answer for what cannot be known: Kleene's strong logic. What the third
//! answer leads to is decided in `decide`.

use std::ops::Not;

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    /// No when any is No, else Unknown when any is Unknown, else Yes. Stops at the first No.
    pub fn all(parts: impl IntoIterator<Item = Truth>) -> Truth {
        let mut whole = Truth::Yes;
        for part in parts {
            match part {
                Truth::Yes => {}
                Truth::No => return Truth::No,
                Truth::Unknown => whole = Truth::Unknown,
            }
        }
        whole
    }

    /// Yes when any is Yes, else Unknown when any is Unknown, else No. Stops at the first Yes.
    pub fn any(parts: impl IntoIterator<Item = Truth>) -> Truth {
        !Truth::all(parts.into_iter().map(Truth::not))
    }

    /// The other way round when `negated`.
    pub fn negated_if(self, negated: bool) -> Truth {
        if negated { !self } else { self }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::Yes } else { Truth::No }
    }
}

impl Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
        }
    }
}
