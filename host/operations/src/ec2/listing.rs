//! What all listings of EC2 share: filters, and the size of a page.

use aws_sdk_ec2::types;
use capability::Fault;
use serde::Deserialize;

use crate::check::invalid;

/// How many items a page has at most. A plugin's memory for one answer is bounded; EC2's own pages of 1,000 are not made
/// for that.
const PAGE: i32 = 100;

/// The size of a page, where EC2 lets it be chosen: not when ids are named, which bound the answer themselves.
pub(super) fn page(ids: &[String]) -> Option<i32> {
    ids.is_empty().then_some(PAGE)
}

/// The size of a page of a listing that takes no ids.
pub(super) fn full_page() -> i32 {
    PAGE
}

/// Ids as the SDK takes them: none is another request than an empty list.
pub(super) fn named(ids: &[String]) -> Option<Vec<String>> {
    (!ids.is_empty()).then(|| ids.to_vec())
}

/// A condition on what is listed.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

/// Filters must have a name and a value: EC2 ignores others in places.
pub(super) fn check_filters(filters: &[Filter]) -> Result<(), Fault> {
    match filters.iter().any(|filter| filter.name.is_empty() || filter.values.is_empty()) {
        true => Err(invalid("a filter needs a `name` and at least one of `values`")),
        false => Ok(()),
    }
}

/// Filters as the SDK takes them.
pub(super) fn filters(filters: &[Filter]) -> Option<Vec<types::Filter>> {
    let filter =
        |filter: &Filter| types::Filter::builder().name(&filter.name).set_values(Some(filter.values.clone())).build();
    (!filters.is_empty()).then(|| filters.iter().map(filter).collect())
}
