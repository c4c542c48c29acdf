//! Lines in the log of the step: [`debug!`](crate::debug), [`info!`](crate::info), [`warn!`](crate::warn) and
//! [`error!`](crate::error), with the arguments of [`format!`].
//!
//! Outside wasm, that is in a plugin's tests, lines go to standard error.

pub use crate::bindings::quell::log::log::Level;

/// Writes one line.
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::quell::log::log::write(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}

/// Logs what matters to whoever works on the plugin.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($argument)*)) };
}

/// Logs what the plugin does.
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($argument)*)) };
}

/// Logs what a person should look at, though the plugin goes on.
#[macro_export]
macro_rules! warn {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($argument)*)) };
}

/// Logs what the plugin could not do.
#[macro_export]
macro_rules! error {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($argument)*)) };
}
