//! Which error of the installation is told as which problem: its status and its code, both of which never change.

use axum::http::StatusCode;
use ledger::LedgerError;
use sandbox::Refused;
use workflow::DecisionError;

use super::Failure;
use crate::installation::Error;
use crate::wire::Fault;

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let detail = error.to_string();
        match error {
            Error::NotFound { .. } => Failure::new(StatusCode::NOT_FOUND, "not-found", detail),
            Error::Conflict(_) => Failure::new(StatusCode::CONFLICT, "conflict", detail),
            Error::Changed(_) => Failure::new(StatusCode::PRECONDITION_FAILED, "changed", detail)
                .help("read it again, and put your change into what is there now"),
            Error::Unconditional(_) => Failure::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
                .help("send `If-Match` with the digest, in quotes, or name the digest, or `name@version`, in the path"),
            Error::Invalid(_) => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail),
            Error::Forbidden(_) => Failure::new(StatusCode::FORBIDDEN, "forbidden", detail),
            Error::NoScope { needed, .. } => {
                let scope = needed.first().map(String::as_str).unwrap_or_default();
                Failure::new(StatusCode::FORBIDDEN, "scope-missing", detail).help(format!(
                    "what a token may do is stated when it is made: `quell token create NAME --scope {scope}`"
                ))
            }
            Error::Refused(refused) => {
                Failure::new(refused_status(&refused), refused.code(), detail).help(refused.help())
            }
            Error::Describe(_) => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "description-invalid", detail)
                .help("`describe` must return at once, and call nothing"),
            Error::Workflow(problems) => {
                let failure = Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "workflow-invalid", detail);
                problems.iter().map(Fault::from).fold(failure, Failure::at).text(problems.render(false))
            }
            Error::Policy(refused) => {
                let detail = format!("policy `{}` is refused", refused.policy);
                let failure = Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "policy-invalid", detail);
                let text: Vec<String> = refused.problems.iter().map(ToString::to_string).collect();
                refused.problems.iter().map(Fault::from).fold(failure, Failure::at).text(text.join("\n"))
            }
            Error::Decision(decision) => decision_failure(&decision),
            Error::Busy(_) => {
                Failure::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail).help("try again in a few seconds")
            }
            Error::NotReady(_) => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail)
                .help("nothing is started or decided until it does; what is under way goes on then"),
            Error::Unavailable(why) => {
                tracing::error!(%why, "a request could not be served");
                Failure::unavailable("Quell cannot do this now")
            }
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        Error::from(error).into()
    }
}

/// What is not WebAssembly at all, such as an archive, is of another media type than it says.
fn refused_status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Empty => StatusCode::BAD_REQUEST,
        Refused::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::NotWasm | Refused::Archive { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn decision_failure(error: &DecisionError) -> Failure {
    let (status, code) = match error {
        DecisionError::Finished => (StatusCode::CONFLICT, "run-ended"),
        DecisionError::NotWaiting { .. } => (StatusCode::CONFLICT, "not-waiting"),
        DecisionError::AskedAgain { .. } => (StatusCode::CONFLICT, "asked-again"),
        DecisionError::AlreadyDecided { .. } | DecisionError::Duplicate => (StatusCode::CONFLICT, "already-decided"),
        DecisionError::Contradiction => (StatusCode::CONFLICT, "decided-otherwise"),
        DecisionError::SamePerson | DecisionError::NotAnother { .. } => (StatusCode::FORBIDDEN, "self-approval"),
        DecisionError::NotApprover { .. } => (StatusCode::FORBIDDEN, "not-an-approver"),
        DecisionError::Expired => (StatusCode::GONE, "approval-expired"),
    };
    Failure::new(status, code, error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::header::CONTENT_TYPE;
    use axum::response::IntoResponse as _;
    use workflow::Decision;

    use super::*;
    use crate::wire::{PROBLEM, Problem};

    async fn told(error: impl Into<Failure>) -> Problem {
        let response = error.into().into_response();
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), PROBLEM);
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.status, status.as_u16());
        assert_eq!(problem.kind, format!("urn:quell:{}", problem.code));
        problem
    }

    #[tokio::test]
    async fn each_error_has_its_status_and_code() {
        let workflow = workflow::load("w.yaml", "steps: []", &workflow::Surroundings::default()).unwrap_err();
        let policy = grant::Policy::load("grant:x", "{}").unwrap_err();
        let by = || "user:bob".to_string();
        let cases = [
            (Error::NotFound { what: "run", name: "r-1".into() }, 404, "not-found"),
            (Error::Conflict("x".into()), 409, "conflict"),
            (Error::Changed("x".into()), 412, "changed"),
            (Error::Invalid("x".into()), 422, "invalid"),
            (Error::Forbidden("x".into()), 403, "forbidden"),
            (Error::NoScope { name: "x".into(), needed: vec![by()] }, 403, "scope-missing"),
            (Refused::Empty.into(), 400, "empty"),
            (Refused::NotWasm.into(), 415, "not-wasm"),
            (Refused::Precompiled.into(), 422, "precompiled-refused"),
            (Refused::TooLarge { bytes: 2, limit: 1 }.into(), 413, "too-large"),
            (Refused::CoreModule.into(), 422, "core-module-not-component"),
            (Error::Describe(sandbox::Ended::TimedOut), 422, "description-invalid"),
            (Error::Workflow(workflow), 422, "workflow-invalid"),
            (policy.into(), 422, "policy-invalid"),
            (DecisionError::Finished.into(), 409, "run-ended"),
            (DecisionError::NotWaiting { path: "a".into() }.into(), 409, "not-waiting"),
            (DecisionError::AlreadyDecided { by: by(), decision: Decision::Refuse }.into(), 409, "already-decided"),
            (DecisionError::Contradiction.into(), 409, "decided-otherwise"),
            (DecisionError::SamePerson.into(), 403, "self-approval"),
            (DecisionError::NotApprover { needs: vec![by()] }.into(), 403, "not-an-approver"),
            (DecisionError::Expired.into(), 410, "approval-expired"),
            (LedgerError::Storage("x".into()).into(), 503, "unavailable"),
        ];
        for (error, status, code) in cases {
            let problem = told(error).await;
            assert_eq!((problem.status, problem.code.as_str()), (status, code));
        }
    }

    #[tokio::test]
    async fn what_is_inside_stays_inside() {
        let problem = told(LedgerError::Storage("disk I/O error at /var/lib".into())).await;
        assert!(!serde_json::to_string(&problem).unwrap().contains("/var/lib"), "{problem:?}");
    }
}
