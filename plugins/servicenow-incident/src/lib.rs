//! Opens an incident in ServiceNow, once for a correlation id.
//!
//! What is asked and sent is in `ticket`, what the answers mean in `answer`, and `open` does the one thing after the other;
//! `table` is what it needs of HTTP. Who is told of the ticket is the workflow's to say.

mod answer;
mod open;
mod table;
mod ticket;

use quell_sdk::{Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};

/// The plugin.
struct ServicenowIncident;

quell_sdk::export!(ServicenowIncident);

/// The incident that there has to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// The URL of the instance, for example `https://acme.service-now.com`.
    url: String,
    /// How severe it is; `impact` and `urgency` follow from it, and the priority from both.
    severity: Severity,
    /// What happened, in one line. What is beyond 160 characters is cut off visibly.
    short_description: String,
    /// What happened, in full. What is beyond 4,000 characters is cut off visibly.
    description: String,
    /// What makes it one incident, for example the id of the run: 1 to 100 letters, digits and `-._:/+=@#`.
    correlation_id: String,
    /// Which system the correlation id is of.
    #[serde(default = "default_correlation_display")]
    correlation_display: String,
    /// The category: a value of the instance's list.
    category: Option<String>,
    /// The group that it is assigned to: its name or its `sys_id`.
    assignment_group: Option<String>,
    /// Who has the problem: a user name or a `sys_id`.
    caller_id: Option<String>,
    /// The `Authorization` header. `${secret:name}` in it is the value of that secret: for `Basic`, user and password with a
    /// colon between them, in base64.
    #[serde(default = "default_authorization")]
    #[schemars(extend("x-quell-secrets" = true))]
    authorization: String,
}

fn default_correlation_display() -> String {
    "Quell".to_owned()
}

fn default_authorization() -> String {
    "Basic ${secret:servicenow}".to_owned()
}

/// How severe it is, and which impact and urgency that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(crate = "quell_sdk::schemars")]
enum Severity {
    /// 1 and 1: priority 1, unless the instance says otherwise.
    Critical,
    /// 2 and 1: priority 2.
    High,
    /// 2 and 2: priority 3.
    Medium,
    /// 3 and 2: priority 4.
    Low,
    /// 3 and 3: priority 5.
    Informational,
}

/// The incident that there is.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// Its number, for example `INC0010001`.
    number: String,
    /// Its id in the table.
    sys_id: String,
    /// Whether this run opened it; otherwise it was there already.
    created: bool,
    /// Its state, as the number that the instance has for it: 1 is new. Null where the user may not read it.
    state: Option<String>,
    /// The page of the incident.
    link: String,
}

impl Plugin for ServicenowIncident {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        open::open(&mut table::Live, &input, &quell_sdk::context())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authorization_alone_takes_secrets() {
        let description = quell_sdk::describe::<ServicenowIncident>("servicenow-incident", "0.1.0", "");
        let schema: serde_json::Value = serde_json::from_str(&description.input_schema).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        let marked: Vec<&String> =
            fields.iter().filter(|(_, field)| field["x-quell-secrets"] == true).map(|(name, _)| name).collect();
        assert_eq!(marked, ["authorization"]);
        assert_eq!(fields["authorization"]["default"], "Basic ${secret:servicenow}");
        let required = serde_json::json!(["url", "severity", "short_description", "description", "correlation_id"]);
        assert_eq!(schema["required"], required);
    }

    #[test]
    fn the_readme_shows_the_grant() {
        assert!(include_str!("../README.md").contains(include_str!("../grant.json")));
    }
}
