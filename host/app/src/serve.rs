//! `quell serve`: from the start to a stop by a signal. What is said here to whoever started it goes to the standard
//! output, the log to the standard error.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::http;
use crate::http::connections::ConnectionLimits;
use crate::installation::Installation;
use crate::log;

/// How long requests, and messages from queues, that are under way may take after a signal to stop.
const REQUESTS: Duration = Duration::from_secs(10);
/// How long all may take that is in flight then. What is cut off goes on at the next start.
const IN_FLIGHT: Duration = Duration::from_secs(30);

/// Serves until the process is told to stop by SIGINT or SIGTERM; then it begins nothing, and waits for what is in flight.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    log::begin();
    let stop = stop()?;
    let installation = Arc::new(Installation::open(&config).await?);
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("`{}` cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    installation.first_token(|text| say(format_args!("first token, for admins; it is shown only now: {text}"))).await?;
    say(format_args!("runs that go on: {}", installation.begin().await?))?;
    say(format_args!("listening on http://{address}"))?;
    let (leave, stay) = watch::channel(false);
    let mut keepers = installation.keep_queues(&stay);
    let (keeper, until) = (installation.clone(), stay.clone());
    keepers.spawn(async move { keeper.keep_schedules(until).await });
    keepers.spawn(installation.clone().keep_events_short(stay.clone()));
    let told = {
        let installation = installation.clone();
        tokio::spawn(async move {
            stop.await;
            let since = Instant::now();
            let (runs, seconds) = (installation.stop(), IN_FLIGHT.as_secs());
            tell(format_args!(
                "stopping; runs under way: {runs}; waiting at most {seconds} s for what they have in flight"
            ));
            leave.send_replace(true);
            since
        })
    };
    let mut leaving = stay.clone();
    let stop = async move { drop(leaving.wait_for(|leave| *leave).await) };
    let (router, limits) = (http::router(installation.clone()), connection_limits(&config));
    http::connections::serve(listener, router, limits, stop, REQUESTS).await;
    finish(&installation, keepers, told.await?).await;
    Ok(())
}

/// Waits for what has been in flight `since` then, and says how it came out.
async fn finish(installation: &Installation, mut keepers: JoinSet<()>, since: Instant) {
    if tokio::time::timeout(REQUESTS, async { while keepers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("messages that were under way were left in their queues");
    }
    let cut_off = installation.close(IN_FLIGHT.saturating_sub(since.elapsed())).await;
    let seconds = since.elapsed().as_secs_f64();
    match cut_off {
        0 => tell(format_args!("stopped after {seconds:.1} s; nothing was cut off")),
        runs => tell(format_args!("stopped after {seconds:.1} s; runs cut off, which go on at the next start: {runs}")),
    }
}

/// What connections may take up.
fn connection_limits(config: &Config) -> ConnectionLimits {
    let default = ConnectionLimits::default();
    let connections = config.limits.connections.unwrap_or(default.connections);
    let per_address = config.limits.connections_per_address.unwrap_or(default.connections_per_address);
    ConnectionLimits { connections, connections_per_address: per_address, ..default }
}

/// Resolves when the process is told to stop. Signals count from now on, also before anyone waits.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Says a line to whoever started the process, if they are still there.
fn tell(line: std::fmt::Arguments<'_>) {
    tracing::info!("{line}");
    let _ = say(line);
}

/// Says a line to whoever started the process.
fn say(line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
