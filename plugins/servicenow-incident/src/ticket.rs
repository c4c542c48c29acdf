//! What ServiceNow is asked and sent: the table API of `incident` (ServiceNow, Table API reference).

use quell_sdk::{Context, Failure};
use serde_json::{Map, Value};

use crate::{Input, Severity};

/// The lengths of the columns, in characters: ServiceNow cuts off what is longer, and says nothing.
const MAX_SHORT_DESCRIPTION: usize = 160;
const MAX_DESCRIPTION: usize = 4000;
const MAX_CORRELATION: usize = 100;
const MAX_OTHER: usize = 100;

/// What marks a text that was cut off.
const CUT: &str = "… [cut off]";

/// What a correlation id may hold beside letters and digits: nothing that means something in an encoded query, as `^` does,
/// and no white space, which ServiceNow trims.
const IN_CORRELATION: &str = "-._:/+=@#";

/// A value that begins like this is a script to ServiceNow, which runs it.
const SCRIPT: &str = "javascript:";

/// What is asked of an incident. Its correlation id is asked back: where ServiceNow does not know a field of a query, or the
/// user may not use it, it passes over that part and answers with any incident.
const FIELDS: &str = "number,sys_id,state,correlation_id";

/// An incident as it is to be.
pub struct Ticket {
    /// The URL of the instance, without a path.
    base: String,
    /// Its correlation id.
    correlation_id: String,
    /// The columns.
    pub fields: Value,
}

impl Ticket {
    /// The incident of this input, opened by this step.
    pub fn of(input: &Input, context: &Context) -> Result<Self, Failure> {
        check_correlation(&input.correlation_id)?;
        let short_description = no_script(one_line(&input.short_description));
        if short_description.is_empty() {
            return Err(invalid("`short_description` is empty"));
        }
        if input.authorization.is_empty() || !input.authorization.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(invalid("`authorization` is empty, or has characters that no header has"));
        }
        let (impact, urgency) = weight(input.severity);
        let mut fields = Map::new();
        let mut set = |name: &str, value: String| {
            fields.insert(name.to_owned(), Value::String(value));
        };
        set("short_description", cut(&short_description, MAX_SHORT_DESCRIPTION));
        set("description", description(&input.description, context));
        set("impact", impact.to_owned());
        set("urgency", urgency.to_owned());
        set("correlation_id", input.correlation_id.clone());
        set("correlation_display", cut(&no_script(one_line(&input.correlation_display)), MAX_OTHER));
        for (name, value) in [
            ("category", &input.category),
            ("assignment_group", &input.assignment_group),
            ("caller_id", &input.caller_id),
        ] {
            if let Some(value) = value {
                set(name, named(name, value)?);
            }
        }
        Ok(Self {
            base: base(&input.url)?,
            correlation_id: input.correlation_id.clone(),
            fields: Value::Object(fields),
        })
    }

    /// Where incidents are made.
    pub fn table(&self) -> String {
        format!("{}/api/now/table/incident", self.base)
    }

    /// Which incident has the correlation id: the first one, if there are several.
    pub fn question(&self) -> String {
        let query = encoded(&format!("correlation_id={}^ORDERBYsys_created_on", self.correlation_id));
        let fields = encoded(FIELDS);
        format!("{}?sysparm_query={query}&sysparm_limit=1&sysparm_fields={fields}", self.table())
    }

    /// The page of an incident.
    pub fn link(&self, sys_id: &str) -> String {
        format!("{}/incident.do?sys_id={}", self.base, encoded(sys_id))
    }
}

/// The impact and urgency of a severity. With ServiceNow's own table of priorities they come to 1, 2, 3, 4 and 5.
fn weight(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("1", "1"),
        Severity::High => ("2", "1"),
        Severity::Medium => ("2", "2"),
        Severity::Low => ("3", "2"),
        Severity::Informational => ("3", "3"),
    }
}

fn check_correlation(id: &str) -> Result<(), Failure> {
    if id.is_empty() || id.len() > MAX_CORRELATION {
        let problem = format!("`correlation_id` has {} bytes, ServiceNow takes 1 to {MAX_CORRELATION}", id.len());
        return Err(invalid(problem));
    }
    if let Some(odd) =
        id.chars().find(|character| !character.is_ascii_alphanumeric() && !IN_CORRELATION.contains(*character))
    {
        return Err(invalid(format!(
            "`correlation_id` has a {odd:?}: only letters, digits and `{IN_CORRELATION}` are safe in a query"
        )));
    }
    if id.get(..SCRIPT.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SCRIPT)) {
        return Err(invalid(format!("`correlation_id` begins with `{SCRIPT}`, which ServiceNow would run")));
    }
    Ok(())
}

/// The URL of the instance, as others begin with it: a host and nothing behind it.
fn base(url: &str) -> Result<String, Failure> {
    let host = url.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let is_host = |host: &&str| {
        !host.is_empty()
            && host.chars().all(|character| character.is_ascii_alphanumeric() || ".-:[]".contains(character))
    };
    match host.filter(is_host) {
        Some(host) => Ok(format!("https://{}", host.to_ascii_lowercase())),
        None => Err(invalid(
            "`url` is not the URL of an instance: write it like `https://acme.service-now.com`, without a path",
        )),
    }
}

/// A value that ServiceNow looks up. It is not cut off: that would be another one.
fn named(name: &str, value: &str) -> Result<String, Failure> {
    let value = one_line(value);
    let length = value.chars().count();
    if length == 0 || length > MAX_OTHER {
        return Err(invalid(format!("`{name}` has {length} characters: it is 1 to {MAX_OTHER}, or left out")));
    }
    if value.get(..SCRIPT.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SCRIPT)) {
        return Err(invalid(format!("`{name}` begins with `{SCRIPT}`, which ServiceNow would run")));
    }
    Ok(value)
}

/// The description, and where it comes from, which is never cut off.
fn description(text: &str, context: &Context) -> String {
    let Context { run, step, account, region, .. } = context;
    let from = format!("Opened by Quell: run {run}, step {step}, account {account}, {region}.");
    let text: String =
        text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect();
    let text = no_script(quell_sdk::without_secrets(text.trim()));
    if text.is_empty() {
        return from;
    }
    let left = MAX_DESCRIPTION.saturating_sub(from.chars().count() + 2);
    format!("{}\n\n{from}", cut(&text, left))
}

/// The same text of others, which ServiceNow does not run: a blank stands before the colon where it begins as a script.
/// What stands before that and is no letter or digit counts as nothing, since ServiceNow may trim it.
fn no_script(text: String) -> String {
    let begin = text.trim_start_matches(|character: char| !character.is_alphanumeric());
    match begin.get(..SCRIPT.len()) {
        Some(script) if script.eq_ignore_ascii_case(SCRIPT) => {
            let colon = text.len() - begin.len() + SCRIPT.len() - 1;
            let (before, after) = text.split_at(colon);
            format!("{before} {after}")
        }
        _ => text,
    }
}

fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    quell_sdk::without_secrets(&words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(CUT.chars().count() + 1)).collect();
    format!("{} {CUT}", kept.trim_end())
}

/// Percent-encoded but for what RFC 3986 calls unreserved.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn invalid(problem: impl Into<String>) -> Failure {
    Failure::new(Failure::INVALID_INPUT, problem)
}
