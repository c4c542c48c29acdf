//! Listings, page after page. A capability answers one page a call, so that each is an operation of its own in the
//! ledger; the loop over them is the plugin's, and is here. How many calls a plugin may make is the host's to bound.

use std::vec;

use crate::bindings::quell::cloudtrail::events;
use crate::bindings::quell::ec2::{instances, network_interfaces, prefix_lists, security_groups, snapshots, volumes};
use crate::bindings::quell::iam::{access_keys, role_policies, user_policies};
use crate::{Detail, Error};

/// One page of a listing.
pub trait Page {
    /// What is listed.
    type Item;

    /// What is on this page, and how to ask for the next.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

/// Everything that is listed, asked for as it is read: `fetch` gets the token of the page that it shall return.
///
/// The first error ends it, and so does a service that sends the same token twice in a row.
pub fn paginate<P, F>(fetch: F) -> impl Iterator<Item = Result<P::Item, Error>>
where
    P: Page,
    F: FnMut(Option<&str>) -> Result<P, Error>,
{
    Pages { fetch, next: Next::First, items: Vec::new().into_iter() }
}

struct Pages<F, T> {
    fetch: F,
    next: Next,
    items: vec::IntoIter<T>,
}

enum Next {
    First,
    Token(String),
    End,
}

impl<P, F> Iterator for Pages<F, P::Item>
where
    P: Page,
    F: FnMut(Option<&str>) -> Result<P, Error>,
{
    type Item = Result<P::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            if let Err(error) = self.turn()? {
                self.next = Next::End;
                return Some(Err(error));
            }
        }
    }
}

impl<P, F> Pages<F, P::Item>
where
    P: Page,
    F: FnMut(Option<&str>) -> Result<P, Error>,
{
    /// Gets the next page; nothing when there is none.
    fn turn(&mut self) -> Option<Result<(), Error>> {
        let token = match &self.next {
            Next::First => None,
            Next::Token(token) => Some(token.as_str()),
            Next::End => return None,
        };
        let (items, next) = match (self.fetch)(token) {
            Ok(page) => page.into_parts(),
            Err(error) => return Some(Err(error)),
        };
        if next.is_some() && next.as_deref() == token {
            return Some(Err(Error::Other(Detail {
                code: "RepeatedNextToken".to_owned(),
                message: "the listing does not end: its next page is the same one again".to_owned(),
            })));
        }
        self.items = items.into_iter();
        self.next = next.map_or(Next::End, Next::Token);
        Some(Ok(()))
    }
}

/// Says which fields of a page record hold the items and the token.
macro_rules! page {
    ($page:ty, $items:ident: $item:ty, $token:ident) => {
        impl Page for $page {
            type Item = $item;

            fn into_parts(self) -> (Vec<Self::Item>, Option<String>) {
                (self.$items, self.$token)
            }
        }
    };
}

page!(events::EventsPage, events: events::Event, next_token);
page!(instances::InstancesPage, instances: instances::Instance, next_token);
page!(network_interfaces::NetworkInterfacesPage, network_interfaces: network_interfaces::NetworkInterface, next_token);
page!(prefix_lists::PrefixListEntriesPage, entries: prefix_lists::PrefixListEntry, next_token);
page!(security_groups::SecurityGroupsPage, security_groups: security_groups::SecurityGroup, next_token);
page!(snapshots::SnapshotsPage, snapshots: snapshots::Snapshot, next_token);
page!(volumes::VolumesPage, volumes: volumes::Volume, next_token);
page!(access_keys::AccessKeysPage, access_key_metadata: access_keys::AccessKeyMetadata, marker);
page!(role_policies::RolePoliciesPage, policy_names: String, marker);
page!(user_policies::UserPoliciesPage, policy_names: String, marker);

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbers(Vec<u32>, Option<&'static str>);

    impl Page for Numbers {
        type Item = u32;

        fn into_parts(self) -> (Vec<u32>, Option<String>) {
            (self.0, self.1.map(str::to_owned))
        }
    }

    fn unavailable() -> Error {
        Error::Unavailable(Detail { code: "InternalError".into(), message: "try again".into() })
    }

    #[test]
    fn every_page_is_read_once_and_in_order() {
        let mut asked = Vec::new();
        let all: Result<Vec<u32>, Error> = paginate(|token| {
            asked.push(token.map(str::to_owned));
            Ok(match token {
                None => Numbers(vec![1, 2], Some("b")),
                Some("b") => Numbers(vec![], Some("c")),
                Some(_) => Numbers(vec![3], None),
            })
        })
        .collect();
        assert_eq!(all, Ok(vec![1, 2, 3]));
        assert_eq!(asked, [None, Some("b".to_owned()), Some("c".to_owned())]);
    }

    #[test]
    fn no_page_is_asked_for_before_it_is_needed() {
        let mut calls = 0;
        let first = paginate(|_| {
            calls += 1;
            Ok(Numbers(vec![1, 2], Some("b")))
        })
        .next();
        assert_eq!((first, calls), (Some(Ok(1)), 1));
    }

    #[test]
    fn an_error_ends_the_listing() {
        let mut pages = paginate(|token| match token {
            None => Ok(Numbers(vec![1], Some("b"))),
            Some(_) => Err(unavailable()),
        });
        assert_eq!(pages.next(), Some(Ok(1)));
        assert_eq!(pages.next(), Some(Err(unavailable())));
        assert_eq!(pages.next(), None);
    }

    #[test]
    fn a_listing_that_does_not_move_on_is_an_error() {
        let all: Result<Vec<u32>, Error> = paginate(|_| Ok(Numbers(vec![1], Some("again")))).collect();
        assert_eq!(all.unwrap_err().detail().code, "RepeatedNextToken");
    }
}
