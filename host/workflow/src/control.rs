//! Which control a finding of Security Hub is of: `Compliance.SecurityControlId`, or what its `GeneratorId` stands for.
//!
//! The generator ids of each standard are in `control/security-hub.txt`, as AWS publishes them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Generator ids and their controls.
struct Generators {
    exact: BTreeMap<&'static str, Vec<&'static str>>,
    /// The beginnings of those that end with the id of the control.
    open: Vec<&'static str>,
}

static GENERATORS: LazyLock<Generators> = LazyLock::new(|| read(include_str!("control/security-hub.txt")));

/// The first line that is wrong is a bug that a test finds; it is passed over.
fn read(table: &'static str) -> Generators {
    let mut generators = Generators { exact: BTreeMap::new(), open: Vec::new() };
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(generator) = words.next() else { continue };
        match generator.strip_suffix('*') {
            Some(beginning) => generators.open.push(beginning),
            None => {
                generators.exact.insert(generator, words.collect());
            }
        }
    }
    generators
}

/// The controls that a finding is of, in which `Compliance` names none. A requirement of CIS can be checked by several.
pub(crate) fn controls(finding: &Map<String, Value>) -> Vec<&str> {
    finding.get("GeneratorId").and_then(Value::as_str).map(of_generator).unwrap_or_default()
}

fn of_generator(generator: &str) -> Vec<&str> {
    // ARNs are of a partition, which says nothing here.
    let id = match generator.strip_prefix("arn:").and_then(|arn| arn.split_once(':')) {
        Some((_, rest)) => rest,
        None => generator,
    };
    if let Some(controls) = GENERATORS.exact.get(id) {
        return controls.clone();
    }
    let control = GENERATORS.open.iter().find_map(|beginning| id.strip_prefix(beginning));
    // Control Tower's standard has its own mark before some.
    control
        .map(|control| control.strip_prefix("CT.").unwrap_or(control))
        .filter(|id| !id.is_empty())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_are_of_controls() {
        for (generator, controls) in [
            ("pci-dss/v/3.2.1/PCI.EC2.5", "EC2.13"),
            ("pci-dss/v/3.2.1/PCI.S3.1", "S3.3"),
            ("pci-dss/v/3.2.1/PCI.ES.1", "ES.2"),
            ("pci-dss/v/3.2.1/PCI.EC2.3", ""),
            ("nist-800-53/v/5.0.0/EC2.13", "EC2.13"),
            ("security-control/EC2.19", "EC2.19"),
            ("aws-foundational-security-best-practices/v/1.0.0/EC2.19", "EC2.19"),
            ("aws-foundational-security-best-practices/v/1.0.0/ELBv2.1", "ELB.1"),
            ("service-managed-aws-control-tower/v/1.0.0/EC2.19", "EC2.19"),
            ("service-managed-aws-control-tower/v/1.0.0/CT.EC2.19", "EC2.19"),
            ("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1", "EC2.13"),
            ("arn:aws-us-gov:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.2", "EC2.14"),
            ("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/1.1", "CloudWatch.1 IAM.20"),
            ("cis-aws-foundations-benchmark/v/1.4.0/5.1", "EC2.21"),
            ("cis-aws-foundations-benchmark/v/3.0.0/5.2", "EC2.53"),
            ("cis-aws-foundations-benchmark/v/5.0.0/5.3", "EC2.53"),
            ("cis-aws-foundations-benchmark/v/5.0.0/2.1.4", "S3.1 S3.8"),
            ("cis-aws-foundations-benchmark/v/1.4.0/9.9", ""),
            ("security-control/", ""),
            ("prowler-ec2_securitygroup", ""),
            ("arn:aws", ""),
        ] {
            assert_eq!(of_generator(generator).join(" "), controls, "{generator}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let id = |id: &str| {
            let (service, number) = id.rsplit_once('.').unwrap_or_default();
            let letters = service.chars().all(|c| c.is_ascii_alphanumeric()) && !service.is_empty();
            letters && number.parse::<u32>().is_ok()
        };
        let lines = include_str!("control/security-hub.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(
            lines.clone().count(),
            GENERATORS.exact.len() + GENERATORS.open.len(),
            "no generator is there twice"
        );
        for line in lines {
            let (generator, controls) = line.split_once(' ').unwrap_or_default();
            let right = if generator.ends_with("/*") { controls == "*" } else { controls.split(' ').all(id) };
            assert!(right && generator.contains('/'), "{line}");
        }
    }
}
