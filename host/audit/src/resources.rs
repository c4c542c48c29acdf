//! The resources that calls were about: all are counted, the first ones are kept.

use std::collections::BTreeSet;

use ledger::Hash;

/// How many different resources are kept.
pub(crate) const KEPT: usize = 20;

/// Different resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    kept: BTreeSet<String>,
    /// The others by their hash, so that each is counted once and no plugin fills the memory with long names.
    more: BTreeSet<Hash>,
}

impl Resources {
    pub fn add(&mut self, resource: &str) {
        if self.kept.contains(resource) {
            return;
        }
        if self.kept.len() < KEPT {
            self.kept.insert(resource.into());
        } else {
            self.more.insert(Hash::of(resource.as_bytes()));
        }
    }

    pub fn extend(&mut self, other: &Resources) {
        other.kept.iter().for_each(|resource| self.add(resource));
        let kept: BTreeSet<Hash> = self.kept.iter().map(|resource| Hash::of(resource.as_bytes())).collect();
        self.more.extend(other.more.difference(&kept));
    }

    /// The kept ones, sorted.
    pub fn kept(&self) -> Vec<String> {
        self.kept.iter().cloned().collect()
    }

    /// How many different ones there were beside the kept ones.
    pub fn more(&self) -> u64 {
        self.more.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counts_once_and_the_first_are_kept() {
        let mut resources = Resources::default();
        for _ in 0..2 {
            (0..KEPT + 5).for_each(|n| resources.add(&format!("door/{n:02}")));
        }
        assert_eq!((resources.kept().len(), resources.more()), (KEPT, 5));
        assert_eq!(resources.kept().first().map(String::as_str), Some("door/00"));
    }

    #[test]
    fn two_are_put_together_without_counting_twice() {
        let of = |numbers: std::ops::Range<usize>| {
            let mut resources = Resources::default();
            numbers.for_each(|n| resources.add(&format!("door/{n:02}")));
            resources
        };
        let mut sum = of(20..45);
        sum.extend(&of(0..30));
        assert_eq!((sum.kept().len(), sum.more()), (KEPT, 25));
    }
}
