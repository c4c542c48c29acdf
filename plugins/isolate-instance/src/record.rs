//! The record of the groups that an interface had: tags of the interface itself, which it keeps when it is detached.
//!
//! One tag holds twelve ids, and an interface may have sixteen groups: what one cannot hold goes on in `…-2`, `…-3`.

use quell_sdk::ec2::tags::Tag;

/// The key of the tag, and how the keys of further ones begin.
const KEY: &str = "quell-previous-groups";

/// The longest value of a tag, in characters.
const MAX_VALUE: usize = 256;

/// What an interface had before it was isolated: what it has now, but for `ours`; where one of `ours` is among it, it was
/// isolated before, and what was recorded then belongs to it as well.
pub fn previous(now: &[String], ours: &[&str], tags: &[Tag]) -> Vec<String> {
    let is_ours = |group: &String| ours.contains(&group.as_str());
    let mut previous = if now.iter().any(is_ours) { read(tags) } else { Vec::new() };
    for group in now.iter().filter(|group| !is_ours(group)) {
        if !previous.contains(group) {
            previous.push(group.clone());
        }
    }
    previous
}

/// The groups that are recorded.
pub fn read(tags: &[Tag]) -> Vec<String> {
    let values = (0..).map(|place| value(tags, &key(place))).take_while(Option::is_some).flatten();
    values.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The tags that make `groups` the record of an interface that has `tags`; none where it has that record.
pub fn tags(groups: &[String], tags: &[Tag]) -> Vec<Tag> {
    if read(tags) == groups {
        return Vec::new();
    }
    let mut values: Vec<String> = Vec::new();
    for group in groups {
        match values.last_mut() {
            Some(value) if value.len() + 1 + group.len() <= MAX_VALUE => {
                value.push(' ');
                value.push_str(group);
            }
            _ => values.push(group.clone()),
        }
    }
    // Tags of a longer record are emptied: they would count.
    let stale = (values.len()..).map(key).take_while(|key| value(tags, key).is_some()).count();
    let emptied = std::iter::repeat_n(String::new(), stale);
    let numbered = values.into_iter().chain(emptied).enumerate();
    numbered.map(|(place, value)| Tag { key: key(place), value }).collect()
}

fn key(place: usize) -> String {
    if place == 0 { KEY.to_owned() } else { format!("{KEY}-{}", place + 1) }
}

fn value<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: std::ops::Range<usize>) -> Vec<String> {
        numbers.map(|number| format!("sg-{number:017x}")).collect()
    }

    /// The tags of an interface after it is given `set`.
    fn with(tags: &[Tag], set: Vec<Tag>) -> Vec<Tag> {
        let kept = tags.iter().filter(|tag| !set.iter().any(|new| new.key == tag.key)).cloned();
        kept.chain(set.clone()).collect()
    }

    #[test]
    fn what_is_recorded_is_read_however_much_it_is() {
        for count in [1, 2, 5, 12, 13, 16, 40] {
            let set = tags(&ids(0..count), &[]);
            assert!(set.iter().all(|tag| tag.value.len() <= MAX_VALUE), "{set:?}");
            assert_eq!(set.len(), count.div_ceil(12), "{count}");
            assert_eq!(read(&set), ids(0..count));
            assert_eq!(tags(&ids(0..count), &set), [], "{count}");
        }
    }

    #[test]
    fn a_shorter_record_leaves_nothing_of_a_longer_one() {
        let before = tags(&ids(0..30), &[]);
        let after = with(&before, tags(&ids(3..5), &before));
        assert_eq!(read(&after), ids(3..5));
        assert_eq!(tags(&ids(3..5), &after), []);
    }

    #[test]
    fn our_own_groups_are_never_what_was_before() {
        let names = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>();
        let recorded = tags(&names(&["sg-a", "sg-b"]), &[]);
        let check = |now: &[&str], tags: &[Tag], expected: &[&str]| {
            assert_eq!(previous(&names(now), &["sg-isolation", "sg-opening"], tags), names(expected), "{now:?}");
        };
        check(&["sg-a", "sg-b"], &[], &["sg-a", "sg-b"]);
        check(&["sg-isolation"], &recorded, &["sg-a", "sg-b"]);
        check(&["sg-opening"], &recorded, &["sg-a", "sg-b"]);
        check(&["sg-opening"], &[], &[]);
        // Somebody added a group to an isolated interface.
        check(&["sg-isolation", "sg-c", "sg-a"], &recorded, &["sg-a", "sg-b", "sg-c"]);
        // Somebody took the interface out of isolation: what was recorded is past.
        check(&["sg-c"], &recorded, &["sg-c"]);
    }
}
