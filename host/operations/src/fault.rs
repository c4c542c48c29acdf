//! What an error of the SDK means: which case the plugin is told, and whether the request may have been carried out.
//!
//! Codes that all services share are named here, those of one service in its file.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use capability::{Fault, FaultKind};

use crate::error::OtherAccount;

/// The longest message, in bytes: AWS puts whole encoded policies into some, and none of it is the plugin's to hold.
const MESSAGE: usize = 1024;
/// The longest code, in bytes. The longest of EC2 has some 60.
const CODE: usize = 128;

/// What `error` means, for a service whose codes `kind` knows.
pub(crate) fn fault<E>(error: SdkError<E>, kind: fn(&str) -> Option<FaultKind>) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(answer) => answered(answer.err().meta(), answer.raw().status().as_u16(), kind),
        SdkError::ConstructionFailure(_) => {
            Fault::known(FaultKind::Invalid, "unsendable-request", message(&DisplayErrorContext(&error).to_string()))
        }
        SdkError::DispatchFailure(_) => undelivered(&error),
        SdkError::ResponseError(_) => {
            Fault::unknown("unreadable-reply", message(&DisplayErrorContext(&error).to_string()))
        }
        _ => Fault::unknown("time-out", message(&DisplayErrorContext(&error).to_string())),
    }
}

/// The fault of a reply that lacks what it must have. It was carried out for all that is known.
pub(crate) fn incomplete(field: &str) -> Fault {
    Fault::unknown("unreadable-reply", format!("the reply has no `{field}`"))
}

/// The service answered with an error.
fn answered(meta: &ErrorMetadata, status: u16, kind: fn(&str) -> Option<FaultKind>) -> Fault {
    let text = message(meta.message().filter(|text| !text.is_empty()).unwrap_or("the service gave no reason"));
    // The SDK also reports a successful reply that it could not parse as an error of the service.
    if (200..300).contains(&status) {
        return Fault::unknown("unreadable-reply", text);
    }
    let code = match meta.code() {
        Some(code) => cut(code, CODE),
        None => format!("http-{status}"),
    };
    let kind = shared(&code).or_else(|| kind(&code)).unwrap_or(match status {
        401 | 403 => FaultKind::AccessDenied,
        404 => FaultKind::NotFound,
        409 => FaultKind::Conflict,
        429 => FaultKind::Throttled,
        _ => FaultKind::Other,
    });
    // A service that fails may have failed at any point. Only a throttled request, which EC2 answers with 503, was
    // surely turned away.
    if status >= 500 && kind != FaultKind::Throttled {
        return Fault::unknown(code, text);
    }
    Fault::known(kind, code, text)
}

/// The codes that mean the same in every service
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html>), and those by which the SDKs know
/// throttling (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>).
fn shared(code: &str) -> Option<FaultKind> {
    Some(match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "OptInRequired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "NotAuthorized" => FaultKind::AccessDenied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "Throttled"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "EC2ThrottledException" => FaultKind::Throttled,
        // The credentials that it was signed with are out of date; the next request is signed with others.
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => FaultKind::Unavailable,
        "ValidationError" | "ValidationException" => FaultKind::Invalid,
        _ => return None,
    })
}

/// No reply came. What is in the chain of causes tells whether anything was sent.
fn undelivered(error: &(dyn Error + 'static)) -> Fault {
    if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return no_credentials(refused);
    }
    let text = message(&DisplayErrorContext(error).to_string());
    let not_connected = causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect);
    match not_connected {
        true => Fault::known(FaultKind::Unavailable, "no-connection", text),
        false => Fault::unknown("no-reply", text),
    }
}

