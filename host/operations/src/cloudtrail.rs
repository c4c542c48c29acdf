//! AWS CloudTrail: what was done in the account. How much of it fits into a page is decided in `bound`.

mod bound;

use async_trait::async_trait;
use aws_sdk_cloudtrail::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudtrail::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudtrail::{Client, types};
use capability::{Access, Effect, Fault, FaultKind, Marker, Spec};
use serde::{Deserialize, Serialize};

use self::bound::bound;
use crate::check::{invalid, quoted};
use crate::client::Aws;
use crate::fault;
use crate::operation::{AwsOperation, Entry};

/// The operations of CloudTrail.
pub(crate) const OPERATIONS: &[Entry] = &[Entry::of::<LookupEvents>()];

/// How many events a page has at most, which is also what CloudTrail gives at most
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>).
const PAGE: i32 = 50;
/// What events can be looked up by, and the longest value, in characters
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html>).
const KEYS: [&str; 8] =
    ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];
const VALUE: usize = 2000;

/// The codes of CloudTrail.
fn kind(code: &str) -> Option<FaultKind> {
    Some(match code {
        "OperationNotPermittedException" => FaultKind::AccessDenied,
        _ if code.starts_with("Invalid") => FaultKind::Invalid,
        _ => return None,
    })
}

fn cloudtrail_fault<E>(error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fault::fault(error, kind)
}

/// LookupEvents: one page of the management events of the last 90 days.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct LookupEvents {
    lookup_attributes: Vec<LookupAttribute>,
    start_time: Option<String>,
    end_time: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct LookupAttribute {
    attribute_key: String,
    attribute_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct EventsPage {
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    event_id: String,
    event_name: String,
    event_source: String,
    event_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<String>,
    resources: Vec<EventResource>,
    cloud_trail_event: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct EventResource {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
}

impl From<types::Event> for Event {
    fn from(event: types::Event) -> Event {
        let resource = |resource: types::Resource| EventResource {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
        };
        Event {
            event_id: event.event_id.unwrap_or_default(),
            event_name: event.event_name.unwrap_or_default(),
            event_source: event.event_source.unwrap_or_default(),
            event_time: event.event_time.map(|time| time.to_string()).unwrap_or_default(),
            username: event.username,
            access_key_id: event.access_key_id,
            read_only: event.read_only,
            resources: event.resources.unwrap_or_default().into_iter().map(resource).collect(),
            cloud_trail_event: event.cloud_trail_event.unwrap_or_default(),
        }
    }
}

impl LookupAttribute {
    fn check(&self) -> Result<(), Fault> {
        if !KEYS.contains(&self.attribute_key.as_str()) {
            let known = KEYS.join("`, `");
            return Err(invalid(format!("{} is no `attribute-key`: give `{known}`", quoted(&self.attribute_key))));
        }
        match (1..=VALUE).contains(&self.attribute_value.chars().count()) {
            true => Ok(()),
            false => Err(invalid(format!("`attribute-value` must have 1 to {VALUE} characters"))),
        }
    }

    fn to_sdk(&self) -> Result<types::LookupAttribute, BuildError> {
        types::LookupAttribute::builder()
            .attribute_key(self.attribute_key.as_str().into())
            .attribute_value(&self.attribute_value)
            .build()
    }
}

impl LookupEvents {
    fn start(&self) -> Result<Option<DateTime>, Fault> {
        self.start_time.as_deref().map(|text| time("start-time", text)).transpose()
    }

    fn end(&self) -> Result<Option<DateTime>, Fault> {
        self.end_time.as_deref().map(|text| time("end-time", text)).transpose()
    }
}

fn time(name: &str, text: &str) -> Result<DateTime, Fault> {
    DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).map_err(|_| {
        invalid(format!(
            "`{name}` is a time as RFC 3339 has it, such as `2026-01-31T12:00:00Z`, and not {}",
            quoted(text)
        ))
    })
}

#[async_trait]
impl AwsOperation for LookupEvents {
    const SPEC: &'static Spec = &Spec {
        function: "quell:cloudtrail/events@0.1.0#lookup-events",
        action: "cloudtrail:LookupEvents",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = EventsPage;

    fn check(&self) -> Result<(), Fault> {
        if self.lookup_attributes.len() > 1 {
            return Err(invalid("CloudTrail looks events up by one of the `lookup-attributes` at most"));
        }
        self.lookup_attributes.iter().try_for_each(LookupAttribute::check)?;
        match (self.start()?, self.end()?) {
            (Some(start), Some(end)) if start > end => Err(invalid("`start-time` is after `end-time`")),
            _ => Ok(()),
        }
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<EventsPage, Fault> {
        let attributes: Result<Vec<_>, _> = self.lookup_attributes.iter().map(LookupAttribute::to_sdk).collect();
        let attributes = attributes.map_err(|error| invalid(error.to_string()))?;
        let request = aws
            .client(Client::new)
            .lookup_events()
            .set_lookup_attributes(Some(attributes).filter(|attributes| !attributes.is_empty()))
            .set_start_time(self.start()?)
            .set_end_time(self.end()?)
            .max_results(PAGE)
            .set_next_token(self.next_token.clone());
        let reply = request.send().await.map_err(cloudtrail_fault)?;
        let mut events: Vec<Event> = reply.events.unwrap_or_default().into_iter().map(Event::from).collect();
        bound(&mut events.iter_mut().map(|event| &mut event.cloud_trail_event).collect::<Vec<_>>());
        Ok(EventsPage { events, next_token: reply.next_token })
    }
}
