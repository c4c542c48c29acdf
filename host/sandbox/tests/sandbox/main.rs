//! The sandbox from outside: what is refused at upload, what a hostile plugin can do, and how calls cross.
//!
//! Test names carry the numbers of the cases in the list of faults. Plugins are core modules in text, made components the
//! way plugin authors do it; the WIT is a small one of its own.

// `cfg(test)` holds here anyway; it tells clippy that helpers are tests too.
#[cfg(test)]
mod calls;
#[cfg(test)]
mod check;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod smith;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upload;
#[cfg(test)]
mod worst;
