//! What is read from the WIT.

use std::{fs, path::Path};

use sandbox::{Contract, Error, REMEDIATION, Sandbox};

use crate::support::{DEMO_WIT, PLUGIN_WIT, WIT};

fn parse(wit: &str) -> Result<Contract, Error> {
    Contract::parse([WIT[0], WIT[1], ("deps/x/x.wit", wit)])
}

#[test]
fn functions_have_names_and_types() {
    let contract = Contract::parse(WIT).unwrap();
    let names: Vec<_> = contract.functions().collect();
    let expected = ["ask", "label", "note", "weigh"].map(|name| format!("quell:demo/things@0.1.0#{name}"));
    assert_eq!(names, expected);
    let ask = contract.function(&names[0]).unwrap().to_string();
    let expected = "func(name: string, times: option<u32>) -> result<list<string>, variant { denied(string), gone }>";
    assert_eq!(ask, expected);
    assert_eq!(contract.function("quell:demo/things@0.1.0#no"), None);
    assert_eq!(contract.function(&format!("{REMEDIATION}#run")), None);
}

#[test]
fn what_is_not_data_is_refused() {
    for wit in [
        "resource r; f: func(r: borrow<r>);",
        "resource r { constructor(); }",
        "f: func(s: stream<u8>);",
        "f: async func();",
    ] {
        let wit = format!("package x:x@1.0.0; interface i {{ {wit} }}");
        let error = parse(&wit).unwrap_err();
        assert!(matches!(error, Error::UnsupportedType { .. }), "{wit}: {error}");
    }
}

#[test]
fn the_remediation_must_be_what_the_host_calls() {
    assert!(matches!(Contract::parse([("demo.wit", DEMO_WIT)]), Err(Error::Remediation)));
    let other = PLUGIN_WIT.replace("summary: string, ", "");
    assert!(matches!(Contract::parse([("world.wit", other.as_str()), WIT[1]]), Err(Error::Remediation)));
}

#[test]
fn a_mistake_is_shown_with_its_place() {
    let error = parse("package x:x@1.0.0;\ninterface i { f: func(a: nope); }").unwrap_err().to_string();
    assert!(error.contains("nope"), "{error}");
    let error = parse("package x:x@1.0.0;\ninterface i { f func(); }").unwrap_err().to_string();
    assert!(error.contains("deps/x/x.wit:2:"), "{error}");
}

#[test]
fn the_wit_of_this_repository_is_a_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let contract = Contract::parse(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    assert!(contract.functions().count() > 0);
    Sandbox::new(contract).unwrap();
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}
