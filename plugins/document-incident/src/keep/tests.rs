//! Keeping documents in buckets in memory, which count what they are sent.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::evidence::MAX_OBJECT;

const BUCKET: &str = "acme-incident-reports";
const REPORT: &str = "incidents/run-1/report.md";
const EVIDENCE: &str = "incidents/run-1/evidence.json";

/// One bucket.
#[derive(Default)]
struct Store {
    objects: BTreeMap<String, Body>,
    types: BTreeMap<String, String>,
    writes: Vec<String>,
    /// What reads are answered where nothing is there; otherwise as S3 does.
    reads_fail: Option<Error>,
    writes_fail: Option<Error>,
}

impl Objects for Store {
    fn get(&mut self, bucket: &str, key: &str) -> Result<Body, Error> {
        if bucket != BUCKET {
            return Err(Error::NotFound(detail("NoSuchBucket")));
        }
        let absent = || self.reads_fail.clone().unwrap_or_else(|| Error::NotFound(detail("NoSuchKey")));
        self.objects.get(key).cloned().ok_or_else(absent)
    }

    fn put(&mut self, bucket: &str, key: &str, text: &str, content_type: &str) -> Result<(), Error> {
        assert_eq!(bucket, BUCKET);
        assert!(text.len() <= MAX_OBJECT, "{key} has {} bytes", text.len());
        if let Some(error) = &self.writes_fail {
            return Err(error.clone());
        }
        self.writes.push(key.to_owned());
        self.objects.insert(key.to_owned(), Body::Text(text.to_owned()));
        self.types.insert(key.to_owned(), content_type.to_owned());
        Ok(())
    }
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "S3 says so".to_owned() }
}

/// The step of the tests.
pub fn context() -> Context {
    Context {
        run: "run-1".to_owned(),
        step: "respond/document".to_owned(),
        attempt: 1,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        time: "2026-03-01T12:00:00Z".to_owned(),
    }
}

/// An input with these fields.
pub fn input(more: Value) -> Input {
    let mut whole = json!({ "bucket": BUCKET, "results": { "isolate": { "status": "succeeded", "output": {} } } });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn kept(store: &mut Store, more: Value) -> Result<Output, Failure> {
    keep(store, &input(more), &context())
}

#[test]
fn both_documents_are_written_and_named_with_their_digests() {
    let mut store = Store::default();
    let output = kept(&mut store, json!({})).unwrap();
    assert_eq!(store.writes, [EVIDENCE, REPORT]);
    assert_eq!(store.types[EVIDENCE], "application/json");
    assert_eq!(store.types[REPORT], "text/markdown; charset=utf-8");
    let text = |key: &str| match &store.objects[key] {
        Body::Text(text) => text.clone(),
        Body::Base64(_) => panic!("documents are text"),
    };
    assert_eq!((output.report_key.as_str(), output.evidence_key.as_str()), (REPORT, EVIDENCE));
    assert_eq!(output.report_sha256, sha256(&text(REPORT)));
    assert_eq!(output.evidence_sha256, sha256(&text(EVIDENCE)));
    assert!(text(REPORT).contains(&output.evidence_sha256), "the report has the digest of the evidence");
    assert_eq!((output.bucket.as_str(), output.written, output.cut), (BUCKET, true, false));
}

#[test]
fn a_second_run_writes_nothing_whenever_and_whichever_try_it_is() {
    let mut store = Store::default();
    let first = kept(&mut store, json!({})).unwrap();
    store.writes.clear();
    let later = Context { attempt: 2, time: "2027-01-01T00:00:00Z".to_owned(), ..context() };
    let second = keep(&mut store, &input(json!({})), &later).unwrap();
    assert_eq!(store.writes, Vec::<String>::new());
    assert_eq!(second, Output { written: false, ..first });
}

#[test]
fn what_another_attempt_knew_less_of_is_replaced() {
    let mut store = Store::default();
    kept(&mut store, json!({})).unwrap();
    store.writes.clear();
    let output = kept(&mut store, json!({ "results": { "isolate": { "status": "failed" } } })).unwrap();
    assert_eq!((store.writes, output.written), (vec![EVIDENCE.to_owned(), REPORT.to_owned()], true));
}

#[test]
fn an_attempt_that_ended_between_the_two_is_finished() {
    let mut store = Store::default();
    kept(&mut store, json!({})).unwrap();
    store.objects.remove(REPORT);
    store.writes.clear();
    assert!(kept(&mut store, json!({})).unwrap().written);
    assert_eq!(store.writes, [REPORT]);
}

#[test]
fn the_prefix_is_where_they_go() {
    let mut store = Store::default();
    assert_eq!(kept(&mut store, json!({ "prefix": "a/b-" })).unwrap().report_key, "a/b-run-1/report.md");
    assert_eq!(kept(&mut store, json!({ "prefix": "" })).unwrap().report_key, "run-1/report.md");
}

#[test]
fn whoever_may_not_list_the_bucket_can_write_all_the_same() {
    let mut store = Store { reads_fail: Some(Error::AccessDenied(detail("AccessDenied"))), ..Store::default() };
    assert!(kept(&mut store, json!({})).unwrap().written);
    assert!(!kept(&mut store, json!({})).unwrap().written);
}

#[test]
fn a_denial_of_quell_is_a_failure_before_anything_is_written() {
    let mut store = Store { reads_fail: Some(Error::AccessDenied(detail("implicit-deny"))), ..Store::default() };
    let failure = kept(&mut store, json!({})).unwrap_err();
    assert_eq!((failure.code.as_str(), store.writes.len()), ("access-denied", 0));
    let message = format!("reading `{EVIDENCE}` in the bucket `{BUCKET}`: S3 says so (`implicit-deny`)");
    assert_eq!(failure.message, message);
}

#[test]
fn what_is_wrong_with_the_bucket_is_said() {
    let failure = kept(&mut Store::default(), json!({ "bucket": "another" })).unwrap_err();
    assert_eq!(failure.code, "bucket-not-found");
    assert!(failure.message.contains("the bucket `another` does not exist: make it"), "{}", failure.message);
    let mut store = Store { writes_fail: Some(Error::Other(detail("PermanentRedirect"))), ..Store::default() };
    assert_eq!(kept(&mut store, json!({})).unwrap_err().code, "bucket-in-other-region");
    let mut store = Store { writes_fail: Some(Error::Throttled(detail("SlowDown"))), ..Store::default() };
    assert_eq!(kept(&mut store, json!({})).unwrap_err().code, "throttled");
}

#[test]
fn what_no_bucket_and_no_key_can_be_is_refused() {
    for more in [
        json!({ "bucket": "" }),
        json!({ "bucket": "Acme" }),
        json!({ "bucket": "arn:aws:s3:::acme" }),
        json!({ "bucket": "a".repeat(64) }),
        json!({ "prefix": "/incidents/" }),
        json!({ "prefix": "a\nb/" }),
        json!({ "prefix": "a".repeat(1000) }),
    ] {
        assert_eq!(kept(&mut Store::default(), more.clone()).unwrap_err().code, "invalid-input", "{more}");
    }
}
