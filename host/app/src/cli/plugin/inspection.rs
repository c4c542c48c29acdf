//! What a component asks for, read from its bytes: nothing of it runs, and no server is needed.

use std::collections::BTreeMap;
use std::path::Path;

use capability::{Catalog as _, Effect, LOCAL, Spec};
use operations::{Accounts, Operations};
use sandbox::{Contract, Inspection, Sandbox};
use serde::Serialize;

use super::access_name;
use crate::cli::error::Error;
use crate::cli::page::{Line, Page, Style};
use crate::contract::wit;
use crate::wire::Access;

/// What a component is and asks for.
#[derive(Debug, Serialize)]
pub struct Inspected {
    file: String,
    digest: String,
    size: usize,
    exports: Vec<String>,
    imports: Vec<Import>,
}

/// A function that the component may call.
#[derive(Debug, Serialize)]
struct Import {
    function: String,
    /// What a grant must allow, all of it; empty where none is needed.
    actions: Vec<&'static str>,
    /// IAM's access level.
    access: Option<Access>,
    /// Whether it changes anything.
    effect: Option<&'static str>,
}

/// Inspects the bytes of `file`.
pub fn inspect(file: &Path, bytes: &[u8]) -> Result<Inspected, Error> {
    let contract = Contract::parse(wit()).map_err(|error| Error::Unexpected(error.to_string()))?;
    let sandbox = Sandbox::new(contract).map_err(|error| Error::Unexpected(error.to_string()))?;
    let operations = Operations::new(Accounts::default()).map_err(|error| Error::Unexpected(error.to_string()))?;
    let inspection = sandbox.inspect(bytes).map_err(|refused| Error::Failed {
        message: format!("`{}` is no plugin: {refused}", file.display()),
        help: Some(refused.help().into()),
    })?;
    Ok(Inspected::new(&file.display().to_string(), inspection, &operations.specs()))
}

impl Inspected {
    fn new(file: &str, inspection: Inspection, specs: &[&'static Spec]) -> Inspected {
        let specs: BTreeMap<&str, &Spec> = specs.iter().map(|spec| (spec.function, *spec)).collect();
        let import = |function: String| {
            let spec = specs.get(function.as_str());
            Import {
                actions: spec.iter().flat_map(|spec| spec.actions()).collect(),
                access: spec.map(|spec| spec.access.into()),
                effect: spec.map(|spec| match spec.effect {
                    Effect::Read => "read",
                    Effect::Write => "write",
                }),
                function,
            }
        };
        let Inspection { digest, size, imports, exports } = inspection;
        Inspected { file: file.into(), digest, size, exports, imports: imports.into_iter().map(import).collect() }
    }

    /// What a person reads.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        page.push(Line::default().and(Style::Bold, &self.file));
        page.push(Line::plain(format!("digest   {}", self.digest)));
        page.push(Line::plain(format!("size     {} bytes", self.size)));
        page.push(Line::plain(format!("exports  {}", self.exports.join(", "))));
        page.push(Line::default());
        if self.imports.is_empty() {
            page.push(Line::plain("It imports nothing: it can only compute."));
            return page;
        }
        page.push(Line::plain("It can call these and nothing else, each only as far as its grant allows:"));
        let row = |import: &Import| {
            let without = if LOCAL.contains(&import.function.as_str()) { "(no grant needed)" } else { "(unknown)" };
            let actions = if import.actions.is_empty() { without.into() } else { import.actions.join(", ") };
            let access = import.access.map_or("-", access_name).to_owned();
            vec![import.effect.unwrap_or("-").to_owned(), access, actions, import.function.clone()]
        };
        page.push_table(&["EFFECT", "ACCESS", "ACTION", "FUNCTION"], self.imports.iter().map(row));
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_shown_as_iam_actions() {
        let imports = [
            "quell:ec2/security-groups@0.1.0#describe-security-groups",
            "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
            "quell:log/log@0.1.0#write",
            "quell:plugin/context@0.1.0#get",
        ];
        let inspection = Inspection {
            digest: "9f".repeat(32),
            size: 60_012,
            imports: imports.map(str::to_owned).to_vec(),
            exports: vec!["quell:plugin/remediation@0.1.0".into()],
        };
        let specs = Operations::new(Accounts::default()).unwrap().specs();
        let inspected = Inspected::new("sg-revoke-open-ports.wasm", inspection, &specs);
        insta::assert_snapshot!(inspected.page().render(false));
        insta::assert_snapshot!(serde_json::to_string_pretty(&inspected).unwrap());
    }

    #[test]
    fn what_is_no_plugin_is_refused_with_help() {
        let error = inspect(Path::new("x.wasm"), b"\x7fELF").unwrap_err();
        insta::assert_snapshot!(error.page().render(false));
    }
}
