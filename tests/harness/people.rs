//! The people of the tests, and an installation that is ready.

use serde_json::json;

use super::api::Api;
use super::host::Host;
use super::remediation::{grant_plugins, push_plugins, push_workflow};

/// The tokens of everyone.
pub struct People {
    /// Administers the installation.
    pub admin: String,
    /// A security lead, who may approve.
    pub alice: String,
    /// Another security lead.
    pub carol: String,
    /// An operator, who may not approve.
    pub bob: String,
    /// Sends events.
    pub eventbridge: String,
}

impl People {
    /// Makes their tokens.
    pub async fn introduce(host: &Host) -> People {
        let admin = host.api(host.first_token());
        People {
            admin: host.first_token().to_owned(),
            alice: token(&admin, "alice", &["read", "start:*"], &["security-leads"]).await,
            carol: token(&admin, "carol", &["read", "start:*"], &["security-leads"]).await,
            bob: token(&admin, "bob", &["read", "start:*", "operate"], &[]).await,
            eventbridge: token(&admin, "eventbridge", &["events:*"], &[]).await,
        }
    }
}

async fn token(admin: &Api, name: &str, scopes: &[&str], groups: &[&str]) -> String {
    let made =
        admin.post("tokens", &json!({ "name": name, "scopes": scopes, "groups": groups })).await.expect_status(201);
    made["token"].as_str().expect("a new token is shown").to_owned()
}

/// Installs the shipped plugins, their grants and the shipped workflow, and introduces everyone.
pub async fn install(host: &Host) -> People {
    let people = People::introduce(host).await;
    let admin = host.api(&people.admin);
    push_plugins(&admin).await;
    grant_plugins(&admin).await;
    push_workflow(&admin).await;
    people
}
