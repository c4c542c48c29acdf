//! What CloudTrail says of who made a call: whether it was this installation.
//!
//! A role that the host alone assumes is proof. Without one, the host acts with credentials whose name it does not know,
//! and what is left is the name that it gives itself, which others may give themselves too.

use serde_json::Value;

use crate::account::Account;
use crate::client::NAME;

/// Whether the record of an API call says that the host made it, with the credentials of this account.
pub(crate) fn is_own(record: &Value, account: &Account) -> bool {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str);
    match &account.role_arn {
        Some(role) => {
            let session = text("/userIdentity/arn").and_then(|arn| arn.rsplit('/').next());
            text("/userIdentity/sessionContext/sessionIssuer/arn") == Some(role) && session == Some(NAME)
        }
        None => {
            let agent = text("/userAgent").unwrap_or_default();
            agent.split([' ', '[', ']']).any(|part| part.strip_prefix("app/") == Some(NAME))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_proof_and_a_name_is_what_is_left() {
        let role = "arn:aws:iam::123456789012:role/quell-acts";
        let record = |issuer: &str, session: &str, agent: &str| {
            json!({
                "userIdentity": {
                    "arn": format!("arn:aws:sts::123456789012:assumed-role/quell-acts/{session}"),
                    "sessionContext": { "sessionIssuer": { "arn": issuer } },
                },
                "userAgent": agent,
            })
        };
        let check = |record: &Value, role: Option<&str>, expected: bool| {
            let account = Account { role_arn: role.map(Into::into), ..Account::default() };
            assert_eq!(is_own(record, &account), expected, "{record} {role:?}");
        };
        let agent = "[aws-sdk-rust/1.3.9 os/linux lang/rust/1.90.0 app/quell]";
        check(&record(role, "quell", ""), Some(role), true);
        check(&record(role, "alice", agent), Some(role), false);
        check(&record("arn:aws:iam::123456789012:role/other", "quell", agent), Some(role), false);
        check(&record(role, "quell", agent), None, true);
        check(&record(role, "quell", "aws-cli/2 app/quellish"), None, false);
        check(&json!({}), None, false);
        check(&json!({}), Some(role), false);
    }
}
