//! What a finding names: whose credentials were used, which instances and buckets it is about.
//!
//! GuardDuty has them in `resource`, and of an attack sequence in `service.detection.sequence`; Security Hub in
//! `Resources`, and in `Detection.Sequence`. Whether what is named exists is for AWS to say.

use serde_json::Value;

use super::{Finding, Source};
use crate::members::{Members, list, object, text};

/// Credentials, as a finding describes them. Any part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// The account that they belong to, where the finding says so.
    pub account: Option<String>,
    /// The access key.
    pub access_key_id: Option<String>,
    /// The unique id, for example `AIDA…` of a user, `AROA…:session` of a role's session.
    pub principal_id: Option<String>,
    /// `IAMUser`, `AssumedRole`, `Role`, `Root`, `FederatedUser`, `AWSAccount`, `AWSService`, …
    pub user_type: Option<String>,
    /// The name of the user, or of the role.
    pub user_name: Option<String>,
}

/// An instance, as a finding describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The id of the instance.
    pub instance_id: String,
    /// The ARN of its instance profile, where the finding has one.
    pub instance_profile: Option<String>,
}

impl Finding<'_> {
    /// The credentials that were used, each once.
    #[must_use]
    pub fn credentials(&self) -> Vec<Credential> {
        let mut found = Vec::new();
        match self.source {
            Source::Guardduty => {
                found.extend(self.resource().and_then(|it| object(it, "accessKeyDetails")).map(access_key));
            }
            Source::SecurityHub => found.extend(list(self.members, "resources").iter().filter_map(of_resource)),
        }
        found.extend(self.sequence("actors").iter().filter_map(actor));
        once(found.into_iter().filter(|it| *it != Credential::default()))
    }

    /// The instances that it is about, each once.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let mut found = Vec::new();
        match self.source {
            Source::Guardduty => {
                found.extend(self.resource().and_then(|it| object(it, "instanceDetails")).and_then(|details| {
                    let profile = object(details, "iamInstanceProfile").and_then(|profile| text(profile, "arn"));
                    Some(Instance {
                        instance_id: owned(text(details, "instanceId"))?,
                        instance_profile: owned(profile),
                    })
                }));
            }
            Source::SecurityHub => found.extend(self.resources("AwsEc2Instance").filter_map(|(resource, details)| {
                let profile = details.and_then(|details| text(details, "iamInstanceProfileArn"));
                Some(Instance { instance_id: name(text(resource, "id")?)?, instance_profile: owned(profile) })
            })),
        }
        found.extend(self.sequence("resources").iter().filter_map(|resource| {
            let id = name(text(resource.as_object()?, "uid")?)?;
            id.starts_with("i-").then_some(Instance { instance_id: id, instance_profile: None })
        }));
        once(found.into_iter())
    }

    /// The names of the buckets that it is about, each once.
    #[must_use]
    pub fn buckets(&self) -> Vec<String> {
        let found: Vec<String> = match self.source {
            Source::Guardduty => self
                .resource()
                .map_or(&[][..], |it| list(it, "s3BucketDetails"))
                .iter()
                .filter_map(|bucket| owned(text(bucket.as_object()?, "name")))
                .collect(),
            Source::SecurityHub => {
                self.resources("AwsS3Bucket").filter_map(|(resource, _)| name(text(resource, "id")?)).collect()
            }
        };
        once(found.into_iter())
    }

    fn resource(&self) -> Option<&Members> {
        object(self.members, "resource")
    }

    /// What an attack sequence has of one kind.
    fn sequence(&self, of: &str) -> &[Value] {
        let holder = match self.source {
            Source::Guardduty => object(self.members, "service"),
            Source::SecurityHub => Some(self.members),
        };
        let detection = holder.and_then(|holder| object(holder, "detection"));
        detection.and_then(|detection| object(detection, "sequence")).map_or(&[], |sequence| list(sequence, of))
    }

    /// Security Hub's resources of one type, with the details of each.
    fn resources<'a>(&'a self, of: &'a str) -> impl Iterator<Item = (&'a Members, Option<&'a Members>)> {
        let all = list(self.members, "resources").iter().filter_map(Value::as_object);
        let typed = all.filter(move |resource| text(resource, "type") == Some(of));
        typed.map(move |resource| (resource, details(resource, of)))
    }
}

/// GuardDuty's `accessKeyDetails`.
fn access_key(details: &Members) -> Credential {
    Credential {
        account: None,
        access_key_id: owned(text(details, "accessKeyId")),
        principal_id: owned(text(details, "principalId")),
        user_type: owned(text(details, "userType")),
        user_name: owned(text(details, "userName")),
    }
}

/// Someone who acted in an attack sequence.
fn actor(actor: &Value) -> Option<Credential> {
    let user = object(actor.as_object()?, "user")?;
    Some(Credential {
        account: object(user, "account").and_then(|account| owned(text(account, "uid"))),
        access_key_id: owned(text(user, "credentialUid")),
        principal_id: owned(text(user, "uid")),
        user_type: owned(text(user, "type")),
        user_name: owned(text(user, "name")),
    })
}

/// One of Security Hub's resources, if it is a key, a user or a role.
fn of_resource(resource: &Value) -> Option<Credential> {
    let resource = resource.as_object()?;
    let id = text(resource, "id")?;
    let of = text(resource, "type")?;
    let details = details(resource, of);
    let detail = |name: &str| details.and_then(|details| owned(text(details, name)));
    let account = account_of(id);
    let named = |user_type: &str, member: &str| Credential {
        account: account.clone(),
        user_type: Some(user_type.to_owned()),
        user_name: detail(member).or_else(|| name(id)),
        ..Credential::default()
    };
    match of {
        "AwsIamUser" => Some(named("IAMUser", "userName")),
        "AwsIamRole" => Some(named("Role", "roleName")),
        // The id is `AWS::IAM::AccessKey:AKIA…`, or the key alone, or whatever a product writes.
        "AwsIamAccessKey" => Some(Credential {
            account: detail("accountId").or(account),
            access_key_id: detail("accessKeyId").or_else(|| name(id).filter(|name| is_key(name))),
            principal_id: detail("principalId"),
            user_type: detail("principalType"),
            user_name: detail("principalName").or_else(|| detail("userName")),
        }),
        _ => None,
    }
}

fn details<'v>(resource: &'v Members, of: &str) -> Option<&'v Members> {
    let details = object(resource, "details")?;
    let camel = of.replacen('A', "a", 1);
    object(details, &camel)
}

fn is_key(text: &str) -> bool {
    text.starts_with("AKIA") || text.starts_with("ASIA")
}

/// The last part of an ARN, or of a text like one.
fn name(arn: &str) -> Option<String> {
    owned(arn.rsplit([':', '/']).next().filter(|name| !name.is_empty()))
}

fn account_of(arn: &str) -> Option<String> {
    owned(arn.strip_prefix("arn:")?.split(':').nth(3).filter(|account| !account.is_empty()))
}

fn once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.fold(Vec::new(), |mut seen, one| {
        if !seen.contains(&one) {
            seen.push(one);
        }
        seen
    })
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}
