//! What a component asks for, read from its bytes: nothing of it runs, and no server is needed.

use std::collections::BTreeMap;
use std::path::Path;

use capability::{Catalog as _, Effect, LOCAL, Spec};
use grant::{NeededActions, danger};
use operations::{Accounts, Operations};
use sandbox::{Contents, Contract, Inspection, Limits, LimitsChange, Sandbox};
use serde::Serialize;

use super::{access_name, actions, marks};
use crate::cli::error::Error;
use crate::cli::files;
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
    contents: Contents,
    /// What every plugin may use up, where nothing else is set for one.
    limits: LimitsChange,
    /// The digest of the version that it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// What that version imported and this one does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
}

/// A function that the component may call.
#[derive(Debug, Serialize)]
struct Import {
    function: String,
    /// What a grant must allow, all of it; empty where none is needed.
    actions: Vec<&'static str>,
    /// Whether a call needs only some of it: its arguments say what.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    depends: bool,
    /// IAM's access level.
    access: Option<Access>,
    /// Whether it changes anything.
    effect: Option<&'static str>,
    /// What is dangerous about any of the actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    dangerous: Option<&'static str>,
    /// Whether the version that it was compared with did not import it.
    #[serde(rename = "new", skip_serializing_if = "Option::is_none")]
    is_new: Option<bool>,
}

/// Inspects the component in `file`, and what it imports that the one in `previous` did not.
pub fn inspect(file: &Path, previous: Option<&Path>) -> Result<Inspected, Error> {
    let contract = Contract::parse(wit()).map_err(|error| Error::Unexpected(error.to_string()))?;
    let sandbox = Sandbox::new(contract).map_err(|error| Error::Unexpected(error.to_string()))?;
    let operations = Operations::new(Accounts::default()).map_err(|error| Error::Unexpected(error.to_string()))?;
    let read = |file: &Path| {
        sandbox.inspect(&files::bytes(file)?).map_err(|refused| Error::Failed {
            message: format!("`{}` is no plugin: {refused}", file.display()),
            help: Some(refused.help().into()),
        })
    };
    let inspected = Inspected::new(&file.display().to_string(), read(file)?, &operations.specs());
    Ok(match previous {
        Some(previous) => inspected.compared_with(read(previous)?),
        None => inspected,
    })
}

