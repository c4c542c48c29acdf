//! Counts what a plugin allocates: memory and tables, each over the whole invocation, and instances.
//!
//! A growth that is refused is not the end: `memory.grow` answers -1, and the plugin decides. It is remembered, since a
//! plugin that then traps did so for want of memory.

use wasmtime::{ResourceLimiter, Result};

use crate::limits::Limits;

/// Core instances. `outline` refuses more at upload; this is the second lock.
pub(crate) const MAX_INSTANCES: usize = 16;
/// A plugin has one table, and the component encoder adds one.
pub(crate) const MAX_TABLES: usize = 8;
/// A plugin has one memory.
pub(crate) const MAX_MEMORIES: usize = 2;

/// What ran out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exhausted {
    Memory,
    Table,
}

/// What is left.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    exhausted: Option<Exhausted>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_bytes: limits.memory_bytes, table_elements: limits.table_elements, exhausted: None }
    }

    /// What was refused first, if anything was.
    pub(crate) fn exhausted(&self) -> Option<Exhausted> {
        self.exhausted
    }

    fn grow(&mut self, resource: Exhausted, current: usize, desired: usize, maximum: Option<usize>) -> bool {
        // Beyond its own maximum the growth fails by itself: nothing is used up, and no limit of ours was met.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return true;
        }
        let left = match resource {
            Exhausted::Memory => &mut self.memory_bytes,
            Exhausted::Table => &mut self.table_elements,
        };
        match left.checked_sub(desired.saturating_sub(current)) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => {
                self.exhausted.get_or_insert(resource);
                false
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(Exhausted::Memory, current, desired, maximum))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(Exhausted::Table, current, desired, maximum))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}
