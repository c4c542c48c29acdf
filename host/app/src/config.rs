//! The configuration: one TOML file. What is not known is refused, with the place where it stands.

mod sources;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use operations::Accounts;
use sandbox::{LimitInvalid, LimitsChange};
use serde::Deserialize;
use tokio::sync::Semaphore;

pub use sources::{Queue, Topic};

/// All that is configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The folder of the ledger and the keys.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// The address that the API listens on.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Whether a proxy that does TLS stands in front: without one only loopback addresses may be listened on.
    #[serde(default)]
    pub behind_proxy: bool,
    /// The AWS accounts that runs may act in.
    #[serde(default)]
    pub accounts: Accounts,
    /// The queues that events are fetched from.
    #[serde(default)]
    pub queues: Vec<Queue>,
    /// The topics that may send events.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// How much is kept of events that start no run.
    #[serde(default)]
    pub events: KeptEvents,
    /// How requests are sent to services that are not AWS's.
    #[serde(default)]
    pub http: Http,
    /// What plugins may use up; what is not given has its default.
    #[serde(default)]
    pub limits: Limits,
    /// The program that checks uploads: this one, as it runs, whatever is installed in its place meanwhile.
    #[serde(skip, default = "this_program")]
    pub program: PathBuf,
}

/// How much is kept of events that start no run, of each source: a person's token, a queue, a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct KeptEvents {
    /// How many a day have an entry in the ledger; others are only counted.
    pub entries_a_day: u32,
    /// How many bytes of their bodies a day are kept.
    pub bytes_a_day: u64,
    /// For how many days bodies are kept.
    pub days: u32,
}

impl Default for KeptEvents {
    fn default() -> KeptEvents {
        KeptEvents { entries_a_day: 10_000, bytes_a_day: 16 << 20, days: 30 }
    }
}

impl KeptEvents {
    fn check(&self) -> anyhow::Result<()> {
        let KeptEvents { entries_a_day, bytes_a_day, days } = self;
        ensure!((1..=1_000_000).contains(entries_a_day), "`entries-a-day` of `events` must be 1 to 1000000");
        ensure!(*bytes_a_day <= 1 << 30, "`bytes-a-day` of `events` is above its maximum, {}", 1 << 30);
        ensure!((1..=3_660).contains(days), "`days` of `events` must be 1 to 3660");
        Ok(())
    }
}

/// How requests are sent to services that are not AWS's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Http {
    /// A file of certificates in PEM: authorities that are trusted beside the system's, such as a company's own.
    pub ca_file: Option<PathBuf>,
}

impl Http {
    /// What requests with these secrets are sent with.
    pub fn sending(&self, secrets: Arc<dyn operations::Secrets>) -> anyhow::Result<operations::Http> {
        let http = operations::Http::new(secrets);
        let Some(path) = &self.ca_file else { return Ok(http) };
        let pem = std::fs::read(path);
        let pem = pem.with_context(|| format!("the `ca-file` of `http`, `{}`, cannot be read", path.display()))?;
        http.trusting(&pem).with_context(|| format!("the `ca-file` of `http`, `{}`, cannot be used", path.display()))
    }
}

/// The limits that can be set. Each has a maximum; none can be switched off.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    memory_bytes: Option<u64>,
    memory_pool_bytes: Option<usize>,
    table_elements: Option<u64>,
    handles: Option<u64>,
    fuel: Option<u64>,
    guest_time: Option<Span>,
    wall_time: Option<Span>,
    host_calls: Option<u64>,
    argument_bytes: Option<u64>,
    hostcall_fuel: Option<u64>,
    input_bytes: Option<u64>,
    output_bytes: Option<u64>,
    operations: Option<u32>,
    log_lines: Option<usize>,
    log_bytes: Option<usize>,
    request_timeout: Option<Span>,
    absence_after: Option<Span>,
    /// How many connections to the API there are at once.
    pub connections: Option<usize>,
    /// How many of one address.
    pub connections_per_address: Option<usize>,
}

/// A span of time as people write it: `30s`, `5m`.
#[derive(Clone, Copy, Debug)]
struct Span(Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is not a span of time such as `30s` or `5m`"));
        let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        Duration::try_from(span).map(Span).map_err(|_| wrong())
    }
}

fn default_data() -> PathBuf {
    "quell-data".into()
}

fn this_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.into() } else { std::env::current_exe().unwrap_or_else(|_| "quell".into()) }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7878))
}

