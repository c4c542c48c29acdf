//! `quell review`: writes whose outcome is unknown, and what people say became of them.

use clap::{Subcommand, ValueEnum};

use super::client::Body;
use super::runs::tree::short;
use super::terminal::note;
use super::{Error, Session, page, prompt, question};
use crate::wire::{self, PendingReview, Reviews, Run, Settle};

/// Lists and settles writes whose outcome is unknown, for which runs wait
#[derive(Debug, Subcommand)]
pub enum Review {
    /// Lists the writes that a person must look into
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Says what became of a write; the run goes on
    ///
    /// Shows the write with all of its arguments, and asks whether you mean it.
    #[command(after_help = "Example:\n  quell review settle r-0199a3b2 notify/1/2 done --reason \"the mail arrived\"")]
    Settle {
        /// The run
        run: String,
        /// The call, as `quell review list` has it: step/attempt/number
        call: String,
        /// What became of it
        verdict: Verdict,
        /// How you know, for the ledger
        #[arg(long)]
        reason: String,
        /// Do not ask whether this is meant
        #[arg(long)]
        yes: bool,
    },
}

/// What became of a write.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Verdict {
    /// It was carried out: the step goes on behind it
    Done,
    /// It was not carried out: the step sends it again
    NotDone,
    /// It cannot be told: the step fails
    GiveUp,
}

impl Verdict {
    /// As the question has it.
    fn meaning(self) -> &'static str {
        match self {
            Verdict::Done => "certain that this was carried out",
            Verdict::NotDone => "certain that this was not carried out, so that it is sent again",
            Verdict::GiveUp => "impossible to tell, so that the step fails",
        }
    }
}

impl Review {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let (client, terminal) = (session.client()?, session.terminal);
        match self {
            Review::List { json } => {
                let Reviews { reviews } = client.get(&["reviews"]).await?;
                if json { terminal.print_json(&reviews) } else { terminal.print(&list(reviews)) }
            }
            Review::Settle { run, call, verdict, reason, yes } => {
                let seen: Run = client.get(&["runs", &run]).await?;
                let key = whole(&run, &call);
                let Some(review) = seen.reviews.iter().find(|review| review.call == key) else {
                    let message = format!("`{call}` of `{run}` does not wait for a review");
                    return Err(Error::Failed { message, help: Some("see which do: quell review list".into()) });
                };
                note(&question::review(&seen, review));
                if !yes {
                    let help = "when you have seen the write, say so: --yes";
                    prompt::agreement(&format!("Is it {}?", verdict.meaning()), help).await?;
                }
                let done = format!("settled {call} of {run}");
                let settle = Settle { call: key, verdict: verdict.into(), reason };
                client.tell(&["runs", &run, "reviews"], Body::json(&settle)?).await?;
                terminal.print(&page::line(done))
            }
        }
    }
}

fn list(reviews: Vec<PendingReview>) -> page::Page {
    let row = |PendingReview { run, workflow, account, region, review }: PendingReview| {
        let call = review.call.strip_prefix(&format!("{run}/")).unwrap_or(&review.call).to_owned();
        let arguments = review.arguments.as_ref().map(short).unwrap_or_default();
        let what = format!("{} {arguments}", review.function.unwrap_or_default());
        vec![run, call, workflow, format!("{account}/{region}"), what]
    };
    page::table(&["RUN", "CALL", "WORKFLOW", "WHERE", "WRITE"], reviews.into_iter().map(row))
}

/// The call's key, which begins with its run.
fn whole(run: &str, call: &str) -> String {
    if call.starts_with(&format!("{run}/")) { call.to_owned() } else { format!("{run}/{call}") }
}

impl From<Verdict> for wire::Verdict {
    fn from(verdict: Verdict) -> wire::Verdict {
        match verdict {
            Verdict::Done => wire::Verdict::Done,
            Verdict::NotDone => wire::Verdict::NotDone,
            Verdict::GiveUp => wire::Verdict::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_be_named_with_its_run_or_without() {
        assert_eq!(whole("r-1", "notify/1/2"), "r-1/notify/1/2");
        assert_eq!(whole("r-1", "r-1/notify/1/2"), "r-1/notify/1/2");
    }
}
