//! The rows of IAM.

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::{Value, json};

use super::Row;

/// All of them.
pub fn rows() -> Vec<Row> {
    vec![
        get_user(),
        list_access_keys(),
        get_access_key_last_used(),
        update_access_key(),
        list_user_policies(),
        get_user_policy(),
        put_user_policy(),
        delete_user_policy(),
        get_role(),
        list_role_policies(),
        get_role_policy(),
        put_role_policy(),
        delete_role_policy(),
        get_instance_profile(),
    ]
}

const USER: &str = "arn:aws:iam::123456789012:user/bob";
const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-01-02T03:04:05Z"}}}]}"#;

/// A read that answers what `output` says.
fn read(function: &'static str, action: &'static str, access: Access, resource: &'static str) -> Row {
    Row {
        function,
        action,
        access,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({}),
        touches: vec![(action, resource)],
        compared: vec![],
        sent: vec![("Action", action.split_once(':').unwrap().1)],
        reply: "",
        output: json!({}),
        faults: vec![(404, "NoSuchEntity", FaultKind::NotFound)],
    }
}

/// A write that answers nothing.
fn write(function: &'static str, action: &'static str, resource: &'static str) -> Row {
    let mut row = read(function, action, Access::PermissionsManagement, resource);
    row.effect = Effect::Write;
    row.settlement = Some(Settlement::Compare);
    row.reply = "<Response><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></Response>";
    row.faults.extend([
        (409, "EntityTemporarilyUnmodifiable", FaultKind::Conflict),
        (409, "LimitExceeded", FaultKind::Conflict),
        (400, "MalformedPolicyDocument", FaultKind::Invalid),
    ]);
    row
}

fn get_user() -> Row {
    let mut row = read("quell:iam/users@0.1.0#get-user", "iam:GetUser", Access::Read, USER);
    row.arguments = json!({ "user-name": "bob" });
    row.sent.push(("UserName", "bob"));
    row.reply =
        "<GetUserResponse><GetUserResult><User><Path>/division/</Path><UserName>bob</UserName><UserId>AIDA7</UserId>
        <Arn>arn:aws:iam::123456789012:user/division/bob</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate>
        <Tags><member><Key>team</Key><Value>red</Value></member></Tags></User></GetUserResult></GetUserResponse>";
    row.output = json!({
        "user-name": "bob",
        "user-id": "AIDA7",
        "arn": "arn:aws:iam::123456789012:user/division/bob",
        "path": "/division/",
        "create-date": "2026-01-02T03:04:05Z",
    });
    row
}

fn list_access_keys() -> Row {
    let mut row = read("quell:iam/access-keys@0.1.0#list-access-keys", "iam:ListAccessKeys", Access::List, USER);
    row.arguments = json!({ "user-name": "bob", "marker": "m" });
    row.sent.extend([("UserName", "bob"), ("Marker", "m")]);
    row.reply = "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>true</IsTruncated><Marker>n</Marker>
        <AccessKeyMetadata><member><UserName>bob</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>
        <Status>Inactive</Status><CreateDate>2026-01-02T03:04:05Z</CreateDate></member></AccessKeyMetadata>
        </ListAccessKeysResult></ListAccessKeysResponse>";
    row.output = json!({
        "access-key-metadata": [{
            "access-key-id": "AKIAIOSFODNN7EXAMPLE",
            "user-name": "bob",
            "status": "Inactive",
            "create-date": "2026-01-02T03:04:05Z",
        }],
        "marker": "n",
    });
    row
}

