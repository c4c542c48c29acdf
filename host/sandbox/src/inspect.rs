//! Decides whether uploaded bytes are a plugin, and what it asks for, without running or compiling any of it.
//!
//! A component's imports are its requested capabilities, down to the function: the component encoder leaves out what is
//! not called. Whether they are granted is for the gate.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmparser::{
    Validator, WasmFeatures,
    component_types::{ComponentEntityType, ComponentInstanceTypeId},
    types::{Types, TypesRef},
};

use crate::{
    contract::{Contract, Interface, REMEDIATION},
    outline::{self, Contents, Outline},
    refused::{Mismatch, Refused},
    signature,
};

/// What a Rust build for `wasm32-unknown-unknown` uses by default, and constant expressions. All else is off: every
/// feature is attack surface (SIMD alone had four miscompilations). The engine is configured with the same list.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// How much of a type or a name is shown in a problem: the plugin's may be of any length.
const SHOWN_TEXT: usize = 600;
/// How many problems of a kind are shown: an interface may have any number of functions.
const SHOWN_PROBLEMS: usize = 200;

/// What an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The SHA-256 of the bytes, 64 hexadecimal digits in lower case: the plugin's identity.
    pub digest: String,
    /// How many bytes there are.
    pub size: usize,
    /// The functions that the plugin may call, sorted, each as `package/interface@version#function`.
    pub imports: Vec<String>,
    /// The interfaces that the plugin exports.
    pub exports: Vec<String>,
    /// How much there is of what in it.
    pub contents: Contents,
}

/// Decides whether the bytes are a plugin.
pub(crate) fn inspect(contract: &Contract, bytes: &[u8]) -> Result<Inspection, Refused> {
    let Outline { imports, exports, contents } = outline::read(bytes)?;
    let types = validate(bytes)?;
    let types = types.as_ref();
    let imports = check_imports(contract, types, &imports)?;
    check_exports(contract, types, &exports)?;
    let digest = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Inspection { digest, size: bytes.len(), imports, exports, contents })
}

fn validate(bytes: &[u8]) -> Result<Types, Refused> {
    Validator::new_with_features(FEATURES).validate_all(bytes).map_err(|error| {
        match Validator::new_with_features(WasmFeatures::all()).validate_all(bytes) {
            Ok(_) => Refused::FeatureDisabled { problem: error.to_string() },
            Err(_) => outline::malformed(error),
        }
    })
}

/// What is wrong with the imports, by kind; all of it is collected, within reason, before anything is reported.
#[derive(Default)]
struct Problems {
    wasi: Vec<String>,
    unsupported: Vec<String>,
    supported: Vec<String>,
    unknown: Vec<String>,
    mismatched: Vec<Mismatch>,
}

/// Adds a problem, if there is still room.
fn add<T>(problems: &mut Vec<T>, problem: T) {
    if problems.len() < SHOWN_PROBLEMS {
        problems.push(problem);
    }
}

impl Problems {
    /// The most telling kind first: whoever built for WASI has nothing to gain from reading about versions.
    fn report(self) -> Result<(), Refused> {
        if !self.wasi.is_empty() {
            return Err(Refused::WasiNotAllowed { imports: self.wasi });
        }
        if !self.unknown.is_empty() {
            return Err(Refused::UnknownImport { imports: self.unknown });
        }
        if !self.unsupported.is_empty() {
            return Err(Refused::UnsupportedVersion { imports: self.unsupported, supported: self.supported });
        }
        if !self.mismatched.is_empty() {
            return Err(Refused::ImportTypeMismatch { functions: self.mismatched });
        }
        Ok(())
    }
}

