//! Which actions a statement names: `service:Name` with wildcards in the name, or `*`. Whether such an action exists
//! is left to whoever knows the operations: grants are written before plugins are.

use crate::context::Context;
use crate::pattern::Pattern;
use crate::truth::Truth;

/// One entry of `Action` or `NotAction`.
#[derive(Clone, Debug)]
pub(crate) struct ActionPattern {
    pattern: Pattern,
}

impl ActionPattern {
    /// Parses an entry. Fails with what to write instead.
    pub fn parse(text: &str) -> Result<ActionPattern, &'static str> {
        let fits = match text.split_once(':') {
            None => text == "*",
            Some((service, name)) => {
                let label = |c: char| c.is_ascii_alphanumeric() || c == '-';
                let word = |c: char| c.is_ascii_alphanumeric() || c == '*' || c == '?';
                !service.is_empty() && service.chars().all(label) && !name.is_empty() && name.chars().all(word)
            }
        };
        if fits {
            Ok(ActionPattern { pattern: Pattern::without_variables(text) })
        } else {
            Err("an action is `service:Name`, with `*` and `?` in the name if wanted, or `*`")
        }
    }

    /// The text as the policy has it.
    pub fn source(&self) -> &str {
        self.pattern.source()
    }

    /// The service that is named, in lower case; nothing for `*`.
    pub fn service(&self) -> Option<String> {
        self.source().split_once(':').map(|(service, _)| service.to_lowercase())
    }

    /// Whether `action` is meant. Actions are compared without regard to case.
    pub fn matches(&self, action: &str) -> Truth {
        self.pattern.matches_ignoring_case(action, &Context::new())
    }
}
