//! What is shipped: the plugins with their grants, the workflow, and the event that it is for.

use serde_json::Value;

use super::api::Api;
use super::files::{component, repository};
use super::host::{ACCOUNT, REGION};

const PLUGINS: [&str; 3] = ["sg-revoke-open-ports", "snapshot-volumes", "notify-sns"];
const WORKFLOW: &str = "open-security-group";

/// Uploads the plugins.
pub async fn push_plugins(admin: &Api) {
    for plugin in PLUGINS {
        let bytes = std::fs::read(component(plugin)).expect("a component can be read");
        admin.post_document("plugins", "application/wasm", bytes).await.expect_status(201);
    }
}

/// Gives each plugin the grant that is shipped with it.
pub async fn grant_plugins(admin: &Api) {
    for plugin in PLUGINS {
        let path = format!("plugins/{plugin}/grant");
        let reply = admin.put_document(&path, "application/json", grant(plugin)).await;
        assert!((200..300).contains(&reply.status), "{reply:?}");
    }
}

/// The grant that is shipped with a plugin.
pub fn grant(plugin: &str) -> Vec<u8> {
    read(&format!("plugins/{plugin}/grant.json"))
}

/// Stores the workflow.
pub async fn push_workflow(admin: &Api) {
    let source = read(&format!("workflows/{WORKFLOW}.yaml"));
    let reply = admin.put_document(&format!("workflows/{WORKFLOW}"), "application/yaml", source).await;
    assert!((200..300).contains(&reply.status), "{reply:?}");
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
