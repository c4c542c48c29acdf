//! `quell serve`: from the start to a stop by a signal. What is said here to whoever started it goes to the standard
//! output, the log to the standard error.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::http;
use crate::installation::Installation;

/// How long requests that are under way may take after a signal to stop.
const REQUESTS: Duration = Duration::from_secs(10);
/// How long the calls that are under way may take after that. What is cut off goes on at the next start.
const RUNS: Duration = Duration::from_secs(20);

/// Serves until the process is told to stop by SIGINT or SIGTERM.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    log();
    let stop = stop()?;
    let installation = Arc::new(Installation::open(&config).await?);
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("`{}` cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    installation.first_token(|text| say(format_args!("first token, for admins; it is shown only now: {text}"))).await?;
    say(format_args!("runs that go on: {}", installation.begin().await?))?;
    say(format_args!("listening on http://{address}"))?;
    let keeper = installation.clone();
    let schedules = tokio::spawn(async move { keeper.keep_schedules().await });
    let (leave, stay) = watch::channel(false);
    let mut queues = installation.keep_queues(&stay);
    let stop = async move {
        stop.await;
        // Nobody listens when there are no queues.
        let _ = leave.send(true);
    };
    http::connections::serve(listener, http::router(installation.clone()), stop, REQUESTS).await;
    schedules.abort();
    if tokio::time::timeout(REQUESTS, async { while queues.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("messages that were under way were left in their queues");
    }
    installation.close(RUNS).await;
    Ok(())
}

/// Sets the log up: as `RUST_LOG` says, else from `info` on, without a line for each request.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,tower_http=warn"));
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).init();
}

/// Resolves when the process is told to stop. Signals count from now on, also before anyone waits.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Says a line to whoever started the process.
fn say(line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
