//! The repair of one bucket, in this order: judge, block, report, encrypt, remove the policy.
//!
//! The policy is judged before the block is set, since the block changes what the policy is worth. By what S3 documents
//! the verdict is on the policy alone, so that a second try, which finds the block set, comes to the same. The block is
//! the first write: from then on the bucket is closed, whatever becomes of the rest. The policy is the last, so that
//! hardly anything can fail behind it: only the output has its text.

use std::fmt::Display;

use quell_sdk::s3::buckets::PublicAccessBlockConfiguration;
use quell_sdk::{Error, Failure};

use crate::aws::S3;
use crate::report;
use crate::{Before, Block, Change, Encryption, Input, Output, Policy, PublicGrant, Unchecked, encryption};

/// The code of the failure where the bucket does not exist.
const BUCKET_NOT_FOUND: &str = "bucket-not-found";

/// S3's code for a bucket that does not exist. A part of one that does not exist is also `not-found`.
const NO_SUCH_BUCKET: &str = "NoSuchBucket";

/// What the URIs of groups of everybody begin with.
const GLOBAL: &str = "http://acs.amazonaws.com/groups/global/";

/// Repairs the bucket. Everything that can be done is, before what could not be done becomes a failure.
pub fn repair(s3: &mut impl S3, input: &Input) -> Result<Output, Failure> {
    if input.bucket.is_empty() {
        return Err(Failure::new(Failure::INVALID_INPUT, "`bucket` is empty: it is the name of the bucket"));
    }
    if let Some(asked) = &input.encryption {
        encryption::check(asked)?;
    }
    let mut repair = Repair {
        s3,
        bucket: &input.bucket,
        before: Before::default(),
        changes: Vec::new(),
        removed_policy: None,
        unchecked: Vec::new(),
        problems: Vec::new(),
    };
    repair.run(input.encryption.as_ref())?;
    repair.finish()
}

struct Repair<'a, S> {
    s3: &'a mut S,
    bucket: &'a str,
    before: Before,
    changes: Vec<Change>,
    removed_policy: Option<String>,
    unchecked: Vec<Unchecked>,
    /// What could not be done.
    problems: Vec<Failure>,
}

/// What a read answered.
enum Seen<T> {
    Is(T),
    /// The bucket has none.
    Absent,
    Unreadable(Error),
}

