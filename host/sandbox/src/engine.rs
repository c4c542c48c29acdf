//! The engine: how wasmtime is configured, and the thread that ticks.
//!
//! The reasons for each setting are the advisories against wasmtime of 2026: what is off cannot be attacked. On purpose
//! there is no pooling allocator (two leaks between instances), no cache of compiled code (whoever writes to it runs native
//! code), no component-model async, and no compiler but Cranelift.

use std::{
    num::NonZeroUsize,
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

use wasmtime::{Config, Engine, Strategy, WasmBacktraceDetails, WasmFeatures};

use crate::error::Error;

/// How often a running plugin looks at its clock.
const TICK: Duration = Duration::from_millis(10);
/// What a plugin has for its own calls; a deeper recursion is a stack overflow.
pub(crate) const WASM_STACK_BYTES: usize = 512 << 10;
/// The stack that a plugin runs on. What it does not use itself, at least 1 MiB, is for the host's functions.
const FIBER_STACK_BYTES: usize = 2 << 20;
/// How much of the plugin's own stack a trap reports.
const BACKTRACE_FRAMES: usize = 32;

/// As `inspect::FEATURES`, which is checked first; a test holds the two together.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Which process the engine is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// One that lives long.
    Host,
    /// One that checks one upload, under limits of the system.
    Child,
}

/// Makes the engine.
pub(crate) fn engine(process: Process) -> Result<Engine, Error> {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        // More threads would spend the child's processor time sooner, and more of its memory on stacks.
        .parallel_compilation(process == Process::Host)
        // Images of memories are files in memory: the child may write none, and its limit on memory would not see them.
        .memory_init_cow(process == Process::Host)
        .wasm_features(FEATURES.complement(), false)
        .concurrency_support(false)
        .shared_memory(false)
        .consume_fuel(true)
        .epoch_interruption(true)
        // NaN bits differ between machines, and a replay may be on another one.
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .async_stack_zeroing(true)
        // The host does not parse debug information that a guest wrote.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    Engine::new(&config).map_err(|error| Error::Engine(format!("{error:#}")))
}

/// The thread that makes running plugins look at their clocks. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts the thread. It is one of the system's own, since a tick must also come when all of tokio's are busy.
    pub(crate) fn start(engine: &Engine) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel::<()>();
        let engine = engine.clone();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let thread = thread::Builder::new().name("epoch".to_owned()).spawn(tick).map_err(Error::Ticker)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and if it had, there would be nothing left to stop.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn features_are_those_that_are_inspected() {
        let engine: Vec<_> = super::FEATURES.iter_names().map(|(name, _)| name).collect();
        let inspected: Vec<_> = crate::inspect::FEATURES.iter_names().map(|(name, _)| name).collect();
        assert_eq!(engine, inspected);
    }
}
