//! `quell approve` and `quell refuse`.

use clap::Args;

use super::client::Body;
use super::{Error, Session, page};
use crate::wire::{Approval, Decide, Decided, Decision, Run};

/// Approves a step that waits for people
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  quell approve r-0199a3b2 approve --reason \"checked with the team\"")]
pub struct Approve {
    #[command(flatten)]
    answer: Answer,
}

/// Refuses a step that waits for people: the run ends
#[derive(Args, Debug)]
pub struct Refuse {
    #[command(flatten)]
    answer: Answer,
}

#[derive(Args, Debug)]
struct Answer {
    /// The run
    run: String,
    /// The step; may be left out when exactly one waits
    step: Option<String>,
    /// Why, for the ledger
    #[arg(long)]
    reason: Option<String>,
}

impl Approve {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        self.answer.give(Decision::Approve, session).await
    }
}

impl Refuse {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        self.answer.give(Decision::Refuse, session).await
    }
}

impl Answer {
    async fn give(self, decision: Decision, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        let Answer { run, step, reason } = self;
        // What is asked now is what is answered.
        let seen: Run = client.get(&["runs", &run]).await?;
        let step = match step {
            Some(step) => step,
            None => only_step(&seen.approvals, &run)?,
        };
        let requested = seen.approvals.iter().find(|approval| approval.step == step).map(|approval| approval.requested);
        let body = Body::json(&Decide { decision, reason, requested })?;
        let decided: Decided = client.post(&["runs", &run, "approvals", &step], body).await?;
        let what = match decided.decision {
            Decision::Approve => "approved",
            Decision::Refuse => "refused",
        };
        session.terminal.print(&page::line(format!("{what} {} of {}", decided.step, decided.run)))
    }
}

fn only_step(approvals: &[Approval], run: &str) -> Result<String, Error> {
    let failed = |message, help| Err(Error::Failed { message, help: Some(help) });
    match approvals {
        [approval] => Ok(approval.step.clone()),
        [] => failed(format!("`{run}` does not wait for an approval"), format!("see how it is: quell runs show {run}")),
        several => {
            let steps: Vec<&str> = several.iter().map(|approval| approval.step.as_str()).collect();
            failed(format!("several steps of `{run}` wait for an approval"), format!("name one: {}", steps.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::runs::tree::tests::waiting;

    #[test]
    fn a_step_may_be_left_out_when_exactly_one_waits() {
        let approval = waiting().approvals.remove(0);
        assert_eq!(only_step(std::slice::from_ref(&approval), "r-1").unwrap(), "approve");
        let none = only_step(&[], "r-1").unwrap_err();
        let other = Approval { step: "second".into(), ..approval.clone() };
        let several = only_step(&[approval, other], "r-1").unwrap_err();
        insta::assert_snapshot!([none, several].map(|error| error.page().render(false)).concat(), @r"
        error: `r-1` does not wait for an approval
        help: see how it is: quell runs show r-1
        error: several steps of `r-1` wait for an approval
        help: name one: approve, second
        ");
    }
}
