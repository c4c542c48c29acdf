//! One question, one answer, and the statement that gave it. What follows from the answer is left to the gate.

use std::fmt;

use crate::policy::Policy;
use crate::request::Request;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, by a statement of a grant.
    Allow(Decider),
    /// Denied by a statement that says so, of a guardrail or a grant, or by one that could not be decided.
    ExplicitDeny(Decider),
    /// Denied because no statement allows it.
    ImplicitDeny {
        /// Whose allowance is missing.
        by: Layer,
    },
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// The policy's name.
    pub policy: String,
    /// The statement's `Sid`, or `Statement[0]` by its place.
    pub statement: String,
}

/// The two layers of policies, both of which must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The policies above all grants, for the whole installation.
    Guardrail,
    /// The policies of the plugin's digest.
    Grant,
}

/// Decides a request, in IAM's order:
///
/// 1. a Deny of any guardrail or grant that applies decides, guardrails first;
/// 2. where there are guardrails, one of them must allow the request, as with service control policies; without any,
///    the installation has one that allows everything;
/// 3. one of the grants must allow it.
///
/// A statement whose answer cannot be known applies if it is a Deny and does not if it is an Allow. It cannot be known
/// when it hangs on a key that is [`Context::unresolvable`](crate::Context::unresolvable), on a policy variable without value or default, on a value
/// that is not of its operator's type, on several values without a set operator, on a URL that is not in normal form,
/// or on a `*` reaching over the fields of an ARN. If another part of the statement says no, it does not hang on that.
pub fn decide(guardrails: &[Policy], grants: &[Policy], request: &Request<'_>) -> Decision {
    let deny = first(guardrails, Effect::Deny, request).or_else(|| first(grants, Effect::Deny, request));
    if let Some(decider) = deny {
        return Decision::ExplicitDeny(decider);
    }
    if !guardrails.is_empty() && first(guardrails, Effect::Allow, request).is_none() {
        return Decision::ImplicitDeny { by: Layer::Guardrail };
    }
    match first(grants, Effect::Allow, request) {
        Some(decider) => Decision::Allow(decider),
        None => Decision::ImplicitDeny { by: Layer::Grant },
    }
}

/// The statement by which a dangerous action is meant: the first Allow of the grants that applies and is
/// [marked](Statement::is_marked). To be asked for an action of [`dangers`](crate::dangers) that [`decide`] allows, since a
/// statement that does not mention the danger may allow it by a wildcard that nobody thought of.
pub fn decide_dangerous(grants: &[Policy], request: &Request<'_>) -> Option<Decider> {
    first_of(grants, Effect::Allow, request, Statement::is_marked)
}

/// The first statement of this effect that applies.
fn first(policies: &[Policy], effect: Effect, request: &Request<'_>) -> Option<Decider> {
    first_of(policies, effect, request, |_| true)
}

fn first_of(
    policies: &[Policy],
    effect: Effect,
    request: &Request<'_>,
    counts: impl Fn(&Statement) -> bool,
) -> Option<Decider> {
    let statements =
        policies.iter().flat_map(|policy| policy.statements().iter().map(move |statement| (policy, statement)));
    let mut of_effect = statements.filter(|(_, statement)| statement.effect() == effect && counts(statement));
    let applies = |truth: Truth| match effect {
        Effect::Allow => truth == Truth::Yes,
        Effect::Deny => truth != Truth::No,
    };
    let (policy, statement) = of_effect.find(|(_, statement)| applies(statement.applies(request)))?;
    Some(Decider { policy: policy.name().into(), statement: statement.label() })
}

impl Decision {
    /// Whether the request may go ahead.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allow(_))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Allow(decider) => write!(f, "allowed by {decider}"),
            Decision::ExplicitDeny(decider) => write!(f, "denied by {decider}"),
            Decision::ImplicitDeny { by: Layer::Guardrail } => f.write_str("denied: no guardrail allows it"),
            Decision::ImplicitDeny { by: Layer::Grant } => f.write_str("denied: no grant allows it"),
        }
    }
}

impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of policy `{}`", self.statement, self.policy)
    }
}
