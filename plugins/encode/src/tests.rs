//! That a component imports just what its module calls: grants rest on it.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;

const WIT: &str = "
    package test:test@0.1.0;

    interface called {
        one: func();
        two: func();
    }

    interface uncalled {
        three: func();
    }

    world plugin {
        import called;
        import uncalled;
        export run: func();
    }
";

/// A core module with the types of [`WIT`] that imports this.
fn module(import: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let text = format!("(module (import {import} (func)) (func (export \"run\")))");
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

#[test]
fn functions_that_are_not_called_are_not_imported() {
    let component = encode(&module(r#""test:test/called@0.1.0" "two""#)).unwrap();
    assert_eq!(imports(&component).unwrap(), ["test:test/called@0.1.0.two"]);
}

#[test]
fn imports_that_no_wit_types_are_refused() {
    for import in [r#""wasi_snapshot_preview1" "proc_exit""#, r#""test:test/called@0.1.0" "four""#, r#""env" "abort""#]
    {
        assert!(encode(&module(import)).is_err(), "{import}");
    }
}
