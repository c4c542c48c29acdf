//! Whether the words of a policy mean anything: actions that exist, condition keys that a request can have.
//!
//! This is apart from loading, which decides what a document says: a policy that was granted once is loaded for ever, and new
//! actions of AWS are no mistakes. What is nearly a word that is known is misspelt, and is for whoever puts a policy to refuse; what
//! is like none is told.

use std::collections::BTreeSet;

use crate::action::ActionPattern;
use crate::error::{Fault, LoadError, Place, Problem};
use crate::nearest::nearest;
use crate::policy::Policy;
use crate::truth::Truth;
use crate::vocabulary::{ARGUMENTS, KEYS, KEYS_OF_IAM, actions_of, services};

impl Policy {
    /// Checks the words of the policy. Fails with all that are misspelt; gives what nobody knows, each word once.
    pub fn check_words(&self) -> Result<Vec<Problem>, LoadError> {
        let actions: BTreeSet<&str> = self.statements().iter().flat_map(|statement| statement.actions()).collect();
        let actions = actions.into_iter().filter_map(|action| Some((action, action_fault(action)?)));
        let keys = self.condition_keys();
        let keys = keys.iter().filter_map(|key| Some((key.as_str(), key_fault(self.spelt(key), key)?)));
        let faults = actions.chain(keys).map(|(word, fault)| Problem { place: self.place_of(word), fault });
        let (mut misspelt, mut unknown): (Vec<_>, Vec<_>) = faults.partition(|problem| problem.fault.is_misspelling());
        let place = |problem: &Problem| (problem.place.line, problem.place.column);
        misspelt.sort_by_key(place);
        unknown.sort_by_key(place);
        if misspelt.is_empty() {
            Ok(unknown)
        } else {
            Err(LoadError { policy: self.name().into(), problems: misspelt })
        }
    }

    /// A word as the document spells it.
    fn spelt(&self, word: &str) -> &str {
        let start = self.find(word);
        start.and_then(|start| self.source().get(start..start + word.len())).unwrap_or_default()
    }

    fn find(&self, word: &str) -> Option<usize> {
        // The same length in bytes, whatever stands in it.
        self.source().to_ascii_lowercase().find(&word.to_ascii_lowercase())
    }

    /// Where the word stands first.
    fn place_of(&self, word: &str) -> Place {
        let before = self.source().get(..self.find(word).unwrap_or_default()).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { line, column, path: String::new() }
    }
}

/// What is wrong with the name of an action, which may have wildcards: nobody knows such a one.
pub fn action_fault(text: &str) -> Option<Fault> {
    let (service, name) = text.split_once(':')?;
    let Some(actions) = actions_of(service) else {
        let nearest = nearest(service, services());
        return Some(Fault::UnknownService { service: service.into(), nearest });
    };
    let pattern = ActionPattern::parse(text).ok()?;
    let matches = |name: &&str| pattern.matches(&format!("{service}:{name}")) == Truth::Yes;
    if actions.iter().any(matches) {
        return None;
    }
    // A pattern is like no single name; a name that is longer or shorter by more than what is forgiven is not what was meant.
    let is_name = !name.contains(['*', '?']);
    let alike = actions.iter().copied().filter(|action| is_name && action.len().abs_diff(name.len()) <= 2);
    let nearest = nearest(name, alike).map(|name| format!("{}:{name}", service.to_ascii_lowercase()));
    let own = ["http", "secret"].iter().any(|own| service.eq_ignore_ascii_case(own));
    Some(Fault::UnknownAction { text: text.into(), nearest, own })
}

fn key_fault(spelt: &str, key: &str) -> Option<Fault> {
    let key = key.to_ascii_lowercase();
    let is = |known: &&str| match known.ends_with('/') {
        true => key.strip_prefix(known.to_ascii_lowercase().as_str()).is_some_and(|name| !name.is_empty()),
        false => known.eq_ignore_ascii_case(&key),
    };
    let unknown = |nearest| Some(Fault::UnknownKey { key: spelt.into(), nearest, own: key.starts_with("quell:") });
    if let Some(argument) = key.strip_prefix("quell:arg/").filter(|argument| !argument.is_empty()) {
        if ARGUMENTS.contains(&argument) {
            return None;
        }
        let nearest = nearest(argument, ARGUMENTS.iter().copied()).map(|name| format!("quell:Arg/{name}"));
        return Some(Fault::UnknownKey { key: spelt.into(), nearest, own: false });
    }
    if KEYS.iter().any(is) {
        return None;
    }
    if KEYS_OF_IAM.iter().any(is) {
        return unknown(None);
    }
    let stem = |key: &str| key.split('/').next().unwrap_or_default().to_owned();
    let found = nearest(&stem(&key), KEYS.iter().map(|known| known.trim_end_matches('/')));
    let name = key.split_once('/').map(|(_, name)| spelt.get(spelt.len().saturating_sub(name.len())..).unwrap_or(name));
    unknown(found.map(|found| name.map_or_else(|| found.into(), |name| format!("{found}/{name}"))))
}
