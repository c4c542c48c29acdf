//! What policies say to one request, as the gate asks them: IAM's answer, and beyond it that what is dangerous is meant. One
//! function, for the gate and for whoever tries policies out.

use grant::{Danger, Decider, Decision, Layer, Policy, Request};

/// The condition keys that every request has at the gate, in the order in which it gives them.
pub const ALWAYS_KNOWN: [&str; 5] =
    ["aws:RequestedRegion", "aws:ResourceAccount", "aws:CurrentTime", "quell:Workflow", "quell:StepId"];

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyDecision {
    /// It is allowed.
    Allow(Decider),
    /// A statement denies it.
    ExplicitDeny(Decider),
    /// No statement allows it.
    ImplicitDeny {
        /// Whose allowance is missing.
        by: Layer,
    },
    /// It is dangerous, and no statement that allows it says that this is meant.
    DangerousNotMarked {
        /// The statement that would allow it.
        by: Decider,
        /// What is dangerous about it.
        danger: &'static Danger,
    },
}

/// Decides a request as the gate does.
pub fn decide(guardrails: &[Policy], grants: &[Policy], request: &Request<'_>) -> PolicyDecision {
    match grant::decide(guardrails, grants, request) {
        Decision::Allow(by) => match grant::danger(request.action) {
            Some(danger) if grant::decide_marked(grants, request).is_none() => {
                PolicyDecision::DangerousNotMarked { by, danger }
            }
            _ => PolicyDecision::Allow(by),
        },
        Decision::ExplicitDeny(by) => PolicyDecision::ExplicitDeny(by),
        Decision::ImplicitDeny { by } => PolicyDecision::ImplicitDeny { by },
    }
}
