//! ARNs taken apart, as "Amazon Resource Names (ARNs)" of the AWS General Reference has them:
//! `arn:partition:service:region:account:resource`, where a resource is an id, or a type and an id with `/` or `:`
//! between them.

use minijinja::{Error, Value};

use super::call::failed;
use super::{Call, Helper};
use crate::read::shorten;

/// Services whose resources are an id alone; what looks like a type in them is the beginning of the id.
const UNTYPED: &[&str] = &["sns", "sqs", "s3", "execute-api", "codecommit", "sdb"];

pub(super) const HELPERS: &[Helper] = &[Helper::filter("arn", &[], arn), Helper::test("arn", &[], is_arn)];

/// The parts of an ARN; what is empty or absent is `None`.
#[derive(Debug, PartialEq, Eq)]
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: Option<&'a str>,
    account: Option<&'a str>,
    resource: &'a str,
    resource_type: Option<&'a str>,
    resource_id: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next();
        let ("arn", partition, service, region, account, resource) =
            (part()?, part()?, part()?, part()?, part()?, part()?)
        else {
            return None;
        };
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return None;
        }
        let (region, account) = (filled(region), filled(account));
        let (resource_type, resource_id) = match (service, account) {
            // A bucket, or an object in one. Access points and the like have an account, and a type.
            ("s3", None) => (Some(if resource.contains('/') { "object" } else { "bucket" }), resource),
            (service, _) if service != "s3" && UNTYPED.contains(&service) => (None, resource),
            _ => typed(resource),
        };
        Some(Self { partition, service, region, account, resource, resource_type, resource_id })
    }
}

fn filled(part: &str) -> Option<&str> {
    Some(part).filter(|part| !part.is_empty())
}

/// A type and an id. API Gateway begins its resources with a `/`.
fn typed(resource: &str) -> (Option<&str>, &str) {
    let inner = resource.strip_prefix('/').unwrap_or(resource);
    match inner.split_once(['/', ':']) {
        Some((kind, id)) if !kind.is_empty() && !id.is_empty() => (Some(kind), id),
        _ => (None, resource),
    }
}

fn arn(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let Some(arn) = Arn::parse(text) else {
        return Err(failed(format!("`{}` is not an ARN", shorten(text))));
    };
    Ok(Value::from_pairs([
        ("partition", Value::from(arn.partition)),
        ("service", Value::from(arn.service)),
        ("region", Value::from(arn.region)),
        ("account", Value::from(arn.account)),
        ("resource", Value::from(arn.resource)),
        ("resource_type", Value::from(arn.resource_type)),
        ("resource_id", Value::from(arn.resource_id)),
    ]))
}

fn is_arn(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.subject.as_str().and_then(Arn::parse).is_some()))
}
