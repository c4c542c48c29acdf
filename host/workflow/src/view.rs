//! An event as patterns see it: the event itself, without a copy, and what differs from it.
//!
//! - Of an event that is split, each part has one item in place of the list, and an id of its own.
//! - A finding of Security Hub has its control in `Compliance.SecurityControlId`, also where Security Hub left that out.

use serde_json::{Map, Value};

use crate::control;

/// The source of Security Hub's events.
const SECURITY_HUB: &str = "aws.securityhub";

/// An object of an event.
#[derive(Clone, Copy)]
pub(crate) struct ObjectView<'e> {
    fields: &'e Map<String, Value>,
    place: Place<'e>,
}

/// A value of an event.
pub(crate) enum ValueView<'e> {
    /// One that is there.
    There(&'e Value, Place<'e>),
    /// A list of one item of the list that is there.
    Item(&'e Value, Place<'e>),
    /// One that is not there.
    Made(Value),
}

/// Where in an event a value is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place<'e> {
    /// The part that is seen of an event that is split, above its list.
    part: Option<Part<'e>>,
    hub: Hub<'e>,
}

#[derive(Clone, Copy)]
struct Part<'e> {
    /// The way that is left to the list.
    way: &'e [String],
    item: &'e Value,
    /// Which item it is; `None` below the event itself.
    index: Option<usize>,
}

/// Where in an event of Security Hub.
#[derive(Clone, Copy, Default)]
enum Hub<'e> {
    /// In no place that matters.
    #[default]
    Elsewhere,
    Event,
    Detail,
    Findings,
    Compliance(&'e Map<String, Value>),
}

impl<'e> ObjectView<'e> {
    /// A whole event; `None` of what is no object.
    pub(crate) fn of(event: &'e Value) -> Option<Self> {
        Self::new(event, None)
    }

    /// The part of an event with one item of the list at the end of the way.
    pub(crate) fn part(event: &'e Value, way: &'e [String], index: usize, item: &'e Value) -> Option<Self> {
        Self::new(event, Some(Part { way, item, index: Some(index) }))
    }

    fn new(event: &'e Value, part: Option<Part<'e>>) -> Option<Self> {
        let fields = event.as_object()?;
        let is_hub = fields.get("source").and_then(Value::as_str) == Some(SECURITY_HUB);
        let hub = if is_hub { Hub::Event } else { Hub::Elsewhere };
        Some(Self { fields, place: Place { part, hub } })
    }

    /// The value of a field.
    pub(crate) fn field(self, name: &str) -> Option<ValueView<'e>> {
        let hub = match (self.place.hub, name) {
            (Hub::Event, "detail") => Hub::Detail,
            (Hub::Detail, "findings") => Hub::Findings,
            (Hub::Findings, "Compliance") => Hub::Compliance(self.fields),
            _ => Hub::Elsewhere,
        };
        if let Some(Part { way, item, index }) = self.place.part {
            if let (Some(index), "id") = (index, name) {
                return Some(ValueView::Made(part_id(self.fields, index)));
            }
            match way {
                [last] if last == name => return Some(ValueView::Item(item, Place { part: None, hub })),
                [first, rest @ ..] if first == name => {
                    let part = Some(Part { way: rest, item, index: None });
                    return self.fields.get(name).map(|value| ValueView::There(value, Place { part, hub }));
                }
                _ => {}
            }
        }
        match (self.fields.get(name), self.place.hub) {
            (None, Hub::Compliance(finding)) if name == "SecurityControlId" => {
                let controls = control::controls(finding);
                (!controls.is_empty()).then(|| ValueView::Made(controls.into()))
            }
            (value, _) => value.map(|value| ValueView::There(value, Place { part: None, hub })),
        }
    }
}

impl<'e> ValueView<'e> {
    /// It as an object.
    pub(crate) fn object(&self) -> Option<ObjectView<'_>> {
        match self {
            Self::There(Value::Object(fields), place) => Some(ObjectView { fields, place: *place }),
            _ => None,
        }
    }

    /// It as a list that is not empty.
    pub(crate) fn items(&self) -> Option<impl Iterator<Item = ValueView<'_>>> {
        let (items, place) = match self {
            Self::There(Value::Array(items), place) => (items.as_slice(), *place),
            Self::Item(item, place) => (std::slice::from_ref(*item), *place),
            _ => return None,
        };
        (!items.is_empty()).then(|| items.iter().map(move |item| ValueView::There(item, place)))
    }

    /// The values in it that are neither lists nor objects: itself, or those of a list, however deep.
    pub(crate) fn leaves(&self) -> Vec<&Value> {
        let mut leaves = Vec::new();
        match self {
            Self::There(value, _) | Self::Item(value, _) => collect(value, &mut leaves),
            Self::Made(value) => collect(value, &mut leaves),
        }
        leaves
    }
}

fn collect<'v>(value: &'v Value, leaves: &mut Vec<&'v Value>) {
    match value {
        Value::Object(_) => {}
        Value::Array(items) => items.iter().for_each(|item| collect(item, leaves)),
        scalar => leaves.push(scalar),
    }
}

/// The id of a part of an event: the event's, a slash, and the item's place.
pub(crate) fn part_id(event: &Map<String, Value>, index: usize) -> Value {
    let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
    Value::String(format!("{id}/{index}"))
}
