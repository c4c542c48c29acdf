//! The repair of a bucket in memory that answers like S3, and counts what it is sent.

use quell_sdk::Detail;
use quell_sdk::s3::buckets::{
    AccessControlPolicy, Grant, Grantee, Owner, PolicyStatus, ServerSideEncryptionByDefault, ServerSideEncryptionRule,
};

use super::*;
use crate::{DefaultEncryption, SseAlgorithm};

const BUCKET: &str = "acme-logs";

const PUBLIC: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}"#;
const PRIVATE: &str = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:*"}]}"#;

/// The bucket. What is `None` it does not have.
struct Account {
    gone: bool,
    block: Option<PublicAccessBlockConfiguration>,
    policy: Option<&'static str>,
    grants: Vec<(&'static str, &'static str)>,
    encryption: Option<DefaultEncryption>,
    /// What a call answers instead of doing what it does.
    refuse: Vec<(&'static str, Error)>,
    calls: Vec<&'static str>,
}

impl Account {
    fn new() -> Self {
        Self {
            gone: false,
            block: None,
            policy: None,
            grants: Vec::new(),
            encryption: Some(aes()),
            refuse: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn public() -> Self {
        Self { policy: Some(PUBLIC), grants: vec![("AllUsers", "READ")], ..Self::new() }
    }

    fn refuse(mut self, call: &'static str, error: Error) -> Self {
        self.refuse.push((call, error));
        self
    }

    fn repair(&mut self) -> Result<Output, Failure> {
        self.calls.clear();
        repair(self, &Input { bucket: BUCKET.to_owned(), encryption: None })
    }

    fn repair_with(&mut self, encryption: Encryption) -> Result<Output, Failure> {
        self.calls.clear();
        repair(self, &Input { bucket: BUCKET.to_owned(), encryption: Some(encryption) })
    }

    fn writes(&self) -> Vec<&'static str> {
        self.calls.iter().copied().filter(|call| call.starts_with("put") || call.starts_with("delete")).collect()
    }

    fn is_blocked(&self) -> bool {
        self.block.as_ref().is_some_and(|block| Block::from(*block) == Block::WHOLE)
    }

    fn call(&mut self, bucket: &str, call: &'static str) -> Result<(), Error> {
        assert_eq!(bucket, BUCKET);
        self.calls.push(call);
        if let Some((_, error)) = self.refuse.iter().find(|(refused, _)| *refused == call) {
            return Err(error.clone());
        }
        if self.gone { Err(Error::NotFound(detail(NO_SUCH_BUCKET))) } else { Ok(()) }
    }
}

fn detail(code: &str) -> Detail {
    Detail { code: code.to_owned(), message: "AWS says so".to_owned() }
}

fn denied() -> Error {
    Error::AccessDenied(detail("AccessDenied"))
}

fn absent(code: &str) -> Error {
    Error::NotFound(detail(code))
}

fn aes() -> DefaultEncryption {
    DefaultEncryption { sse_algorithm: "AES256".to_owned(), kms_master_key_id: None, bucket_key_enabled: false }
}

fn kms() -> Encryption {
    Encryption {
        sse_algorithm: SseAlgorithm::AwsKms,
        kms_master_key_id: Some("alias/logs".to_owned()),
        bucket_key_enabled: Some(true),
    }
}

impl S3 for Account {
    fn block(&mut self, bucket: &str) -> Result<PublicAccessBlockConfiguration, Error> {
        self.call(bucket, "get-block")?;
        self.block.ok_or_else(|| absent("NoSuchPublicAccessBlockConfiguration"))
    }

    fn put_block(&mut self, bucket: &str, block: PublicAccessBlockConfiguration) -> Result<(), Error> {
        self.call(bucket, "put-block")?;
        self.block = Some(block);
        Ok(())
    }

    fn policy(&mut self, bucket: &str) -> Result<String, Error> {
        self.call(bucket, "get-policy")?;
        self.policy.map(str::to_owned).ok_or_else(|| absent("NoSuchBucketPolicy"))
    }