fn get_access_key_last_used() -> Row {
    let mut row = read(
        "quell:iam/access-keys@0.1.0#get-access-key-last-used",
        "iam:GetAccessKeyLastUsed",
        Access::Read,
        "arn:aws:iam::123456789012:user/*",
    );
    row.arguments = json!({ "access-key-id": "AKIAIOSFODNN7EXAMPLE" });
    row.sent.push(("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"));
    row.reply = "<GetAccessKeyLastUsedResponse><GetAccessKeyLastUsedResult><UserName>bob</UserName><AccessKeyLastUsed>
        <LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate><ServiceName>s3</ServiceName><Region>eu-central-1</Region>
        </AccessKeyLastUsed></GetAccessKeyLastUsedResult></GetAccessKeyLastUsedResponse>";
    row.output = json!({
        "user-name": "bob",
        "last-used-date": "2026-01-02T03:04:05Z",
        "service-name": "s3",
        "region": "eu-central-1",
    });
    row
}

fn update_access_key() -> Row {
    let mut row = write("quell:iam/access-keys@0.1.0#update-access-key", "iam:UpdateAccessKey", USER);
    row.arguments = json!({ "user-name": "bob", "access-key-id": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive" });
    row.compared = vec![("status", vec!["Inactive"])];
    row.sent.extend([("UserName", "bob"), ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"), ("Status", "Inactive")]);
    row
}

fn policies(mut row: Row, entity: &'static str, name: &'static str) -> Row {
    let key = if entity == "UserName" { "user-name" } else { "role-name" };
    row.arguments = json!({ (key): name });
    row.sent.push((entity, name));
    row
}

fn one_policy(row: Row, entity: &'static str, name: &'static str) -> Row {
    let mut row = policies(row, entity, name);
    row.arguments["policy-name"] = json!("revoke");
    row.sent.push(("PolicyName", "revoke"));
    row
}

fn put(row: Row, entity: &'static str, name: &'static str) -> Row {
    let mut row = one_policy(row, entity, name);
    row.arguments["policy-document"] = json!(POLICY);
    row.sent.push(("PolicyDocument", POLICY));
    row.compared = vec![("policy-name", vec!["revoke"]), ("policy-effect", vec!["Deny"])];
    row
}

fn list_user_policies() -> Row {
    let function = "quell:iam/user-policies@0.1.0#list-user-policies";
    let mut row = policies(read(function, "iam:ListUserPolicies", Access::List, USER), "UserName", "bob");
    row.arguments["marker"] = json!("m");
    row.sent.push(("Marker", "m"));
    row.reply = "<ListUserPoliciesResponse><ListUserPoliciesResult><PolicyNames><member>a</member><member>b</member>
        </PolicyNames><IsTruncated>true</IsTruncated><Marker>n</Marker></ListUserPoliciesResult></ListUserPoliciesResponse>";
    row.output = json!({ "policy-names": ["a", "b"], "marker": "n" });
    row
}

/// A policy as a plugin is answered it, of a row whose reply has it encoded.
fn answered(key: &str, name: &str) -> Value {
    json!({ (key): name, "policy-name": "revoke", "policy-document": "{\"Statement\": [\"a+b%\"]}" })
}

fn get_user_policy() -> Row {
    let function = "quell:iam/user-policies@0.1.0#get-user-policy";
    let mut row = one_policy(read(function, "iam:GetUserPolicy", Access::Read, USER), "UserName", "bob");
    row.reply = "<GetUserPolicyResponse><GetUserPolicyResult><UserName>bob</UserName><PolicyName>revoke</PolicyName>
        <PolicyDocument>%7B%22Statement%22%3A%20%5B%22a+b%25%22%5D%7D</PolicyDocument></GetUserPolicyResult>
        </GetUserPolicyResponse>";
    row.output = answered("user-name", "bob");
    row
}

fn put_user_policy() -> Row {
    let function = "quell:iam/user-policies@0.1.0#put-user-policy";
    put(write(function, "iam:PutUserPolicy", USER), "UserName", "bob")
}

fn delete_user_policy() -> Row {
    let function = "quell:iam/user-policies@0.1.0#delete-user-policy";
    let mut row = one_policy(write(function, "iam:DeleteUserPolicy", USER), "UserName", "bob");
    row.compared = vec![("policy-name", vec!["revoke"])];
    row
}

fn get_role() -> Row {
    let mut row = read("quell:iam/roles@0.1.0#get-role", "iam:GetRole", Access::Read, ROLE);
    row.arguments = json!({ "role-name": "app" });
    row.sent.push(("RoleName", "app"));
    row.reply =
        "<GetRoleResponse><GetRoleResult><Role><Path>/service/</Path><RoleName>app</RoleName><RoleId>AROA7</RoleId>
        <Arn>arn:aws:iam::123456789012:role/service/app</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate>
        <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>
        <Tags><member><Key>team</Key><Value>red</Value></member></Tags></Role></GetRoleResult></GetRoleResponse>";
    row.output = json!({
        "role-name": "app",
        "role-id": "AROA7",
        "arn": "arn:aws:iam::123456789012:role/service/app",
        "path": "/service/",
        "create-date": "2026-01-02T03:04:05Z",
    });
    row
}

fn list_role_policies() -> Row {
    let function = "quell:iam/role-policies@0.1.0#list-role-policies";
    let mut row = policies(read(function, "iam:ListRolePolicies", Access::List, ROLE), "RoleName", "app");
    row.reply = "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames><member>a</member></PolicyNames>
        <IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>";
    row.output = json!({ "policy-names": ["a"] });
    row
}

fn get_role_policy() -> Row {
    let function = "quell:iam/role-policies@0.1.0#get-role-policy";
    let mut row = one_policy(read(function, "iam:GetRolePolicy", Access::Read, ROLE), "RoleName", "app");
    row.reply = "<GetRolePolicyResponse><GetRolePolicyResult><RoleName>app</RoleName><PolicyName>revoke</PolicyName>
        <PolicyDocument>%7B%22Statement%22%3A%20%5B%22a+b%25%22%5D%7D</PolicyDocument></GetRolePolicyResult>
        </GetRolePolicyResponse>";
    row.output = answered("role-name", "app");
    row
}

fn put_role_policy() -> Row {
    let function = "quell:iam/role-policies@0.1.0#put-role-policy";
    let mut row = put(write(function, "iam:PutRolePolicy", ROLE), "RoleName", "app");
    row.faults.push((400, "UnmodifiableEntity", FaultKind::Conflict));
    row
}

fn delete_role_policy() -> Row {
    let function = "quell:iam/role-policies@0.1.0#delete-role-policy";
    let mut row = one_policy(write(function, "iam:DeleteRolePolicy", ROLE), "RoleName", "app");
    row.compared = vec![("policy-name", vec!["revoke"])];
    row
}

fn get_instance_profile() -> Row {
    let mut row = read(
        "quell:iam/instance-profiles@0.1.0#get-instance-profile",
        "iam:GetInstanceProfile",
        Access::Read,
        "arn:aws:iam::123456789012:instance-profile/web",
    );
    row.arguments = json!({ "instance-profile-name": "web" });
    row.sent.push(("InstanceProfileName", "web"));
    row.reply = "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Path>/p/</Path>
        <InstanceProfileName>web</InstanceProfileName><InstanceProfileId>AIPA7</InstanceProfileId>
        <Arn>arn:aws:iam::123456789012:instance-profile/p/web</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate>
        <Roles><member><Path>/</Path><RoleName>app</RoleName><RoleId>AROA7</RoleId>
        <Arn>arn:aws:iam::123456789012:role/app</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate></member></Roles>
        <Tags><member><Key>team</Key><Value>red</Value></member></Tags></InstanceProfile></GetInstanceProfileResult>
        </GetInstanceProfileResponse>";
    row.output = json!({
        "instance-profile-name": "web",
        "arn": "arn:aws:iam::123456789012:instance-profile/p/web",
        "roles": [{
            "role-name": "app",
            "role-id": "AROA7",
            "arn": "arn:aws:iam::123456789012:role/app",
            "path": "/",
            "create-date": "2026-01-02T03:04:05Z",
        }],
    });
    row
}
