//! Whether a live call may be made: the run's scope, the guardrail, the grant, in this order, for everything it touches;
//! and for what is dangerous, that the grant says so expressly.

use std::net::IpAddr;

use grant::{Context, DANGEROUS, MARK, Request};
use ledger::Millis;
use serde::Serialize;
use serde_json::{Value, json};

use crate::attempt::Caller;
use crate::decision::{self, ALWAYS_KNOWN, PolicyDecision};
use crate::drafts::Drafts;
use crate::{Clock, Effective, Fault, FaultKind, Operation, Scope, Touch, carry};

/// Why a call was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The plugin has no grant at all.
    NotGranted,
    /// No statement of the grant allows it.
    ImplicitDeny,
    /// A statement of the grant denies it.
    ExplicitDeny,
    /// The guardrail does not allow it, or denies it.
    Guardrail,
    /// It is dangerous, and no statement of the grant that allows it says that this is meant.
    DangerousNotMarked,
    /// It names a resource of another partition, account or region than the run's.
    OutOfScope,
    /// Which resource it names could not be found out.
    NotLocated,
    /// The arguments cannot be right.
    InvalidArguments,
    /// The host has no credentials to make it with.
    NoCredentials,
}

/// A denial: what the ledger has, and what the plugin is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Denial {
    pub reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The policy that decided, when one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The statement that decided, when one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    pub message: String,
}

impl Denial {
    /// Why there is no operation: the arguments cannot be right, or the run's account is not configured (any more).
    pub fn impossible(fault: &Fault) -> Denial {
        let outside = fault.kind == FaultKind::AccessDenied;
        Denial {
            reason: if outside { Reason::OutOfScope } else { Reason::InvalidArguments },
            action: None,
            resource: None,
            policy: None,
            statement: None,
            message: fault.message.clone(),
        }
    }

    /// Why there is nothing to sign a request with.
    pub fn no_credentials(fault: &Fault, touches: &[Touch]) -> Denial {
        let first = touches.first();
        Denial {
            reason: Reason::NoCredentials,
            action: first.map(|touch| touch.action.clone()),
            resource: first.map(|touch| touch.resource.clone()),
            ..Denial::impossible(fault)
        }
    }

    /// What the plugin is answered.
    pub fn fault(&self) -> Fault {
        let code = json!(self.reason);
        Fault::known(FaultKind::AccessDenied, code.as_str().unwrap_or_default(), self.message.clone())
    }

    pub fn data(&self) -> Value {
        json!(self)
    }

    fn of(reason: Reason, touch: &Touch, decider: Option<&grant::Decider>, message: String) -> Denial {
        Denial {
            reason,
            action: Some(touch.action.clone()),
            resource: Some(touch.resource.clone()),
            policy: decider.map(|decider| decider.policy.clone()),
            statement: decider.map(|decider| decider.statement.clone()),
            message,
        }
    }
}

/// Decides on `operation`, and answers what it touches, as AWS names it. The host reads that this needs (where it is; tags,
/// when a policy asks for them) are noted in the ledger.
///
/// A plugin is told of a denial in its own words, and not where the resource is: that is for those to know who may read it.
pub(crate) async fn authorise(
    operation: &dyn Operation,
    effective: &Effective,
    clock: &dyn Clock,
    drafts: &Drafts<'_>,
) -> Result<Vec<Touch>, Box<Denial>> {
    let caller = &drafts.attempt.caller;
    let named = operation.touches();
    let touches = locate(operation, &named, effective, clock, drafts).await?;
    for (touch, named) in touches.iter().zip(&named) {
        in_scope(&caller.scope, touch)?;
        if effective.grants.is_empty() {
            let digest = caller.digest.get(..12).unwrap_or(&caller.digest);
            let message =
                format!("the plugin has no grant for this version of it (`{digest}`), so not for `{}`", touch.action);
            return Err(Box::new(Denial::of(Reason::NotGranted, touch, None, message)));
        }
        let context = context(operation, effective, touch, clock, drafts).await;
        let request = Request { action: &touch.action, resource: &touch.resource, context: &context };
        decide(effective, touch, &named.resource, &request)?;
    }
    Ok(touches)
}

