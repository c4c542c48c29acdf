//! The audit of capabilities: what each plugin may do and did, read from the ledger.

use audit::{Report, Usage};
use capability::Catalog as _;
use ledger::{Filter, LedgerError, Millis, SYSTEM};
use registry::Registry;

use super::{Error, Installation, Result};

/// How many entries are read at once.
const PAGE: u32 = 500;

impl Installation {
    /// The audit of one plugin (all versions of a name, or one digest) or of all, now or at a moment of the past.
    pub async fn audit(&self, plugin: Option<&str>, at: Option<Millis>) -> Result<Report> {
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

    /// What the installation knew then.
    async fn registry_at(&self, at: Millis) -> Result<Registry> {
        let mut records = self.ledger.read(SYSTEM, 0).await?;
        records.retain(|record| record.entry.time <= at);
        Registry::fold(&records).map_err(|malformed| Error::Unavailable(malformed.to_string()))
    }

    async fn usage_until(&self, at: Millis) -> Result<Usage> {
        let mut usage = Usage::default();
        let mut filter =
            Filter { kind: Some("call.".into()), until: Some(at.saturating_add(1)), limit: PAGE, ..Filter::default() };
        loop {
            let page = self.ledger.query(&filter).await?;
            for (_, record) in &page {
                usage.add(record).map_err(LedgerError::from)?;
            }
            match page.last() {
                Some((position, _)) if page.len() == PAGE as usize => filter.after = Some(*position),
                _ => return Ok(usage),
            }
        }
    }
}