/// There is nothing to sign a request with, so that none was sent. There is no way round a role that cannot be assumed: the
/// host's own credentials are never taken instead.
pub(crate) fn no_credentials(refused: &CredentialsError) -> Fault {
    if let Some(wrong) = causes(refused).find_map(|cause| cause.downcast_ref::<OtherAccount>()) {
        return Fault::known(FaultKind::AccessDenied, "other-account", wrong.to_string());
    }
    let assumed = answer_of::<AssumeRoleError>(refused).map(|fault| (fault, "the role cannot be assumed"));
    let asked = || answer_of::<GetCallerIdentityError>(refused);
    let asked = || asked().map(|fault| (fault, "the account of the host's own credentials cannot be asked for"));
    match assumed.or_else(asked) {
        Some((Fault { kind, code, message, .. }, what)) => {
            Fault::known(kind, code, cut(&format!("{what}: {message}"), MESSAGE))
        }
        None => {
            let text = message(&DisplayErrorContext(refused).to_string());
            Fault::known(FaultKind::Unavailable, "no-credentials", text)
        }
    }
}

/// What STS answered, if it did.
fn answer_of<E>(refused: &CredentialsError) -> Option<Fault>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match causes(refused).find_map(|cause| cause.downcast_ref::<SdkError<E>>())? {
        SdkError::ServiceError(answer) => Some(answered(answer.err().meta(), answer.raw().status().as_u16(), |_| None)),
        _ => None,
    }
}

/// An error, and what caused it.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// One line of bounded length.
pub(crate) fn message(text: &str) -> String {
    cut(&text.replace(char::is_control, " "), MESSAGE)
}

fn cut(text: &str, bytes: usize) -> String {
    let mut text = text.to_owned();
    text.truncate(text.floor_char_boundary(bytes));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use std::io;

    fn service(status: u16, code: Option<&str>) -> Fault {
        let mut meta = ErrorMetadata::builder().message("no");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let own = |code: &str| (code == "Own.NotFound").then_some(FaultKind::NotFound);
        fault(SdkError::service_error(AssumeRoleError::generic(meta.build()), raw), own)
    }

    #[test]
    fn answers_are_known_unless_the_service_failed() {
        for (status, code, kind, unknown) in [
            (400, Some("Own.NotFound"), FaultKind::NotFound, false),
            (403, Some("AccessDenied"), FaultKind::AccessDenied, false),
            (400, Some("Throttling"), FaultKind::Throttled, false),
            (503, Some("RequestLimitExceeded"), FaultKind::Throttled, false),
            (503, Some("SlowDown"), FaultKind::Throttled, false),
            (429, None, FaultKind::Throttled, false),
            (404, None, FaultKind::NotFound, false),
            (400, Some("ExpiredToken"), FaultKind::Unavailable, false),
            (400, Some("Unheard"), FaultKind::Other, false),
            (302, None, FaultKind::Other, false),
            (500, Some("InternalError"), FaultKind::Unavailable, true),
            (500, Some("Own.NotFound"), FaultKind::Unavailable, true),
            (503, None, FaultKind::Unavailable, true),
            (200, None, FaultKind::Unavailable, true),
        ] {
            let fault = service(status, code);
            assert_eq!((fault.kind, fault.unknown), (kind, unknown), "{status} {code:?}");
        }
        assert_eq!(service(502, None).code, "http-502");
    }

    #[test]
    fn silence_is_unknown() {
        type Failed = SdkError<AssumeRoleError>;
        let reset = || ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into());
        let raw = HttpResponse::new(200.try_into().unwrap(), SdkBody::empty());
        for (error, code, unknown) in [
            (Failed::timeout_error("30 s"), "time-out", true),
            (Failed::dispatch_failure(reset()), "no-reply", true),
            (Failed::response_error("cut", raw), "unreadable-reply", true),
            (Failed::construction_failure("no body"), "unsendable-request", false),
        ] {
            let fault = fault(error, |_| None);
            assert_eq!((fault.code.as_str(), fault.unknown), (code, unknown));
        }
    }

    #[test]
    fn texts_are_bounded_and_of_one_line() {
        assert_eq!(message("a\nb\u{1b}[31m"), "a b [31m");
        let long = message(&"ä".repeat(2000));
        assert_eq!(long.len(), MESSAGE);
        assert_eq!(message(&format!("x{}", "ä".repeat(2000))).len(), MESSAGE - 1);
    }
}
