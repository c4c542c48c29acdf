//! How people reach Quell: HTTP, the command line, and the only place where adapters meet ports. This file hands the
//! command line to `cli`; `serve` starts the server, `installation` puts it together.

mod cli;
mod config;
mod contract;
mod http;
mod installation;
mod serve;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(cli::report(&error)),
    }
}
