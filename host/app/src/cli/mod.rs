//! The command line: one file per group of commands. What needs the server speaks HTTP to it; what does not
//! (`plugin inspect`, `grant simulate`, `workflow check`, `events match`, `ledger verify`) runs here. Nothing in here decides what Quell does.

mod client;
mod connection;
mod error;

mod files;
mod page;
mod picture;
mod prompt;
mod question;
mod terminal;
mod time;

mod approval;
mod audit;
mod events;
mod grant;
mod guardrail;
mod ledger;
mod plugin;
mod review;
mod run;
mod runs;
mod secret;
mod serve;
mod token;
mod workflow;

use clap::{Parser, Subcommand};

use client::Client;
use connection::Connection;
use terminal::Terminal;

pub use error::Error;

/// Runs security remediations on AWS: sandboxed plugins, exact grants, approvals, and a ledger of every call.
#[derive(Debug, Parser)]
#[command(name = "quell", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    #[command(subcommand)]
    Grant(grant::Grant),
    #[command(subcommand)]
    Guardrail(guardrail::Guardrail),
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    Run(run::Run),
    #[command(subcommand)]
    Events(events::Events),
    #[command(subcommand)]
    Runs(runs::Runs),
    Approve(approval::Approve),
    Refuse(approval::Refuse),
    #[command(subcommand)]
    Review(review::Review),
    Audit(audit::Audit),
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Secret(secret::Secret),
}

impl Cli {
    /// Carries the command out. Its result is on standard output when this returns; an error is yet to be shown.
    pub async fn run(self) -> Result<(), Error> {
        let Cli { connection, command } = self;
        let session = &Session { connection, terminal: Terminal::detect() };
        match command {
            Command::Serve(command) => command.run().await,
            Command::Plugin(command) => command.run(session).await,
            Command::Grant(command) => command.run(session).await,
            Command::Guardrail(command) => command.run(session).await,
            Command::Workflow(command) => command.run(session).await,
            Command::Run(command) => command.run(session).await,
            Command::Events(command) => command.run(session).await,
            Command::Runs(command) => command.run(session).await,
            Command::Approve(command) => command.run(session).await,
            Command::Refuse(command) => command.run(session).await,
            Command::Review(command) => command.run(session).await,
            Command::Audit(command) => command.run(session).await,
            Command::Ledger(command) => command.run(session).await,
            Command::Token(command) => command.run(session).await,
            Command::Secret(command) => command.run(session).await,
        }
    }
}

/// Shows an error on standard error, and gives the exit code.
pub fn report(error: &Error) -> u8 {
    terminal::note(&error.page());
    error.exit_code()
}

/// What a command works with.
struct Session {
    connection: Connection,
    terminal: Terminal,
}

impl Session {
    /// The client, for a command that needs the server.
    fn client(&self) -> Result<Client, Error> {
        self.connection.client()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_of_the_commands_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_says_what_it_is() {
        fn visit(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} has no text");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "`{}` of {path} has no text", argument.get_id());
            }
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                visit(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        let mut command = Cli::command();
        command.build();
        visit(&command, "quell");
    }

    #[test]
    fn mistakes_are_usage_errors() {
        for line in ["quell", "quell run", "quell review settle r c perhaps --reason x", "quell token create --name a"]
        {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
