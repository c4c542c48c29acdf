//! Endpoints: what is one, and which service each is for.
//!
//! The SDK asks each client's configuration for the endpoint of its own service, by the service's id. It is answered from
//! the configuration, and only that: no variable of the environment and no profile is looked at.

use std::collections::BTreeMap;

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The services that requests go to, by the names that they have in IAM, with the ids by which the SDK knows them.
pub(crate) const SERVICES: [(&str, &str); 7] = [
    ("cloudtrail", "CloudTrail"),
    ("ec2", "EC2"),
    ("iam", "IAM"),
    ("s3", "S3"),
    ("sns", "SNS"),
    ("sqs", "SQS"),
    ("sts", "STS"),
];

/// By which id the SDK knows a service.
pub(crate) fn service_id(service: &str) -> Option<&'static str> {
    SERVICES.into_iter().find(|(name, _)| *name == service).map(|(_, id)| id)
}

/// Whether an endpoint is reached by TLS; `None` when it is no URL of the form `https://host[:port]`.
pub(crate) fn is_tls(endpoint: &str) -> Option<bool> {
    let (tls, host) = match endpoint.split_once("://") {
        Some(("https", host)) => (true, host),
        Some(("http", host)) => (false, host),
        _ => return None,
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!host.is_empty() && host.chars().all(allowed)).then_some(tls)
}

/// The endpoints of an account, as the SDK asks for them.
#[derive(Debug)]
pub(crate) struct Endpoints {
    by_service: BTreeMap<&'static str, String>,
    others: Option<String>,
}

impl Endpoints {
    /// Those of an account: one by one, and for all others.
    pub fn of(endpoints: &BTreeMap<String, String>, others: Option<&String>) -> Endpoints {
        let known = |(service, endpoint): (&String, &String)| Some((service_id(service)?, endpoint.clone()));
        Endpoints { by_service: endpoints.iter().filter_map(known).collect(), others: others.cloned() }
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        // It asks for other settings as well, of which there are none.
        if key.env() != "AWS_ENDPOINT_URL" {
            return None;
        }
        self.by_service.get(key.service_id()).or(self.others.as_ref()).cloned()
    }
}
