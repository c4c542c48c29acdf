//! How somebody stands in the ledger: with which token, and who made that token.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use workflow::{Principal, TokenMaker};

/// The stored form of the token that somebody spoke with.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StoredToken {
    token: String,
    made_by: Vec<StoredMaker>,
}

#[derive(Serialize, Deserialize)]
struct StoredMaker {
    name: String,
    token: Option<String>,
}

/// The stored form of somebody whose name stands elsewhere: the token, if any.
pub(crate) fn token_value(principal: &Principal) -> Value {
    let Principal { token, makers, .. } = principal;
    let makers = makers.iter().map(|maker| StoredMaker { name: maker.name.clone(), token: maker.token.clone() });
    json!(token.as_ref().map(|token| StoredToken { token: token.clone(), made_by: makers.collect() }))
}

/// Somebody of this name, with the token that is stored.
pub(crate) fn with_token(name: String, token: &Value) -> Result<Principal, serde_json::Error> {
    let stored = Option::<StoredToken>::deserialize(token)?;
    let Some(StoredToken { token, made_by }) = stored else { return Ok(name.into()) };
    let makers = made_by.into_iter().map(|StoredMaker { name, token }| TokenMaker { name, token }).collect();
    Ok(Principal { name, token: Some(token), makers })
}

/// The stored form of several.
pub(crate) fn people_value(people: &[Principal]) -> Value {
    people.iter().map(|who| json!({ "name": who.name, "with": token_value(who) })).collect()
}

/// Several, as they are stored. The first ledgers have none.
pub(crate) fn people(stored: &Value) -> Result<Vec<Principal>, serde_json::Error> {
    let Some(stored) = stored.as_array() else { return Ok(Vec::new()) };
    let one = |who: &Value| with_token(String::deserialize(&who["name"])?, &who["with"]);
    stored.iter().map(one).collect()
}
