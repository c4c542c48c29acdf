//! A request: the one question that policies answer.

use crate::context::Context;

/// One question. A call that touches several resources asks one for each, and goes ahead only if all are allowed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The IAM action, such as `ec2:CreateSnapshot`.
    pub action: &'a str,
    /// The ARN, the URL in normal form, the name of a secret, or `*` for an action without resource types.
    pub resource: &'a str,
    /// What else is known about the call.
    pub context: &'a Context,
}
