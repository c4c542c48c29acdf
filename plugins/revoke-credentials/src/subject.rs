//! Whose credentials are meant: what an input and a finding name, told apart by what can be done about it.
//!
//! Nothing is guessed at: a principal that is not surely a user or role of the account is a failure, which says what a
//! person can do.

use quell_sdk::Failure;
use quell_sdk::finding::named::Credential;
use quell_sdk::finding::{Finding, OTHER_ACCOUNT};

use crate::Principal;

/// The code of the failure where the principal is the root user of the account.
pub const ROOT: &str = "root-principal";

/// The code of the failure where nobody knows which user or role it is.
pub const UNKNOWN: &str = "unknown-principal";

/// Somebody whose credentials are revoked.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user, and the access key that was misused.
    User(String, Option<String>),
    /// A role.
    Role(String),
    /// Whoever has this access key, which is a long-term one.
    Key(String),
    /// The role of an instance, and the ARN of its instance profile as the finding has it.
    Instance(String, Option<String>),
}

/// All that is meant.
#[derive(Debug, Default)]
pub struct Meant {
    /// In the order in which it is named.
    pub subjects: Vec<Subject>,
    /// What else is named, and can only be revoked by hand.
    pub refused: Vec<Failure>,
}

/// Whose credentials are meant by an input.
pub fn meant(principal: Option<&Principal>, finding: Option<&Finding<'_>>, account: &str) -> Result<Meant, Failure> {
    match (principal, finding) {
        (Some(principal), _) => Ok(Meant { subjects: vec![of_principal(principal)?], refused: Vec::new() }),
        (None, Some(finding)) => Ok(of_finding(finding, account)),
        (None, None) => Err(invalid("neither `finding` nor `principal` is given")),
    }
}

/// The credentials that a finding names, or else the instances.
fn of_finding(finding: &Finding<'_>, account: &str) -> Meant {
    let mut meant = Meant::default();
    for credential in finding.credentials() {
        match of_credential(credential, account) {
            Ok(subject) => meant.subjects.push(subject),
            Err(failure) => meant.refused.push(failure),
        }
    }
    if meant.subjects.is_empty() && meant.refused.is_empty() {
        let instances = finding.instances().into_iter();
        meant.subjects.extend(instances.map(|it| Subject::Instance(it.instance_id, it.instance_profile)));
    }
    meant
}

fn of_principal(principal: &Principal) -> Result<Subject, Failure> {
    let Principal { user_name, role_name, access_key_id, instance_id } = principal;
    match (user_name, role_name, access_key_id, instance_id) {
        (Some(name), None, None, None) => Ok(Subject::User(named("user_name", name)?, None)),
        (None, Some(name), None, None) => Ok(Subject::Role(named("role_name", name)?)),
        (None, None, Some(key), None) => of_key(named("access_key_id", key)?),
        (None, None, None, Some(id)) => Ok(Subject::Instance(named("instance_id", id)?, None)),
        _ => Err(invalid("`principal` has one of `user_name`, `role_name`, `access_key_id` and `instance_id`")),
    }
}

fn named(member: &str, name: &str) -> Result<String, Failure> {
    if name.trim().is_empty() || name.contains([':', '/']) {
        return Err(invalid(format!("`principal.{member}` is `{name}`: it has to be the name alone, and no ARN")));
    }
    Ok(name.to_owned())
}

fn of_key(key: String) -> Result<Subject, Failure> {
    if key.starts_with("AKIA") {
        return Ok(Subject::Key(key));
    }
    let why = if key.starts_with("ASIA") { "belongs to a session" } else { "is not one of a user" };
    let problem = format!("the access key `{key}` {why}, and IAM does not tell whose");
    Err(unknown(problem, "CloudTrail does: name the user or role that it has for the key in `principal`"))
}

fn of_credential(credential: Credential, account: &str) -> Result<Subject, Failure> {
    let Credential { account: owner, access_key_id, principal_id, user_type, user_name } = credential;
    if let Some(owner) = owner.filter(|owner| owner != account) {
        let problem = format!("the credentials belong to account `{owner}`, and this run is in `{account}`");
        return Err(Failure::new(OTHER_ACCOUNT, format!("{problem}: revoke them there")));
    }
    let unique = principal_id.as_deref().unwrap_or_default();
    let user_type = user_type.as_deref().unwrap_or(match unique.get(..4) {
        Some("AIDA") => "IAMUser",
        Some("AROA") => "AssumedRole",
        _ => "",
    });
    let is = |of: &str| user_type.eq_ignore_ascii_case(of);
    if is("Root") {
        let advice = "delete its access keys, change its password and look at its MFA devices by hand, as root";
        return Err(Failure::new(ROOT, format!("the principal is the root user of the account: {advice}")));
    }
    match (user_name, access_key_id) {
        (Some(name), key) if is("IAMUser") => Ok(Subject::User(name, key)),
        (Some(name), _) if is("AssumedRole") || is("Role") => Ok(Subject::Role(name)),
        (_, Some(key)) if (user_type.is_empty() || is("IAMUser")) && key.starts_with("AKIA") => Ok(Subject::Key(key)),
        (name, key) => {
            let parts = [
                ("type", Some(user_type)),
                ("name", name.as_deref()),
                ("id", Some(unique)),
                ("access key", key.as_deref()),
            ];
            let known = parts
                .into_iter()
                .filter_map(|(what, part)| part.filter(|it| !it.is_empty()).map(|it| format!("{what} `{it}`")));
            let known: Vec<String> = known.collect();
            let problem = format!("the finding does not name a user or role of this account: {}", known.join(", "));
            Err(unknown(problem, advice(user_type)))
        }
    }
}

