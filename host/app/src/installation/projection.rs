//! What the entries of a ledger come to, for its verification and for rebuilding what is kept of them: the store is given
//! the one thing that it does not know.

use std::sync::Arc;

use ledger::{Malformed, Record, SYSTEM};
use registry::Registry;
use runner::{ProjectedRun, RunProjection, Workflows};
use store::{Projected, Projector};
use workflow::Workflow;

/// Follows the installation's own chain, which has the workflows, and then each run.
#[derive(Default)]
pub struct Projection {
    registry: Registry,
    chain: Chain,
}

enum Chain {
    System(Result<(), Malformed>),
    Run(String, Box<RunProjection>),
}

impl Default for Chain {
    fn default() -> Chain {
        Chain::System(Ok(()))
    }
}

impl Projector for Projection {
    fn without(&self) -> &'static [&'static str] {
        &["component"]
    }

    fn begin(&mut self, run: &str) {
        self.chain = if run == SYSTEM { Chain::default() } else { Chain::Run(run.to_owned(), Box::default()) };
    }

    fn follow(&mut self, record: &Record) {
        match &mut self.chain {
            // What cannot be followed stops the start as well; what comes behind it is another installation.
            Chain::System(Ok(())) => self.chain = Chain::System(self.registry.apply(record)),
            Chain::System(Err(_)) => {}
            Chain::Run(_, run) => run.follow(record),
        }
    }

    fn end(&mut self) -> Projected {
        match std::mem::take(&mut self.chain) {
            Chain::System(Ok(())) => Projected::Nothing,
            Chain::System(Err(malformed)) => Projected::Unreadable { why: malformed.to_string(), summary: None },
            Chain::Run(name, run) => match run.end(&Stored(&self.registry)) {
                None => Projected::Nothing,
                // Its own word is what was written, and the chain that it is in is where it belongs.
                Some(ProjectedRun::Followed(summary)) => Projected::Run(Box::new(summary)),
                Some(ProjectedRun::Unreadable { why, mut summary }) => {
                    summary.run = name;
                    Projected::Unreadable { why, summary: Some(Box::new(summary)) }
                }
            },
        }
    }
}

struct Stored<'a>(&'a Registry);

impl Workflows for Stored<'_> {
    fn by_digest(&self, digest: &str) -> Option<Arc<Workflow>> {
        self.0.workflow_by_digest(digest).map(|stored| stored.workflow.clone())
    }

    fn problems(&self, digest: &str) -> Option<String> {
        self.0.unreadable_by_digest(digest).map(|unreadable| unreadable.problems.clone())
    }
}
