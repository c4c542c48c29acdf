//! Which actions are dangerous: whoever may call them can widen the rights of themselves or of others, or blind the
//! audit. Data only; that the gate lets one through only where a grant says so expressly is decided in `capability`.
//!
//! An action is here when it alone is enough: when what it leads to needs no further action that is here as well.
//! So `iam:CreatePolicy` is not (a policy that nobody has allows nothing), nor `ec2:RunInstances` and
//! `lambda:CreateFunction` (their rights come with `iam:PassRole`), nor what takes rights or access away, such as
//! `iam:DetachUserPolicy` and `s3:DeleteBucketPolicy`, of which remediation consists: where a Deny could be taken away
//! with them, a guardrail has to stand above. What the arguments decide (`iam:UpdateAccessKey` switches a key off and on,
//! `ec2:ModifyInstanceAttribute` sets security groups and user data) is for conditions on `quell:Arg/…`.
//!
//! Sources: the actions of the access level "Permissions management" and the descriptions in AWS's Service
//! Authorization Reference (<https://docs.aws.amazon.com/service-authorization/latest/reference/>); AWS's advice on
//! `iam:PassRole` (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>); Rhino Security Labs'
//! public list of ways to escalate privileges in AWS; the technique "Impair Defenses" (T1562.008) of MITRE ATT&CK.

/// The condition key with which a statement says that dangerous actions are meant. Whoever makes requests gives each the
/// key, `true` or `false`.
pub const DANGEROUS: &str = "quell:Dangerous";

/// The `Condition` of a statement that means dangerous actions: the mark, as messages tell it.
pub const MARK: &str = r#"{"Bool": {"quell:Dangerous": "true"}}"#;

/// A dangerous action.
#[derive(Debug, PartialEq, Eq)]
pub struct Danger {
    /// The IAM action.
    pub action: &'static str,
    /// What it leads to, in a few words for people: "it gives …".
    pub why: &'static str,
}

const fn that(action: &'static str, why: &'static str) -> Danger {
    Danger { action, why }
}

