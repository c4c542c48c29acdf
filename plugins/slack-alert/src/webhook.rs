//! What Slack answers to a message: "HTTP status codes with more detail" (Slack, Sending messages using incoming webhooks,
//! "Handling errors"), the detail being one word in the body.

use quell_sdk::http::client::{self, Body, Header, Idempotency, Method, Request, Response};
use quell_sdk::{During, Error, Failure};

/// What sending needs: a port, so that it is tested against answers in memory.
pub trait Http {
    /// Sends a request.
    fn send(&mut self, request: &Request) -> Result<Response, Error>;
}

/// HTTP, through the host.
pub struct Live;

impl Http for Live {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        client::send(request)
    }
}

/// The failure of a message that Slack refused for a reason that is not known here.
const REFUSED: &str = "slack-refused";

/// The failure of what does not answer as Slack does.
const UNEXPECTED: &str = "unexpected-answer";

/// The words that Slack answers with, the code of the failure, and what to do.
const WORDS: [(&str, &str, &str); 16] = [
    ("no_service", "no-service", "the webhook is not there any more, or never was: check the secret in `url`"),
    ("no_service_id", "no-service", "the webhook is not there any more, or never was: check the secret in `url`"),
    ("no_active_hooks", "no-service", "the webhook is switched off: make a new one, and set the secret in `url` anew"),
    ("invalid_token", "no-service", "the webhook's token is not valid: check the secret in `url`"),
    ("no_team", "no-service", "the workspace is not there: check the secret in `url`"),
    ("team_disabled", "no-service", "the workspace is switched off"),
    ("channel_not_found", "channel-not-found", "the channel of the webhook is not there any more: make a new webhook"),
    (
        "channel_is_archived",
        "channel-is-archived",
        "the channel of the webhook is archived: make a webhook of another one",
    ),
    ("action_prohibited", "action-prohibited", "the workspace does not let this webhook post: ask who administers it"),
    (
        "posting_to_general_channel_denied",
        "action-prohibited",
        "the workspace does not let webhooks post to its general channel: make a webhook of another one",
    ),
    ("user_not_found", "user-not-found", "the person that the webhook posts to is not there any more"),
    ("invalid_payload", "invalid-payload", "Slack does not understand the message"),
    ("invalid_blocks", "invalid-payload", "Slack does not take the blocks of the message"),
    ("invalid_blocks_format", "invalid-payload", "Slack does not take the blocks of the message"),
    ("no_text", "invalid-payload", "Slack finds no text in the message"),
    ("too_many_attachments", "invalid-payload", "Slack finds too many attachments in the message"),
];

/// Posts a message, as JSON.
pub fn post(http: &mut impl Http, url: &str, payload: String) -> Result<(), Failure> {
    let request = Request {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/json; charset=utf-8".to_owned() }],
        body: Some(Body::Text(payload)),
        // Slack has nothing by which a message that is sent twice would be one, and no way to ask.
        idempotency: Idempotency::Review,
    };
    read(&http.send(&request).during("posting to Slack")?)
}

fn read(response: &Response) -> Result<(), Failure> {
    let word = match &response.body {
        Body::Text(text) => text.trim(),
        Body::Base64(_) => "",
    };
    let status = response.status;
    if (200..300).contains(&status) {
        // Whatever stands in between, a login page for example, answers with success as well.
        let problem = "what `url` leads to answers with success, but not as Slack does: is it an incoming webhook?";
        return if word == "ok" { Ok(()) } else { Err(Failure::new(UNEXPECTED, problem)) };
    }
    if let Some((word, code, advice)) = WORDS.iter().find(|(known, ..)| *known == word) {
        return Err(Failure::new(*code, format!("{advice} (Slack: {status} `{word}`)")));
    }
    // Only one of Slack's words is repeated: a page of somebody else's is of no use, and may hold anything.
    let is_word = (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let said = if is_word { format!(" `{word}`") } else { String::new() };
    Err(Failure::new(REFUSED, format!("Slack does not take the message: {status}{said}")))
}

#[cfg(test)]
mod tests {
    use quell_sdk::Detail;

    use super::*;

    /// Answers with what is in it, and keeps what it is sent.
    struct Slack {
        answer: Result<Response, Error>,
        sent: Vec<Request>,
    }

    impl Http for Slack {
        fn send(&mut self, request: &Request) -> Result<Response, Error> {
            self.sent.push(request.clone());
            self.answer.clone()
        }
    }

    fn answer(status: u16, text: &str) -> Result<Response, Error> {
        Ok(Response { status, headers: vec![], body: Body::Text(text.to_owned()) })
    }

    fn posted(answer: Result<Response, Error>) -> Result<(), Failure> {
        post(&mut Slack { answer, sent: vec![] }, "https://hooks.slack.com/services/${secret:s}", "{}".to_owned())
    }

    fn check(status: u16, text: &str, expected: &str) {
        let failure = posted(answer(status, text)).unwrap_err();
        assert_eq!(failure.code, expected, "{status} {text}: {}", failure.message);
    }

    #[test]
    fn ok_is_a_success() {
        assert_eq!(posted(answer(200, "ok")), Ok(()));
        assert_eq!(posted(answer(200, "ok\n")), Ok(()));
    }

    #[test]
    fn a_message_is_json_that_the_host_does_not_repeat_by_itself() {
        let mut slack = Slack { answer: answer(200, "ok"), sent: vec![] };
        post(&mut slack, "https://hooks.slack.com/services/${secret:s}", "{\"text\":\"x\"}".to_owned()).unwrap();
        let [request] = slack.sent.as_slice() else { panic!("one request is sent") };
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.url, "https://hooks.slack.com/services/${secret:s}");
        assert_eq!(request.body, Some(Body::Text("{\"text\":\"x\"}".to_owned())));
        assert_eq!(request.headers[0].value, "application/json; charset=utf-8");
        assert_eq!(request.idempotency, Idempotency::Review);
    }

    #[test]
    fn what_slack_refuses_has_a_code_of_its_own() {
        check(400, "invalid_payload", "invalid-payload");
        check(400, "invalid_blocks", "invalid-payload");
        check(403, "action_prohibited", "action-prohibited");
        check(404, "no_service", "no-service");
        check(404, "channel_not_found", "channel-not-found");
        check(410, "channel_is_archived", "channel-is-archived");
        check(400, "something_new", "slack-refused");
        check(302, "", "slack-refused");
        let failure = posted(answer(404, "no_service")).unwrap_err();
        assert!(
            failure.message.ends_with("check the secret in `url` (Slack: 404 `no_service`)"),
            "{}",
            failure.message
        );
        let failure = posted(answer(400, "something_new")).unwrap_err();
        assert_eq!(failure.message, "Slack does not take the message: 400 `something_new`");
    }

    #[test]
    fn what_is_not_slack_is_no_success_and_is_not_repeated() {
        check(200, "<html>Please log in</html>", "unexpected-answer");
        check(204, "", "unexpected-answer");
        let failure = posted(answer(403, "<html>blocked by the proxy</html>")).unwrap_err();
        assert_eq!(failure, Failure::new("slack-refused", "Slack does not take the message: 403"));
    }

    #[test]
    fn an_error_of_the_host_keeps_its_kind() {
        let detail = Detail { code: "not-allowed".to_owned(), message: "no statement allows this".to_owned() };
        let failure = posted(Err(Error::AccessDenied(detail))).unwrap_err();
        let message = "posting to Slack: no statement allows this (`not-allowed`)";
        assert_eq!(failure, Failure::new("access-denied", message));
    }
}
