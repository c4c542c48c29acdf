//! A plugin that answers its input, small enough to be written by hand.

use std::collections::BTreeMap;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

use crate::contract::wit;

/// The component of a plugin `echo` of this version: like `1.0.0`, five characters.
pub fn echo(version: &str, summary: &str) -> Vec<u8> {
    encode(&module(version, summary, ""))
}

/// The module of that plugin, with `more` in it.
pub fn module(version: &str, summary: &str, more: &str) -> String {
    assert_eq!((version.len(), summary.len()), (5, 5), "the module below has their places");
    format!(
        r#"(module
        (memory (export "memory") 16)
        (global $next (mut i32) (i32.const 4096))
        (data (i32.const 0) "echo{version}{summary}{{}}{{}}")
        (func $pair (param $at i32) (param $start i32) (param $len i32)
            (i32.store (local.get $at) (local.get $start))
            (i32.store offset=4 (local.get $at) (local.get $len)))
        (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get $size))))
        (func (export "quell:plugin/remediation@0.1.0#run") (param $start i32) (param $len i32) (result i32)
            (i32.store8 (i32.const 1024) (i32.const 0))
            (call $pair (i32.const 1028) (local.get $start) (local.get $len))
            (i32.const 1024))
        (func (export "quell:plugin/remediation@0.1.0#describe") (result i32)
            (call $pair (i32.const 2048) (i32.const 0) (i32.const 4))
            (call $pair (i32.const 2056) (i32.const 4) (i32.const 5))
            (call $pair (i32.const 2064) (i32.const 9) (i32.const 5))
            (call $pair (i32.const 2072) (i32.const 14) (i32.const 2))
            (call $pair (i32.const 2080) (i32.const 16) (i32.const 2))
            (i32.const 2048)) {more})"#
    )
}

/// The world of the components here. What a module does not call is not in its component.
const REACHING: &str = "package quell:plugin@0.1.0; world reaching { include plugin; import quell:http/client@0.1.0; }";

/// The component of a module.
pub fn encode(module: &str) -> Vec<u8> {
    let mut folders: BTreeMap<&str, SourceMap> = BTreeMap::new();
    for (path, text) in wit() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push_str(path, text);
    }
    folders.entry("").or_default().push_str("reaching.wit", REACHING);
    let mut groups = folders.into_values().map(|files| files.parse().map_err(|(_, error)| error).unwrap());
    let main = groups.next().unwrap();
    let mut resolve = Resolve::new();
    let package = resolve.push_groups(main, groups.collect()).unwrap();
    let world = resolve.select_world(&[package], Some("reaching")).unwrap();
    let mut bytes = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&bytes).unwrap().encode().unwrap()
}
