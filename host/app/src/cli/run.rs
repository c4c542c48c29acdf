//! `quell run`: starts a run by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::workflow::{Input, InputKind, Surroundings};
use clap::Args;
use serde_json::{Map, Value};

use super::client::{Body, Client};
use super::runs::watch;
use super::{Error, Session, files, page, terminal};
use crate::wire::{StartRun, StartedRun, Workflow};

/// Starts a run of a workflow and prints its id
///
/// With --watch the exit code is 1 when the run ends in any way but succeeded.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  quell run close-ports --account 123456789012 --region eu-central-1 \\\n    \
                        --input group_id=sg-0123456789abcdef0 --watch")]
pub struct Run {
    /// The workflow's name
    workflow: String,
    /// The AWS account to act in
    #[arg(long, value_name = "ID")]
    account: String,
    /// The region to act in
    #[arg(long)]
    region: String,
    /// An input of the workflow; what is no text is given as JSON. Can be repeated
    #[arg(long = "input", value_name = "KEY=VALUE", value_parser = key_value)]
    inputs: Vec<(String, String)>,
    /// The event that the run answers, in EventBridge's envelope, from FILE
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Show the run as it happens, until it ends or waits for a person
    #[arg(long)]
    watch: bool,
}

impl Run {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        let client = session.client()?;
        let event = self.event.as_deref().map(files::json).transpose()?;
        let inputs = inputs(&client, &self.workflow, self.inputs).await?;
        let start = StartRun { account: self.account, region: self.region, inputs, event };
        let path = ["workflows", &self.workflow, "runs"];
        let StartedRun { run, repeated } = client.post(&path, Body::json(&start)?).await?;
        if repeated {
            terminal::note(&page::line("this run was there before: the workflow's `dedupe` says that it is the same"));
        }
        session.terminal.print(&page::line(&run))?;
        if self.watch { watch::watch(&client, session.terminal, &[run]).await } else { Ok(()) }
    }
}

fn key_value(argument: &str) -> Result<(String, String), String> {
    let (key, value) = argument.split_once('=').ok_or("it should be `key=value`")?;
    Ok((key.into(), value.into()))
}

/// The inputs as the workflow declares them: only it can tell the number 123456789012 from the text.
async fn inputs(client: &Client, workflow: &str, given: Vec<(String, String)>) -> Result<Value, Error> {
    if given.is_empty() {
        return Ok(Value::Null);
    }
    let stored: Workflow = client.get(&["workflows", workflow]).await?;
    let declared = ::workflow::load(workflow, &stored.source, &Surroundings::default());
    let declared = declared.map_or_else(|_| BTreeMap::new(), |workflow| workflow.inputs.0.clone());
    typed(&declared, given)
}

fn typed(declared: &BTreeMap<String, Input>, given: Vec<(String, String)>) -> Result<Value, Error> {
    let mut inputs = Map::new();
    for (name, text) in given {
        let value = match declared.get(&name).map(|input| input.kind) {
            // An input that is not declared is for the server to refuse.
            None | Some(InputKind::String) => Value::String(text),
            Some(kind) => serde_json::from_str(&text).map_err(|_| {
                Error::usage(format!("the input `{name}` is of the type {}, and `{text}` is none", kind.name()))
            })?,
        };
        if inputs.insert(name.clone(), value).is_some() {
            return Err(Error::usage(format!("the input `{name}` is given twice")));
        }
    }
    Ok(Value::Object(inputs))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_have_the_types_that_the_workflow_declares() {
        let source = "name: w\ninputs: { account: { type: string }, port: { type: integer }, groups: { type: array } }\n\
                      steps: [{ id: a, plugin: p }]\n";
        let declared = ::workflow::load("w.yaml", source, &Surroundings::default()).unwrap().inputs.0.clone();
        let given =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let pairs = [("account", "012345678901"), ("port", "22"), ("groups", "[\"a\"]"), ("else", "1")];
        let expected = json!({ "account": "012345678901", "port": 22, "groups": ["a"], "else": "1" });
        assert_eq!(typed(&declared, given(&pairs)).unwrap(), expected);
        let wrong = typed(&declared, given(&[("port", "ssh")])).unwrap_err();
        assert_eq!(wrong.to_string(), "the input `port` is of the type integer, and `ssh` is none");
        assert!(typed(&declared, given(&[("port", "1"), ("port", "2")])).is_err());
    }

    #[test]
    fn a_value_may_have_an_equals_sign() {
        assert_eq!(key_value("query=a=b"), Ok(("query".into(), "a=b".into())));
        assert!(key_value("query").is_err());
    }
}
