//! Plugins, and what each can ask for.

use std::collections::HashMap;

use capability::Spec;
use jiff::Timestamp;
use registry::Registry;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Version, time};

/// All plugins: by name, the newest of each name first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plugins {
    /// Each version that was ever uploaded.
    pub plugins: Vec<PluginInfo>,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plugin {
    /// What there is to say of it.
    #[serde(flatten)]
    pub info: PluginInfo,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output.
    pub output_schema: Value,
}

/// Which version of a plugin new runs take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginUse {
    /// The plugin's name.
    pub name: String,
    /// The version that new runs take.
    pub in_use: Version,
    /// Whether it has a grant: without one it may do nothing that needs one.
    pub granted: bool,
    /// Whether a person chose it. Otherwise it is the newest that has a grant, or the newest where none has one.
    pub chosen: bool,
    /// Every choice that was made, the oldest first.
    pub choices: Vec<PluginChoice>,
}

/// A choice of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginChoice {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Who.
    pub by: String,
    /// The version; absent when the choice was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

/// A plugin without its schemas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginInfo {
    /// SHA-256 of the component, in hex: the plugin's identity.
    pub digest: String,
    /// Its name, by its own word.
    pub name: String,
    /// Its version, by its own word.
    pub version: String,
    /// What it does, by its own word.
    pub summary: String,
    /// The component's size in bytes.
    pub size: u64,
    /// Whether its name stands for this version: the newest.
    pub latest: bool,
    /// Whether new runs take this version: the one that was chosen, else the newest that has a grant, else the newest.
    #[serde(default)]
    pub in_use: bool,
    /// Whether a grant lets it do anything.
    pub granted: bool,
    /// Whether what is stored is not what was uploaded: it cannot run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
    /// What it imports: all that it can ask for.
    pub imports: Vec<Import>,
    /// Who uploaded it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
}

/// A function that a plugin imports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Import {
    /// The WIT function.
    pub function: String,
    /// The IAM actions that a call needs, all of them; none for what touches nothing, such as the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Whether a call needs only some of the actions: its arguments say which.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub depends: bool,
    /// The access level of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What is dangerous about any of them, when something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dangerous: Option<String>,
    /// Whether the version before did not import it.
    #[serde(default, rename = "new", skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
}

/// IAM's access levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads what a resource contains.
    Read,
    /// Changes resources.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    PermissionsManagement,
}

impl Plugins {
    /// All plugins that are known. `specs` are the operations that there are.
    pub fn of(registry: &Registry, specs: &[&Spec]) -> Plugins {
        let specs = by_function(specs);
        let plugins = registry.plugins().into_iter();
        Plugins { plugins: plugins.map(|plugin| info(registry, plugin, &specs)).collect() }
    }
}

impl Plugin {
    /// A plugin, with whether it has a grant. `specs` are the operations that there are.
    pub fn of(registry: &Registry, plugin: &registry::Plugin, specs: &[&Spec]) -> Plugin {
        Plugin {
            info: info(registry, plugin, &by_function(specs)),
            input_schema: plugin.input_schema.clone(),
            output_schema: plugin.output_schema.clone(),
        }
    }
}

impl PluginUse {
    /// Which version of the plugin with this name new runs take, `used`.
    pub fn of(registry: &Registry, used: &registry::Plugin) -> PluginUse {
        let name = &used.uploaded.name;
        let choice = |choice: &registry::PluginChoice| PluginChoice {
            time: time(choice.time),
            by: choice.by.clone(),
            version: choice
                .digest
                .as_ref()
                .and_then(|digest| registry.plugin(digest))
                .map(|plugin| plugin.as_ref().into()),
        };
        PluginUse {
            name: name.clone(),
            in_use: used.into(),
            granted: registry.grant(&used.uploaded.digest).is_some(),
            chosen: registry.chosen_version(name).is_some(),
            choices: registry.plugin_choices(name).iter().map(choice).collect(),
        }
    }
}

/// The operations by their WIT functions.
pub(super) fn by_function<'a>(specs: &[&'a Spec]) -> HashMap<&'a str, &'a Spec> {
    specs.iter().map(|spec| (spec.function, *spec)).collect()
}

fn info(registry: &Registry, plugin: &registry::Plugin, specs: &HashMap<&str, &Spec>) -> PluginInfo {
    let uploaded = &plugin.uploaded;
    let previous = registry.previous_version(plugin);
    let is_new = |function: &String| previous.is_some_and(|previous| !previous.uploaded.imports.contains(function));
    let import = |function: &String| Import { is_new: is_new(function), ..Import::of(function, specs) };
    PluginInfo {
        digest: uploaded.digest.clone(),
        name: uploaded.name.clone(),
        version: uploaded.version.clone(),
        summary: uploaded.summary.clone(),
        size: uploaded.size,
        latest: registry.is_latest(plugin),
        in_use: registry.is_in_use(plugin),
        granted: registry.grant(&uploaded.digest).is_some(),
        damaged: plugin.damaged.is_some(),
        imports: uploaded.imports.iter().map(import).collect(),
        by: plugin.by.clone(),
        time: time(plugin.time),
    }
}

impl Import {
    /// What a call of this function needs.
    pub(super) fn of(function: &str, specs: &HashMap<&str, &Spec>) -> Import {
        let spec = specs.get(function);
        let actions = || spec.iter().flat_map(|spec| spec.actions());
        Import {
            function: function.into(),
            actions: actions().map(str::to_string).collect(),
            depends: spec.is_some_and(|spec| spec.depends()),
            access: spec.map(|spec| spec.access.into()),
            dangerous: actions().find_map(grant::danger).map(|danger| danger.why.into()),
            is_new: false,
        }
    }
}

impl From<capability::Access> for Access {
    fn from(access: capability::Access) -> Access {
        match access {
            capability::Access::List => Access::List,
            capability::Access::Read => Access::Read,
            capability::Access::Write => Access::Write,
            capability::Access::Tagging => Access::Tagging,
            capability::Access::PermissionsManagement => Access::PermissionsManagement,
        }
    }
}
