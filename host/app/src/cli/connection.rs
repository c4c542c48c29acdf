//! Where the server is and who speaks to it, as the command line and the environment say.

use std::path::PathBuf;

use clap::Args;
use reqwest::Url;

use super::client::Client;
use super::error::Error;
use super::files;

/// Where the server is and who speaks.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub struct Connection {
    /// Where the server is
    #[arg(long, global = true, env = "QUELL_URL", default_value = "http://127.0.0.1:7878")]
    url: Url,
    /// Who speaks; better in the environment or a file, since others on the machine can see a command line
    #[arg(long, global = true, env = "QUELL_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the token; `--token` and QUELL_TOKEN win
    #[arg(long, global = true, env = "QUELL_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Connection {
    /// The client. Connects to nothing yet.
    pub fn client(&self) -> Result<Client, Error> {
        if !["http", "https"].contains(&self.url.scheme()) {
            return Err(Error::usage(format!("`{}` is no URL of a server, such as `https://quell.example`", self.url)));
        }
        let token = self.token()?;
        if token.is_some() && self.url.scheme() == "http" && !is_loopback(&self.url) {
            return Err(Error::Usage {
                message: format!("`{}` is another machine, and the token would be readable on the way there", self.url),
                help: Some("use its `https://` address; the proxy in front of a server does TLS".into()),
            });
        }
        Client::new(self.url.clone(), token, is_loopback(&self.url))
    }

    fn token(&self) -> Result<Option<String>, Error> {
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(file)) => Some(files::text(file)?),
            (None, None) => None,
        };
        Ok(token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str) -> Connection {
        Connection { url: Url::parse(url).unwrap(), token: Some("quell_x\n".into()), token_file: None }
    }

    #[test]
    fn a_token_is_not_sent_to_another_machine_in_the_clear() {
        for url in ["http://quell.example", "http://10.0.0.1:7878", "http://127.0.0.1.example", "ftp://127.0.0.1"] {
            assert!(matches!(connection(url).client(), Err(Error::Usage { .. })), "{url}");
        }
        for url in ["http://localhost:1", "http://127.0.0.9", "http://[::1]:7878", "https://quell.example"] {
            assert!(connection(url).client().is_ok(), "{url}");
        }
    }

    #[test]
    fn what_stands_around_a_token_is_no_part_of_it() {
        assert_eq!(connection("http://localhost").token().unwrap().as_deref(), Some("quell_x"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, " quell_file \n").unwrap();
        let mut from_file = connection("http://localhost");
        from_file.token_file = Some(file);
        assert_eq!(from_file.token().unwrap().as_deref(), Some("quell_x"), "a token that is given wins");
        from_file.token = None;
        assert_eq!(from_file.token().unwrap().as_deref(), Some("quell_file"));
    }
}
