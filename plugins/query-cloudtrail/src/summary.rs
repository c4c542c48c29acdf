//! What is told of the events that were found, so short that a person reads it and a run can keep it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use quell_sdk::Context;

use crate::query::Found;
use crate::record::Record;
use crate::window::{KEPT, Window};
use crate::{Count, Counts, Output};

/// How many values are told of each kind, the most frequent first.
const MAX_COUNTS: usize = 20;

/// How many bytes of JSON all calls that are told may have together: an output has 256 KiB.
const MAX_CALLS: usize = 160 * 1024;

/// How long it may take until CloudTrail has an event.
const DELAY: SignedDuration = SignedDuration::from_mins(15);

/// The output.
pub fn of(found: Found, window: &Window, context: &Context, mut notes: Vec<String>) -> Output {
    let Found { records, lookups, truncated, throttled, unread } = found;
    notes.extend(about(window, context));
    if truncated {
        notes.push(format!("there is more: only the newest {} events were taken", records.len()));
    }
    if throttled {
        notes.push(
            "CloudTrail went on asking to slow down: what had been found by then is here, and more may be missing"
                .to_owned(),
        );
    }
    if unread > 0 {
        let missing = "their addresses, agents and error codes are not told";
        notes.push(format!("{unread} events have records that were too much to read: {missing}"));
    }
    let failed = lookups.iter().filter(|lookup| lookup.error.is_some()).count();
    if failed > 0 {
        notes.push(format!("{failed} of {} lookups did not end: see `lookups`", lookups.len()));
    }
    let counts = |value: fn(&Record) -> Option<&str>| counts(records.iter().filter_map(value));
    let mut output = Output {
        account: context.account.clone(),
        regions: vec![context.region.clone()],
        start_time: window.start.to_string(),
        end_time: window.end.to_string(),
        events: records.len(),
        first_time: records.last().map(|record| record.call.time.clone()),
        last_time: records.first().map(|record| record.call.time.clone()),
        event_names: counts(|record| Some(&record.call.event_name)),
        event_sources: counts(|record| Some(&record.call.event_source)),
        source_ips: counts(|record| record.call.source_ip.as_deref()),
        user_agents: counts(|record| record.user_agent.as_deref()),
        error_codes: counts(|record| record.call.error_code.as_deref()),
        mutating_events: 0,
        mutating: Vec::new(),
        lookups,
        truncated,
        throttled,
        notes,
    };
    let mut left = MAX_CALLS;
    let mut is_full = false;
    for record in records.into_iter().filter(|record| record.is_mutating) {
        output.mutating_events += 1;
        let bytes = serde_json::to_string(&record.call).map_or(usize::MAX, |text| text.len() + 1);
        // The newest ones, without a gap.
        is_full = is_full || bytes > left;
        if !is_full {
            left -= bytes;
            output.mutating.push(record.call);
        }
    }
    if output.mutating.len() < output.mutating_events {
        let told = output.mutating.len();
        output.notes.push(format!("of {} mutating calls, the newest {told} are told", output.mutating_events));
    }
    output
}

/// What is not in the events, however many there are.
fn about(window: &Window, context: &Context) -> Vec<String> {
    let region = &context.region;
    let global = match region {
        region if region.starts_with("cn-") => "cn-north-1",
        region if region.starts_with("us-gov-") => "us-gov-west-1",
        _ => "us-east-1",
    };
    let mut notes = vec![if region == global {
        format!(
            "only `{region}` was looked at, which also has what IAM and other global services did; other regions were not"
        )
    } else {
        let services = "what IAM, and STS at its global endpoint, did is recorded in";
        format!(
            "only `{region}` was looked at: {services} `{global}` alone, and other regions were not looked at either"
        )
    }];
    notes.push("management events only: calls on data, such as reading objects of S3, are not among them".to_owned());
    if window.end.duration_since(window.now).abs() < DELAY || window.end > window.now {
        notes.push("it takes CloudTrail up to some 15 minutes to have an event: the newest may be missing".to_owned());
    }
    if window.now.duration_since(window.start) > KEPT {
        notes.push("CloudTrail keeps 90 days: what is older cannot be looked up".to_owned());
    }
    notes
}

/// How often each value is there, the most frequent first.
fn counts<'v>(values: impl Iterator<Item = &'v str>) -> Counts {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        *counted.entry(value).or_default() += 1;
    }
    let distinct = counted.len();
    let mut top: Vec<Count> =
        counted.into_iter().map(|(value, count)| Count { value: value.to_owned(), count }).collect();
    top.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    top.truncate(MAX_COUNTS);
    Counts { distinct, top }
}
