//! The query: one lookup after the other, page after page, within bounds. Then all of it together, each event once.
//!
//! A lookup that ends with an error keeps what it found. Only if nothing could be looked at at all, the query fails.

use std::collections::BTreeSet;

use quell_sdk::{Detail, Error, Failure};

use crate::Lookup;
use crate::aws::Trail;
use crate::record::{Record, cut};
use crate::subject::Subject;
use crate::window::Window;

/// How many pages a query reads at most: at two a second, it then takes 40 seconds.
const MAX_PAGES: usize = 80;

/// How many bytes of records are read: some fifty instructions for each, of a billion that a plugin has. What is
/// beyond is counted by what the API tells of it. Whoever makes calls decides how long their records are.
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// What was found.
pub struct Found {
    /// The newest first, each once.
    pub records: Vec<Record>,
    pub lookups: Vec<Lookup>,
    /// Whether there is more than was looked at.
    pub truncated: bool,
    /// Whether CloudTrail asked to slow down for so long that the query gave up.
    pub throttled: bool,
    /// How many records were too much to read.
    pub unread: usize,
}

/// Looks everything up, for the `max` newest events.
pub fn query(trail: &mut impl Trail, subjects: &[Subject], window: &Window, max: usize) -> Result<Found, Failure> {
    let mut work =
        Work { trail, window, max, seen: BTreeSet::new(), records: Vec::new(), pages: 0, left: MAX_BYTES, unread: 0 };
    let mut lookups = Vec::new();
    let (mut truncated, mut throttled) = (false, false);
    for subject in subjects {
        let mut lookup = Lookup {
            attribute: subject.attribute,
            value: cut(&subject.value),
            events: 0,
            complete: false,
            error: None,
        };
        if !throttled {
            match work.lookup(subject, &mut lookup.events) {
                Ok(complete) => {
                    lookup.complete = complete;
                    truncated |= !complete;
                }
                Err(error) if work.pages == 0 => {
                    let problem =
                        format!("looking up {} `{}`: {}", subject.attribute.name(), subject.value, error.sentence());
                    return Err(Failure::new(error.kind(), problem));
                }
                Err(error) => {
                    throttled = matches!(error, Error::Throttled(_));
                    lookup.error = Some(format!("{}: {}", error.kind(), cut(&error.sentence())));
                }
            }
        } else {
            lookup.error = Some("throttled: it was not begun, since the one before was throttled".to_owned());
        }
        lookups.push(lookup);
    }
    let Work { mut records, unread, .. } = work;
    records.sort_by(|a, b| (b.time, &b.call.event_id).cmp(&(a.time, &a.call.event_id)));
    truncated |= records.len() > max;
    records.truncate(max);
    Ok(Found { records, lookups, truncated, throttled, unread })
}

struct Work<'a, T> {
    trail: &'a mut T,
    window: &'a Window,
    max: usize,
    /// The ids of the events that were found already.
    seen: BTreeSet<String>,
    records: Vec<Record>,
    pages: usize,
    /// How many more bytes of records are read.
    left: usize,
    unread: usize,
}

impl<T: Trail> Work<'_, T> {
    /// Reads the newest events of a subject; tells whether those are all. `found` counts them, also when it fails.
    fn lookup(&mut self, subject: &Subject, found: &mut usize) -> Result<bool, Error> {
        let mut token: Option<String> = None;
        loop {
            if *found >= self.max || self.pages >= MAX_PAGES {
                return Ok(false);
            }
            let page = self.trail.page(subject, self.window, token.as_deref())?;
            self.pages += 1;
            *found += page.events.len();
            for event in page.events {
                if self.seen.insert(event.event_id.clone()) {
                    let left = self.left.checked_sub(event.cloud_trail_event.len());
                    self.left = left.unwrap_or(self.left);
                    self.unread += usize::from(left.is_none());
                    self.records.push(Record::of(event, left.is_some()));
                }
            }
            match page.next_token {
                None => return Ok(true),
                next if next == token => {
                    return Err(Error::Other(Detail {
                        code: "RepeatedNextToken".to_owned(),
                        message: "the lookup does not end: its next page is the same one again".to_owned(),
                    }));
                }
                next => token = next,
            }
        }
    }
}
