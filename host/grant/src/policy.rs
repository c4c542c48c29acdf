//! A checked policy document, with the name that it is known by in denials. Who it holds for is left to the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::LoadError;
use crate::load::load;
use crate::statement::Statement;

/// A checked IAM policy document. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    source: String,
    statements: Vec<Statement>,
}

impl Policy {
    /// Loads a document strictly. All that is wrong with it is reported at once: unknown elements and names that occur
    /// twice, `Principal`, another version than `2012-10-17`, effects, actions, resources, operators and values that
    /// mean nothing, variables that cannot be read.
    pub fn load(name: &str, json: &str) -> Result<Policy, LoadError> {
        let statements = load(json).map_err(|problems| LoadError { policy: name.into(), problems })?;
        Ok(Policy { inner: Arc::new(Inner { name: name.into(), source: json.into(), statements }) })
    }

    /// The name that it is known by in denials.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The document's text as it was given.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The statements, in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.inner.statements
    }

    /// The condition keys that any statement asks for, in conditions or as policy variables, in lower case. Tells
    /// whether tags must be fetched: only if one begins with `aws:resourcetag/`.
    pub fn condition_keys(&self) -> BTreeSet<String> {
        self.statements().iter().flat_map(Statement::keys).map(String::from).collect()
    }
}
