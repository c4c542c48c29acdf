//! Keeping the two documents: where they go, and that a second run writes nothing.
//!
//! What is there already is read first. The same content is left alone; another one, which an earlier attempt left that knew
//! less, is replaced. The evidence is written before the report, which has its digest.

use quell_sdk::s3::objects::Body;
use quell_sdk::{Context, Detail, Error, Failure};
use sha2::{Digest, Sha256};

use crate::evidence::Evidence;
use crate::objects::Objects;
use crate::report::Report;
use crate::{Input, Output};

/// The longest key, in bytes (S3 User Guide, Naming Amazon S3 objects), less what stands behind the prefix.
const MAX_PREFIX: usize = 1024 - 128;

/// The failure of a bucket that does not exist.
const NO_BUCKET: &str = "bucket-not-found";

/// The failure of a bucket of another region.
const OTHER_REGION: &str = "bucket-in-other-region";

/// Sees to it that both documents are there.
pub fn keep(objects: &mut impl Objects, input: &Input, context: &Context) -> Result<Output, Failure> {
    check(input)?;
    let key = |name: &str| format!("{}{}/{name}", input.prefix, context.run);
    let (report_key, evidence_key) = (key("report.md"), key("evidence.json"));
    let evidence = Evidence::of(input, context);
    let evidence_sha256 = sha256(&evidence.text);
    let report = Report::of(input, context, &evidence, &evidence_sha256);
    let new_evidence = object(objects, &input.bucket, &evidence_key, &evidence.text, "application/json")?;
    let new_report = object(objects, &input.bucket, &report_key, &report.text, "text/markdown; charset=utf-8")?;
    let written = new_evidence || new_report;
    let what = if written { "written" } else { "there already" };
    quell_sdk::info!("the report is {what}: s3://{}/{report_key}", input.bucket);
    Ok(Output {
        bucket: input.bucket.clone(),
        report_sha256: sha256(&report.text),
        report_key,
        evidence_key,
        evidence_sha256,
        written,
        cut: report.cut || evidence.is_cut(),
    })
}

fn check(input: &Input) -> Result<(), Failure> {
    let refused = |problem: &str| Err(Failure::new(Failure::INVALID_INPUT, problem));
    let named =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || ".-".contains(character);
    if !(3..=63).contains(&input.bucket.len()) || !input.bucket.chars().all(named) {
        return refused("`bucket` is no name of a bucket: 3 to 63 lower-case letters, digits, `.` and `-`");
    }
    if input.prefix.len() > MAX_PREFIX || input.prefix.starts_with('/') || input.prefix.chars().any(char::is_control) {
        return refused("`prefix` is too long, begins with `/`, or has characters that are not seen");
    }
    Ok(())
}

/// Writes an object unless it is there as it should be; says whether it did.
fn object(objects: &mut impl Objects, bucket: &str, key: &str, text: &str, kind: &str) -> Result<bool, Failure> {
    match objects.get(bucket, key) {
        Ok(Body::Text(found)) if found == text => return Ok(false),
        Ok(_) => quell_sdk::info!("{key} is there with another content, which is replaced"),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(failure(&error, bucket, &format!("reading `{key}`"))),
    }
    match objects.put(bucket, key, text, kind) {
        Ok(()) => Ok(true),
        Err(error) => Err(failure(&error, bucket, &format!("writing `{key}`"))),
    }
}

/// Whether an object is not there, as far as can be told. S3 itself denies what is not there to whoever may not list the
/// bucket, and then writing shows what is true. A denial of Quell's has a reason of its own for its code.
fn is_absent(error: &Error) -> bool {
    match error {
        Error::NotFound(Detail { code, .. }) => code != "NoSuchBucket",
        Error::AccessDenied(Detail { code, .. }) => code == "AccessDenied",
        Error::Invalid(Detail { code, .. }) => code == "object-too-large",
        _ => false,
    }
}

fn failure(error: &Error, bucket: &str, what: &str) -> Failure {
    match error.detail().code.as_str() {
        "NoSuchBucket" => {
            let advice = "make it in the account of the run, or name another one in `bucket`";
            Failure::new(NO_BUCKET, format!("{what}: the bucket `{bucket}` does not exist: {advice}"))
        }
        "PermanentRedirect" => {
            let advice = "name one of the region of the run";
            Failure::new(OTHER_REGION, format!("{what}: the bucket `{bucket}` is in another region: {advice}"))
        }
        _ => Failure::new(error.kind(), format!("{what} in the bucket `{bucket}`: {}", error.sentence())),
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub mod tests;
