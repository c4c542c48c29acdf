//! How it is told to people what became of an instance. Sentences have no full stop, for the middle of messages.

use quell_sdk::ec2::instances::Instance;
use quell_sdk::{Context, Failure};

use crate::{Outcome, Output};

/// The key of the tag that Auto Scaling puts on its instances.
const AUTO_SCALING: &str = "aws:autoscaling:groupName";

/// The Auto Scaling group of an instance.
pub fn auto_scaling_group(instance: &Instance) -> Option<String> {
    instance.tags.iter().find(|tag| tag.key == AUTO_SCALING).map(|tag| tag.value.clone())
}

/// Of an instance that does not exist.
pub fn gone(instance_id: &str, context: &Context) -> Output {
    let Context { account, region, .. } = context;
    let summary = format!("`{instance_id}` does not exist in account {account}, region {region}: nothing was isolated");
    nothing(Outcome::Gone, instance_id, None, summary)
}

/// Of an instance that is terminated, or about to be.
pub fn terminated(instance: &Instance) -> Output {
    let Instance { instance_id, state, .. } = instance;
    let summary = format!("`{instance_id}` is {state}: nothing was isolated");
    let output = nothing(Outcome::Terminated, instance_id, Some(state.clone()), summary);
    Output { auto_scaling_group: auto_scaling_group(instance), ..output }
}

fn nothing(outcome: Outcome, instance_id: &str, state: Option<String>, summary: String) -> Output {
    Output {
        outcome,
        changed: false,
        summary,
        instance_id: instance_id.to_owned(),
        state,
        security_group: None,
        interfaces: Vec::new(),
        managed_interfaces: Vec::new(),
        termination_protection: None,
        shutdown_behavior: None,
        unprotected: Vec::new(),
        auto_scaling_group: None,
    }
}

/// Of an instance of which nothing failed.
pub fn summary(output: &Output) -> String {
    let already = if output.changed { "" } else { " already" };
    let mut parts = vec![match output.outcome {
        Outcome::PartlyIsolated => format!("`{}` is isolated{already} but for what AWS manages", output.instance_id),
        _ => format!("`{}` is isolated{already}", output.instance_id),
    }];
    parts.extend(done(output));
    if !output.managed_interfaces.is_empty() {
        let ids = output.managed_interfaces.iter().map(|it| format!("`{}`", it.network_interface_id));
        parts.push(format!("not touched, since an AWS service manages it: {}", ids.collect::<Vec<_>>().join(", ")));
    }
    parts.extend(output.unprotected.iter().map(|it| format!("without {}: {}", it.what.replace('-', " "), it.message)));
    if let Some(group) = &output.auto_scaling_group {
        parts.push(format!("the Auto Scaling group `{group}` may terminate it all the same"));
    }
    parts.join("; ")
}

/// Of an instance of which something failed; `is_isolated` where that was not the network.
pub fn problems(output: &Output, is_isolated: bool, problems: &[Failure]) -> String {
    let is = if is_isolated { "is isolated, but" } else { "is not isolated as it should be" };
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let done = done(output);
    let done = if done.is_empty() { "nothing else was done".to_owned() } else { done.join("; ") };
    format!("`{}` {is}: {}; {done}", output.instance_id, messages.join("; "))
}

/// What there is to say of the interfaces that are isolated, and of the protection.
fn done(output: &Output) -> Vec<String> {
    let mut parts: Vec<String> = output
        .interfaces
        .iter()
        .map(|it| {
            let previous =
                if it.previous_groups.is_empty() { "nothing recorded".into() } else { it.previous_groups.join(", ") };
            let cut = if it.connections_cut { ", connections cut" } else { "" };
            format!("`{}` has {} in place of {previous}{cut}", it.network_interface_id, it.security_group)
        })
        .collect();
    if output.termination_protection == Some(true) {
        parts.push("it is protected from termination".to_owned());
    }
    if let Some(behavior) = &output.shutdown_behavior {
        parts.push(format!("a shutdown from inside will {behavior} it"));
    }
    parts
}
