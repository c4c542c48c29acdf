//! Looks up in CloudTrail what was done with credentials and to resources, and sums it up.
//!
//! What is looked up is in `subject`, which time is looked at in `window`, what is kept of an event in `record`: all pure.
//! `query` asks CloudTrail within bounds, `summary` tells what was found; `aws` is what the query needs of CloudTrail.

mod aws;
mod query;
mod record;
mod subject;
mod summary;
mod window;

use quell_sdk::finding::Finding;
use quell_sdk::members::Members;
use quell_sdk::{Context, Failure, JsonSchema, Plugin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Trail;
use crate::subject::{Attribute, MAX_SUBJECTS};
use crate::window::Window;

/// The plugin.
struct QueryCloudtrail;

quell_sdk::export!(QueryCloudtrail);

/// How many events can be asked for.
const MAX_EVENTS: usize = 1000;

/// What is looked up, and how far back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "quell_sdk::schemars")]
struct Input {
    /// A finding of GuardDuty or Security Hub: the `detail` of its event, or the finding as the API returns it. The keys,
    /// users and sessions, instances and buckets that it names are looked up.
    #[schemars(with = "Option<Members>")]
    finding: Option<Value>,
    /// An access key that signed calls.
    access_key_id: Option<String>,
    /// The name of a user, or of a session of a role, who made calls.
    user_name: Option<String>,
    /// The name or id of a resource that calls were about.
    resource_name: Option<String>,
    /// How long before `until`: a whole number and `s`, `m`, `h` or `d`, or ISO 8601, at most 90 days.
    #[serde(default = "default_lookback")]
    lookback: String,
    /// Until when: RFC 3339. Default: now.
    until: Option<String>,
    /// How many events are taken at most, the newest ones.
    #[serde(default = "default_max_events")]
    #[schemars(range(min = 1, max = 1000))]
    max_events: usize,
}

fn default_lookback() -> String {
    "24h".to_owned()
}

fn default_max_events() -> usize {
    500
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The account that was looked at.
    account: String,
    /// The regions that were looked at: that of the run.
    regions: Vec<String>,
    /// From when: RFC 3339.
    start_time: String,
    /// Until when: RFC 3339.
    end_time: String,
    /// How many events there are, each counted once.
    events: usize,
    /// The time of the oldest of them.
    first_time: Option<String>,
    /// The time of the newest of them.
    last_time: Option<String>,
    /// The actions, for example `RunInstances`.
    event_names: Counts,
    /// The services, for example `ec2.amazonaws.com`.
    event_sources: Counts,
    /// Where the calls came from: addresses, or names of services.
    source_ips: Counts,
    /// What the calls were made with.
    user_agents: Counts,
    /// How calls failed. Those that did not are not counted.
    error_codes: Counts,
    /// How many of the events changed something, or tried to.
    mutating_events: usize,
    /// Those, the newest first, as many as there is room for.
    mutating: Vec<Call>,
    /// What was looked up.
    lookups: Vec<Lookup>,
    /// Whether there are more events than were taken.
    truncated: bool,
    /// Whether the query gave up because CloudTrail went on asking to slow down.
    throttled: bool,
    /// What this does not cover, for people.
    notes: Vec<String>,
}

/// How often each value is there.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Counts {
    /// How many different values there are.
    distinct: usize,
    /// The most frequent ones, at most 20.
    top: Vec<Count>,
}

/// How often a value is there.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Count {
    /// The value. Long texts are cut.
    value: String,
    /// How often.
    count: usize,
}

/// A call, in short. Long texts are cut.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Call {
    /// When it was: RFC 3339.
    time: String,
    /// The id of the event.
    event_id: String,
    /// The action.
    event_name: String,
    /// The service.
    event_source: String,
    /// Who made it: the name of a user, or of the session of a role.
    user_name: Option<String>,
    /// The access key that signed it.
    access_key_id: Option<String>,
    /// Where it came from.
    source_ip: Option<String>,
    /// How it failed; null if it did not.
    error_code: Option<String>,
    /// What it was about, at most five.
    resources: Vec<String>,
}

/// One lookup.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Lookup {
    /// What events were looked up by.
    attribute: Attribute,
    /// Its value.
    value: String,
    /// How many events it found. Several lookups may find the same.
    events: usize,
    /// Whether those are all.
    complete: bool,
    /// Why it did not end.
    error: Option<String>,
}

impl Plugin for QueryCloudtrail {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        run(&mut aws::Live, &input, &quell_sdk::context())
    }
}

fn run(trail: &mut impl Trail, input: &Input, context: &Context) -> Result<Output, Failure> {
    if !(1..=MAX_EVENTS).contains(&input.max_events) {
        let problem = format!("`max_events` is {}, and has to be between 1 and {MAX_EVENTS}", input.max_events);
        return Err(Failure::new(Failure::INVALID_INPUT, problem));
    }
    let finding = input.finding.as_ref().map(Finding::read).transpose()?;
    if let Some(finding) = finding {
        finding.must_be_of(&context.account)?;
    }
    let window = Window::new(&input.lookback, input.until.as_deref(), &context.time)?;
    let mut subjects = subject::of(input, finding.as_ref())?;
    let mut notes = Vec::new();
    if subjects.is_empty() {
        notes.push("the finding names no credentials, instance or bucket: nothing was looked up".to_owned());
    }
    if let Some(region) = finding.and_then(|finding| finding.region()).filter(|region| *region != context.region) {
        notes.push(format!("the finding is about region `{region}`, which was not looked at"));
    }
    if subjects.len() > MAX_SUBJECTS {
        notes.push(format!("of {} things to look up, the first {MAX_SUBJECTS} were", subjects.len()));
        subjects.truncate(MAX_SUBJECTS);
    }
    let found = query::query(trail, &subjects, &window, input.max_events)?;
    let output = summary::of(found, &window, context, notes);
    quell_sdk::info!("{} events, {} of them mutating", output.events, output.mutating_events);
    Ok(output)
}

#[cfg(test)]
mod tests;
