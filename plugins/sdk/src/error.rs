//! What can be asked of the error of a capability call, beside matching on its case.

use crate::{Detail, Error};

impl Error {
    /// The name of the case, as the WIT has it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "access-denied",
            Self::NotFound(_) => "not-found",
            Self::Throttled(_) => "throttled",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Unavailable(_) => "unavailable",
            Self::Other(_) => "other",
        }
    }

    /// The service's code and message.
    #[must_use]
    pub const fn detail(&self) -> &Detail {
        match self {
            Self::AccessDenied(detail)
            | Self::NotFound(detail)
            | Self::Throttled(detail)
            | Self::Conflict(detail)
            | Self::Invalid(detail)
            | Self::Unavailable(detail)
            | Self::Other(detail) => detail,
        }
    }

    /// Message and code, for people. What `Display` writes is generated, and meant for whoever debugs a plugin.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Detail { code, message } = self.detail();
        format!("{message} (`{code}`)")
    }

    /// Whether the same call may succeed later with nothing changed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled(_) | Self::Unavailable(_))
    }
}
