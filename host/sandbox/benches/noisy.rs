//! M14: how long a small plugin takes, from a new instance to its output, alone and beside plugins that misbehave.
//!
//! `cargo bench -p sandbox --bench noisy`. Two worker threads, as on a small host. Each row is the median of several rounds;
//! rounds of all rows take turns, so that what else the machine does falls on all of them alike. Noise begins anew as soon as
//! it ends, as no step of a run does: the one that takes all its memory page by page and gives it back some thousand times a
//! second makes others wait for the process's map of memory, which nothing but a process of its own would end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on has failed"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/sandbox/support.rs"]
mod support;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use sandbox::{Answer, Limits, Plugin};
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinHandle};
use wasmtime::{
    Config, Engine, Store,
    component::{Component, Linker, Val},
};
use wit_component::StringEncoding;

use crate::support::{ECHO, SANDBOX, WIT, encode, invoke};

/// How many rounds there are, and how many calls that are measured in each.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    calls: usize,
}

/// Of a measurement.
const FULL: Size = Size { rounds: 7, calls: 1_500 };
/// Where this is only run to see that it runs, as `cargo test --benches` does.
const SHORT: Size = Size { rounds: 1, calls: 20 };
/// Calls that are not measured, at the start of each round.
const WARM_UP: usize = 100;

/// What runs beside the small plugin: how it is called, the files of `tests/hostile`, and how many of it there are.
const NOISE: [(&str, &str, usize); 7] = [
    ("idle", "", 0),
    ("one that loops", "b01-loop", 1),
    ("one that asks for 1 GiB", "b05-ask-without-end", 1),
    ("one that takes all memory", "b05-grow-page-by-page", 1),
    ("one that fills its memory", "b04-bulk-fill", 1),
    ("one that floods calls", "b15-calls-without-end", 1),
    ("four that loop", "b01-loop", 4),
];

/// The percentiles of one round.
#[derive(Clone, Copy)]
struct Round {
    p50: Duration,
    p99: Duration,
}

fn main() {
    let size = if std::env::args().any(|argument| argument == "--bench") { FULL } else { SHORT };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let small = ECHO.plugin();
    let noise = NOISE.map(|(name, file, count)| (name, (count > 0).then(|| hostile(file)), count));
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); NOISE.len()];
    let mut raw = Vec::new();
    for _ in 0..size.rounds {
        for (row, (_, plugin, count)) in noise.iter().enumerate() {
            let noise: Vec<_> =
                plugin.iter().flat_map(|plugin| (0..*count).map(|_| make_noise(&runtime, plugin))).collect();
            rounds[row].push(measure(&runtime, &small, size.calls));
            noise.iter().for_each(JoinHandle::abort);
            for task in noise {
                assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            }
        }
        raw.push(raw_wasmtime(&runtime, &ECHO.component(), size.calls));
    }
    let idle = median(&rounds[0]);
    println!("{:<28} {:>10} {:>10} {:>8} {:>8}", "beside", "p50", "p99", "p50/idle", "p99/idle");
    for (row, (name, ..)) in noise.iter().enumerate() {
        print(name, median(&rounds[row]), idle);
    }
    print("idle, wasmtime by itself", median(&raw), idle);
    println!("a plugin that computes, alone: {:.0} ms for 1,000,000,000 units of fuel", compute(&runtime));
}

