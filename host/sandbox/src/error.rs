//! Why there is no sandbox. Why bytes are no plugin is in `refused`, how an invocation ends in `ended`.

/// Why there is no sandbox: the host's WIT or the machine is at fault, never a plugin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The WIT is not valid.
    #[error("the WIT cannot be read: {0}")]
    Wit(String),
    /// The WIT gives plugins something that is not data.
    #[error("`{function}` has {kind}, which cannot be recorded")]
    UnsupportedType {
        /// The name of the function, with its interface.
        function: String,
        /// What it has.
        kind: &'static str,
    },
    /// The exported interface is missing from the WIT, or has other functions than this version of the host calls.
    #[error("the WIT does not have the interface of plugins as this host calls it")]
    Remediation,
    /// wasmtime refused the configuration or the links.
    #[error("the engine cannot be made: {0}")]
    Engine(String),
    /// There is no thread for the ticks.
    #[error("the thread that interrupts plugins cannot be started")]
    Ticker(#[source] std::io::Error),
}
