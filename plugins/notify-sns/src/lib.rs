//! Publishes a message to an SNS topic.
//!
//! What SNS takes as a subject is in `subject`. Who is told what is the workflow's to say. A message cannot be taken
//! back and SNS does not recognise one that is sent twice: that it is sent once is the host's to see to.

mod subject;

use quell_sdk::{During, Failure, JsonSchema, Plugin, sns::topics};
use serde::{Deserialize, Serialize};

/// The plugin.
struct NotifySns;

quell_sdk::export!(NotifySns);

/// What is sent where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The ARN of the topic.
    topic_arn: String,
    /// The subject of e-mails. SNS takes ASCII without line breaks, at most 100 characters: other characters are
    /// replaced by `?`, white space is joined, and what is beyond is cut off.
    subject: Option<String>,
    /// The message, at most 262,144 bytes of UTF-8.
    message: String,
}

/// What was sent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The id that SNS gave the message.
    message_id: String,
    /// The subject as it was sent, which may differ from the one that was asked for.
    subject: Option<String>,
}

/// The longest message, in bytes: SNS API reference, Publish.
const MAX_MESSAGE: usize = 262_144;

impl Plugin for NotifySns {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        check_message(&input.message)?;
        let subject = input.subject.as_deref().and_then(subject::sanitise);
        if subject != input.subject {
            quell_sdk::warn!(
                "SNS does not take the subject as it is: {:?} is sent instead of {:?}",
                subject.as_deref().unwrap_or_default(),
                input.subject.as_deref().unwrap_or_default(),
            );
        }
        let sent = topics::publish(&input.topic_arn, subject.as_deref(), &input.message)
            .during(format_args!("publishing to `{}`", input.topic_arn))?;
        Ok(Output { message_id: sent.message_id, subject })
    }
}

fn check_message(message: &str) -> Result<(), Failure> {
    if message.is_empty() {
        return Err(Failure::new(Failure::INVALID_INPUT, "`message` is empty"));
    }
    if message.len() > MAX_MESSAGE {
        let problem = format!("`message` has {} bytes, SNS takes at most {MAX_MESSAGE}", message.len());
        return Err(Failure::new(Failure::INVALID_INPUT, problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_between_one_and_max_bytes() {
        let check = |message: String| check_message(&message).map_err(|failure| failure.code);
        assert_eq!(check(String::new()), Err("invalid-input".to_owned()));
        assert_eq!(check("a".repeat(MAX_MESSAGE)), Ok(()));
        assert_eq!(check("ä".repeat(MAX_MESSAGE / 2) + "a"), Err("invalid-input".to_owned()));
    }

    #[test]
    fn the_input_of_a_workflow_is_read() {
        let input: Input = serde_json::from_value(serde_json::json!({
            "topic_arn": "arn:aws:sns:eu-central-1:111122223333:alerts",
            "message": "closed",
        }))
        .unwrap();
        assert_eq!((input.subject, input.message.as_str()), (None, "closed"));
    }

    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