/// What `operation` touches, as AWS names it. Nothing is asked for a plugin that has no grant, and nothing is guessed where
/// AWS does not tell.
async fn locate(
    operation: &dyn Operation,
    named: &[Touch],
    effective: &Effective,
    clock: &dyn Clock,
    drafts: &Drafts<'_>,
) -> Result<Vec<Touch>, Box<Denial>> {
    if effective.grants.is_empty() {
        return Ok(named.to_vec());
    }
    let now = clock.now();
    let located = match carry::read(clock, || operation.locate()).await {
        Ok(None) => return Ok(named.to_vec()),
        Ok(Some(located)) if located.len() != named.len() => {
            Err(Fault::known(FaultKind::Other, "incomplete", "not everything that the call touches was found"))
        }
        Ok(Some(located)) => Ok(located),
        Err(fault) => Err(fault),
    };
    drafts.attempt.journal.note(drafts.host_read(now, "locate", &located.clone().map(|located| json!(located))));
    located.map_err(|fault| {
        let first = named.first().cloned().unwrap_or(Touch { action: String::new(), resource: String::new() });
        let message = format!(
            "the host could not find out which resource `{}` is, and so not whether `{}` is allowed on it: `{}`",
            first.resource, first.action, fault.code
        );
        Box::new(Denial::of(Reason::NotLocated, &first, None, message))
    })
}

/// Whether a call touches a URL, which the plugin chose, and not a resource of AWS.
pub(crate) fn is_url(touch: &Touch) -> bool {
    touch.resource.contains("://") && !touch.resource.starts_with("arn:")
}

/// The addresses that the policies name for each URL that `operation` touches. A name that leads to a private address is
/// told from a public one only where it is dialled, so that this is not a part of the decision.
pub(crate) async fn addresses(
    operation: &dyn Operation,
    effective: &Effective,
    clock: &dyn Clock,
    drafts: &Drafts<'_>,
) -> Vec<(Touch, Vec<IpAddr>)> {
    let mut addresses = vec![];
    for touch in operation.touches().into_iter().filter(is_url) {
        let context = context(operation, effective, &touch, clock, drafts).await;
        let request = Request { action: &touch.action, resource: &touch.resource, context: &context };
        let named = grant::named_addresses(&effective.guardrails, &effective.grants, &request);
        addresses.push((touch, named.into_iter().collect()));
    }
    addresses
}

fn decide(effective: &Effective, touch: &Touch, named: &str, request: &Request<'_>) -> Result<(), Box<Denial>> {
    let action = &touch.action;
    let deny = |reason, decider, message| Err(Box::new(Denial::of(reason, touch, decider, message)));
    match decision::decide(&effective.guardrails, &effective.grants, request) {
        PolicyDecision::Allow(_) => Ok(()),
        PolicyDecision::DangerousNotMarked { by, danger } => {
            let message = format!(
                "`{}` in `{}` allows `{action}` on `{named}`, but {}, and no statement says that this is meant: \
                 allow it in a statement with `\"Condition\": {MARK}`",
                by.statement, by.policy, danger.why
            );
            deny(Reason::DangerousNotMarked, Some(&by), message)
        }
        PolicyDecision::ExplicitDeny(decider) => {
            let guardrail = effective.guardrails.iter().any(|policy| policy.name() == decider.policy);
            let reason = if guardrail { Reason::Guardrail } else { Reason::ExplicitDeny };
            let message = format!("`{}` in `{}` denies `{action}` on `{named}`", decider.statement, decider.policy);
            deny(reason, Some(&decider), message)
        }
        PolicyDecision::ImplicitDeny { by: grant::Layer::Guardrail } => {
            deny(Reason::Guardrail, None, format!("the guardrail does not allow `{action}` on `{named}`"))
        }
        PolicyDecision::ImplicitDeny { by: grant::Layer::Grant } => {
            deny(Reason::ImplicitDeny, None, format!("no statement of the grant allows `{action}` on `{named}`"))
        }
    }
}

