//! Why uploaded bytes are not a plugin, with a stable code for programs and a help text for people.
//!
//! Finding out is for `outline` and `inspect`; which HTTP status or exit code it becomes is for whoever took the upload.

use serde::{Deserialize, Serialize};

/// A function that the host has with another type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The name of the function, with its interface.
    pub function: String,
    /// The type in the plugin, or what it has in the place of a function.
    pub plugin: String,
    /// The type in the host's WIT.
    pub host: String,
}

/// Why uploaded bytes are not a plugin. The bytes are at fault, or who built them; never the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Refused {
    /// There is nothing.
    #[error("the upload is empty")]
    Empty,
    /// More bytes than an upload may have.
    #[error("the upload has {bytes} bytes, and {limit} are allowed")]
    TooLarge { bytes: usize, limit: usize },
    /// No WebAssembly at all.
    #[error("the upload is not WebAssembly")]
    NotWasm,
    /// A core module, which has neither types nor an interface.
    #[error("the upload is a core WebAssembly module, not a component")]
    CoreModule,
    /// Native code: `.cwasm`, or any other ELF file.
    #[error("the upload is precompiled native code")]
    Precompiled,
    /// The text format.
    #[error("the upload is WebAssembly text")]
    Text,
    /// A component may be in it; the upload is the component itself.
    #[error("the upload is an archive: {kind}")]
    Archive { kind: String },
    /// Broken, cut off, or with something behind its end.
    #[error("the component is malformed: {problem}")]
    Malformed { problem: String },
    /// Valid WebAssembly with a feature that is switched off here.
    #[error("the component uses a feature of WebAssembly that is switched off: {problem}")]
    FeatureDisabled { problem: String },
    /// A canonical option other than plain UTF-8 and synchronous.
    #[error("the component uses the canonical option `{option}`")]
    OptionRefused { option: String },
    /// More of something than a plugin needs.
    #[error("the component has more than {limit} {what}")]
    TooComplex { what: String, limit: usize },
    /// Imports of WASI, all of them.
    #[error("the component imports WASI: {}", list(imports))]
    WasiNotAllowed { imports: Vec<String> },
    /// Imports of a known interface in a version that there is not, all of them.
    #[error("the component imports {}, and the host has {}", list(imports), list(supported))]
    UnsupportedVersion { imports: Vec<String>, supported: Vec<String> },
    /// Imports that the host's WIT does not have, all of them.
    #[error("the component imports {}, which the host does not have", list(imports))]
    UnknownImport { imports: Vec<String> },
    /// Imports whose types are not the host's, all of them.
    #[error("the component imports functions with other types than the host's: {}", mismatches(functions))]
    ImportTypeMismatch { functions: Vec<Mismatch> },
    /// The exports are not those of a plugin.
    #[error("the component does not export what a plugin exports: {problem}")]
    ExportMismatch { problem: String },
    /// It passed every check and wasmtime refused it all the same.
    #[error("the component cannot be compiled: {problem}")]
    NotCompiled { problem: String },
    /// Compiling it, or asking it what it is, ended the process that did.
    #[error("the component takes more to compile than a check may use: {problem}")]
    CompileLimit { problem: String },
}

impl Refused {
    /// The stable code, kebab case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too-large",
            Self::NotWasm => "not-wasm",
            Self::CoreModule => "core-module-not-component",
            Self::Precompiled => "precompiled-refused",
            Self::Text => "text-refused",
            Self::Archive { .. } => "archive-refused",
            Self::Malformed { .. } => "malformed",
            Self::FeatureDisabled { .. } => "feature-disabled",
            Self::OptionRefused { .. } => "option-refused",
            Self::TooComplex { .. } => "too-complex",
            Self::WasiNotAllowed { .. } => "wasi-not-allowed",
            Self::UnsupportedVersion { .. } => "unsupported-version",
            Self::UnknownImport { .. } => "unknown-import",
            Self::ImportTypeMismatch { .. } => "import-type-mismatch",
            Self::ExportMismatch { .. } => "export-mismatch",
            Self::NotCompiled { .. } => "not-compiled",
            Self::CompileLimit { .. } => "compile-limit",
        }
    }

    /// What whoever built the plugin can do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::NotWasm => "upload the component that the build made: a `.wasm` file",
            Self::TooLarge { .. } => "build with `opt-level = \"s\"`, `lto = true` and `strip = true`",
            Self::CoreModule => "make a component of it: `scripts/build-plugins` does, and `wasm-tools component new`",
            Self::Precompiled => "upload the `.wasm` file; the host compiles it itself",
            Self::Text => "turn it into binary with `wasm-tools parse`",
            Self::Archive { .. } => "unpack it, and upload the `.wasm` file that is in it",
            Self::Malformed { .. } => "build the component again, and compare the digest of the file with what arrived",
            Self::FeatureDisabled { .. } => "build for `wasm32-unknown-unknown` with its default target features",
            Self::OptionRefused { .. } => "use UTF-8 strings and functions that are not `async`",
            Self::TooComplex { .. } => {
                "build a smaller plugin, in release mode and stripped, without composed components"
            }
            Self::WasiNotAllowed { .. } => {
                "build for `wasm32-unknown-unknown`, which imports no WASI; time, files and network come through capabilities"
            }
            Self::UnsupportedVersion { .. } | Self::ImportTypeMismatch { .. } => "build against the WIT of this host",
            Self::UnknownImport { .. } => "import what the WIT of this host has, and nothing else",
            Self::ExportMismatch { .. } => {
                "export `quell:plugin/remediation` as the WIT of this host has it, and nothing else"
            }
            Self::NotCompiled { .. } => {
                "report it with the component: a component that passes the checks should compile"
            }
            Self::CompileLimit { .. } => {
                "build with `opt-level = \"s\"` and `lto = true`, and split what makes the functions large; once more may help if the host was short of memory"
            }
        }
    }
}

/// How many names a message lists before it only counts: what is listed comes from the upload.
const LISTED: usize = 10;

fn list(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

fn mismatches(functions: &[Mismatch]) -> String {
    let text = functions.iter().take(LISTED);
    let text = text.map(|m| format!("`{}` is `{}` in the plugin and `{}` in the host", m.function, m.plugin, m.host));
    text.collect::<Vec<_>>().join("; ")
}