impl Config {
    /// Reads the file; with none at `path`, everything has its default.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
        let text = match path {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("the configuration `{}` cannot be read", path.display()))?,
            None => String::new(),
        };
        let config: Config = toml::from_str(&text)
            .with_context(|| format!("the configuration `{}` is not valid", path.unwrap_or(Path::new("")).display()))?;
        match (config.check(), path) {
            (Err(error), Some(path)) => {
                Err(error.context(format!("the configuration `{}` cannot be used", path.display())))
            }
            (checked, _) => checked.map(|()| config),
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.listen.ip().is_loopback() || self.behind_proxy,
            "`listen` is {}, which others can reach, and Quell does no TLS: put a proxy that does in front and say \
             `behind-proxy = true`, or listen on 127.0.0.1",
            self.listen
        );
        sources::check(&self.queues, &self.topics, &self.accounts)?;
        self.events.check()?;
        self.limits.sandbox()?;
        self.limits.check_requests()?;
        let least = sandbox::Limits::MAX.memory_bytes;
        if self.limits.memory_pool_bytes.is_some_and(|pool| pool > 1 << 40) {
            bail!("the limit `memory-pool-bytes` is above its maximum, {}", 1u64 << 40);
        }
        if self.limits.memory_pool_bytes.is_some_and(|pool| pool < least) {
            bail!("the limit `memory-pool-bytes` is below {least}, which is what one plugin may be given");
        }
        let most = MOST_OPERATIONS;
        if self.limits.operations.is_some_and(|operations| operations > most) {
            bail!("the limit `operations` is above its maximum, {most}");
        }
        for (name, value, bounds) in [
            ("connections", self.limits.connections, CONNECTIONS),
            ("connections-per-address", self.limits.connections_per_address, CONNECTIONS_PER_ADDRESS),
        ] {
            if let Some(value) = value.filter(|value| !bounds.contains(value)) {
                bail!("the limit `{name}` is {value}, and must be {} to {}", bounds.start(), bounds.end());
            }
        }
        Ok(())
    }
}

/// More than the requests that are under way at once, so that there always is a connection that can be closed.
pub(crate) const CONNECTIONS: std::ops::RangeInclusive<usize> = 768..=65_536;
/// A browser alone opens six.
pub(crate) const CONNECTIONS_PER_ADDRESS: std::ops::RangeInclusive<usize> = 16..=65_536;

/// A request needs some time to be answered, and a service that takes longer is not one that is worked with.
const REQUEST: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// How long the absence of an effect may go unbelieved at most: nobody waits for a day.
const ABSENCE: Duration = Duration::from_secs(3600);

/// What plugins may use together: 64 of them at their default limit.
pub(crate) const MEMORY_POOL_BYTES: usize = 4 << 30;

/// The most operations that an attempt may be allowed: each is at least one entry of the ledger.
pub(crate) const MOST_OPERATIONS: u32 = 10_000;

