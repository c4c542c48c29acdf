//! What the query needs of CloudTrail: a port, so that it is tested against an account in memory, and its one real
//! implementation by capability calls.

use quell_sdk::Error;
use quell_sdk::cloudtrail::events::{EventsPage, LookupAttribute, lookup_events};

use crate::subject::Subject;
use crate::window::Window;

/// The call of the query.
pub trait Trail {
    /// One page of the events of the window, the newest first.
    fn page(&mut self, subject: &Subject, window: &Window, token: Option<&str>) -> Result<EventsPage, Error>;
}

/// CloudTrail, through the host.
pub struct Live;

impl Trail for Live {
    fn page(&mut self, subject: &Subject, window: &Window, token: Option<&str>) -> Result<EventsPage, Error> {
        let attribute = LookupAttribute {
            attribute_key: subject.attribute.name().to_owned(),
            attribute_value: subject.value.clone(),
        };
        lookup_events(&[attribute], Some(&window.start.to_string()), Some(&window.end.to_string()), token)
    }
}
