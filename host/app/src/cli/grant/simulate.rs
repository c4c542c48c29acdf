//! `quell grant simulate`: what policies say to one request, by the evaluator that the gate asks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::grant::{Context, DANGEROUS, Decider, Layer, MARK, Policy, Request, action_fault, danger};
use capability::{ALWAYS_KNOWN, PolicyDecision, decide};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::page::{self, Line, Page, Style};
use crate::cli::plugin::inspect;
use crate::cli::terminal::note;
use crate::cli::{Error, Session, files};

/// Says whether policies allow one request, and which statement decides
///
/// Prints `allow`, `implicit-deny`, `explicit-deny` or `dangerous-not-marked`, then the policy and the statement that decided: the
/// answer of Quell's gate, which denies a dangerous action where IAM would allow it and no statement says that this is meant. The
/// exit code is 0 for allow, 1 for deny, and 2 when a policy is refused. No server is asked, and nothing is sent to AWS. Actions and
/// condition keys that do not exist are told, misspelt ones refused. The account and the region are those of the resource's ARN, the
/// time is now, unless they are given. What every request has and is not known here, such as `quell:Workflow`, allows nothing.
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
    /// A plugin's component: what it imports and the policies do not allow is told as well
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
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
    /// What the policies ask for, and every request at the gate has, and is not known here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_given: Vec<&'static str>,
    /// What of the policies means nothing, or leaves out what the plugin imports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip)]
    reason: String,
}

impl Simulate {
    pub fn run(self, session: &Session) -> Result<(), Error> {
        let (guardrails, grants) = (load(&self.guardrail)?, load(&self.policy)?);
        let (context, not_given) = self.context();
        let request = Request { action: &self.action, resource: &self.resource, context: &context };
        let mut answer = Answer::of(decide(&guardrails, &grants, &request), &self.action);
        answer.warnings = self.warnings(&guardrails, &grants)?;
        if !answer.allowed() {
            let asked: Vec<String> = guardrails.iter().chain(&grants).flat_map(Policy::condition_keys).collect();
            let is_asked = |key: &&str| asked.iter().any(|asked| asked.eq_ignore_ascii_case(key));
            answer.not_given = not_given.into_iter().filter(is_asked).collect();
        }
        for warning in &answer.warnings {
            note(&page::warning(warning));
        }
        if self.json {
            session.terminal.print_json(&answer)?;
        } else {
            session.terminal.print(&answer.page())?;
        }
        if answer.allowed() { Ok(()) } else { Err(Error::Reported) }
    }

    /// What nobody knows in the policies, and what they leave out of what the plugin imports. Fails with what is misspelt.
    fn warnings(&self, guardrails: &[Policy], grants: &[Policy]) -> Result<Vec<String>, Error> {
        let mut warnings = vec![];
        if let Some(fault) = action_fault(&self.action) {
            if fault.is_misspelling() {
                return Err(Error::Usage { message: fault.to_string(), help: fault.help() });
            }
            warnings.push(fault.to_string());
        }
        for policy in guardrails.iter().chain(grants) {
            let unknown = policy.check_words().map_err(|refused| Error::usage(refused.to_string()))?;
            warnings.extend(unknown.iter().map(|problem| format!("{}: {problem}", policy.name())));
        }
        if let Some(plugin) = &self.plugin {
            let inspected = inspect(plugin)?;
            let uncovered = Policy::uncovered(grants, &inspected.needed());
            warnings.extend(uncovered.iter().map(|uncovered| format!("{}: {uncovered}", plugin.display())));
        }
        Ok(warnings)
    }

    /// What the request is known by, and what of it is not. That the action is dangerous is known of itself, unless it was given;
    /// so are the account and the region of a resource, outside of which the gate lets no call pass.
    fn context(&self) -> (Context, Vec<&'static str>) {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &self.context {
            values.entry(key).or_default().push(value);
        }
        let mut context = Context::new();
        if !values.keys().any(|key| key.eq_ignore_ascii_case(DANGEROUS)) {
            context.insert(DANGEROUS, danger(&self.action).is_some().to_string());
        }
        let mut not_given = vec![];
        for key in ALWAYS_KNOWN {
            if values.keys().any(|given| given.eq_ignore_ascii_case(key)) {
                continue;
            }
            let known = match key {
                "aws:CurrentTime" => Some(Timestamp::now().to_string()),
                "aws:RequestedRegion" => self.part_of_arn(REGION),
                "aws:ResourceAccount" => self.part_of_arn(ACCOUNT),
                _ => None,
            };
            match known {
                Some(value) => context.insert(key, value),
                None => {
                    context.unresolvable(key);
                    not_given.push(key);
                }
            }
        }
        for (key, values) in values {
            context.insert_list(key, values);
        }
        (context, not_given)
    }

    /// A part of the resource's ARN, where it names one.
    fn part_of_arn(&self, part: usize) -> Option<String> {
        let parts: Vec<&str> = self.resource.splitn(6, ':').collect();
        let named = parts.get(part).filter(|_| parts.first() == Some(&"arn"))?;
        (!named.is_empty() && !named.contains(['*', '?'])).then(|| (*named).to_owned())
    }
}

/// Where an ARN has its region and its account.
const REGION: usize = 3;
const ACCOUNT: usize = 4;

fn load(files: &[PathBuf]) -> Result<Vec<Policy>, Error> {
    let loaded = files.iter().map(|file| {
        let text = files::text(file).map_err(|error| Error::usage(error.to_string()))?;
        Policy::load(&file.display().to_string(), &text).map_err(|refused| Error::usage(refused.to_string()))
    });
    loaded.collect()
}

impl Answer {
    fn of(decision: PolicyDecision, action: &str) -> Answer {
        let dangerous = danger(action).map(|danger| danger.why);
        let answer = |decision, by: Option<Decider>, reason: String| {
            let (policy, statement) = by.map(|by| (by.policy, by.statement)).unzip();
            Answer { decision, policy, statement, dangerous, not_given: vec![], warnings: vec![], reason }
        };
        match decision {
            PolicyDecision::Allow(by) => answer("allow", Some(by), String::new()),
            PolicyDecision::ExplicitDeny(by) => answer("explicit-deny", Some(by), String::new()),
            PolicyDecision::DangerousNotMarked { by, danger } => {
                let reason = format!(
                    "IAM would allow this, and Quell's gate denies it: {action} is dangerous, since {}, and no statement that \
                     allows it has the condition {MARK}",
                    danger.why
                );
                answer("dangerous-not-marked", Some(by), reason)
            }
            PolicyDecision::ImplicitDeny { by: Layer::Grant } => {
                answer("implicit-deny", None, "no statement of the policies is for this request".into())
            }
            PolicyDecision::ImplicitDeny { by: Layer::Guardrail } => {
                answer("implicit-deny", None, "no statement of the guardrail is for this request".into())
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
        if let (Some(policy), Some(statement)) = (&self.policy, &self.statement) {
            page.push(Line::plain(format!("policy     {policy}")));
            page.push(Line::plain(format!("statement  {statement}")));
        }
        if !self.reason.is_empty() {
            page.push(Line::plain(&self.reason));
        }
        for key in &self.not_given {
            let help = format!("{key} is asked for and not known here: give it with --context {key}=VALUE");
            page.push(Line::plain(help));
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
