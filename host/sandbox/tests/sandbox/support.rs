//! A small contract, plugins for it, and a host that answers their calls.

use std::{collections::BTreeMap, sync::LazyLock};

use sandbox::{Answer, Call, Channel, Contract, Ended, Limits, Plugin, Sandbox};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

pub const PLUGIN_WIT: &str = include_str!("../wit/world.wit");
pub const DEMO_WIT: &str = include_str!("../wit/deps/demo/demo.wit");

pub const WIT: [(&str, &str); 2] = [("world.wit", PLUGIN_WIT), ("deps/demo/demo.wit", DEMO_WIT)];

pub static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(Contract::parse(WIT).unwrap()).unwrap());

/// The parts of a plugin that tests change; the rest does its duty.
pub struct Module {
    pub memory: &'static str,
    pub run: &'static str,
    pub describe: &'static str,
    pub realloc: &'static str,
    pub more: &'static str,
}

/// A plugin that answers its input.
pub const ECHO: Module = Module {
    memory: "16",
    run: "(call $ok (local.get $in) (local.get $len))",
    describe: "(call $description)",
    realloc: "(call $alloc (local.get 3))",
    more: "",
};

/// A plugin with that `run`.
pub const fn running(run: &'static str) -> Module {
    Module { run, ..ECHO }
}

const IMPORTS: [(&str, &str); 4] = [
    ("ask", "(param i32 i32 i32 i32 i32)"),
    ("note", "(param i32 i32)"),
    ("label", "(param i32 i32)"),
    ("weigh", "(param f64)"),
];

impl Module {
    /// The text of the core module. Only the functions that it calls are imported, as from a compiler.
    pub fn text(&self) -> String {
        let Self { memory, run, describe, realloc, more } = self;
        let used =
            |name: &str| [run, describe, realloc, more].iter().any(|text| text.contains(&format!("call ${name}")));
        let imports: String = IMPORTS
            .iter()
            .filter(|(name, _)| used(name))
            .map(|(name, ty)| format!("(import \"quell:demo/things@0.1.0\" \"{name}\" (func ${name} {ty}))"))
            .collect();
        format!(
            r#"(module {imports}
            (memory (export "memory") {memory})
            (global $next (mut i32) (i32.const 4096))
            (data (i32.const 0) "demo1.0.0Demo.{{}}true")
            (data (i32.const 100) "{{\"a\":1}}")
            (func $alloc (param $size i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get $size))))
            (func $pair (param $at i32) (param $start i32) (param $len i32)
                (i32.store (local.get $at) (local.get $start))
                (i32.store offset=4 (local.get $at) (local.get $len)))
            (func $ok (param $start i32) (param $len i32) (result i32)
                (i32.store8 (i32.const 1024) (i32.const 0))
                (call $pair (i32.const 1028) (local.get $start) (local.get $len))
                (i32.const 1024))
            (func $err (param $code i32) (param $code_len i32) (param $text i32) (param $text_len i32) (result i32)
                (i32.store8 (i32.const 1024) (i32.const 1))
                (call $pair (i32.const 1028) (local.get $code) (local.get $code_len))
                (call $pair (i32.const 1036) (local.get $text) (local.get $text_len))
                (i32.const 1024))
            (func $description (result i32)
                (call $pair (i32.const 2048) (i32.const 0) (i32.const 4))
                (call $pair (i32.const 2056) (i32.const 4) (i32.const 5))
                (call $pair (i32.const 2064) (i32.const 9) (i32.const 5))
                (call $pair (i32.const 2072) (i32.const 14) (i32.const 2))
                (call $pair (i32.const 2080) (i32.const 16) (i32.const 4))
                (i32.const 2048))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
            (func (export "quell:plugin/remediation@0.1.0#run") (param $in i32) (param $len i32) (result i32) {run})
            (func (export "quell:plugin/remediation@0.1.0#describe") (result i32) {describe})
            {more})"#
        )
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let world = if self.text().contains("(import") { "demo" } else { "plain" };
        encode(&WIT, world, &self.text(), StringEncoding::UTF8)
    }

    pub fn plugin(&self) -> Plugin {
        SANDBOX.compile(&self.component()).unwrap()
    }
}

/// Makes a component of a core module, against the WIT of a plugin author.
pub fn encode(wit: &[(&str, &str)], world: &str, module: &str, strings: StringEncoding) -> Vec<u8> {
    let mut folders: BTreeMap<&str, SourceMap> = BTreeMap::new();
    for (path, text) in wit {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push_str(path, *text);
    }
    let mut groups = folders.into_values().map(|files| files.parse().map_err(|(_, error)| error).unwrap());
    let main = groups.next().unwrap();
    let mut resolve = Resolve::new();
    let package = resolve.push_groups(main, groups.collect()).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut bytes = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut bytes, &resolve, world, strings).unwrap();
    ComponentEncoder::default().module(&bytes).unwrap().encode().unwrap()
}

/// Runs a plugin with a host that answers from a function; gives the result and the calls.
pub async fn invoke(
    plugin: &Plugin,
    input: &str,
    limits: &Limits,
    mut answer: impl FnMut(&Call) -> Answer,
) -> (Result<String, Ended>, Vec<Call>) {
    let (channel, mut host) = Channel::new();
    let mut calls = Vec::new();
    let serve = async {
        while let Some(call) = host.calls.recv().await {
            let answer = answer(&call);
            calls.push(call);
            if host.answers.send(answer).await.is_err() {
                break;
            }
        }
    };
    let (result, ()) = tokio::join!(SANDBOX.invoke(plugin, input.to_owned(), limits, channel), serve);
    (result, calls)
}

/// How a plugin ends whose calls are all answered with `{}`.
pub async fn ended(module: Module, limits: &Limits) -> Ended {
    let (result, _) = invoke(&module.plugin(), "{}", limits, |_| Answer::Return(serde_json::json!({}))).await;
    result.unwrap_err()
}
