//! The scene of an incident: an account in which it happened, stand-ins for Slack and ServiceNow, and a host with every
//! shipped plugin and workflow, its addresses those of the scene.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::Api;
use super::emulator::Emulator;
use super::estate::{Condition, Estate, State};
use super::host::{Host, Settings};
use super::people::People;
use super::proxy::Proxy;
use super::remediation::{grant, push_plugin, put_grant, put_workflow, shipped_plugins, workflow};
use super::services::Services;

/// What the shipped grants and workflows call these services.
const SLACK: &str = "hooks.slack.com";
const SERVICENOW: &str = "acme.service-now.com";

/// Everything that an incident needs.
pub struct Scene {
    /// What stands for AWS.
    pub emulator: Emulator,
    /// What counts the requests to it.
    pub proxy: Proxy,
    /// What is in the account.
    pub estate: Estate,
    /// Slack and ServiceNow.
    pub services: Services,
    /// The host.
    pub host: Host,
    /// Those who use it.
    pub people: People,
}

impl Scene {
    /// Makes so many incidents, and installs everything.
    pub async fn prepare(incidents: usize) -> Scene {
        Scene::with(incidents, Duration::ZERO, String::new()).await
    }

    /// The same, with services that answer a write only after `delay`, and limits of the host.
    pub async fn with(incidents: usize, delay: Duration, limits: String) -> Scene {
        let emulator = Emulator::start_with_cloudtrail();
        let estate = Estate::prepare(&emulator, incidents);
        let proxy = Proxy::start(emulator.endpoint()).await;
        let services = Services::start(delay);
        let host = Host::start(Settings {
            endpoint: proxy.endpoint().into(),
            cloudtrail: emulator.cloudtrail().map(str::to_owned),
            tables: format!("[http]\nca-file = {:?}\n", services.authority()),
            limits,
            ..Settings::default()
        });
        let people = People::introduce(&host).await;
        install(&host.api(&people.admin), &services).await;
        Scene { emulator, proxy, estate, services, host, people }
    }

    /// The API, for whoever has this token.
    pub fn api(&self, token: &str) -> Api {
        self.host.api(token)
    }

    /// What AWS says now.
    pub fn read(&self) -> State {
        self.estate.read(&self.emulator)
    }

    /// The input of `servicenow-incident` for an incident of this correlation id.
    pub fn ticket(&self, correlation_id: &str) -> Value {
        json!({
            "url": format!("https://{}", self.services.host()), "severity": "HIGH", "correlation_id": correlation_id,
            "short_description": "an incident", "description": "what happened",
        })
    }
}

/// Installs every shipped plugin with its grant, the secrets, and the shipped workflows of an incident.
async fn install(admin: &Api, services: &Services) {
    let here = |text: String| text.replace(SLACK, services.host()).replace(SERVICENOW, services.host());
    for plugin in shipped_plugins() {
        push_plugin(admin, &plugin).await;
        let policy = String::from_utf8(grant(&plugin)).expect("a grant is text");
        put_grant(admin, &plugin, here(policy).into_bytes()).await;
    }
    for (name, value) in services.secrets() {
        let secret = json!({ "value": value, "hosts": ["127.0.0.1"] });
        let reply = admin.put_document(&format!("secrets/{name}"), "application/json", secret.to_string().into()).await;
        assert!((200..300).contains(&reply.status), "{reply:?}");
    }
    for name in ["incident-response", "public-bucket"] {
        put_workflow(admin, name, here(workflow(name))).await;
    }
}

/// Asserts that every incident is contained: the instance is cut off and kept, the credentials are worth nothing, the bucket
/// is closed.
pub fn assert_contained(estate: &Estate, state: &State) {
    for (incident, now) in estate.incidents.iter().zip(&state.incidents) {
        let name = &incident.name;
        let groups = now.groups();
        assert_eq!(groups.len(), 1, "{name}: its interfaces have one group: {:?}", now.interfaces);
        assert!(!incident.groups.contains(groups[0]), "{name}: not one of before");
        let group = &state.groups[groups[0]];
        assert_eq!((group.ingress, group.egress), (0, 0), "{name}: no way in and none out");
        assert_eq!(now.interfaces.len(), incident.interfaces.len(), "{name}: all of its interfaces");
        assert!(now.protected, "{name}: nobody can terminate it");
        for volume in &incident.volumes {
            let taken = state.snapshots.iter().filter(|snapshot| snapshot.volume == *volume).count();
            assert_eq!(taken, 1, "{name}: one snapshot of {volume}");
        }
        assert!(denies_older_sessions(&now.role_policies), "{name}: the role: {:?}", now.role_policies);
        assert_credentials_are_worth_nothing(name, now);
        assert_bucket_is_closed(name, now);
    }
}

/// Asserts that all keys of the user are off, and older sessions denied.
pub fn assert_credentials_are_worth_nothing(name: &str, now: &Condition) {
    assert!(now.keys.values().all(|status| status == "Inactive"), "{name}: {:?}", now.keys);
    assert!(denies_older_sessions(&now.user_policies), "{name}: the user: {:?}", now.user_policies);
}

fn assert_bucket_is_closed(name: &str, now: &Condition) {
    assert!(now.bucket.is_closed(), "{name}: {:?}", now.bucket);
    assert_eq!(now.bucket.policy, None, "{name}: the policy that opened it is gone");
    assert!(now.bucket.encryption.is_some(), "{name}: it encrypts");
}

/// Whether there is nothing but a policy that denies everything to sessions of before a time.
fn denies_older_sessions(policies: &BTreeMap<String, Value>) -> bool {
    let [(name, policy)] = policies.iter().collect::<Vec<_>>()[..] else { return false };
    let statement = &policy["Statement"][0];
    name == "AWSRevokeOlderSessions"
        && statement["Effect"] == "Deny"
        && statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"].is_string()
}
