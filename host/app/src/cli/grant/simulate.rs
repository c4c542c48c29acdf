//! `quell grant simulate`: what policies say to one request, by the evaluator that the gate asks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::grant::{Context, DANGEROUS, Decider, Decision, Layer, MARK, Policy, Request, danger, decide, decide_marked};
use clap::Args;
use serde::Serialize;

use crate::cli::page::{self, Line, Page, Style};
use crate::cli::terminal::note;
use crate::cli::{Error, Session, files};

/// Says whether policies allow one request, and which statement decides
///
/// Prints `allow`, `implicit-deny` or `explicit-deny`, then the policy and the statement that decided. The exit code is 0
/// for allow, 1 for deny, and 2 when a policy is refused. No server is asked, and nothing is sent to AWS. The answer is IAM's;
/// where Quell's gate asks for more, for dangerous actions, that is said as well.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  quell grant simulate --policy grant.json --action ec2:CreateSnapshot \\\n    \
                        --resource arn:aws:ec2:eu-central-1::snapshot/*\n  \
                        quell grant simulate --policy grant.json --guardrail guardrail.json --action sns:Publish \\\n    \
                        --resource arn:aws:sns:eu-central-1:123456789012:alerts \\\n    \
                        --context aws:ResourceTag/team=red --context aws:RequestedRegion=eu-central-1")]
pub struct Simulate {
    /// The policy documents of one grant; `-` is standard input
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Policies above the grant, as the installation's guardrail is
    #[arg(long, num_args = 1.., value_name = "FILE")]
    guardrail: Vec<PathBuf>,
    /// The IAM action: `ec2:CreateSnapshot`
    #[arg(long, value_parser = action)]
    action: String,
    /// The resource: an ARN, a URL, the name of a secret, or `*` for an action without resource types
    #[arg(long)]
    resource: String,
    /// A condition key and its value; the same key again makes a list
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    context: Vec<(String, String)>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// The answer, as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    /// Why the action is dangerous, when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    dangerous: Option<&'static str>,
    /// Whether a statement that allows it says that it means what is dangerous; without one, the gate denies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<bool>,
    #[serde(skip)]
    reason: &'static str,
}

impl Simulate {
    pub fn run(self, session: &Session) -> Result<(), Error> {
        let (guardrails, grants) = (load(&self.guardrail)?, load(&self.policy)?);
        let context = self.context();
        let request = Request { action: &self.action, resource: &self.resource, context: &context };
        let mut answer = Answer::of(decide(&guardrails, &grants, &request), &self.action);
        answer.marked = answer.dangerous.map(|_| decide_marked(&grants, &request).is_some());
        if self.json {
            session.terminal.print_json(&answer)?;
        } else {
            session.terminal.print(&answer.page())?;
        }
        if let (Some(why), Some(false), true) = (answer.dangerous, answer.marked, answer.allowed()) {
            note(&page::line(format!(
                "IAM would allow this, and Quell's gate denies it: {} is dangerous, since {why}, and no statement has the \
                 condition {MARK}",
                self.action
            )));
        }
        if answer.allowed() { Ok(()) } else { Err(Error::Reported) }
    }

    /// What the request is known by. That the action is dangerous is known of itself, unless it was given.
    fn context(&self) -> Context {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &self.context {
            values.entry(key).or_default().push(value);
        }
        let mut context = Context::new();
        if !values.keys().any(|key| key.eq_ignore_ascii_case(DANGEROUS)) {
            context.insert(DANGEROUS, danger(&self.action).is_some().to_string());
        }
        for (key, values) in values {
            context.insert_list(key, values);
        }
        context
    }
}

fn load(files: &[PathBuf]) -> Result<Vec<Policy>, Error> {
    let loaded = files.iter().map(|file| {
        let text = files::text(file).map_err(|error| Error::usage(error.to_string()))?;
        Policy::load(&file.display().to_string(), &text).map_err(|refused| Error::usage(refused.to_string()))
    });
    loaded.collect()
}

impl Answer {
    fn of(decision: Decision, action: &str) -> Answer {
        let dangerous = danger(action).map(|danger| danger.why);
        let by = |decision, decider: Decider| Answer {
            decision,
            policy: Some(decider.policy),
            statement: Some(decider.statement),
            dangerous,
            marked: None,
            reason: "",
        };
        let nobody = |reason| Answer {
            decision: "implicit-deny",
            policy: None,
            statement: None,
            dangerous,
            marked: None,
            reason,
        };
        match decision {
            Decision::Allow(decider) => by("allow", decider),
            Decision::ExplicitDeny(decider) => by("explicit-deny", decider),
            Decision::ImplicitDeny { by: Layer::Grant } => nobody("no statement of the policies is for this request"),
            Decision::ImplicitDeny { by: Layer::Guardrail } => {
                nobody("no statement of the guardrail is for this request")
            }
        }
    }

    fn allowed(&self) -> bool {
        self.decision == "allow"
    }

    fn page(&self) -> Page {
        let mut page = Page::default();
        let style = if self.allowed() { Style::Good } else { Style::Bad };
        page.push(Line::default().and(style, self.decision));
        match (&self.policy, &self.statement) {
            (Some(policy), Some(statement)) => {
                page.push(Line::plain(format!("policy     {policy}")));
                page.push(Line::plain(format!("statement  {statement}")));
            }
            _ => page.push(Line::plain(self.reason)),
        }
        page
    }
}

fn action(text: &str) -> Result<String, String> {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match text.split_once(':') {
        Some((service, name)) if word(service) && word(name) => Ok(text.into()),
        _ => Err("an action is `service:Name`, such as `ec2:CreateSnapshot`".into()),
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err("a condition key and its value are given as `key=value`".into()),
    }
}