    fn policy_status(&mut self, bucket: &str) -> Result<PolicyStatus, Error> {
        self.call(bucket, "get-policy-status")?;
        let policy = self.policy.ok_or_else(|| absent("NoSuchBucketPolicy"))?;
        Ok(PolicyStatus { is_public: policy == PUBLIC })
    }

    fn delete_policy(&mut self, bucket: &str) -> Result<(), Error> {
        self.call(bucket, "delete-policy")?;
        self.policy = None;
        Ok(())
    }

    fn acl(&mut self, bucket: &str) -> Result<AccessControlPolicy, Error> {
        self.call(bucket, "get-acl")?;
        let grantee = |uri: Option<String>| Grantee {
            type_: if uri.is_some() { "Group" } else { "CanonicalUser" }.to_owned(),
            id: uri.is_none().then(|| "owner".to_owned()),
            uri,
            email_address: None,
            display_name: None,
        };
        let uri = |group: &str| match group {
            "LogDelivery" => "http://acs.amazonaws.com/groups/s3/LogDelivery".to_owned(),
            group => format!("http://acs.amazonaws.com/groups/global/{group}"),
        };
        let mut grants = vec![Grant { grantee: grantee(None), permission: "FULL_CONTROL".to_owned() }];
        grants.extend(self.grants.iter().map(|(group, permission)| Grant {
            grantee: grantee(Some(uri(group))),
            permission: (*permission).to_owned(),
        }));
        Ok(AccessControlPolicy { owner: Owner { id: "owner".to_owned(), display_name: None }, grants })
    }

    fn encryption(&mut self, bucket: &str) -> Result<Vec<ServerSideEncryptionRule>, Error> {
        self.call(bucket, "get-encryption")?;
        let now = self.encryption.as_ref().ok_or_else(|| absent("ServerSideEncryptionConfigurationNotFoundError"))?;
        Ok(vec![encryption::rule(now)])
    }

