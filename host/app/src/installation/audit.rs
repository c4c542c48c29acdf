//! The audit of capabilities: what each plugin may do and did, read from the ledger.

use audit::{Report, Usage};
use capability::Catalog as _;
use ledger::{Filter, LedgerError, Malformed, Millis, Record, SYSTEM};
use registry::Registry;

use super::{Error, Installation, Result};

/// How many entries are read at once.
const PAGE: u32 = 500;

impl Installation {
    /// The audit of one plugin (all versions of a name, or one digest) or of all, now or at a moment of the past.
    pub async fn audit(&self, plugin: Option<&str>, at: Option<Millis>) -> Result<Report> {
        // It reads all of the ledger up to then.
        let Ok(_one) = self.auditing.try_lock() else {
            return Err(Error::Busy("another audit is being made".into()));
        };
        let now = self.known.now();
        let at = at.unwrap_or(now);
        if at > now {
            return Err(Error::Invalid("that moment is yet to come".into()));
        }
        let past = if at < now { Some(self.registry_at(at).await?) } else { None };
        let usage = self.usage_until(at).await?;
        let known = self.known.read();
        let registry = past.as_ref().unwrap_or(&known);
        let mut report = Report::new(registry, &self.operations.specs(), &usage, at);
        if let Some(plugin) = plugin {
            registry.plugin(plugin).ok_or_else(|| Error::NotFound { what: "plugin", name: plugin.into() })?;
            report.rows.retain(|row| row.plugin == plugin || row.digest == plugin);
        }
        Ok(report)
    }

    /// What the installation knew then: its chain up to the first entry that is newer. Components are not loaded.
    async fn registry_at(&self, at: Millis) -> Result<Registry> {
        let filter = Filter { run: Some(SYSTEM.into()), without: &["component"], ..Filter::default() };
        let mut registry = Registry::default();
        self.pages(filter, |record| {
            let is_known = record.entry.time <= at;
            if is_known {
                registry.apply(record)?;
            }
            Ok(is_known)
        })
        .await?;
        Ok(registry)
    }

    async fn usage_until(&self, at: Millis) -> Result<Usage> {
        let filter = Filter { until: Some(at.saturating_add(1)), without: &["*"], ..Filter::default() };
        let mut usage = Usage::default();
        self.pages(filter, |record| usage.add(record).map(|()| true)).await?;
        Ok(usage)
    }

    /// Follows the entries that fit, in order, as long as `follow` says so.
    async fn pages(
        &self,
        mut filter: Filter,
        mut follow: impl FnMut(&Record) -> std::result::Result<bool, Malformed>,
    ) -> Result<()> {
        filter.limit = PAGE;
        loop {
            let page = self.ledger.query(&filter).await?;
            for (_, record) in &page {
                if !follow(record).map_err(LedgerError::from)? {
                    return Ok(());
                }
            }
            match page.last() {
                Some((position, _)) if page.len() == PAGE as usize => filter.after = Some(*position),
                _ => return Ok(()),
            }
        }
    }
}
