//! One invocation: a store of its own, under limits, from the instantiation to the result or to one [`Ended`].
//!
//! The store is dropped at the end, however it ends; nothing of it is used again. What the exports return is for `export`.

use std::sync::Arc;

use wasmtime::{
    Store, UpdateDeadline,
    component::{ComponentExportIndex, InstancePre, Val},
};

use crate::{
    ended::Ended, exchange::Exchange, guest_clock::GuestClock, limiter::Limiter, limits::Limits, message::Channel,
};

/// After how much fuel a plugin lets others on its thread have a turn: some 0.1 ms.
///
/// Measured with `benches/noisy.rs`, two worker threads on two processors. Beside four plugins that loop, the 99th percentile
/// of a small one was 53 times that of an idle host with 10,000,000 (10 ms), 6 times with 1,000,000, and 1.3 times with
/// 100,000 (0.3 ms). Beside one that loops, floods calls or fills its memory it was that of an idle host. A plugin that
/// computes is as fast with 100,000 as with 10,000,000; with 30,000 it takes half as long again.
///
/// What it does not help against is a plugin that takes all of its memory again and again: beside one, the 99th percentile
/// was 2 times that of an idle host (0.4 ms), since a process maps and unmaps memory one after the other.
const YIELD_FUEL: u64 = 100_000;

/// What the store of an invocation holds.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) exchange: Exchange,
    limiter: Limiter,
}

/// Instantiates a plugin, calls one of its exports, and gives its one result.
pub(crate) async fn call(
    plugin: &InstancePre<Invocation>,
    export: &ComponentExportIndex,
    params: &[Val],
    limits: &Limits,
    channel: Option<Channel>,
) -> Result<Val, Ended> {
    limits.check()?;
    let clock = Arc::new(GuestClock::new());
    let mut store = store(plugin, limits, channel, &clock).map_err(|error| Ended::of(&error, None))?;
    let call = async {
        let instance = plugin.instantiate_async(&mut store).await?;
        let function = instance.get_func(&mut store, export);
        let function = function.ok_or_else(|| wasmtime::Error::msg("the export is not a function"))?;
        // The place of the result; every value will do.
        let mut result = [Val::Bool(false)];
        function.call_async(&mut store, params, &mut result).await?;
        let [result] = result;
        Ok(result)
    };
    let called = tokio::time::timeout(limits.wall_time, clock.measure(call)).await;
    called.map_err(|_| Ended::TimedOut)?.map_err(|error| Ended::of(&error, store.data().limiter.exhausted()))
}

fn store(
    plugin: &InstancePre<Invocation>,
    limits: &Limits,
    channel: Option<Channel>,
    clock: &Arc<GuestClock>,
) -> wasmtime::Result<Store<Invocation>> {
    let invocation = Invocation { exchange: Exchange::new(channel, limits), limiter: Limiter::new(limits) };
    let mut store = Store::new(plugin.engine(), invocation);
    store.limiter(|invocation| &mut invocation.limiter);
    store.set_hostcall_fuel(limits.hostcall_fuel);
    store.set_max_component_handles(limits.handles);
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_FUEL))?;
    let (clock, guest_time) = (Arc::clone(clock), limits.guest_time);
    store.epoch_deadline_callback(move |_| {
        if clock.spent() > guest_time {
            return Err(wasmtime::Error::new(Ended::DeadlineExceeded));
        }
        Ok(UpdateDeadline::Yield(1))
    });
    store.set_epoch_deadline(1);
    Ok(store)
}
