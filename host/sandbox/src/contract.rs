//! The contract with plugins as data: which functions a plugin may import and what it must export, read from the host's
//! WIT.
//!
//! The WIT decides what is in it; this file only reads it. That the two functions of the export have the types that
//! `export` relies on is checked here, once, so that a changed WIT is an error at start and not in a run.

use std::{collections::BTreeMap, path::Path};

use wit_parser::{Resolve, SourceMap, UnresolvedPackageGroup};

use crate::{
    error::Error,
    wit_type::{FunctionType, Type},
};

/// The interface that every plugin exports. All other interfaces of the WIT can be imported.
pub const REMEDIATION: &str = "quell:plugin/remediation@0.1.0";

/// The functions of an interface by name.
pub(crate) type Interface = BTreeMap<String, FunctionType>;

/// The host's WIT: every function that a plugin can import, with its parameters and result, and what it must export.
#[derive(Debug, Clone)]
pub struct Contract {
    interfaces: BTreeMap<String, Interface>,
    remediation: Interface,
}

impl Contract {
    /// Parses the files of a WIT folder, given as pairs of path and text. The files of one folder are one package, as
    /// everywhere in WIT; the order does not matter.
    pub fn parse<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self, Error> {
        let mut folders: BTreeMap<&Path, SourceMap> = BTreeMap::new();
        for (path, text) in files {
            let folder = Path::new(path).parent().unwrap_or(Path::new(""));
            folders.entry(folder).or_default().push_str(path, text);
        }
        let mut packages = folders.into_values().map(parse_package);
        let main = packages.next().ok_or_else(|| Error::Wit("there is no file".to_owned()))??;
        let mut resolve = Resolve::new();
        let others = packages.collect::<Result<_, _>>()?;
        if let Err(error) = resolve.push_groups(main, others) {
            return Err(Error::Wit(error.to_string()));
        }
        Self::from_resolve(&resolve)
    }

    /// Takes the contract from WIT that was parsed already.
    pub fn from_resolve(resolve: &Resolve) -> Result<Self, Error> {
        let mut interfaces = BTreeMap::new();
        for (id, interface) in resolve.interfaces.iter() {
            // An interface without a name is inside a world; its name is the world's business, and no plugin can import it.
            let Some(name) = resolve.id_of(id) else {
                continue;
            };
            let functions = interface.functions.iter().map(|(function, wit)| {
                let ty = FunctionType::from_wit(resolve, wit);
                let ty = ty.map_err(|kind| Error::UnsupportedType { function: format!("{name}#{function}"), kind })?;
                Ok((function.clone(), ty))
            });
            let functions = functions.collect::<Result<_, Error>>()?;
            interfaces.insert(name, functions);
        }
        let remediation = interfaces.remove(REMEDIATION).unwrap_or_default();
        if remediation != expected_remediation() {
            return Err(Error::Remediation);
        }
        Ok(Self { interfaces, remediation })
    }

    /// The names of the functions that can be imported, sorted: `quell:log/log@0.1.0#write`.
    pub fn functions(&self) -> impl Iterator<Item = String> + '_ {
        let interfaces = self.interfaces.iter();
        interfaces
            .flat_map(|(interface, functions)| functions.keys().map(move |function| format!("{interface}#{function}")))
    }

    /// The type of the function with that name, if it can be imported.
    pub fn function(&self, name: &str) -> Option<&FunctionType> {
        let (interface, function) = name.split_once('#')?;
        self.interfaces.get(interface)?.get(function)
    }

    /// The interfaces that can be imported. Those that only define types have no functions.
    pub(crate) fn interfaces(&self) -> &BTreeMap<String, Interface> {
        &self.interfaces
    }

    /// The functions that a plugin exports.
    pub(crate) fn remediation(&self) -> &Interface {
        &self.remediation
    }
}

fn parse_package(files: SourceMap) -> Result<UnresolvedPackageGroup, Error> {
    files.parse().map_err(|(files, error)| Error::Wit(error.render(&files)))
}

/// What `export` calls: `run` takes JSON and answers JSON or a failure, `describe` answers five texts.
fn expected_remediation() -> Interface {
    let strings = |names: &[&str]| Type::Record(names.iter().map(|&name| (name.to_owned(), Type::String)).collect());
    let failure = strings(&["code", "message"]);
    let description = strings(&["name", "version", "summary", "input-schema", "output-schema"]);
    let run = FunctionType {
        params: vec![("input".to_owned(), Type::String)],
        result: Some(Type::Result { ok: Some(Box::new(Type::String)), err: Some(Box::new(failure)) }),
    };
    let describe = FunctionType { params: Vec::new(), result: Some(description) };
    BTreeMap::from([("run".to_owned(), run), ("describe".to_owned(), describe)])
}