/// The least of several times, in milliseconds: what giving up its turn costs a plugin that computes.
fn compute(runtime: &Runtime) -> f64 {
    let (plugin, limits) = (hostile("b01-loop"), Limits { fuel: 1_000_000_000, ..Limits::MAX });
    let times = (0..5).map(|_| {
        let (plugin, limits) = (plugin.clone(), limits.clone());
        let started = Instant::now();
        let task = async move { invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await.0 };
        assert!(runtime.block_on(runtime.spawn(task)).unwrap().is_err());
        started.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}

fn print(name: &str, seen: Round, idle: Round) {
    let ratio = |seen: Duration, idle: Duration| seen.as_secs_f64() / idle.as_secs_f64();
    let micros = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
    let (p50, p99) = (ratio(seen.p50, idle.p50), ratio(seen.p99, idle.p99));
    println!("{name:<28} {:>10} {:>10} {p50:>8.2} {p99:>8.2}", micros(seen.p50), micros(seen.p99));
}

/// A plugin of the hostile corpus.
fn hostile(name: &str) -> Plugin {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/hostile/{name}.wat"));
    let text = fs::read_to_string(file).unwrap();
    let world = if text.contains("(import") { "demo" } else { "plain" };
    SANDBOX.compile(&encode(&WIT, world, &text, StringEncoding::UTF8)).unwrap()
}

/// Runs a plugin again and again, with everything that it may be given but memory.
fn make_noise(runtime: &Runtime, plugin: &Plugin) -> JoinHandle<()> {
    let plugin = plugin.clone();
    let limits = Limits { memory_bytes: Limits::DEFAULT.memory_bytes, ..Limits::MAX };
    runtime.spawn(async move {
        loop {
            // How it ends is for the tests of the corpus.
            let _ = invoke(&plugin, "{}", &limits, |_| Answer::Return(json!({}))).await;
        }
    })
}

/// One call after the other, each in a task of its own, as the steps of runs are.
fn measure(runtime: &Runtime, plugin: &Plugin, calls: usize) -> Round {
    let mut times = Vec::with_capacity(calls);
    runtime.block_on(async {
        for call in 0..WARM_UP + calls {
            let plugin = plugin.clone();
            let started = Instant::now();
            let task = async move { invoke(&plugin, "{}", &Limits::DEFAULT, |_| Answer::Return(json!({}))).await.0 };
            let result = tokio::spawn(task).await.unwrap();
            let time = started.elapsed();
            assert_eq!(result.expect("the small plugin answers"), "{}");
            if call >= WARM_UP {
                times.push(time);
            }
        }
    });
    percentiles(times)
}

/// The same component on wasmtime as it comes, but for fuel and epochs, which cost something: no limits, no conversion.
fn raw_wasmtime(runtime: &Runtime, bytes: &[u8], calls: usize) -> Round {
    let engine = Engine::new(Config::new().consume_fuel(true).epoch_interruption(true)).unwrap();
    let component = Component::from_binary(&engine, bytes).unwrap();
    let instance = Linker::<()>::new(&engine).instantiate_pre(&component).unwrap();
    let interface = component.get_export_index(None, sandbox::REMEDIATION).unwrap();
    let run = component.get_export_index(Some(&interface), "run").unwrap();
    let mut times = Vec::with_capacity(calls);
    runtime.block_on(async {
        for call in 0..WARM_UP + calls {
            let (instance, engine) = (instance.clone(), engine.clone());
            let started = Instant::now();
            let task = async move {
                let mut store = Store::new(&engine, ());
                store.set_fuel(1_000_000_000).unwrap();
                store.set_epoch_deadline(1 << 40);
                let instance = instance.instantiate_async(&mut store).await.unwrap();
                let function = instance.get_func(&mut store, run).unwrap();
                let mut results = [Val::Bool(false)];
                function.call_async(&mut store, &[Val::String("{}".to_owned())], &mut results).await.unwrap();
            };
            tokio::spawn(task).await.unwrap();
            if call >= WARM_UP {
                times.push(started.elapsed());
            }
        }
    });
    percentiles(times)
}

fn percentiles(mut times: Vec<Duration>) -> Round {
    times.sort_unstable();
    Round { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

fn median(rounds: &[Round]) -> Round {
    let middle = |time: fn(&Round) -> Duration| {
        let mut times: Vec<_> = rounds.iter().map(time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    Round { p50: middle(|round| round.p50), p99: middle(|round| round.p99) }
}
