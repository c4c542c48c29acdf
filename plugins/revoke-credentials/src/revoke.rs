//! Revoking: finds the users and roles, switches the keys off, denies the older sessions.
//!
//! What fails stops nothing else; it is a failure in the end, which says what was done and what was not.

use quell_sdk::iam::roles::Role;
use quell_sdk::{Error, Failure};

use crate::aws::Aws;
use crate::cutoff::Cutoff;
use crate::subject::{Meant, Subject, UNKNOWN};
use crate::{AccessKey, Kind, Outcome, Output, Revoked};

/// The code of the failure where a user, a role, a key or an instance does not exist.
const NOT_FOUND: &str = "principal-not-found";

/// The code of the failure where AWS lets nobody change a role.
const PROTECTED: &str = "protected-role";

/// IAM's code for such a role.
const UNMODIFIABLE: &str = "UnmodifiableEntity";

/// Revokes all that is meant.
pub fn revoke(aws: &mut impl Aws, meant: Meant, cutoff: &Cutoff) -> Result<Output, Failure> {
    let mut work = Work { aws, cutoff, tried: Vec::new(), done: Done::default(), problems: meant.refused };
    for subject in meant.subjects {
        match subject {
            Subject::User(name, key) => work.user(&name, key.as_deref()),
            Subject::Role(name) => work.role(&name, None),
            Subject::Key(key) => work.key(&key),
            Subject::Instance(id, profile) => work.instance(&id, profile),
        }
    }
    finish(work.done, work.problems)
}

/// What it comes to when nobody is meant whose credentials could be revoked.
pub fn nothing(refused: Vec<Failure>) -> Result<Output, Failure> {
    let reasons = vec!["the finding names neither credentials nor an instance".to_owned()];
    finish(Done { reasons, ..Done::default() }, refused)
}

struct Work<'a, A> {
    aws: &'a mut A,
    cutoff: &'a Cutoff,
    /// Who was looked at: several credentials of a finding may be one principal's.
    tried: Vec<(Kind, String)>,
    done: Done,
    problems: Vec<Failure>,
}

#[derive(Default)]
struct Done {
    principals: Vec<Revoked>,
    /// Users whose keys are off, but whose sessions could not be denied.
    keys_alone: Vec<String>,
    /// Why there was nothing to be done.
    reasons: Vec<String>,
}

