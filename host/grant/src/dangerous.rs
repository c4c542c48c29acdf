//! The actions by which whoever may call them can get more than they were granted, or can keep others from seeing what
//! they do. A grant says so explicitly when it means one: see [`Statement::is_marked`](crate::Statement::is_marked).
//!
//! The first part is the escalation paths in IAM that Rhino Security Labs lists ("AWS IAM Privilege Escalation Methods") and
//! AWS warns of (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-policies-choosing-resources.html>);
//! the second is what undoes the record or the keys that an investigation needs.

/// An action that needs an explicit mark.
#[derive(Debug, PartialEq, Eq)]
pub struct Danger {
    /// The action, as IAM spells it.
    pub action: &'static str,
    /// What it lets its caller do, for people.
    pub why: &'static str,
}

/// The condition key by which a statement says that it means dangerous actions:
/// `"Condition": {"Bool": {"quell:Dangerous": "true"}}`. It is `true` for them and `false` for all others.
pub const DANGEROUS: &str = "quell:Dangerous";

const fn danger_of(action: &'static str, why: &'static str) -> Danger {
    Danger { action, why }
}

/// Others' rights are taken by adding them to oneself.
const RIGHTS: &str = "gives rights to a user, a group or a role";
const KEYS: &str = "makes credentials of somebody else";
const AS_ANOTHER: &str = "lets its caller act as somebody else";
const CODE: &str = "runs code of its caller's with the rights of another";
const BOUNDARY: &str = "lifts or moves the boundary of somebody's rights";
const MFA: &str = "takes away or replaces a second factor";
const OPENS: &str = "opens a resource to others";
const BLINDS: &str = "stops or removes what records actions";
const DESTROYS: &str = "makes encrypted data unreadable, or readable to others";

/// All of them, sorted.
const DANGERS: &[Danger] = &[
    danger_of("cloudformation:CreateStack", CODE),
    danger_of("cloudtrail:DeleteTrail", BLINDS),
    danger_of("cloudtrail:PutEventSelectors", BLINDS),
    danger_of("cloudtrail:StopLogging", BLINDS),
    danger_of("cloudtrail:UpdateTrail", BLINDS),
    danger_of("config:DeleteConfigurationRecorder", BLINDS),
    danger_of("config:StopConfigurationRecorder", BLINDS),
    danger_of("glue:CreateDevEndpoint", CODE),
    danger_of("guardduty:DeleteDetector", BLINDS),
    danger_of("guardduty:UpdateDetector", BLINDS),
    danger_of("iam:AddUserToGroup", RIGHTS),
    danger_of("iam:AttachGroupPolicy", RIGHTS),
    danger_of("iam:AttachRolePolicy", RIGHTS),
    danger_of("iam:AttachUserPolicy", RIGHTS),
    danger_of("iam:CreateAccessKey", KEYS),
    danger_of("iam:CreateLoginProfile", KEYS),
    danger_of("iam:CreatePolicyVersion", RIGHTS),
    danger_of("iam:CreateRole", AS_ANOTHER),
    danger_of("iam:CreateUser", AS_ANOTHER),
    danger_of("iam:DeactivateMFADevice", MFA),
    danger_of("iam:DeleteRolePermissionsBoundary", BOUNDARY),
    danger_of("iam:DeleteUserPermissionsBoundary", BOUNDARY),
    danger_of("iam:PassRole", AS_ANOTHER),
    danger_of("iam:PutGroupPolicy", RIGHTS),
    danger_of("iam:PutRolePermissionsBoundary", BOUNDARY),
    danger_of("iam:PutRolePolicy", RIGHTS),
    danger_of("iam:PutUserPermissionsBoundary", BOUNDARY),
    danger_of("iam:PutUserPolicy", RIGHTS),
    danger_of("iam:ResyncMFADevice", MFA),
    danger_of("iam:SetDefaultPolicyVersion", RIGHTS),
    danger_of("iam:UpdateAccessKey", KEYS),
    danger_of("iam:UpdateAssumeRolePolicy", AS_ANOTHER),
    danger_of("iam:UpdateLoginProfile", KEYS),
    danger_of("kms:CreateGrant", DESTROYS),
    danger_of("kms:PutKeyPolicy", DESTROYS),
    danger_of("kms:ScheduleKeyDeletion", DESTROYS),
    danger_of("lambda:AddPermission", OPENS),
    danger_of("lambda:UpdateFunctionCode", CODE),
    danger_of("lambda:UpdateFunctionConfiguration", CODE),
    danger_of("logs:DeleteLogGroup", BLINDS),
    danger_of("logs:DeleteLogStream", BLINDS),
    danger_of("organizations:LeaveOrganization", BLINDS),
    danger_of("s3:PutBucketPolicy", OPENS),
    danger_of("securityhub:DisableSecurityHub", BLINDS),
    danger_of("ssm:SendCommand", CODE),
    danger_of("ssm:StartSession", CODE),
    danger_of("sts:AssumeRole", AS_ANOTHER),
    danger_of("sts:GetFederationToken", KEYS),
];

/// All actions that need an explicit mark, sorted.
pub fn dangers() -> &'static [Danger] {
    DANGERS
}

/// What is dangerous about an action, if it is. Actions are compared without regard to case.
pub fn danger(action: &str) -> Option<&'static Danger> {
    DANGERS.iter().find(|danger| danger.action.eq_ignore_ascii_case(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found_in_any_case() {
        assert!(DANGERS.is_sorted_by(|a, b| a.action < b.action));
        assert!(DANGERS.len() >= 40);
        for Danger { action, why } in DANGERS {
            assert_eq!(danger(&action.to_uppercase()).map(|danger| danger.why), Some(*why));
        }
        assert_eq!(danger("ec2:DescribeInstances"), None);
    }
}
