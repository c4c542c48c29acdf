//! The parts of the harness, in the order in which a test meets them.

pub mod account;
pub mod api;
pub mod arena;
pub mod emulator;
pub mod estate;
pub mod files;
pub mod host;
pub mod ledger;
pub mod people;
pub mod proxy;
pub mod queue;
pub mod remediation;
pub mod scene;
pub mod services;
pub mod standing;
