//! The child of a check against the small WIT of this crate's tests, which start it.

use std::process::ExitCode;

use sandbox::{Contract, check_main};

fn main() -> ExitCode {
    let wit = [
        ("world.wit", include_str!("../tests/wit/world.wit")),
        ("deps/demo/demo.wit", include_str!("../tests/wit/deps/demo/demo.wit")),
    ];
    match Contract::parse(wit) {
        Ok(contract) => check_main(contract),
        Err(_) => ExitCode::FAILURE,
    }
}
