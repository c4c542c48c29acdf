//! `quell token`: who may speak to the server, as whom, and what they may do.

mod recover;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use registry::TokenScope;

use super::client::Body;
use super::page::{self, Line, Page, Style};
use super::{Error, Session, terminal, time};
use crate::wire::{self, CreateToken, CreatedToken, Tokens};

/// Makes, lists and revokes tokens, and replaces the first one
#[derive(Debug, Subcommand)]
pub enum Token {
    Create(Create),
    /// Lists the tokens: their ids, not what they are
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revokes a token: it does not count from the next request on
    Revoke {
        /// The id, as `quell token list` has it
        id: String,
    },
    Recover(recover::Recover),
}

/// Makes a token and prints it: only now, and nothing else on standard output
#[derive(Args, Debug)]
#[command(
    after_help = "No scope contains another one: whoever cancels runs and looks at them needs `operate` and `read`.\n\n\
                        Scopes:\n  \
                        read              look at runs, plugins, grants, workflows; decide approvals that name a group of the token\n  \
                        start:<workflow>  start runs of the workflow by hand, and look at those; `start:*` for all\n  \
                        events:<account>  send events of the account, and nothing else; `events:*` for all\n  \
                        operate           cancel, retry and resume runs; settle reviews; disable and enable workflows\n  \
                        author            upload plugins; check, push, disable and enable workflows\n  \
                        admin             tokens, grants, the guardrail, secrets, limits; the `system` chain of the ledger\n  \
                        audit             the whole ledger, the lists of tokens and secrets, the report of capabilities\n\n\
                        Examples:\n  \
                        quell token create alice --scope read --group security-leads\n  \
                        quell token create eventbridge --scope events:123456789012 --expires 90d"
)]
pub struct Create {
    /// Whose it is
    #[arg(value_name = "NAME", required_unless_present = "named")]
    name: Option<String>,
    /// Whose it is
    #[arg(long = "name", value_name = "NAME", hide = true, conflicts_with = "name")]
    named: Option<String>,
    /// What it may do, such as `read` or `start:contain`. Can be repeated, or several with commas between them
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
    scopes: Vec<TokenScope>,
    /// A group that its owner is in, as approvals name it: it says what they may decide. Can be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// When it expires: a time from now, such as `90d` or `12h`, or a moment, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<Timestamp>,
}

impl Token {
    pub async fn run(self, session: &Session) -> Result<(), Error> {
        match self {
            Token::Create(command) => command.run(session).await,
            Token::List { json } => {
                let Tokens { tokens } = session.client()?.get(&["tokens"]).await?;
                if json {
                    return session.terminal.print_json(&tokens);
                }
                let head = ["ID", "NAME", "SCOPES", "GROUPS", "CREATED", "BY", "EXPIRES", "LAST USED"];
                session.terminal.print(&page::table(&head, tokens.into_iter().map(row)))
            }
            Token::Revoke { id } => {
                session.client()?.delete(&["tokens", &id]).await?;
                session.terminal.print(&page::line(format!("revoked {id}")))
            }
            Token::Recover(command) => command.run().await,
        }
    }
}

impl Create {
    async fn run(self, session: &Session) -> Result<(), Error> {
        let Create { name, named, scopes, groups, expires } = self;
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let name = name.or(named).unwrap_or_default();
        let body = Body::json(&CreateToken { name, scopes, groups, expires })?;
        let created: CreatedToken = session.client()?.post(&["tokens"], body).await?;
        terminal::note(&explanation(&created));
        terminal::write(&format!("{}\n", created.token))
    }
}

fn row(token: wire::Token) -> Vec<String> {
    let expires = match (token.expires, token.expired) {
        (None, _) => "never".into(),
        (Some(at), false) => time::moment(at),
        (Some(at), true) => format!("expired {}", time::moment(at)),
    };
    // One that was made before there were scopes.
    let by_groups = if token.scopes_from_groups { " (by its groups)" } else { "" };
    let maker = token.created_with.map_or(token.created_by.clone(), |with| format!("{} ({with})", token.created_by));
    vec![
        token.id,
        token.name,
        format!("{}{by_groups}", token.scopes.join(", ")),
        token.groups.join(", "),
        time::date(token.created),
        maker,
        expires,
        token.last_used.map_or_else(|| "never".into(), time::moment),
    ]
}

/// A time from now, or a moment.
fn expiry(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let help = "write a time from now, such as `90d` or `12h`, or a moment, such as 2027-01-31T00:00:00Z";
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_lowercase()).len());
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 7 * 24,
        _ => return Err(help.into()),
    };
    let number: i64 = number.parse().map_err(|_| help.to_owned())?;
    let span = number.checked_mul(hours).filter(|hours| *hours > 0).ok_or(help)?;
    let later = Timestamp::now().checked_add(SignedDuration::from_hours(span.min(HOURS)));
    later.map_err(|_| help.into())
}

/// More hours than any calendar of ours has.
const HOURS: i64 = 100_000_000;

fn explanation(created: &CreatedToken) -> Page {
    let CreatedToken { id, name, scopes, groups, expires, .. } = created;
    let groups = if groups.is_empty() { String::new() } else { format!(", in {}", groups.join(", ")) };
    let until = expires.map_or_else(String::new, |at| format!(", until {}", time::moment(at)));
    let about = format!("the token {id} of {name}: {}{groups}{until}; it is shown only now:", scopes.join(", "));
    Line::default().and(Style::Dim, about).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_time_from_now_or_a_moment() {
        let at = |text: &str| expiry(text).unwrap();
        assert_eq!(at("2027-01-31T00:00:00Z").to_string(), "2027-01-31T00:00:00Z");
        let (from, to) = (at("90d"), at("2161h"));
        let apart = to.duration_since(from).as_secs();
        assert!((3_599..=3_601).contains(&apart), "{apart}");
        for wrong in ["", "90", "d", "0d", "-1d", "90m", "soon", "99999999999999999999d", "9999999999w", "1.5d"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }
}
