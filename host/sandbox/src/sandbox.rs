//! The sandbox: one engine, one linker, one contract, and the plugins that were compiled with them.
//!
//! It puts the parts together; what each decides stands in its own file.

use std::sync::Arc;

use wasmtime::{
    Engine,
    component::{Component, ComponentExportIndex, InstancePre, Linker, Val},
};

use crate::{
    contract::{Contract, REMEDIATION},
    description::Description,
    ended::Ended,
    engine::{Process, Ticker, engine},
    error::Error,
    export,
    inspect::{Inspection, inspect},
    invoke::{self, Invocation},
    limits::Limits,
    link,
    message::Channel,
    refused::Refused,
    value,
};

/// Where plugins are inspected, compiled and run. One is enough for a process.
pub struct Sandbox {
    contract: Contract,
    engine: Engine,
    linker: Linker<Invocation>,
    ticker: Arc<Ticker>,
}

/// A plugin, compiled and linked; cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Compiled>);

struct Compiled {
    inspection: Inspection,
    instance: InstancePre<Invocation>,
    run: ComponentExportIndex,
    describe: ComponentExportIndex,
    /// A plugin that outlives its sandbox must still be interrupted.
    _ticker: Arc<Ticker>,
}

impl Plugin {
    /// What the plugin is and what it imports.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.0.inspection
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Plugin").field(&self.0.inspection.digest).finish()
    }
}

impl Sandbox {
    /// Makes the engine and links the functions of the contract.
    pub fn new(contract: Contract) -> Result<Self, Error> {
        Self::within(contract, Process::Host)
    }

    /// As [`new`](Self::new), for the process that checks one upload.
    pub(crate) fn in_child(contract: Contract) -> Result<Self, Error> {
        Self::within(contract, Process::Child)
    }

    fn within(contract: Contract, process: Process) -> Result<Self, Error> {
        let engine = engine(process)?;
        let linker = link::linker(&engine, &contract)?;
        let ticker = Arc::new(Ticker::start(&engine)?);
        Ok(Self { contract, engine, linker, ticker })
    }

    /// The contract that plugins are held against.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Decides whether the bytes are a plugin, and says what it imports. Nothing is compiled or run.
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection, Refused> {
        inspect(&self.contract, bytes)
    }

    /// Inspects and compiles a plugin. It keeps the processor busy, for some 0.1 s, so call it where blocking is allowed.
    pub fn compile(&self, bytes: &[u8]) -> Result<Plugin, Refused> {
        let inspection = self.inspect(bytes)?;
        let not_compiled = |error: wasmtime::Error| Refused::NotCompiled { problem: format!("{error:#}") };
        let component = Component::from_binary(&self.engine, bytes).map_err(not_compiled)?;
        let run = export_index(&component, "run")?;
        let describe = export_index(&component, "describe")?;
        let instance = self.linker.instantiate_pre(&component).map_err(not_compiled)?;
        let ticker = Arc::clone(&self.ticker);
        Ok(Plugin(Arc::new(Compiled { inspection, instance, run, describe, _ticker: ticker })))
    }

    /// Asks a plugin what it is. It gets little of everything, and a call to any capability ends it.
    pub async fn describe(&self, plugin: &Plugin) -> Result<Description, Ended> {
        let limits = &Limits::DESCRIBE;
        let plugin = &plugin.0;
        let returned = invoke::call(&plugin.instance, &plugin.describe, &[], limits, None).await?;
        Description::read(self.to_json("describe", &returned)?, limits)
    }

    /// Runs a plugin with an input, and gives its output: both JSON. The calls that it makes go through the channel.
    ///
    /// Dropping the future ends the invocation at once. A call that waits for its answer then stays with the host.
    pub async fn invoke(
        &self,
        plugin: &Plugin,
        input: String,
        limits: &Limits,
        channel: Channel,
    ) -> Result<String, Ended> {
        if input.len() > limits.input_bytes {
            return Err(Ended::InputLimit { bytes: input.len(), limit: limits.input_bytes });
        }
        let plugin = &plugin.0;
        let params = [Val::String(input)];
        let returned = invoke::call(&plugin.instance, &plugin.run, &params, limits, Some(channel)).await?;
        export::output(self.to_json("run", &returned)?, limits)
    }

    fn to_json(&self, export: &str, returned: &Val) -> Result<serde_json::Value, Ended> {
        let invalid = |problem: String| Ended::OutputInvalid { problem };
        let function = self.contract.remediation().get(export).ok_or_else(|| invalid("no such export".to_owned()))?;
        value::result_to_json(function, Some(returned)).map_err(|problem| invalid(problem.to_string()))
    }
}

fn export_index(component: &Component, function: &str) -> Result<ComponentExportIndex, Refused> {
    let interface = component.get_export_index(None, REMEDIATION);
    let index = interface.and_then(|interface| component.get_export_index(Some(&interface), function));
    index.ok_or_else(|| Refused::ExportMismatch { problem: format!("there is no function `{function}`") })
}
