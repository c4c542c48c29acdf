//! What is shipped: the plugins with their grants, the workflows, and the event that one of them is for.

use serde_json::Value;

use super::api::Api;
use super::files::{component, repository};
use super::host::{ACCOUNT, REGION};

/// The plugins of the workflow `open-security-group`.
const PLUGINS: [&str; 3] = ["sg-revoke-open-ports", "snapshot-volumes", "notify-sns"];
const WORKFLOW: &str = "open-security-group";

/// Uploads the plugins of the workflow `open-security-group`.
pub async fn push_plugins(admin: &Api) {
    for plugin in PLUGINS {
        push_plugin(admin, plugin).await;
    }
}

/// Uploads a plugin.
pub async fn push_plugin(admin: &Api, plugin: &str) {
    let bytes = std::fs::read(component(plugin)).expect("a component can be read");
    admin.post_document("plugins", "application/wasm", bytes).await.expect_status(201);
}

/// Gives each of these plugins the grant that is shipped with it.
pub async fn grant_plugins(admin: &Api) {
    for plugin in PLUGINS {
        put_grant(admin, plugin, grant(plugin)).await;
    }
}

/// Gives a plugin a grant.
pub async fn put_grant(admin: &Api, plugin: &str, policy: Vec<u8>) {
    let digest = admin.get(&format!("plugins/{plugin}")).await["digest"].as_str().expect("it has a digest").to_owned();
    let reply = admin.put_document(&format!("plugins/{digest}/grant"), "application/json", policy).await;
    assert!((200..300).contains(&reply.status), "{plugin}: {reply:?}");
}

/// Every plugin that is shipped.
pub fn shipped_plugins() -> Vec<String> {
    let folders = std::fs::read_dir(repository().join("plugins")).expect("the folder can be read");
    let folders = folders.map(|folder| folder.expect("a folder that can be read"));
    let shipped = folders.filter(|folder| folder.path().join("grant.json").is_file());
    let mut names: Vec<String> = shipped.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The grant that is shipped with a plugin.
pub fn grant(plugin: &str) -> Vec<u8> {
    read(&format!("plugins/{plugin}/grant.json"))
}

/// Stores the workflow `open-security-group`.
pub async fn push_workflow(admin: &Api) {
    put_workflow(admin, WORKFLOW, workflow(WORKFLOW)).await;
}

/// Stores a workflow.
pub async fn put_workflow(admin: &Api, name: &str, source: String) {
    let reply = admin.put_document(&format!("workflows/{name}"), "application/yaml", source.into()).await;
    assert!((200..300).contains(&reply.status), "{reply:?}");
}

/// A workflow that is shipped.
pub fn workflow(name: &str) -> String {
    String::from_utf8(read(&format!("workflows/{name}.yaml"))).expect("a workflow is text")
}

/// The event of a group that was opened: what CloudTrail wrote when Stratus Red Team opened one
/// (<https://stratus-red-team.cloud>), about `group` and with the id `id`.
pub fn event(id: &str, group: &str) -> Value {
    let mut event: Value =
        serde_json::from_slice(&read("tests/events/security-group-opened.json")).expect("it is JSON");
    for (field, value) in [("id", id), ("account", ACCOUNT), ("region", REGION)] {
        event[field] = value.into();
    }
    let detail = &mut event["detail"];
    detail["awsRegion"] = REGION.into();
    detail["recipientAccountId"] = ACCOUNT.into();
    detail["requestParameters"]["groupId"] = group.into();
    detail["responseElements"]["securityGroupRuleSet"]["items"][0]["groupId"] = group.into();
    event
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(repository().join(path)).unwrap_or_else(|error| panic!("`{path}` cannot be read: {error}"))
}