impl<A: Aws> Work<'_, A> {
    /// The keys first: with them, new sessions are made.
    fn user(&mut self, name: &str, misused: Option<&str>) {
        if self.was_tried(Kind::User, name) {
            return;
        }
        let keys = match self.aws.access_keys(name) {
            Ok(keys) => keys.into_iter().map(|key| (key.access_key_id, key.status != "Active")).collect(),
            Err(Error::NotFound(_)) => return self.missing(format_args!("the user `{name}`")),
            Err(error) => {
                self.fail(format_args!("listing the access keys of the user `{name}`"), &error);
                // The one that is known is switched off all the same.
                let long_term = misused.filter(|key| key.starts_with("AKIA"));
                long_term.map(|key| (key.to_owned(), false)).into_iter().collect::<Vec<_>>()
            }
        };
        let mut access_keys = Vec::new();
        for (access_key_id, was_inactive) in keys {
            match if was_inactive { Ok(()) } else { self.aws.deactivate(name, &access_key_id) } {
                Ok(()) => access_keys.push(AccessKey { access_key_id, deactivated: !was_inactive }),
                // Somebody deleted it meanwhile.
                Err(Error::NotFound(_)) => {}
                Err(error) => {
                    self.fail(format_args!("switching off the access key `{access_key_id}` of `{name}`"), &error);
                }
            }
        }
        self.sessions(Kind::User, name, access_keys);
    }

    /// `known` is the role, where it has been read already.
    fn role(&mut self, name: &str, known: Option<Role>) {
        if self.was_tried(Kind::Role, name) {
            return;
        }
        match known.map_or_else(|| self.aws.role(name), Ok) {
            Ok(role) => {
                if let Some(why) = protection(&role.path) {
                    return self.protected(name, why);
                }
            }
            Err(Error::NotFound(_)) => return self.missing(format_args!("the role `{name}`")),
            // Its sessions are denied all the same. IAM refuses that for the roles that nobody can change.
            Err(error) => self.fail(format_args!("reading the role `{name}`"), &error),
        }
        self.sessions(Kind::Role, name, Vec::new());
    }

    fn key(&mut self, key: &str) {
        match self.aws.owner(key) {
            Ok(user) if user.trim().is_empty() => self.problems.push(Failure::new(
                UNKNOWN,
                format!("IAM tells no user for the access key `{key}`: it may be one of the root user of the account"),
            )),
            Ok(user) => self.user(&user, Some(key)),
            Err(Error::NotFound(_)) => self.missing(format_args!("the access key `{key}`")),
            Err(error) => {
                let what = "which is denied also where it belongs to another account";
                self.fail(format_args!("asking whose the access key `{key}` is, {what}"), &error);
            }
        }
    }

    /// The role that an instance has, and the one that it had when the finding was written.
    fn instance(&mut self, id: &str, profile: Option<String>) {
        let before = self.problems.len();
        let mut profiles: Vec<String> = profile.into_iter().collect();
        match self.aws.instance(id) {
            Ok(Some(instance)) => profiles.extend(instance.iam_instance_profile),
            Ok(None) | Err(Error::NotFound(_)) if profiles.is_empty() => {
                return self.missing(format_args!("the instance `{id}`, so that nobody knows which role it had,"));
            }
            Ok(None) | Err(Error::NotFound(_)) => {}
            Err(error) => self.fail(format_args!("reading the instance `{id}`"), &error),
        }
        profiles.dedup();
        let mut roles = Vec::new();
        for arn in &profiles {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            match self.aws.instance_profile(name) {
                Ok(profile) => roles.extend(profile.roles),
                Err(Error::NotFound(_)) => self.missing(format_args!("the instance profile `{name}` of `{id}`")),
                Err(error) => self.fail(format_args!("reading the instance profile `{name}` of `{id}`"), &error),
            }
        }
        if roles.is_empty() && self.problems.len() == before {
            self.done.reasons.push(format!("the instance `{id}` has no role"));
        }
        for role in roles {
            self.role(&role.role_name.clone(), Some(role));
        }
    }

    /// Denies the older sessions, unless they are denied already, and notes what became of the principal.
    fn sessions(&mut self, kind: Kind, name: &str, access_keys: Vec<AccessKey>) {
        let found = self.aws.policy(kind, name).unwrap_or_else(|error| {
            // It is written all the same: that it is there twice harms nobody, that it is not does.
            self.fail(format_args!("reading the policy of the {kind} `{name}`"), &error);
            None
        });
        let met = found.and_then(|document| self.cutoff.is_met_by(&document));
        let policy_written = met.is_none();
        let sessions_denied_before = met.unwrap_or_else(|| self.cutoff.time());
        if policy_written && let Err(error) = self.aws.put_policy(kind, name, &self.cutoff.document()) {
            match error {
                Error::NotFound(_) => self.missing(format_args!("the {kind} `{name}`")),
                error if error.detail().code.starts_with(UNMODIFIABLE) => {
                    self.protected(name, "AWS lets nobody change it")
                }
                error => self.fail(format_args!("denying the sessions of the {kind} `{name}`"), &error),
            }
            self.done.keys_alone.extend(off(&access_keys).map(|keys| format!("user `{name}`: {keys}")));
            return;
        }
        quell_sdk::info!("sessions of the {kind} {name} from before {sessions_denied_before} are denied");
        self.done.principals.push(Revoked {
            kind,
            name: name.to_owned(),
            sessions_denied_before,
            policy_written,
            access_keys,
        });
    }

    /// Whether it was, and notes that it is now.
    fn was_tried(&mut self, kind: Kind, name: &str) -> bool {
        let principal = (kind, name.to_owned());
        let was_tried = self.tried.contains(&principal);
        self.tried.push(principal);
        was_tried
    }

    fn fail(&mut self, what: impl std::fmt::Display, error: &Error) {
        self.problems.push(Failure::new(error.kind(), format!("{what}: {}", error.sentence())));
    }

    fn missing(&mut self, what: impl std::fmt::Display) {
        self.problems.push(Failure::new(NOT_FOUND, format!("{what} does not exist in this account")));
    }

    fn protected(&mut self, name: &str, why: &str) {
        let problem = format!("the role `{name}` cannot be given a policy: {why}");
        self.problems.push(Failure::new(PROTECTED, problem));
    }
}

/// Why nobody can give a policy to a role with this path.
fn protection(path: &str) -> Option<&'static str> {
    if path.starts_with("/aws-service-role/") {
        Some("it belongs to a service of AWS, in which to look who used it")
    } else if path.starts_with("/aws-reserved/") {
        Some("IAM Identity Center manages it, in which to end the sessions")
    } else {
        None
    }
}

fn off(access_keys: &[AccessKey]) -> Option<String> {
    let keys: Vec<String> = access_keys.iter().map(|key| format!("`{}`", key.access_key_id)).collect();
    (!keys.is_empty()).then(|| keys.join(", "))
}

/// The output, or, where something could not be done, a failure with the code of the first problem and all that is known.
fn finish(done: Done, problems: Vec<Failure>) -> Result<Output, Failure> {
    let Done { principals, keys_alone, reasons } = done;
    let Some(first) = problems.first() else {
        let is_new = |it: &Revoked| it.policy_written || it.access_keys.iter().any(|key| key.deactivated);
        let outcome = match principals.as_slice() {
            [] => Outcome::NothingToRevoke,
            some if some.iter().any(is_new) => Outcome::Revoked,
            _ => Outcome::AlreadyRevoked,
        };
        return Ok(Output { outcome, principals, reasons });
    };
    let failed: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let revoked: Vec<String> = principals.iter().map(told).chain(keys_alone).collect();
    let revoked = if revoked.is_empty() { "nothing".to_owned() } else { revoked.join("; ") };
    Err(Failure::new(first.code.clone(), format!("not revoked: {}; revoked: {revoked}", failed.join("; "))))
}

fn told(it: &Revoked) -> String {
    let sessions = format!("{} `{}`: sessions from before {}", it.kind, it.name, it.sessions_denied_before);
    off(&it.access_keys).map_or(sessions.clone(), |keys| format!("{sessions}, {keys}"))
}
