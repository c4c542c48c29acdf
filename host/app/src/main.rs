//! How people reach Quell: HTTP, the command line, and the only place where adapters meet ports. This file hands the
//! command line to `cli`; `serve` starts the server, `installation` puts it together.

mod cli;
mod config;
mod contract;
mod escape;
mod http;
mod installation;
#[cfg(test)]
mod limits_page;
mod log;
mod serve;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;
use rustix::process::{Resource, Rlimit, setrlimit};

use cli::Cli;

fn main() -> ExitCode {
    // A core file would have tokens and secrets in it. What starts later inherits this, and cannot raise it.
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, nothing) {
        eprintln!("quell: core dumps cannot be switched off: {error}");
        return ExitCode::FAILURE;
    }
    // Before there is any other thread: the process that checks an upload is this program, and does nothing else.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == installation::CHECK) {
        return installation::check_component();
    }
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(cli::report(&error)),
    }
}