impl<S: S3> Repair<'_, S> {
    /// Does the work. Only that the bucket does not exist ends it.
    fn run(&mut self, asked: Option<&Encryption>) -> Result<(), Failure> {
        let block = self.s3.block(self.bucket);
        let block = self.seen(block)?;
        let public_policy = self.judge()?;
        self.block(block)?;
        self.look_at_acl()?;
        self.encrypt(asked)?;
        if let Some(policy) = public_policy {
            self.remove(policy)?;
        }
        Ok(())
    }

    /// Sets the block, unless it is known to be whole. It is also set when it cannot be read: that can only close.
    fn block(&mut self, seen: Seen<PublicAccessBlockConfiguration>) -> Result<(), Failure> {
        match seen {
            Seen::Is(block) => self.before.public_access_block = Block::from(block),
            Seen::Absent => {}
            Seen::Unreadable(error) => self.problem("reading the public access block", &error),
        }
        if self.before.public_access_block == Block::WHOLE {
            return Ok(());
        }
        let done = self.s3.put_block(self.bucket, Block::WHOLE.into());
        self.wrote(Change::PublicAccessBlock, "setting the public access block", done)
    }

    /// The policy, where S3 says that it makes the bucket public. Without that word, or without a copy of it, the policy
    /// stays: it may be what others depend on.
    fn judge(&mut self) -> Result<Option<String>, Failure> {
        let text = self.s3.policy(self.bucket);
        let text = match self.seen(text)? {
            Seen::Is(text) => text,
            Seen::Absent => return Ok(None),
            Seen::Unreadable(error) => {
                self.problem("reading the policy, which is left as it is", &error);
                return Ok(None);
            }
        };
        let status = self.s3.policy_status(self.bucket);
        match self.seen(status)? {
            Seen::Is(status) if status.is_public => {
                self.before.policy = Policy::Public;
                return Ok(Some(text));
            }
            Seen::Is(_) => self.before.policy = Policy::NotPublic,
            Seen::Absent => {}
            Seen::Unreadable(error) => {
                self.problem("asking whether the policy makes the bucket public, which is left as it is", &error);
            }
        }
        Ok(None)
    }

    /// What the ACL gives to everybody. It is only reported: the block makes it void.
    fn look_at_acl(&mut self) -> Result<(), Failure> {
        let acl = self.s3.acl(self.bucket);
        let grants = match self.seen(acl)? {
            Seen::Is(acl) => acl.grants,
            Seen::Absent => Vec::new(),
            Seen::Unreadable(error) => {
                self.skip("acl", &error);
                Vec::new()
            }
        };
        let public = grants.into_iter().filter_map(|grant| {
            let group = grant.grantee.uri.as_deref()?.strip_prefix(GLOBAL)?.to_owned();
            Some(PublicGrant { grantee: group, permission: grant.permission })
        });
        self.before.public_grants = public.collect();
        Ok(())
    }

    /// Sets the default encryption where it is less than what is asked for. Without knowing what it is it stays: it may
    /// be more.
    fn encrypt(&mut self, asked: Option<&Encryption>) -> Result<(), Failure> {
        let rules = self.s3.encryption(self.bucket);
        match (self.seen(rules)?, asked) {
            (Seen::Is(rules), _) => self.before.encryption = encryption::read(&rules),
            (Seen::Absent, _) => {}
            (Seen::Unreadable(error), None) => self.skip("encryption", &error),
            (Seen::Unreadable(error), Some(_)) => {
                self.problem("reading the default encryption, which is left as it is", &error);
                return Ok(());
            }
        }
        let now = self.before.encryption.as_ref();
        let Some(wanted) = asked.and_then(|asked| encryption::wanted(asked, now)) else {
            return Ok(());
        };
        let done = self.s3.put_encryption(self.bucket, encryption::rule(&wanted));
        self.wrote(Change::Encryption, "setting the default encryption", done)
    }

    fn remove(&mut self, policy: String) -> Result<(), Failure> {
        let done = self.s3.delete_policy(self.bucket);
        self.wrote(Change::Policy, "removing the policy, which makes the bucket public", done)?;
        if self.changes.contains(&Change::Policy) {
            self.removed_policy = Some(policy);
        }
        Ok(())
    }

    /// Tells what the bucket has not from what could not be read, and from a bucket that is not there.
    fn seen<T>(&self, read: Result<T, Error>) -> Result<Seen<T>, Failure> {
        match read {
            Ok(value) => Ok(Seen::Is(value)),
            Err(Error::NotFound(detail)) if detail.code == NO_SUCH_BUCKET => Err(self.not_found()),
            Err(Error::NotFound(_)) => Ok(Seen::Absent),
            Err(error) => Ok(Seen::Unreadable(error)),
        }
    }

    fn wrote(&mut self, change: Change, what: &str, done: Result<(), Error>) -> Result<(), Failure> {
        match done {
            Ok(()) => self.changes.push(change),
            Err(Error::NotFound(detail)) if detail.code == NO_SUCH_BUCKET => return Err(self.not_found()),
            Err(error) => self.problem(what, &error),
        }
        Ok(())
    }

    fn not_found(&self) -> Failure {
        Failure::new(BUCKET_NOT_FOUND, format!("the bucket `{}` does not exist", self.bucket))
    }

    fn problem(&mut self, what: impl Display, error: &Error) {
        self.problems.push(Failure::new(error.kind(), format!("{what}: {}", error.sentence())));
    }

    fn skip(&mut self, what: &str, error: &Error) {
        quell_sdk::warn!("the {what} of `{}` could not be read: {}", self.bucket, error.sentence());
        let (what, code) = (what.to_owned(), error.kind().to_owned());
        self.unchecked.push(Unchecked { what, code, message: error.sentence() });
    }

    /// The output, or, where something could not be done, a failure with the code of the first problem and all that is
    /// known.
    fn finish(self) -> Result<Output, Failure> {
        let Some(first) = self.problems.first() else {
            return Ok(Output {
                bucket: self.bucket.to_owned(),
                changed: !self.changes.is_empty(),
                summary: report::summary(&self.before, &self.changes),
                changes: self.changes,
                removed_policy: self.removed_policy,
                before: self.before,
                unchecked: self.unchecked,
            });
        };
        let problems: Vec<&str> = self.problems.iter().map(|problem| problem.message.as_str()).collect();
        let done = report::done(&self.before, &self.changes).unwrap_or_else(|| "nothing was changed".to_owned());
        let mut message = format!("`{}` is not repaired: {}; {done}", self.bucket, problems.join("; "));
        if let Some(policy) = self.removed_policy {
            // A failure has no output. The text is last, since the host cuts messages that are too long.
            message.push_str("; the policy that was removed: ");
            message.push_str(&policy);
        }
        Err(Failure::new(first.code.clone(), message))
    }
}

#[cfg(test)]
mod tests;
