//! The condition context of a request: what is known about it under which key, and what could not be found out.
//! Which keys a request has is decided by whoever makes it.

use std::collections::BTreeMap;

/// Condition keys and their values. Keys are compared without regard to case, as in IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: BTreeMap<String, Entry>,
}

/// What is known under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValue {
    /// The values, in the order given. None at all is the same as an absent key, as in IAM.
    Values(Vec<String>),
    /// The key exists for this request, its value could not be found out.
    Unresolvable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    spelling: String,
    value: ContextValue,
}

impl Context {
    /// A context without keys.
    pub fn new() -> Context {
        Context::default()
    }

    /// Sets a key to one value. Times are RFC 3339 or seconds since 1970, booleans `true` or `false`.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.set(key.into(), ContextValue::Values(vec![value.into()]));
    }

    /// Sets a key to a list of values, for conditions with `ForAllValues:` or `ForAnyValue:`.
    pub fn insert_list<V: Into<String>>(&mut self, key: impl Into<String>, values: impl IntoIterator<Item = V>) {
        let values = values.into_iter().map(Into::into).collect();
        self.set(key.into(), ContextValue::Values(values));
    }

    /// Records that a key's value could not be found out. A Deny that asks for it denies, an Allow does not allow.
    pub fn unresolvable(&mut self, key: impl Into<String>) {
        self.set(key.into(), ContextValue::Unresolvable);
    }

    /// What is known under `key`; nothing when the request has no such key.
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        self.entries.get(&key.to_lowercase()).map(|entry| &entry.value)
    }

    /// The keys as they were spelt, with their values, in alphabetical order without regard to case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.entries.values().map(|entry| (entry.spelling.as_str(), &entry.value))
    }

    /// The same key again replaces its value, but two spellings with two values (the tags `Env` and `env` of one
    /// resource) are a question without answer: taking either would let a tag be hidden behind another.
    fn set(&mut self, spelling: String, value: ContextValue) {
        let key = spelling.to_lowercase();
        let value = match self.entries.get(&key) {
            Some(old) if old.spelling != spelling && old.value != value => ContextValue::Unresolvable,
            _ => value,
        };
        self.entries.insert(key, Entry { spelling, value });
    }
}
