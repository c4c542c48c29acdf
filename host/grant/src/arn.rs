//! The six fields of an ARN, and patterns of them. Which services and resources exist is left to the operations.

use crate::context::Context;
use crate::pattern::{Pattern, Wildcards};
use crate::truth::Truth;

/// A pattern whose six fields are matched each by itself, so that a wildcard cannot reach into the next one. Colons
/// in the last field, the resource, are part of it.
#[derive(Clone, Debug)]
pub(crate) struct ArnPattern {
    fields: Vec<Pattern>,
}

/// The number of fields: `arn:partition:service:region:account:resource`.
const FIELDS: usize = 6;

impl ArnPattern {
    /// Parses a pattern. Fails with what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<ArnPattern, &'static str> {
        let fields: Vec<&str> = text.splitn(FIELDS, ':').collect();
        let [head, partition, service, region, account, resource] = fields.as_slice() else {
            return Err("an arn has six fields: `arn:partition:service:region:account:resource`");
        };
        if *head != "arn" {
            return Err("an arn begins with `arn:`");
        }
        let before_resource = [partition, service, region, account];
        if before_resource.iter().any(|field| field.contains("${")) {
            return Err("a variable stands only in the resource of an arn, behind the fifth colon");
        }
        if !is_partition(partition) {
            return Err("the partition of an arn is `aws`, `aws-cn`, `aws-us-gov` or `*`");
        }
        if !is_label(service) {
            return Err("the service of an arn is a name in lower case without wildcards");
        }
        if !region.is_empty() && !is_label(&region.replace(['*', '?'], "0")) {
            return Err("the region of an arn is empty, a name such as `eu-central-1` or a pattern of one");
        }
        if !is_account(account) {
            return Err("the account of an arn is empty, twelve digits, `aws` or a pattern of these");
        }
        if resource.is_empty() || resource.chars().any(char::is_control) {
            return Err("the resource of an arn, behind the fifth colon, is text without control characters");
        }
        let fields: Result<_, _> = fields.iter().map(|field| Pattern::parse(field, Wildcards::Expand)).collect();
        Ok(ArnPattern { fields: fields? })
    }

    /// Whether `text` matches field by field; unknown when it is not an ARN.
    pub fn matches(&self, text: &str, context: &Context) -> Truth {
        let fields: Vec<&str> = text.splitn(FIELDS, ':').collect();
        if fields.len() != FIELDS || fields.first() != Some(&"arn") {
            return Truth::Unknown;
        }
        Truth::all(self.fields.iter().zip(fields).map(|(pattern, field)| pattern.matches(field, context)))
    }

    /// The keys of the variables, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().flat_map(Pattern::keys)
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn is_partition(text: &str) -> bool {
    let label = is_label(&text.replace(['*', '?'], "0"));
    label && (has_wildcard(text) || text == "aws" || text.starts_with("aws-"))
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_account(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || c == '*' || c == '?';
    text.is_empty() || text == "aws" || (text.chars().all(digits) && (has_wildcard(text) || text.len() == 12))
}
