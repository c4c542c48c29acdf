//! The process that checks an upload: this program, started with one argument, empty surroundings and strict limits.

use std::process::ExitCode;

use sandbox::{Contract, check_main};

use crate::contract::wit;

/// The argument that it is started with.
pub const CHECK: &str = "check-component";

/// Checks the component that comes on the standard input.
pub fn check_component() -> ExitCode {
    match Contract::parse(wit()) {
        Ok(contract) => check_main(contract),
        Err(_) => ExitCode::FAILURE,
    }
}