/// What a person can do about a principal of this type.
fn advice(user_type: &str) -> &'static str {
    match user_type.to_ascii_lowercase().as_str() {
        "federateduser" => {
            "its sessions are those of the user that called GetFederationToken: name that one in `principal`"
        }
        "awsaccount" => "it is somebody in another account: ask its owner, and take away here what trusts it",
        "awsservice" => "it is a service of AWS: look at what lets it act",
        _ => "find out who it is, and name the user or role in `principal`",
    }
}

fn unknown(problem: String, advice: &str) -> Failure {
    Failure::new(UNKNOWN, format!("{problem}; {advice}"))
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn credential(user_type: &str, user_name: &str, access_key_id: &str, principal_id: &str) -> Credential {
        let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Credential {
            account: None,
            user_type: part(user_type),
            user_name: part(user_name),
            access_key_id: part(access_key_id),
            principal_id: part(principal_id),
        }
    }

    #[test]
    fn users_roles_and_keys_are_told_apart() {
        let user = |key: &str| Ok(Subject::User("app".to_owned(), (!key.is_empty()).then(|| key.to_owned())));
        for (given, expected) in [
            (credential("IAMUser", "app", "AKIA1", "AIDA1"), user("AKIA1")),
            (credential("IAMUser", "app", "ASIA1", "AIDA1"), user("ASIA1")),
            (credential("", "app", "", "AIDA1"), user("")),
            (credential("AssumedRole", "app", "ASIA1", "AROA1:i-1"), Ok(Subject::Role("app".to_owned()))),
            (credential("Role", "app", "", ""), Ok(Subject::Role("app".to_owned()))),
            (credential("", "app", "ASIA1", "AROA1:i-1"), Ok(Subject::Role("app".to_owned()))),
            (credential("IAMUser", "", "AKIA1", ""), Ok(Subject::Key("AKIA1".to_owned()))),
            (credential("", "app", "AKIA1", ""), Ok(Subject::Key("AKIA1".to_owned()))),
            (credential("Root", "Root", "AKIA1", ACCOUNT), Err(ROOT)),
            (credential("AWSAccount", "", "", "AIDA1"), Err(UNKNOWN)),
            (credential("AWSService", "app", "", ""), Err(UNKNOWN)),
            (credential("FederatedUser", "app", "ASIA1", "1:app"), Err(UNKNOWN)),
            (credential("AssumedRole", "", "ASIA1", "AROA1:i-1"), Err(UNKNOWN)),
            (credential("IAMUser", "", "ASIA1", ""), Err(UNKNOWN)),
            (credential("", "app", "", ""), Err(UNKNOWN)),
            (credential("", "", "", "ä"), Err(UNKNOWN)),
        ] {
            let shown = format!("{given:?}");
            let found = of_credential(given, ACCOUNT);
            assert_eq!(
                found.as_ref().map_err(|failure| failure.code.as_str()),
                expected.as_ref().map_err(|code| *code),
                "{shown}"
            );
        }
    }

    #[test]
    fn credentials_of_another_account_are_refused() {
        let owned = |account: &str| {
            let credential = Credential { account: Some(account.to_owned()), ..credential("IAMUser", "app", "", "") };
            of_credential(credential, ACCOUNT).map_err(|failure| failure.code)
        };
        assert_eq!(owned(ACCOUNT), Ok(Subject::User("app".to_owned(), None)));
        assert_eq!(owned("210987654321"), Err(OTHER_ACCOUNT.to_owned()));
    }

    #[test]
    fn a_principal_is_one() {
        let some = || Some("x-1".to_owned());
        let none = Principal::default();
        let two = Principal { user_name: some(), role_name: some(), ..Principal::default() };
        let arn = Principal { role_name: Some("arn:aws:iam::1:role/app".to_owned()), ..Principal::default() };
        let empty = Principal { instance_id: Some(" ".to_owned()), ..Principal::default() };
        for principal in [none, two, arn, empty] {
            assert_eq!(of_principal(&principal).unwrap_err().code, "invalid-input", "{principal:?}");
        }
        let key = |key: &str| of_principal(&Principal { access_key_id: Some(key.to_owned()), ..Principal::default() });
        assert_eq!(key("AKIA1"), Ok(Subject::Key("AKIA1".to_owned())));
        assert_eq!(
            (key("ASIA1").unwrap_err().code, key("x").unwrap_err().code),
            (UNKNOWN.to_owned(), UNKNOWN.to_owned())
        );
    }
}
