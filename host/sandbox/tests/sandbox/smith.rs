//! B28: random components. None makes the sandbox panic; each is refused with a code, or compiles and ends.
//!
//! `QUELL_SMITH` says how many of each kind there are. The seeds are the numbers from 0, so that every run is the same.

use std::{collections::BTreeMap, env, fmt::Write as _};

use arbitrary::Unstructured;
use cases::case;
use sandbox::{Answer, Limits};
use serde_json::json;
use wasm_smith::{Component, Config, Module};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use crate::{
    support::{ECHO, SANDBOX, invoke},
    worst::append,
};

/// How many components of each kind there are in every run of the tests.
const USUAL: u64 = 1_000;
/// How much chance makes one component.
const CHANCE_BYTES: usize = 8 << 10;

/// Enough for a function or two.
const LITTLE: Limits = Limits {
    memory_bytes: 8 << 20,
    fuel: 200_000,
    host_calls: 10,
    argument_bytes: 1 << 10,
    hostcall_fuel: 1 << 16,
    ..Limits::DEFAULT
};

fn how_many() -> u64 {
    env::var("QUELL_SMITH").map_or(USUAL, |count| count.parse().expect("QUELL_SMITH is a number"))
}

/// SplitMix64: the same bytes for the same seed, on every machine.
fn chance(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    std::iter::repeat_with(next).take(CHANCE_BYTES / 8).flatten().collect()
}

/// Says which seed it was, should the sandbox panic.
struct Seed(&'static str, u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was the {} of seed {}", self.0, self.1);
        }
    }
}

/// How often each code was seen.
#[derive(Default)]
struct Codes(BTreeMap<String, u64>);

impl Codes {
    /// Uploads a component and runs it, if it is a plugin.
    async fn try_out(&mut self, component: &[u8]) {
        let code = match SANDBOX.compile(component) {
            Err(refused) => format!("refused: {}", refused.code()),
            Ok(plugin) => match invoke(&plugin, "{}", &LITTLE, |_| Answer::Return(json!({}))).await.0 {
                Ok(_) => "ran: output".to_owned(),
                Err(ended) => format!("ran: {}", ended.code()),
            },
        };
        *self.0.entry(code).or_default() += 1;
    }

    fn count(&self, kind: &str) -> u64 {
        self.0.iter().filter(|(code, _)| code.starts_with(kind)).map(|(_, count)| count).sum()
    }
}

#[tokio::test]
async fn b28_random_components() {
    let mut codes = Codes::default();
    for seed in 0..how_many() {
        let seed = Seed("component", seed);
        let chance = chance(seed.1);
        let component = Component::new(Config::default(), &mut Unstructured::new(&chance)).unwrap();
        codes.try_out(&component.to_bytes()).await;
    }
    println!("{:#?}", codes.0);
    // One that wasmtime refuses although our checks pass would be a hole in the checks.
    let seen = format!("{} not compiled", codes.count("refused: not-compiled"));
    case("B28", "random components: no panic, and a code each", "0 not compiled", seen);
}

#[tokio::test]
async fn b28_plugins_with_random_code_in_them() {
    let mut codes = Codes::default();
    for seed in 0..how_many() {
        let seed = Seed("module", seed);
        let chance = chance(seed.1);
        let module = Module::new(config(), &mut Unstructured::new(&chance)).unwrap();
        codes.try_out(&around(&module.to_bytes())).await;
    }
    println!("{:#?}", codes.0);
    let ran = codes.count("ran") * 100 / how_many().max(1);
    assert!(ran >= 20, "only {ran} % ran");
    assert!(codes.count("ran: output") > 0 && codes.count("ran: trap") > 0, "{:?}", codes.0);
    let seen = format!("{} not compiled", codes.count("refused: not-compiled"));
    case("B28", "plugins with random code in them: no panic, and a code each", "0 not compiled", seen);
}

/// What the sandbox allows, so that most of the modules run.
fn config() -> Config {
    Config {
        bulk_memory_enabled: true,
        exceptions_enabled: false,
        export_everything: true,
        gc_enabled: false,
        max_imports: 0,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 1_000,
        memory64_enabled: false,
        min_funcs: 1,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    }
}

/// A plugin that does its duty, and before it does calls every function that a core module exports, once.
fn around(module: &[u8]) -> Vec<u8> {
    const CORE_MODULE: u8 = 1;
    const CORE_INSTANCE: u8 = 2;
    let driver = wat::parse_str(driver(module)).unwrap();
    // Its own module and instance are number 0.
    let instances = vec![2, 0, 1, 0, 0, 2, 1, 1, b'm', 0x12, 1];
    let mut component = ECHO.component();
    append(&mut component, &[(CORE_MODULE, module.to_vec()), (CORE_MODULE, driver), (CORE_INSTANCE, instances)]);
    component
}

/// A module whose start function calls each exported function of numbers.
fn driver(module: &[u8]) -> String {
    let (mut imports, mut calls) = (String::new(), String::new());
    for (name, ty) in functions(module) {
        let list = |types: &[ValType]| types.iter().map(|ty| format!("{ty} ")).collect::<String>();
        let (params, results) = (list(ty.params()), list(ty.results()));
        write!(imports, "(import \"m\" \"{name}\" (func ${name} (param {params}) (result {results})))").unwrap();
        let arguments: String = ty.params().iter().map(|ty| format!("({ty}.const 7)")).collect();
        write!(calls, "(call ${name} {arguments}) {}", "drop ".repeat(ty.results().len())).unwrap();
    }
    format!("(module {imports} (func $start {calls}) (start $start))")
}

/// The exported functions that take and give numbers, whose names can stand in a text.
fn functions(module: &[u8]) -> Vec<(String, FuncType)> {
    let (mut types, mut of_functions, mut exported) = (Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::TypeSection(section) => types.extend(section.into_iter_err_on_gc_types().map(Result::unwrap)),
            Payload::ImportSection(section) => of_functions.extend(
                section
                    .into_imports()
                    .filter_map(|import| if let TypeRef::Func(ty) = import.unwrap().ty { Some(ty) } else { None }),
            ),
            Payload::FunctionSection(section) => of_functions.extend(section.into_iter().map(Result::unwrap)),
            Payload::ExportSection(section) => exported.extend(section.into_iter().map(Result::unwrap)),
            _ => {}
        }
    }
    let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let numbers = |ty: &FuncType| {
        let all = [ty.params(), ty.results()].concat();
        all.iter().all(|ty| matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64))
    };
    let functions = exported.iter().filter(|export| export.kind == ExternalKind::Func && plain(export.name));
    let typed = functions.map(|export| {
        let ty = of_functions[usize::try_from(export.index).unwrap()];
        (export.name.to_owned(), types[usize::try_from(ty).unwrap()].clone())
    });
    typed.filter(|(_, ty)| numbers(ty)).collect()
}