fn check_imports(contract: &Contract, types: TypesRef<'_>, names: &[String]) -> Result<Vec<String>, Refused> {
    let mut problems = Problems::default();
    let mut functions = Vec::new();
    for name in names {
        if name.starts_with("wasi:") {
            add(&mut problems.wasi, shorten(name.clone()));
            continue;
        }
        let Some(interface) = contract.interfaces().get(name) else {
            let supported = versions(contract, name);
            if supported.is_empty() {
                add(&mut problems.unknown, shorten(name.clone()));
            } else {
                add(&mut problems.unsupported, shorten(name.clone()));
                problems.supported.extend(supported);
            }
            continue;
        };
        match types.component_item_for_import(name).map(|item| item.ty) {
            Some(ComponentEntityType::Instance(id)) => {
                functions.extend(imported_functions(name, interface, types, id, &mut problems));
            }
            _ => add(&mut problems.unknown, shorten(name.clone())),
        }
    }
    problems.report()?;
    functions.sort();
    Ok(functions)
}

/// The versions in which the contract has an interface that is asked for in another one.
fn versions(contract: &Contract, name: &str) -> Vec<String> {
    let base = |name: &str| name.split_once('@').map_or(name, |(base, _)| base).to_owned();
    contract.interfaces().keys().filter(|known| base(known) == base(name)).cloned().collect()
}

fn imported_functions(
    name: &str,
    interface: &Interface,
    types: TypesRef<'_>,
    id: ComponentInstanceTypeId,
    problems: &mut Problems,
) -> Vec<String> {
    let mut functions = Vec::new();
    for (item, ty) in types.get(id).into_iter().flat_map(|instance| &instance.exports) {
        let function = format!("{name}#{item}");
        match (ty.ty, interface.get(item)) {
            (ComponentEntityType::Func(id), Some(host)) => {
                let plugin = signature::function(types, id);
                if plugin.as_ref() == Ok(host) {
                    functions.push(function);
                } else {
                    let plugin = plugin.map_or_else(str::to_owned, |ty| ty.to_string());
                    let mismatch = Mismatch { function, plugin: shorten(plugin), host: host.to_string() };
                    add(&mut problems.mismatched, mismatch);
                }
            }
            // Types are structural: a function that uses one is compared with what the type is made of.
            (ComponentEntityType::Type { referenced, .. }, _) if !is_resource(referenced) => {}
            _ => add(&mut problems.unknown, shorten(function)),
        }
    }
    functions
}

fn is_resource(ty: wasmparser::component_types::ComponentAnyTypeId) -> bool {
    matches!(ty, wasmparser::component_types::ComponentAnyTypeId::Resource(_))
}

fn shorten(mut text: String) -> String {
    if text.len() > SHOWN_TEXT {
        text.truncate(text.floor_char_boundary(SHOWN_TEXT));
        text.push('…');
    }
    text
}

fn check_exports(contract: &Contract, types: TypesRef<'_>, names: &[String]) -> Result<(), Refused> {
    let mismatch = |problem: String| Err(Refused::ExportMismatch { problem });
    if let Some(other) = names.iter().find(|name| *name != REMEDIATION) {
        return mismatch(format!("`{}` is exported besides `{REMEDIATION}`", shorten(other.clone())));
    }
    let Some(ComponentEntityType::Instance(id)) = types.component_item_for_export(REMEDIATION).map(|item| item.ty)
    else {
        return mismatch(format!("`{REMEDIATION}` is not exported"));
    };
    let Some(instance) = types.get(id) else {
        return mismatch(format!("`{REMEDIATION}` is not an instance"));
    };
    for (name, host) in contract.remediation() {
        let Some(ComponentEntityType::Func(id)) = instance.exports.get(name).map(|item| item.ty) else {
            return mismatch(format!("there is no function `{name}`"));
        };
        let plugin = signature::function(types, id);
        if plugin.as_ref() != Ok(host) {
            let plugin = plugin.map_or_else(str::to_owned, |ty| ty.to_string());
            return mismatch(format!("`{name}` is `{}`, and should be `{host}`", shorten(plugin)));
        }
    }
    Ok(())
}