impl Limits {
    /// What one invocation may use up.
    pub fn sandbox(&self) -> Result<sandbox::Limits, LimitInvalid> {
        let millis = |span: Option<Span>| span.map(|span| u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX));
        sandbox::Limits::DEFAULT.with(&LimitsChange {
            memory_bytes: self.memory_bytes,
            table_elements: self.table_elements,
            handles: self.handles,
            fuel: self.fuel,
            guest_time_ms: millis(self.guest_time),
            wall_time_ms: millis(self.wall_time),
            host_calls: self.host_calls,
            argument_bytes: self.argument_bytes,
            hostcall_fuel: self.hostcall_fuel,
            input_bytes: self.input_bytes,
            output_bytes: self.output_bytes,
        })
    }

    /// The memory of all plugins that run at once.
    pub fn memory_pool_bytes(&self) -> usize {
        self.memory_pool_bytes.unwrap_or(MEMORY_POOL_BYTES).min(Semaphore::MAX_PERMITS)
    }

    /// How long a request may take, and how long what it did may go unseen.
    fn check_requests(&self) -> anyhow::Result<()> {
        let capability::Limits { request_timeout, absence_after, .. } = self.gate();
        ensure!(
            REQUEST.contains(&request_timeout),
            "the limit `request-timeout` is {request_timeout:?}, and must be between 1s and 5m"
        );
        ensure!(
            absence_after >= request_timeout,
            "the limit `absence-after` is {absence_after:?}, and must be at least {request_timeout:?}, which is \
             `request-timeout`: a service may work for so long on a request whose answer was lost, and a write that is \
             taken for absent before is sent twice"
        );
        ensure!(absence_after <= ABSENCE, "the limit `absence-after` is {absence_after:?}, and must be at most 1h");
        Ok(())
    }

    /// What the gate bounds.
    pub fn gate(&self) -> capability::Limits {
        let default = capability::Limits::default();
        capability::Limits {
            operations: self.operations.unwrap_or(default.operations),
            log_lines: self.log_lines.map_or(default.log_lines, |lines| lines.min(default.log_lines)),
            log_bytes: self.log_bytes.map_or(default.log_bytes, |bytes| bytes.min(default.log_bytes)),
            request_timeout: self.request_timeout.map_or(default.request_timeout, |span| span.0),
            absence_after: self.absence_after.map_or(default.absence_after, |span| span.0),
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, part: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quell.toml");
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", Config::load(Some(&path)).unwrap_err());
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn refuses_what_it_does_not_know_and_what_is_unsafe() {
        refused("lissten = \"127.0.0.1:1\"", "unknown field `lissten`");
        refused("[limits]\nfuell = 1", "unknown field `fuell`");
        refused("[http]\nca = \"x\"", "unknown field `ca`");
        refused("[accounts.123456789012]\nregions = []\nendpoit = \"x\"", "unknown field `endpoit`");
        refused("[limits]\nwall-time = \"fast\"", "`fast` is not a span of time");
        refused("[limits]\nwall-time = \"16m\"", "`wall-time` is above its maximum");
        refused("[limits]\nabsence-after = \"2h\"", "`absence-after` is 7200s, and must be at most 1h");
        refused("[limits]\nrequest-timeout = \"6m\"", "`request-timeout` is 360s, and must be between 1s and 5m");
        refused("[limits]\nrequest-timeout = \"0s\"", "`request-timeout` is 0ns, and must be between 1s and 5m");
        refused("[limits]\nconnections = 10", "`connections` is 10, and must be 768 to 65536");
        refused("[limits]\nconnections-per-address = 0", "`connections-per-address` is 0, and must be 16 to 65536");
        refused("[events]\ndays = 0", "`days` of `events` must be 1 to 3660");
        refused("[events]\nentries-a-day = 0", "`entries-a-day` of `events` must be 1 to 1000000");
        refused("listen = \"0.0.0.0:7878\"", "behind-proxy");
    }

    /// The file, the field, the value and the least one.
    #[test]
    fn an_absence_is_not_believed_while_a_request_may_be_worked_on() {
        for text in ["absence-after = \"3s\"", "absence-after = \"0s\"", "request-timeout = \"1m\""] {
            let text = format!("[limits]\n{text}");
            refused(&text, "quell.toml` cannot be used: the limit `absence-after` is ");
            refused(&text, "s, and must be at least ");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quell.toml");
        std::fs::write(&path, "[limits]\nrequest-timeout = \"2s\"\nabsence-after = \"3s\"").unwrap();
        let limits = Config::load(Some(&path)).unwrap().limits.gate();
        assert_eq!((limits.request_timeout, limits.absence_after), (Duration::from_secs(2), Duration::from_secs(3)));
    }

    /// No secrets.
    struct Nothing;

    impl operations::Secrets for Nothing {
        fn secret(&self, _: &str) -> Result<Option<operations::Secret>, capability::Fault> {
            Ok(None)
        }

        fn bound_to(&self, _: &str) -> Vec<(String, operations::SecretValue)> {
            vec![]
        }
    }

    #[test]
    fn authorities_that_cannot_be_trusted_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let refused = |part: &str| {
            let config: Config = toml::from_str(&format!("[http]\nca-file = \"{}\"", path.display())).unwrap();
            let error = format!("{:#}", config.http.sending(Arc::new(Nothing)).map(|_| ()).unwrap_err());
            assert!(error.contains("ca.pem") && error.contains(part), "{error}");
        };
        refused("cannot be read");
        std::fs::write(&path, "").unwrap();
        refused("it has no certificate: it must have some in PEM");
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        refused("no certificate in PEM");
    }

    #[test]
    fn takes_what_is_right() {
        let config: Config =
            toml::from_str("listen = \"0.0.0.0:1\"\nbehind-proxy = true\n[limits]\nwall-time = \"5m\"").unwrap();
        config.check().unwrap();
        assert_eq!(config.limits.sandbox().unwrap().wall_time, Duration::from_secs(300));
        assert_eq!(config.limits.gate(), capability::Limits::default());
    }
}