    fn put_encryption(&mut self, bucket: &str, rule: ServerSideEncryptionRule) -> Result<(), Error> {
        self.call(bucket, "put-encryption")?;
        let ServerSideEncryptionByDefault { sse_algorithm, kms_master_key_id } =
            rule.apply_server_side_encryption_by_default.expect("the rule says with what");
        let bucket_key_enabled = rule.bucket_key_enabled.unwrap_or(false);
        self.encryption = Some(DefaultEncryption { sse_algorithm, kms_master_key_id, bucket_key_enabled });
        Ok(())
    }
}

#[test]
fn a_public_bucket_is_closed_and_told() {
    let mut account = Account::public();

    let output = account.repair().unwrap();

    assert_eq!(account.writes(), ["put-block", "delete-policy"]);
    assert!(account.is_blocked());
    assert_eq!(account.policy, None);
    assert_eq!(account.encryption, Some(aes()), "nothing was asked for");
    assert!(output.changed);
    assert_eq!(output.changes, [Change::PublicAccessBlock, Change::Policy]);
    assert_eq!(output.removed_policy.as_deref(), Some(PUBLIC));
    assert_eq!((output.before.public_access_block, output.before.policy), (Block::default(), Policy::Public));
    let grants = [PublicGrant { grantee: "AllUsers".to_owned(), permission: "READ".to_owned() }];
    assert_eq!(output.before.public_grants, grants);
    assert_eq!(output.before.encryption, Some(aes()));
    assert_eq!(
        output.summary,
        "public access was blocked (off were BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, \
         RestrictPublicBuckets); the policy, which made the bucket public, was removed; the ACL's public grants have no \
         effect (AllUsers READ)"
    );
}

#[test]
fn the_policy_is_judged_before_the_block_and_the_block_is_the_first_write() {
    let mut account = Account::public();
    account.repair_with(kms()).unwrap();
    let place = |call| account.calls.iter().position(|sent| *sent == call).unwrap();
    assert!(place("get-policy-status") < place("put-block"));
    assert_eq!(account.writes(), ["put-block", "put-encryption", "delete-policy"]);
}

#[test]
fn a_second_run_writes_nothing() {
    for mut account in [Account::public(), Account { encryption: None, ..Account::public() }] {
        assert!(account.repair_with(kms()).unwrap().changed);

        let output = account.repair_with(kms()).unwrap();

        assert_eq!(account.writes(), Vec::<&str>::new());
        assert!(!output.changed && output.changes.is_empty(), "{output:?}");
        assert_eq!(output.removed_policy, None);
        assert_eq!((output.before.public_access_block, output.before.policy), (Block::WHOLE, Policy::None));
        assert!(output.summary.starts_with("there was nothing to do"), "{}", output.summary);
    }
}

#[test]
fn a_policy_that_is_not_public_is_kept() {
    let mut account = Account { policy: Some(PRIVATE), ..Account::new() };
    let output = account.repair().unwrap();
    assert_eq!((account.writes(), account.policy), (vec!["put-block"], Some(PRIVATE)));
    assert_eq!((output.before.policy, output.removed_policy), (Policy::NotPublic, None));
    assert!(output.summary.ends_with("the policy does not make it public and was kept"), "{}", output.summary);
}

#[test]
fn a_block_that_is_not_whole_is_set_and_said() {
    let all = || PublicAccessBlockConfiguration::from(Block::WHOLE);
    let mut account = Account { block: Some(all()), ..Account::new() };
    account.repair().unwrap();
    assert_eq!(account.writes(), Vec::<&str>::new());

    for off in [Some(false), None] {
        let restricted = PublicAccessBlockConfiguration { restrict_public_buckets: off, ..all() };
        let mut account = Account { block: Some(restricted), ..Account::new() };
        let output = account.repair().unwrap();
        assert_eq!((account.writes(), account.is_blocked()), (vec!["put-block"], true));
        assert_eq!(output.summary, "public access was blocked (off were RestrictPublicBuckets)");
    }
}

#[test]
fn only_grants_to_everybody_are_public() {
    let grants = vec![("LogDelivery", "WRITE"), ("AuthenticatedUsers", "READ_ACP"), ("AllUsers", "WRITE")];
    let output = Account { grants, ..Account::new() }.repair().unwrap();
    let public: Vec<_> = output.before.public_grants.iter().map(|it| (&*it.grantee, &*it.permission)).collect();
    assert_eq!(public, [("AuthenticatedUsers", "READ_ACP"), ("AllUsers", "WRITE")]);
}

#[test]
fn the_encryption_that_is_asked_for_is_set() {
    for before in [Some(aes()), None] {
        let mut account = Account { encryption: before.clone(), block: Some(Block::WHOLE.into()), ..Account::new() };
        let output = account.repair_with(kms()).unwrap();
        assert_eq!(account.writes(), ["put-encryption"]);
        assert_eq!((output.before.encryption, output.changes), (before, vec![Change::Encryption]));
        let expected = DefaultEncryption {
            sse_algorithm: "aws:kms".to_owned(),
            kms_master_key_id: Some("alias/logs".to_owned()),
            bucket_key_enabled: true,
        };
        assert_eq!(account.encryption, Some(expected));
    }
}

#[test]
fn a_bucket_that_is_gone_is_a_failure_of_its_own() {
    let mut account = Account { gone: true, ..Account::public() };
    assert_eq!(
        account.repair().unwrap_err(),
        Failure::new("bucket-not-found", "the bucket `acme-logs` does not exist")
    );
    assert_eq!(account.calls, ["get-block"]);

    for call in ["get-policy-status", "put-block", "get-acl", "get-encryption", "put-encryption", "delete-policy"] {
        let mut account = Account::public().refuse(call, absent(NO_SUCH_BUCKET));
        assert_eq!(account.repair_with(kms()).unwrap_err().code, "bucket-not-found", "{call}");
    }
}

#[test]
fn without_the_word_of_s3_no_policy_is_removed() {
    let unknown = Error::Other(detail("NotImplemented"));
    for (call, error) in [("get-policy-status", denied()), ("get-policy-status", unknown), ("get-policy", denied())] {
        let mut account = Account::public().refuse(call, error.clone());

        let failure = account.repair().unwrap_err();

        assert_eq!(failure.code, error.kind());
        assert!(failure.message.contains("which is left as it is"), "{}", failure.message);
        assert!(failure.message.contains("; public access was blocked"), "{}", failure.message);
        assert_eq!((account.policy, account.writes()), (Some(PUBLIC), vec!["put-block"]));

        account.refuse.clear();
        assert_eq!(account.repair().unwrap().removed_policy.as_deref(), Some(PUBLIC));
        assert_eq!(account.writes(), ["delete-policy"]);
    }
}

#[test]
fn a_bucket_without_a_policy_needs_no_word_of_s3() {
    let mut account = Account::new().refuse("get-policy-status", denied());
    assert_eq!(account.repair().unwrap().before.policy, Policy::None);
}

#[test]
fn one_write_that_fails_stops_no_other_and_is_done_by_the_next_try() {
    let throttled = || Error::Throttled(detail("SlowDown"));
    for (call, not_done) in [
        ("put-block", "setting the public access block"),
        ("put-encryption", "setting the default encryption"),
        ("delete-policy", "removing the policy"),
    ] {
        let mut account = Account::public().refuse(call, throttled());

        let failure = account.repair_with(kms()).unwrap_err();

        assert_eq!(failure.code, "throttled");
        assert!(
            failure.message.starts_with(&format!("`acme-logs` is not repaired: {not_done}")),
            "{}",
            failure.message
        );
        assert_eq!(account.writes(), ["put-block", "put-encryption", "delete-policy"]);
        let removed = failure.message.ends_with(&format!("the policy that was removed: {PUBLIC}"));
        assert_eq!(removed, call != "delete-policy", "{}", failure.message);

        account.refuse.clear();
        account.repair_with(kms()).unwrap();
        assert_eq!(account.writes(), [call]);
        account.repair_with(kms()).unwrap();
        assert_eq!(account.writes(), Vec::<&str>::new());
    }
}

#[test]
fn a_block_that_cannot_be_read_is_set() {
    let mut account = Account::public().refuse("get-block", denied());
    let failure = account.repair().unwrap_err();
    assert_eq!(failure.code, "access-denied");
    assert!(account.is_blocked());
}

#[test]
fn an_encryption_that_cannot_be_read_is_not_overwritten() {
    let mut account = Account::public().refuse("get-encryption", denied());
    let failure = account.repair_with(kms()).unwrap_err();
    assert_eq!(failure.code, "access-denied");
    assert_eq!(account.writes(), ["put-block", "delete-policy"]);
}

#[test]
fn what_is_only_reported_fails_nothing() {
    let mut account = Account::public().refuse("get-acl", denied()).refuse("get-encryption", denied());
    let output = account.repair().unwrap();
    let unchecked: Vec<_> = output.unchecked.iter().map(|it| (it.what.as_str(), it.code.as_str())).collect();
    assert_eq!(unchecked, [("acl", "access-denied"), ("encryption", "access-denied")]);
    assert_eq!(account.writes(), ["put-block", "delete-policy"]);
}

#[test]
fn input_that_cannot_be_is_refused_before_anything_is_asked() {
    let mut account = Account::public();
    let encryption = Encryption { sse_algorithm: SseAlgorithm::Aes256, ..kms() };
    assert_eq!(account.repair_with(encryption).unwrap_err().code, "invalid-input");
    assert_eq!(repair(&mut account, &Input::default()).unwrap_err().code, "invalid-input");
    assert_eq!(account.calls, Vec::<&str>::new());
}