/// A resource that names a partition, an account or a region must name the run's.
fn in_scope(scope: &Scope, touch: &Touch) -> Result<(), Box<Denial>> {
    let mut parts = touch.resource.splitn(6, ':');
    if parts.next() != Some("arn") {
        return Ok(());
    }
    let (partition, _service, region, account) = (parts.next(), parts.next(), parts.next(), parts.next());
    let differs = |part: Option<&str>, ours: &str| part.is_some_and(|part| !part.is_empty() && part != ours);
    let outside = if differs(partition, &scope.partition) {
        format!("partition `{}`", scope.partition)
    } else if differs(account, &scope.account) {
        format!("account `{}`", scope.account)
    } else if differs(region, &scope.region) {
        format!("region `{}`", scope.region)
    } else {
        return Ok(());
    };
    let message = format!("`{}` is outside of this run's {outside}", touch.resource);
    Err(Box::new(Denial::of(Reason::OutOfScope, touch, None, message)))
}

/// IAM's global condition keys that Quell has
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>), and its own:
///
/// | key | value |
/// |---|---|
/// | `aws:RequestedRegion`, `aws:ResourceAccount` | the run's, also for a service without regions: to IAM itself, every request is one of `us-east-1` |
/// | `aws:CurrentTime` | now |
/// | `aws:ResourceTag/<key>` | the tag of the resource, fetched when a policy asks for one |
/// | `quell:Workflow`, `quell:StepId` | the workflow's name, the step's path |
/// | `quell:Arg/<name>` | an argument of the call, where the operation declares it |
/// | `quell:Dangerous` | whether the action is one of [`grant::dangers`]: `true` or `false`. A statement of a grant that is meant to allow such an action asks for `true` with `Bool`; a guardrail may deny on it |
async fn context(
    operation: &dyn Operation,
    effective: &Effective,
    touch: &Touch,
    clock: &dyn Clock,
    drafts: &Drafts<'_>,
) -> Context {
    let now = clock.now();
    let Caller { scope, workflow, step, .. } = &drafts.attempt.caller;
    let mut context = Context::default();
    let always = [&scope.region, &scope.account, &rfc3339(now), workflow, step];
    ALWAYS_KNOWN.into_iter().zip(always).for_each(|(key, value)| context.insert(key, value));
    context.insert(DANGEROUS, grant::danger(&touch.action).is_some().to_string());
    for (name, values) in operation.arguments() {
        context.insert_list(format!("quell:Arg/{name}"), values);
    }
    let asked: Vec<String> = effective
        .guardrails
        .iter()
        .chain(effective.grants.iter())
        .flat_map(|policy| policy.condition_keys())
        .filter(|key| key.to_ascii_lowercase().starts_with("aws:resourcetag/"))
        .collect();
    if !asked.is_empty() {
        let tags = carry::read(clock, || operation.tags(&touch.resource)).await;
        let seen = tags.clone().map(|tags| json!(tags));
        drafts.attempt.journal.note(drafts.host_read(now, "tags", &seen));
        match tags {
            Ok(tags) => {
                for (key, value) in tags.unwrap_or_default() {
                    context.insert(format!("aws:ResourceTag/{key}"), value);
                }
            }
            Err(_) => asked.iter().for_each(|key| context.unresolvable(key)),
        }
    }
    context
}

pub(crate) fn rfc3339(time: Millis) -> String {
    jiff::Timestamp::from_millisecond(time).map(|time| time.to_string()).unwrap_or_default()
}
