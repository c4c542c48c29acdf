//! The names that IAM gives. A name has no slash, so none can hold a path: what an entity's path is, IAM alone says.

use capability::Fault;

use crate::check::{invalid, quoted};

/// How long names are at most (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const USER: usize = 64;
const ROLE: usize = 64;
const INSTANCE_PROFILE: usize = 128;
const POLICY: usize = 128;
/// How long the id of an access key is.
const ACCESS_KEY: std::ops::RangeInclusive<usize> = 16..=128;

pub(super) fn user(text: &str) -> Result<(), Fault> {
    name("a user", text, USER)
}

pub(super) fn role(text: &str) -> Result<(), Fault> {
    name("a role", text, ROLE)
}

pub(super) fn instance_profile(text: &str) -> Result<(), Fault> {
    name("an instance profile", text, INSTANCE_PROFILE)
}

pub(super) fn policy(text: &str) -> Result<(), Fault> {
    name("a policy", text, POLICY)
}

pub(super) fn access_key(text: &str) -> Result<(), Fault> {
    match ACCESS_KEY.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        true => Ok(()),
        false => Err(invalid(format!("{} is not the id of an access key", quoted(text)))),
    }
}

fn name(of: &str, text: &str, longest: usize) -> Result<(), Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    match (1..=longest).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(()),
        false => Err(invalid(format!(
            "{} is not the name of {of}: give the name alone, without path or ARN, of 1 to {longest} characters",
            quoted(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        for right in ["a", "bob", "Bob.Smith@example.com", "a_b+c=d,e-f", &"a".repeat(64)] {
            assert_eq!((user(right), role(right)), (Ok(()), Ok(())), "{right}");
        }
        assert_eq!((instance_profile(&"a".repeat(128)), policy(&"a".repeat(128))), (Ok(()), Ok(())));
        assert_eq!(access_key("AKIAIOSFODNN7EXAMPLE"), Ok(()));
        assert!(user(&"a".repeat(65)).is_err());
        assert!(policy(&"a".repeat(129)).is_err());
        for wrong in ["", "AKIA", "AKIAIOSFODNN7EXAMPL*", "AKIAIOSFODNN7EXAMPLE "] {
            assert!(access_key(wrong).is_err(), "{wrong}");
        }
    }
}
