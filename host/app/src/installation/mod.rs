//! A running installation: the adapters, put together, and what people can do with it. HTTP and the command line are
//! ways to get here; nothing in here knows them.

mod audit;
mod check;
mod checks;
mod clock;
mod components;
#[cfg(test)]
pub mod counting;
mod error;
mod intake;
mod kept_events;
mod known;
mod limits;
mod loops;
mod people;
mod plugins;
mod policies;
mod projection;
mod queues;
mod readiness;
mod recover;
mod runs;
mod schedules;
mod secrets;
mod source;
mod token_uses;
mod topics;
mod workflows;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use capability::{Catalog, Clock, Gate, TokenKey};
use ledger::Ledger;
use operations::Operations;
use runner::{Embedded, Runner};
use sandbox::{CheckLimits, Checker, Contract, Sandbox};
use store::{OpenError, Store};
use tokio::sync::Semaphore;

use crate::config::{Config, KeptEvents, Queue, Topic};
use crate::contract::wit;

pub use check::{CHECK, check_component};
pub use clock::SystemClock;
#[cfg(test)]
pub use counting::CountingLedger;
pub use error::{Error, Result};
pub use intake::Intake;
pub use known::Known;
pub use people::{Caller, Person, TokenView};
pub use policies::{Difference, Seen};
pub use projection::Projection;
pub use recover::recover_token;
pub use runs::RunView;
pub use source::Source;
#[cfg(test)]
pub use topics::{FETCHES, Fetch};
pub use topics::{Heard, Signers};
pub use workflows::Precondition;

use checks::Checks;
use components::Components;
use kept_events::EventBudget;
use readiness::Readiness;
use schedules::Scheduled;
use secrets::Vault;
use token_uses::TokenUses;

/// How long the ledger may take to be closed: longer than it waits for whoever else holds its file.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(15);

/// A running installation.
pub struct Installation {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// What the installation knows.
    pub known: Arc<Known>,
    /// The operations that plugins can call.
    pub operations: Arc<Operations>,
    /// What drives runs.
    pub runner: Runner,
    /// The queues that events are fetched from.
    queues: Vec<Queue>,
    /// The topics that may send events, and who signs for them.
    topics: Vec<Topic>,
    signers: Signers,
    /// How much is kept of events that start no run, and how much is today.
    kept_events: KeptEvents,
    event_budget: EventBudget,
    /// A place for each event that is being taken.
    taking: Arc<Semaphore>,
    checks: Checks,
    checker: Checker,
    components: Arc<Components>,
    /// When each token was last used.
    token_uses: Arc<TokenUses>,
    /// Held while an audit is made.
    auditing: tokio::sync::Mutex<()>,
    /// Which times of the schedules are done with.
    scheduled: Scheduled,
    scheduler: Arc<Embedded>,
    store: Arc<Store>,
    readiness: Readiness,
}

impl Installation {
    /// Opens the data folder and puts everything together. No run goes on yet.
    pub async fn open(config: &Config) -> anyhow::Result<Installation> {
        Installation::open_at(config, Arc::new(SystemClock), Signers::of_this_machine()).await
    }

    /// The same, by another clock, and with others to sign for SNS.
    pub async fn open_at(config: &Config, clock: Arc<dyn Clock>, signers: Signers) -> anyhow::Result<Installation> {
        let store = Arc::new(open_store(&config.data).await?);
        let contract = Contract::parse(wit()).context("the WIT of this build is not valid")?;
        let sandbox = Arc::new(Sandbox::new(contract)?);
        let ledger: Arc<dyn Ledger> = store.clone();
        let known = Arc::new(Known::load(ledger.clone(), clock.clone()).await.context("the ledger cannot be read")?);
        let vault = Vault::new(known.clone(), store.secrets_key());
        let gate_limits = config.limits.gate();
        let request_timeout = gate_limits.request_timeout;
        let sending = config.http.sending(Arc::new(vault))?.within(request_timeout);
        let operations = Operations::new(config.accounts.clone())?.within(request_timeout).sending(sending);
        let operations = Arc::new(operations);
        let catalog: Arc<dyn Catalog> = operations.clone();
        let gate = Gate::new(catalog, known.clone(), clock.clone(), TokenKey::new(store.call_token_key()), gate_limits);
        let (limits, pool) = (config.limits.sandbox()?, config.limits.memory_pool_bytes());
        let components = Arc::new(Components::new(ledger.clone(), known.clone(), sandbox, limits, pool));
        let checker = Checker::new(&config.program, [CHECK], CheckLimits::default());
        let scheduler = Embedded::new();
        let runner = Runner {
            ledger: ledger.clone(),
            clock,
            gate: Arc::new(gate),
            plugins: components.clone(),
            workflows: known.clone(),
            scheduler: Arc::new(scheduler.clone()),
        };
        let auditing = tokio::sync::Mutex::new(());
        let scheduled = Scheduled::default();
        Ok(Installation {
            ledger,
            known,
            operations,
            runner,
            queues: config.queues.clone(),
            topics: config.topics.clone(),
            signers,
            kept_events: config.events,
            event_budget: EventBudget::default(),
            taking: intake::places(),
            checks: Checks::new(),
            checker,
            components,
            auditing,
            token_uses: Arc::default(),
            scheduled,
            scheduler,
            store,
            readiness: Readiness::default(),
        })
    }

    /// Lets the runs go on that were left off, and gives their number.
    pub async fn begin(&self) -> anyhow::Result<usize> {
        let left_off = self.scheduler.begin(self.runner.clone()).await?;
        self.runner.admit_all().await?;
        Ok(left_off)
    }

    /// Has every run that is driven stop in order, and gives their number: no step begins any more, and each call that is in
    /// flight gets its outcome. What is started from now on is on disk, and begins at the next start.
    pub fn stop(&self) -> usize {
        self.scheduler.stop()
    }

    /// Waits until no run is driven, at most for `patience`, and lets the data folder go. Gives how many runs were cut off.
    pub async fn close(&self, patience: std::time::Duration) -> usize {
        self.scheduler.stop();
        let cut_off = match tokio::time::timeout(patience, self.scheduler.idle()).await {
            Ok(()) => 0,
            Err(_) => self.scheduler.under_way(),
        };
        if tokio::time::timeout(CLOSING, self.store.close()).await.is_err() {
            tracing::error!(
                "the disk does not answer: the ledger is not closed in order, and is checked at the next start"
            );
        }
        cut_off
    }
}

/// Opens the ledger. What an earlier version kept of its entries is made anew from them.
async fn open_store(data: &Path) -> anyhow::Result<Store> {
    match Store::open(data, store::Options::default()).await {
        Err(OpenError::OlderSchema { .. }) => {
            let rebuilt = store::rebuild(data, &mut Projection::default()).await?;
            tracing::info!(chains = rebuilt.runs, "a ledger of an earlier version was brought up to date");
            rebuilt.unreadable.iter().for_each(|run| tracing::warn!("{run}"));
            Ok(Store::open(data, store::Options::default()).await?)
        }
        opened => Ok(opened?),
    }
}
