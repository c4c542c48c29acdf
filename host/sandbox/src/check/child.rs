//! The child: takes away what it does not need, reads a component, compiles it, asks it what it is, and answers.
//!
//! What it must survive is nothing: the parent makes an answer of however it ends.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::ExitCode,
};

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::message::{MAX_ORDER_BYTES, Order, Verdict};
use crate::{contract::Contract, outline::MAX_UPLOAD_BYTES, refused::Refused, sandbox::Sandbox};

/// The standard three, and a few for a look at the machine.
const MAX_OPEN_FILES: u64 = 8;
/// Behind everything that the host does: an upload can wait, containment cannot.
const NICENESS: i32 = 10;

/// What the program of a [`Checker`](super::Checker) does: checks the one component that comes on the standard input, and
/// answers on the standard output.
#[must_use]
pub fn check_main(contract: Contract) -> ExitCode {
    let verdict = match take_away() {
        Ok(()) => answer(contract),
        Err(problem) => Verdict::Host(problem),
    };
    let written = serde_json::to_vec(&verdict).map_err(io::Error::from).and_then(|answer| {
        let mut out = io::stdout().lock();
        out.write_all(&answer)?;
        out.flush()
    });
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What needs no order of the parent, and is first for that.
fn take_away() -> Result<(), String> {
    // The parent's end is the end of the thread that started the child; in a runtime that is one that stays.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| format!("the child cannot be bound to its parent: {error}"))?;
    // A core file would have the component's memory in it, and fill the disk.
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, MAX_OPEN_FILES)?;
    nice(NICENESS).map_err(|error| format!("the child cannot be made nice: {error}"))?;
    Ok(())
}

fn limit(resource: Resource, most: u64) -> Result<(), String> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
        .map_err(|error| format!("{resource:?} cannot be limited to {most}: {error}"))
}

fn answer(contract: Contract) -> Verdict {
    let component = match read(&mut BufReader::new(io::stdin().lock())) {
        Ok(component) => component,
        Err(problem) => return Verdict::Host(problem),
    };
    let sandbox = match Sandbox::in_child(contract) {
        Ok(sandbox) => sandbox,
        Err(error) => return Verdict::Host(error.to_string()),
    };
    let plugin = match sandbox.compile(&component) {
        Ok(plugin) => plugin,
        Err(Refused::NotCompiled { problem }) if problem.contains("Cannot allocate memory") => {
            return Verdict::Refused(Refused::CompileLimit { problem: "it took more memory than there is".to_owned() });
        }
        Err(refused) => return Verdict::Refused(refused),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return Verdict::Host(error.to_string()),
    };
    match runtime.block_on(sandbox.describe(&plugin)) {
        Ok(description) => {
            Verdict::Accepted { inspection: Box::new(plugin.inspection().clone()), description: description.into() }
        }
        Err(ended) => Verdict::Describe(ended),
    }
}

/// Reads the order, limits the process as it says, and reads the component.
fn read(input: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let unread = |error: io::Error| format!("the order cannot be read: {error}");
    input.by_ref().take(MAX_ORDER_BYTES).read_until(b'\n', &mut line).map_err(unread)?;
    let order: Order = serde_json::from_slice(&line).map_err(|error| format!("the order is not one: {error}"))?;
    limit(Resource::Data, order.memory_bytes)?;
    limit(Resource::Cpu, order.cpu_seconds)?;
    let bytes = usize::try_from(order.component_bytes).ok().filter(|bytes| *bytes <= MAX_UPLOAD_BYTES);
    let mut component = vec![0; bytes.ok_or("the order has more bytes than an upload may have")?];
    // Fewer bytes than were announced are no component, even where they would be a valid one.
    input.read_exact(&mut component).map_err(|error| format!("the component cannot be read: {error}"))?;
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_order_is_checked() {
        let more = u64::MAX;
        let orders: [&[u8]; 5] = [
            b"",
            b"{}\n",
            b"[1\n",
            &[b' '; 10_000],
            br#"{"memory-bytes":1,"cpu-seconds":1,"component-bytes":1,"more":1}"#,
        ];
        for order in orders {
            assert!(read(&mut &*order).unwrap_err().contains("order"));
        }
        let whole = format!("{{\"memory-bytes\":{more},\"cpu-seconds\":{more},\"component-bytes\":4}}\nabc");
        // The limits are those of the process that runs this test: as high as they go.
        let problem = read(&mut whole.as_bytes()).unwrap_err();
        assert!(problem.contains("cannot be"), "{problem}");
    }
}