/// In the order of the alphabet.
static DANGERS: [Danger; 65] = [
    that("cloudtrail:DeleteEventDataStore", "it deletes the record of what is done in the account"),
    that("cloudtrail:DeleteTrail", "it ends the record of what is done in the account"),
    that("cloudtrail:PutEventSelectors", "it leaves events out of the record of what is done in the account"),
    that("cloudtrail:StopLogging", "it stops the record of what is done in the account"),
    that("cloudtrail:UpdateTrail", "it sends the record of what is done in the account elsewhere"),
    that("config:DeleteConfigurationRecorder", "it ends the record of how resources are configured"),
    that("config:DeleteDeliveryChannel", "it ends the record of how resources are configured"),
    that("config:StopConfigurationRecorder", "it stops the record of how resources are configured"),
    that("ec2-instance-connect:SendSSHPublicKey", "it opens a shell with the rights of an instance"),
    that("ec2:DeleteFlowLogs", "it ends the record of network traffic"),
    that("ec2:ModifyImageAttribute", "it opens an image to others"),
    that("ec2:ModifySnapshotAttribute", "it opens a snapshot to others"),
    that("ecs:ExecuteCommand", "it runs any command with the rights of a task"),
    that("glue:UpdateDevEndpoint", "it opens a shell with the rights of an endpoint"),
    that("guardduty:DeleteDetector", "it ends the detection of threats"),
    that("guardduty:UpdateDetector", "it can switch the detection of threats off"),
    that("iam:AddClientIDToOpenIDConnectProvider", "it decides who can sign in from outside"),
    that("iam:AddUserToGroup", "it gives a user all rights of a group"),
    that("iam:AttachGroupPolicy", "it gives a group the rights of any policy"),
    that("iam:AttachRolePolicy", "it gives a role the rights of any policy"),
    that("iam:AttachUserPolicy", "it gives a user the rights of any policy"),
    that("iam:CreateAccessKey", "it makes credentials of another user"),
    that("iam:CreateLoginProfile", "it makes a password for another user"),
    that("iam:CreatePolicyVersion", "it gives all who have a policy other rights"),
    that("iam:CreateRole", "it makes an identity that anyone it names can take on"),
    that("iam:CreateServiceSpecificCredential", "it makes credentials of another user"),
    that("iam:CreateUser", "it makes an identity that stays"),
    that("iam:DeactivateMFADevice", "it takes the second factor from a user"),
    that("iam:DeleteRolePermissionsBoundary", "it takes away the limit of a role's rights"),
    that("iam:DeleteUserPermissionsBoundary", "it takes away the limit of a user's rights"),
    that("iam:EnableMFADevice", "it gives a user a second factor that another one holds"),
    that("iam:PassRole", "it lets a service act with the rights of a role"),
    that("iam:PutGroupPolicy", "it gives a group any rights"),
    that("iam:PutRolePermissionsBoundary", "it moves the limit of a role's rights"),
    that("iam:PutRolePolicy", "it gives a role any rights"),
    that("iam:PutUserPermissionsBoundary", "it moves the limit of a user's rights"),
    that("iam:PutUserPolicy", "it gives a user any rights"),
    that("iam:ResetServiceSpecificCredential", "it makes credentials of another user"),
    that("iam:SetDefaultPolicyVersion", "it gives all who have a policy the rights of another version"),
    that("iam:UpdateAssumeRolePolicy", "it decides who can take on a role"),
    that("iam:UpdateLoginProfile", "it sets the password of another user"),
    that("iam:UpdateOpenIDConnectProviderThumbprint", "it decides who can sign in from outside"),
    that("iam:UpdateSAMLProvider", "it decides who can sign in from outside"),
    that("iam:UploadSSHPublicKey", "it makes credentials of another user"),
    that("iam:UploadSigningCertificate", "it makes credentials of another user"),
    that("kms:CreateGrant", "it lets others use a key"),
    that("kms:PutKeyPolicy", "it decides who can use a key"),
    that("kms:ScheduleKeyDeletion", "it makes all that a key encrypts unreadable, logs included"),
    that("lambda:AddPermission", "it decides who can call a function"),
    that("lambda:UpdateFunctionCode", "it runs any code with the rights of a function"),
    that("lambda:UpdateFunctionConfiguration", "it can put any code in front of a function, with its rights"),
    that("logs:DeleteLogGroup", "it deletes logs"),
    that("logs:DeleteLogStream", "it deletes logs"),
    that("logs:PutRetentionPolicy", "it can have logs deleted"),
    that("organizations:DetachPolicy", "it takes away a limit of whole accounts"),
    that("organizations:LeaveOrganization", "it takes away all limits that the organization sets"),
    that("organizations:UpdatePolicy", "it moves a limit of whole accounts"),
    that("s3:PutBucketAcl", "it opens a bucket to others"),
    that("s3:PutBucketPolicy", "it decides who can use a bucket"),
    that("s3:PutObjectAcl", "it opens an object to others"),
    that("secretsmanager:PutResourcePolicy", "it opens a secret to others"),
    that("ssm:SendCommand", "it runs any command with the rights of an instance"),
    that("ssm:StartSession", "it opens a shell with the rights of an instance"),
    that("sts:AssumeRole", "it makes credentials of a role"),
    that("sts:GetFederationToken", "it makes credentials that stay when the session ends"),
];

/// All dangerous actions, in the order of the alphabet.
pub fn dangers() -> &'static [Danger] {
    &DANGERS
}

/// What makes `action` dangerous; nothing when it is not. Compared as statements compare actions: without regard to
/// case, so that none passes one and not the other.
pub fn danger(action: &str) -> Option<&'static Danger> {
    let action = action.to_lowercase();
    DANGERS.iter().find(|danger| danger.action.to_lowercase() == action)
}