impl Inspected {
    /// What its calls need.
    pub fn needed(&self) -> Vec<NeededActions<'_>> {
        let needed = |import: &'_ Import| (import.actions.clone(), import.depends);
        let imports = self.imports.iter().map(|import| (import.function.as_str(), needed(import)));
        imports.map(|(function, (actions, some))| NeededActions { function, actions, some }).collect()
    }

    fn new(file: &str, inspection: Inspection, specs: &[&'static Spec]) -> Inspected {
        let specs: BTreeMap<&str, &Spec> = specs.iter().map(|spec| (spec.function, *spec)).collect();
        let import = |function: String| {
            let spec = specs.get(function.as_str());
            Import {
                actions: spec.iter().flat_map(|spec| spec.actions()).collect(),
                depends: spec.is_some_and(|spec| spec.depends()),
                access: spec.map(|spec| spec.access.into()),
                effect: spec.map(|spec| match spec.effect {
                    Effect::Read => "read",
                    Effect::Write => "write",
                    Effect::Depends => "read or write",
                }),
                dangerous: spec.iter().flat_map(|spec| spec.actions()).find_map(danger).map(|danger| danger.why),
                is_new: None,
                function,
            }
        };
        let Inspection { digest, size, imports, exports, contents } = inspection;
        let imports = imports.into_iter().map(import).collect();
        let limits = (&Limits::DEFAULT).into();
        let file = file.into();
        Inspected { file, digest, size, exports, imports, contents, limits, previous: None, dropped: vec![] }
    }

    /// The same, against another version.
    fn compared_with(mut self, previous: Inspection) -> Inspected {
        for import in &mut self.imports {
            import.is_new = Some(!previous.imports.contains(&import.function));
        }
        let imports = |function: &String| self.imports.iter().any(|import| &import.function == function);
        self.dropped = previous.imports.into_iter().filter(|function| !imports(function)).collect();
        self.previous = Some(previous.digest);
        self
    }

    /// What a person reads.
    pub fn page(&self) -> Page {
        let mut page = Page::default();
        page.push(Line::default().and(Style::Bold, &self.file));
        page.push(Line::plain(format!("digest   {}", self.digest)));
        page.push(Line::plain(format!("size     {} bytes", self.size)));
        page.push(Line::plain(format!("exports  {}", self.exports.join(", "))));
        page.push(Line::plain(format!("contents {}", self.contents())));
        page.push(Line::plain(format!("limits   {}", self.limits())));
        if let Some(previous) = &self.previous {
            page.push(Line::plain(format!("previous {previous}")));
        }
        page.push(Line::default());
        if self.imports.is_empty() {
            page.push(Line::plain("It imports nothing: it can only compute."));
            return page;
        }
        page.push(Line::plain("It can call these and nothing else, each only as far as its grant allows:"));
        let row = |import: &Import| {
            let marks = marks(import.dangerous, import.is_new == Some(true));
            let without = if LOCAL.contains(&import.function.as_str()) { "(no grant needed)" } else { "(unknown)" };
            let actions = actions(&import.actions, import.depends).unwrap_or_else(|| without.into());
            let access = import.access.map_or("-", access_name).to_owned();
            vec![import.effect.unwrap_or("-").to_owned(), access, actions, import.function.clone(), marks]
        };
        page.push_table(&["EFFECT", "ACCESS", "ACTION", "FUNCTION", ""], self.imports.iter().map(row));
        if !self.dropped.is_empty() {
            page.push(Line::plain(format!("No longer imported: {}", self.dropped.join(", "))));
        }
        page
    }

    fn contents(&self) -> String {
        let Contents { core_functions, code_bytes, data_bytes, custom_bytes, memory_pages, .. } = &self.contents;
        format!(
            "{core_functions} functions in {code_bytes} bytes of code, {data_bytes} bytes of data, {custom_bytes} of custom \
             sections; {memory_pages} pages of memory at first"
        )
    }

    /// Those that people ask for; `--json` has all.
    fn limits(&self) -> String {
        let LimitsChange { memory_bytes, wall_time_ms, host_calls, output_bytes, .. } = &self.limits;
        let limit = |limit: &Option<u64>, unit: u64| limit.unwrap_or_default() / unit;
        format!(
            "{} MiB of memory, {} s, {} calls, {} KiB of output, where nothing else is set for it",
            limit(memory_bytes, 1 << 20),
            limit(wall_time_ms, 1000),
            limit(host_calls, 1),
            limit(output_bytes, 1 << 10)
        )
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
            "quell:http/client@0.1.0#send",
            "quell:log/log@0.1.0#write",
            "quell:plugin/context@0.1.0#get",
        ];
        let inspection = |imports: &[&str]| Inspection {
            digest: "9f".repeat(32),
            size: 60_012,
            imports: imports.iter().map(|import| (*import).to_owned()).collect(),
            exports: vec!["quell:plugin/remediation@0.1.0".into()],
            contents: Contents { core_functions: 99, code_bytes: 50_000, memory_pages: 17, ..Contents::default() },
        };
        let specs = Operations::new(Accounts::default()).unwrap().specs();
        let previous = ["quell:log/log@0.1.0#write", imports[0], "quell:sns/topics@0.1.0#publish"];
        let inspected = Inspected::new("sg-revoke-open-ports.wasm", inspection(&imports), &specs);
        let inspected = inspected.compared_with(inspection(&previous));
        insta::assert_snapshot!(inspected.page().render(false));
        insta::assert_snapshot!(serde_json::to_string_pretty(&inspected).unwrap());
    }

    #[test]
    fn what_is_no_plugin_is_refused_with_help() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.wasm");
        std::fs::write(&file, b"\x7fELF").unwrap();
        let error = inspect(&file, None).unwrap_err().page().render(false);
        let error = error.replace(&folder.path().display().to_string(), "");
        insta::assert_snapshot!(error);
    }
}
