//! Whether the default encryption of a bucket is what is asked for, and what it has to become where it is not. Nothing
//! that the bucket has and that is not asked for is taken away, and nothing is made weaker.

use quell_sdk::Failure;
use quell_sdk::s3::buckets::{ServerSideEncryptionByDefault, ServerSideEncryptionRule};

use crate::{DefaultEncryption, Encryption, SseAlgorithm};

impl SseAlgorithm {
    /// How S3 spells it.
    const fn name(self) -> &'static str {
        match self {
            Self::Aes256 => "AES256",
            Self::AwsKms => "aws:kms",
            Self::AwsKmsDsse => "aws:kms:dsse",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Aes256, Self::AwsKms, Self::AwsKmsDsse].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Whether what is asked for can be.
pub fn check(asked: &Encryption) -> Result<(), Failure> {
    let algorithm = asked.sse_algorithm;
    let problem = match &asked.kms_master_key_id {
        Some(key) if key.is_empty() => "`encryption.kms_master_key_id` is empty: leave it out for any key".to_owned(),
        Some(_) if algorithm == SseAlgorithm::Aes256 => {
            "`encryption.kms_master_key_id` goes with `aws:kms` and `aws:kms:dsse`, not with `AES256`".to_owned()
        }
        _ if asked.bucket_key_enabled == Some(true) && algorithm != SseAlgorithm::AwsKms => {
            format!("`encryption.bucket_key_enabled` goes with `aws:kms`, not with `{}`", algorithm.name())
        }
        _ => return Ok(()),
    };
    Err(Failure::new(Failure::INVALID_INPUT, problem))
}

/// The default encryption of a bucket with these rules; nothing where they do not say with what.
pub fn read(rules: &[ServerSideEncryptionRule]) -> Option<DefaultEncryption> {
    let (rule, default) = rules
        .iter()
        .find_map(|rule| rule.apply_server_side_encryption_by_default.as_ref().map(|default| (rule, default)))?;
    Some(DefaultEncryption {
        sse_algorithm: default.sse_algorithm.clone(),
        kms_master_key_id: default.kms_master_key_id.clone(),
        bucket_key_enabled: rule.bucket_key_enabled.unwrap_or(false),
    })
}

/// What the default encryption has to become; nothing where it is as it is asked for.
pub fn wanted(asked: &Encryption, now: Option<&DefaultEncryption>) -> Option<DefaultEncryption> {
    let had = now.and_then(|now| SseAlgorithm::read(&now.sse_algorithm));
    let algorithm = had.map_or(asked.sse_algorithm, |had| had.max(asked.sse_algorithm));
    let key_now = now.and_then(|now| now.kms_master_key_id.as_ref());
    let bucket_key_now = now.is_some_and(|now| now.bucket_key_enabled);
    let key = match (&asked.kms_master_key_id, key_now) {
        (Some(asked), Some(now)) if !is_same_key(asked, now) => Some(asked),
        (Some(asked), None) => Some(asked),
        (_, now) => now,
    };
    // A bucket key goes with `aws:kms` alone. With another algorithm S3 keeps the setting, without a meaning.
    let bucket_key = match algorithm {
        SseAlgorithm::AwsKms => asked.bucket_key_enabled.unwrap_or(bucket_key_now),
        SseAlgorithm::Aes256 | SseAlgorithm::AwsKmsDsse if had == Some(algorithm) => bucket_key_now,
        SseAlgorithm::Aes256 | SseAlgorithm::AwsKmsDsse => false,
    };
    let wanted = DefaultEncryption {
        sse_algorithm: algorithm.name().to_owned(),
        kms_master_key_id: key.cloned(),
        bucket_key_enabled: bucket_key,
    };
    (now != Some(&wanted)).then_some(wanted)
}

/// Whether both name one key: an id is the last part of its ARN. An alias is not compared with an ARN, since two
/// accounts may have the same one.
fn is_same_key(one: &str, other: &str) -> bool {
    let id = |key: &str| key.rsplit_once(":key/").map_or_else(|| key.to_owned(), |(_, id)| id.to_owned());
    one == other || (one.starts_with("arn:") != other.starts_with("arn:") && id(one) == id(other))
}

/// The rule that has this encryption.
pub fn rule(encryption: &DefaultEncryption) -> ServerSideEncryptionRule {
    ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
            sse_algorithm: encryption.sse_algorithm.clone(),
            kms_master_key_id: encryption.kms_master_key_id.clone(),
        }),
        bucket_key_enabled: Some(encryption.bucket_key_enabled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn asked(algorithm: SseAlgorithm, key: Option<&str>, bucket_key: Option<bool>) -> Encryption {
        Encryption {
            sse_algorithm: algorithm,
            kms_master_key_id: key.map(str::to_owned),
            bucket_key_enabled: bucket_key,
        }
    }

    fn is(algorithm: &str, key: Option<&str>, bucket_key: bool) -> DefaultEncryption {
        DefaultEncryption {
            sse_algorithm: algorithm.to_owned(),
            kms_master_key_id: key.map(str::to_owned),
            bucket_key_enabled: bucket_key,
        }
    }

    /// Holds what the encryption becomes against what is expected, and that it is then left alone.
    fn check_wanted(asked: &Encryption, now: Option<&DefaultEncryption>, expected: Option<&DefaultEncryption>) {
        let wanted = wanted(asked, now);
        assert_eq!(wanted.as_ref(), expected, "{asked:?} of {now:?}");
        if let Some(set) = wanted {
            let seen = read(&[rule(&set)]);
            assert_eq!(seen.as_ref(), Some(&set));
            assert_eq!(super::wanted(asked, seen.as_ref()), None, "{asked:?} of {set:?}, which it asked for");
        }
    }

    #[test]
    fn what_is_as_it_is_asked_for_is_left_alone() {
        use SseAlgorithm::{Aes256, AwsKms, AwsKmsDsse};
        check_wanted(&asked(Aes256, None, None), Some(&is("AES256", None, true)), None);
        check_wanted(&asked(AwsKms, None, None), Some(&is("aws:kms", Some(ARN), false)), None);
        check_wanted(&asked(AwsKms, Some(ID), Some(true)), Some(&is("aws:kms", Some(ARN), true)), None);
        check_wanted(&asked(AwsKms, Some(ARN), None), Some(&is("aws:kms", Some(ID), true)), None);
        check_wanted(&asked(AwsKmsDsse, None, None), Some(&is("aws:kms:dsse", None, false)), None);
    }

    #[test]
    fn what_is_stronger_is_left_alone() {
        use SseAlgorithm::{Aes256, AwsKms};
        check_wanted(&asked(Aes256, None, None), Some(&is("aws:kms", Some(ARN), true)), None);
        check_wanted(&asked(Aes256, None, Some(false)), Some(&is("aws:kms:dsse", None, false)), None);
        check_wanted(&asked(AwsKms, Some(ARN), Some(true)), Some(&is("aws:kms:dsse", Some(ARN), false)), None);
    }

    #[test]
    fn what_is_missing_is_set_and_the_rest_kept() {
        use SseAlgorithm::{Aes256, AwsKms, AwsKmsDsse};
        check_wanted(&asked(Aes256, None, None), None, Some(&is("AES256", None, false)));
        check_wanted(
            &asked(AwsKms, None, Some(true)),
            Some(&is("aws:kms", Some(ARN), false)),
            Some(&is("aws:kms", Some(ARN), true)),
        );
        check_wanted(
            &asked(AwsKms, Some("alias/logs"), None),
            Some(&is("AES256", None, true)),
            Some(&is("aws:kms", Some("alias/logs"), true)),
        );
        check_wanted(
            &asked(AwsKms, Some("alias/logs"), None),
            Some(&is("aws:kms:dsse", Some(ARN), false)),
            Some(&is("aws:kms:dsse", Some("alias/logs"), false)),
        );
        check_wanted(
            &asked(AwsKmsDsse, None, None),
            Some(&is("aws:kms", Some(ARN), true)),
            Some(&is("aws:kms:dsse", Some(ARN), false)),
        );
        check_wanted(&asked(AwsKms, None, None), Some(&is("new", None, true)), Some(&is("aws:kms", None, true)));
    }

    #[test]
    fn keys_of_two_accounts_are_two_keys() {
        let other = ARN.replace("111122223333", "444455556666");
        check_wanted(
            &asked(SseAlgorithm::AwsKms, Some(ARN), None),
            Some(&is("aws:kms", Some(&other), false)),
            Some(&is("aws:kms", Some(ARN), false)),
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        use SseAlgorithm::{Aes256, AwsKms, AwsKmsDsse};
        let code = |asked: Encryption| check(&asked).err().map(|failure| failure.code);
        assert_eq!(code(asked(AwsKms, Some(""), None)).as_deref(), Some("invalid-input"));
        assert_eq!(code(asked(Aes256, Some(ID), None)).as_deref(), Some("invalid-input"));
        assert_eq!(code(asked(Aes256, None, Some(true))).as_deref(), Some("invalid-input"));
        assert_eq!(code(asked(AwsKmsDsse, None, Some(true))).as_deref(), Some("invalid-input"));
        assert_eq!(code(asked(Aes256, None, Some(false))), None);
        assert_eq!(code(asked(AwsKms, Some(ID), Some(true))), None);
        assert_eq!(code(asked(AwsKmsDsse, Some(ID), None)), None);
    }
}
