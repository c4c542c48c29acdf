//! `quell approve` and `quell refuse`.

use clap::Args;
use jiff::Timestamp;

use super::client::Body;
use super::terminal::note;
use super::{Error, Session, page, prompt, question};
use crate::wire::{Approval, Decide, Decided, Decision, Run};

/// Approves a step that waits for people
///
/// Shows what is asked, with all results that the workflow shows, and asks whether you mean it. The answer counts for the question
/// that was shown and for no other. Where nobody can be asked, --requested or --yes says that you have seen it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell approve r-0199a3b2 approve --reason \"checked with the team\"\n  \
                        quell approve r-0199a3b2 --requested 2026-03-01T12:03:00.25Z")]
pub struct Approve {
    #[command(flatten)]
    answer: Answer,
}

/// Refuses a step that waits for people: the run ends
///
/// Shows what is asked and asks whether you mean it, as `quell approve` does.
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
    /// The question that you have seen, by the time when it was asked; it is not shown again
    #[arg(long, value_name = "TIME", conflicts_with = "yes")]
    requested: Option<Timestamp>,
    /// Do not ask whether this is meant
    #[arg(long)]
    yes: bool,
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
        let Answer { run, step, reason, requested, yes } = self;
        // What is asked now is what is answered.
        let seen: Run = client.get(&["runs", &run]).await?;
        let asked = asked(&seen.approvals, step.as_deref(), &run)?;
        let step = asked.step.clone();
        match requested {
            Some(requested) if requested != asked.requested => {
                let message = format!("`{step}` of `{run}` was asked at {}, and not at {requested}", asked.requested);
                let help = Some(format!("look at what is asked now: quell runs show {run}"));
                return Err(Error::Failed { message, help });
            }
            Some(_) => {}
            None => {
                note(&question::approval(&seen, asked));
                let (verb, command) = match decision {
                    Decision::Approve => ("Approve", "approve"),
                    Decision::Refuse => ("Refuse", "refuse"),
                };
                let help = format!(
                    "say which question you have seen: quell {command} {run} {step} --requested {}; or that it does not matter: --yes",
                    asked.requested
                );
                if !yes {
                    prompt::agreement(&format!("{verb}?"), help).await?;
                }
            }
        }
        let requested = Some(asked.requested);
        let body = Body::json(&Decide { decision, reason, requested })?;
        let decided: Decided = client.post(&["runs", &run, "approvals", &step], body).await?;
        let what = match decided.decision {
            Decision::Approve => "approved",
            Decision::Refuse => "refused",
        };
        session.terminal.print(&page::line(format!("{what} {} of {}", decided.step, decided.run)))
    }
}

/// The approval that is meant: the one of this step, or the only one that waits.
fn asked<'a>(approvals: &'a [Approval], step: Option<&str>, run: &str) -> Result<&'a Approval, Error> {
    let failed = |message, help| Err(Error::Failed { message, help: Some(help) });
    let look = || format!("see how it is: quell runs show {run}");
    match (step, approvals) {
        (Some(step), approvals) => match approvals.iter().find(|approval| approval.step == step) {
            Some(approval) => Ok(approval),
            None => failed(format!("`{step}` of `{run}` does not wait for an approval"), look()),
        },
        (None, [approval]) => Ok(approval),
        (None, []) => failed(format!("`{run}` does not wait for an approval"), look()),
        (None, several) => {
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
        let of = |approvals: &[Approval], step| asked(approvals, step, "r-1").map(|approval| approval.step.clone());
        assert_eq!(of(std::slice::from_ref(&approval), None).unwrap(), "approve");
        let none = of(&[], None).unwrap_err();
        let other = Approval { step: "second".into(), ..approval.clone() };
        let several = [approval, other];
        assert_eq!(of(&several, Some("second")).unwrap(), "second");
        let unknown = of(&several, Some("third")).unwrap_err();
        let several = of(&several, None).unwrap_err();
        insta::assert_snapshot!([none, unknown, several].map(|error| error.page().render(false)).concat(), @r"
        error: `r-1` does not wait for an approval
        help: see how it is: quell runs show r-1
        error: `third` of `r-1` does not wait for an approval
        help: see how it is: quell runs show r-1
        error: several steps of `r-1` wait for an approval
        help: name one: approve, second
        ");
    }
}
