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
    let denies = |policies| first(policies, request, |statement| statement.effect() == Effect::Deny);
    let allows = |policies| first(policies, request, |statement| statement.effect() == Effect::Allow);
    let deny = denies(guardrails).or_else(|| denies(grants));
    if let Some(decider) = deny {
        return Decision::ExplicitDeny(decider);
    }
    if !guardrails.is_empty() && allows(guardrails).is_none() {
        return Decision::ImplicitDeny { by: Layer::Guardrail };
    }
    match allows(grants) {
        Some(decider) => Decision::Allow(decider),
        None => Decision::ImplicitDeny { by: Layer::Grant },
    }
}

/// The first Allow statement that applies and says that dangerous actions are meant ([`Statement::is_marked`]). What it
/// takes beside [`decide`] for a dangerous action to go ahead; which actions are, [`crate::danger`] knows. IAM knows
/// nothing of this, so that it is no part of `decide`.
pub fn decide_marked(grants: &[Policy], request: &Request<'_>) -> Option<Decider> {
    first(grants, request, |statement| statement.effect() == Effect::Allow && statement.is_marked())
}

/// The first statement of these that applies.
fn first(policies: &[Policy], request: &Request<'_>, is_meant: impl Fn(&Statement) -> bool) -> Option<Decider> {
    let mut statements =
        policies.iter().flat_map(|policy| policy.statements().iter().map(move |statement| (policy, statement)));
    let applies = |statement: &Statement| match (statement.effect(), statement.applies(request)) {
        (Effect::Allow, truth) => truth == Truth::Yes,
        (Effect::Deny, truth) => truth != Truth::No,
    };
    let (policy, statement) = statements.find(|(_, statement)| is_meant(statement) && applies(statement))?;
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
