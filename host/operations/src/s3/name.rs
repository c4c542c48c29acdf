//! The names of buckets, and the keys of objects. A parameter of S3 in which a bucket is expected also takes the ARN of an access point, and an
//! alias that looks like a name: each is another way to a bucket that a grant on the bucket's ARN would not see. So a
//! bucket has one name here, its own.

use capability::Fault;

use crate::check::{invalid, quoted};

/// What a name may not begin or end with: names that S3 gives to something else, or keeps for itself. Kinds of aliases
/// end in two hyphens, some letters and `-s3`, and there are more every year: no name that ends in `-s3` is taken.
const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const SUFFIXES: [&str; 3] = ["-s3alias", ".mrap", "-s3"];

/// Whether `text` is the name of a general purpose bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
pub(super) fn bucket(text: &str) -> Result<(), Fault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let allowed = text.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'-'));
    let ends = text.bytes().next().is_some_and(plain) && text.bytes().last().is_some_and(plain);
    let address = text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    let other =
        PREFIXES.iter().any(|prefix| text.starts_with(prefix)) || SUFFIXES.iter().any(|suffix| text.ends_with(suffix));
    if (3..=63).contains(&text.len()) && allowed && ends && !text.contains("..") && !address && !other {
        return Ok(());
    }
    Err(invalid(format!(
        "{} is not the name of a bucket: give the name alone, not an ARN, a URL, an access point or an alias",
        quoted(text)
    )))
}

/// The longest key, in bytes.
const KEY: usize = 1024;

/// Whether `text` is the key of an object (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
///
/// A key may have nearly anything, so it is not an identifier, and what it has goes into an ARN. Grants take no `*` and no
/// `?` of a resource for a wildcard; people who read `…/*` in the ledger do, and the gate itself means by it what is yet
/// to be created. Keys with them are not taken here. Nor are those that a proxy may shorten to another one, `.` and `..`
/// between slashes.
pub(super) fn key(text: &str) -> Result<(), Fault> {
    let problem = if text.is_empty() || text.len() > KEY {
        "must have 1 to 1024 bytes"
    } else if text.contains(char::is_control) {
        "must have no control characters"
    } else if text.contains(['*', '?']) {
        "must have no `*` and no `?`, which could be taken for wildcards"
    } else if text.split('/').any(|part| matches!(part, "." | "..")) {
        "must have no `.` and no `..` between slashes"
    } else {
        return Ok(());
    };
    Err(invalid(format!("the key {} {problem}", quoted(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cases::case;

    #[test]
    fn names_are_names() {
        for right in ["abc", "acme-data", "acme.data.2026", "0a0", &"a".repeat(63)] {
            assert_eq!(bucket(right), Ok(()), "{right}");
        }
        for wrong in ["", "ab", "Acme", "acme_data", "-acme", "acme-", "a..b", "10.0.0.1", "acme/", &"a".repeat(64)] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn c10_keys_are_taken_as_they_are_or_not_at_all() {
        let long = "ä".repeat(512);
        for right in ["a", "a/b.json", "/a//b/", "%2f", "A b+c&d=e;f:g", "ключ", ".a", "a..b/...", &long] {
            assert_eq!(key(right), Ok(()), "{right}");
        }
        for wrong in ["", "*", "a/*", "a?", "../a", "a/../b", "a/./b", "a/..", ".", "a\n", "a\0", "\u{7f}", "\u{85}"] {
            let seen = key(wrong).map_err(|fault| fault.code).map_or_else(|code| code, |()| "taken".into());
            case("C10", &format!("the key {wrong:?}"), "invalid-arguments", seen);
        }
        assert!(key(&format!("{long}a")).is_err());
    }

    #[test]
    fn c11_a_bucket_has_one_name() {
        for form in [
            "arn:aws:s3:::acme-data",
            "arn:aws:s3:eu-central-1:123456789012:accesspoint/acme",
            "arn:aws:s3-outposts:eu-central-1:123456789012:outpost/op-1/accesspoint/acme",
            "https://acme-data.s3.eu-central-1.amazonaws.com",
            "acme-data.s3.eu-central-1.amazonaws.com/",
            "https://s3.eu-central-1.amazonaws.com/acme-data",
            "s3://acme-data",
            "acme-ap-abcdefgh1234567890-s3alias",
            "acme--ol-s3",
            "acme--op-s3",
            "acme--xa-s3",
            "mfzwi23gnjvgw.mrap",
            "acme--euc1-az1--x-s3",
        ] {
            let seen = bucket(form).map_err(|fault| fault.code).map_or_else(|code| code, |()| "taken".into());
            case("C11", &format!("bucket `{form}`"), "invalid-arguments", seen);
        }
    }
}
