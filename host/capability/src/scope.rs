//! Where a run acts: one account, one region. Both come from the verified event or the person that started the run.

/// The account and region that every call of a run is made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Twelve digits.
    pub account: String,
    /// For example `eu-central-1`.
    pub region: String,
}

impl Scope {
    /// The scope of an account and a region. The partition follows from the region
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Scope {
        let region = region.into();
        let partition = match region.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["us", "gov"] => "aws-us-gov",
            _ => "aws",
        };
        Scope { partition: partition.into(), account: account.into(), region }
    }

    /// The ARN of `resource` of a regional service in this scope.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }
}
