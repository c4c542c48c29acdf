//! Keeping an instance from being terminated: by the API, and by being shut down from inside, where its owner chose that
//! this terminates it. With it the memory and most volumes would be gone.

use quell_sdk::ec2::instances::{InstanceAttribute, InstanceAttributeName};
use quell_sdk::{Error, Failure};

use crate::Unprotected;
use crate::aws::Ec2;

/// What becomes of an instance that is shut down and kept.
const STOP: &str = "stop";

/// What protects an instance now.
#[derive(Default)]
pub struct Protection {
    /// Whether it can not be terminated by the API; nothing where that is not known.
    pub termination_protection: Option<bool>,
    /// What becomes of it when it is shut down from inside; nothing where that is not known.
    pub shutdown_behavior: Option<String>,
    /// What EC2 does not permit for this instance.
    pub unprotected: Vec<Unprotected>,
    /// What another try may be able to do.
    pub problems: Vec<Failure>,
    /// Whether anything was changed.
    pub changed: bool,
}

/// Protects the instance, and says what protects it then.
pub fn protect(ec2: &mut impl Ec2, instance_id: &str) -> Protection {
    let mut protection = Protection::default();
    let wanted = InstanceAttribute::DisableApiTermination(true);
    protection.set(ec2, instance_id, InstanceAttributeName::DisableApiTermination, wanted);
    let wanted = InstanceAttribute::InstanceInitiatedShutdownBehavior(STOP.to_owned());
    protection.set(ec2, instance_id, InstanceAttributeName::InstanceInitiatedShutdownBehavior, wanted);
    protection
}

impl Protection {
    fn set(&mut self, ec2: &mut impl Ec2, instance_id: &str, name: InstanceAttributeName, wanted: InstanceAttribute) {
        let now = match ec2.attribute(instance_id, name) {
            Ok(now) => now,
            Err(error) => return self.failed(name, "reading", &error),
        };
        if now == wanted {
            return self.know(wanted);
        }
        self.know(now);
        match ec2.set_attribute(instance_id, &wanted) {
            Ok(()) => {
                self.changed = true;
                self.know(wanted);
            }
            Err(error) => self.failed(name, "setting", &error),
        }
    }

    fn know(&mut self, attribute: InstanceAttribute) {
        match attribute {
            InstanceAttribute::DisableApiTermination(on) => self.termination_protection = Some(on),
            InstanceAttribute::InstanceInitiatedShutdownBehavior(is) => self.shutdown_behavior = Some(is),
        }
    }

    /// What lies in the instance, no other try changes: a Spot Instance has no termination protection, one whose root is
    /// no EBS volume cannot stop. What lies in grants or in the moment is a problem.
    fn failed(&mut self, name: InstanceAttributeName, doing: &str, error: &Error) {
        let what = match name {
            InstanceAttributeName::DisableApiTermination => "termination-protection",
            InstanceAttributeName::InstanceInitiatedShutdownBehavior => "shutdown-behavior",
        };
        if error.is_transient() || matches!(error, Error::AccessDenied(_)) {
            let message = format!("{doing} the {}: {}", what.replace('-', " "), error.sentence());
            self.problems.push(Failure::new(error.kind(), message));
        } else {
            quell_sdk::warn!("{doing} {what}: {}", error.sentence());
            let (what, code) = (what.to_owned(), error.kind().to_owned());
            self.unprotected.push(Unprotected { what, code, message: error.sentence() });
        }
    }
}
