//! Where events come from besides the API: queues that are read, and topics that send. What is wrong with one is an error
//! at the start, before anything is read.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use operations::Accounts;
use serde::Deserialize;

/// A queue of Amazon SQS that is the target of EventBridge rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Queue {
    /// Its URL, as SQS shows it.
    pub url: String,
    /// The account whose credentials, and endpoint, it is read with.
    pub account: String,
    /// Its region.
    pub region: String,
    /// What it is called in the ledger; its own name when nothing is said.
    name: Option<String>,
    /// The accounts whose events it may bring; only `account` when nothing is said.
    accounts: Option<BTreeSet<String>>,
    /// Whether an SNS topic stands between the rule and the queue, with raw delivery off.
    #[serde(default)]
    pub from_sns: bool,
}

impl Queue {
    /// What it is called in the ledger.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.url.rsplit('/').next().unwrap_or_default())
    }

    /// The accounts whose events it may bring.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.accounts.clone().unwrap_or_else(|| [self.account.clone()].into())
    }

    fn check(&self, accounts: &Accounts) -> anyhow::Result<()> {
        accounts.scope(&self.account, &self.region)?;
        let (scheme, rest) = self.url.split_once("://").context("`url` is no URL")?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [host, account, queue] = parts.as_slice() else {
            bail!("`url` is not of the form `https://sqs.<region>.amazonaws.com/<account>/<queue>`");
        };
        let emulated = accounts.0.get(&self.account).is_some_and(|account| account.test_keys.is_some());
        ensure!(scheme == "https" || emulated, "`url` must begin with `https://`");
        ensure!(*account == self.account, "`url` is of the account `{account}`, and `account` is `{}`", self.account);
        let region = host.strip_prefix("sqs.").and_then(|host| host.split(".amazonaws.com").next());
        if let Some(region) = region.filter(|_| host.contains(".amazonaws.com")) {
            ensure!(region == self.region, "`url` is of the region `{region}`, and `region` is `{}`", self.region);
        }
        check_name(queue.strip_suffix(".fifo").unwrap_or(queue)).context("`url` does not end with a queue's name")?;
        check_name(self.name())?;
        check_accounts(self.accounts.as_ref())
    }
}

/// A topic of Amazon SNS that sends events by HTTPS.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// What it is called in the ledger; its own name when nothing is said.
    name: Option<String>,
    /// The accounts whose events it may bring; only the topic's own when nothing is said.
    accounts: Option<BTreeSet<String>>,
}

impl Topic {
    /// What it is called in the ledger.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.arn.rsplit(':').next().unwrap_or_default())
    }

    /// The accounts whose events it may bring.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.accounts.clone().unwrap_or_else(|| [self.account().to_owned()].into())
    }

    /// Its account.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Its region.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    fn part(&self, index: usize) -> &str {
        self.arn.split(':').nth(index).unwrap_or_default()
    }

    fn check(&self, accounts: &Accounts) -> anyhow::Result<()> {
        let parts: Vec<&str> = self.arn.split(':').collect();
        let ["arn", partition, "sns", region, account, topic] = parts.as_slice() else {
            bail!("`arn` is not of the form `arn:aws:sns:<region>:<account>:<topic>`");
        };
        let scope = accounts.scope(account, region)?;
        ensure!(*partition == scope.partition, "`arn` is of the partition `{partition}`, and its region is not");
        check_name(topic.strip_suffix(".fifo").unwrap_or(topic)).context("`arn` does not end with a topic's name")?;
        check_name(self.name())?;
        check_accounts(self.accounts.as_ref())
    }
}

/// Finds what is wrong with the sources of events.
pub fn check(queues: &[Queue], topics: &[Topic], accounts: &Accounts) -> anyhow::Result<()> {
    for queue in queues {
        queue.check(accounts).with_context(|| format!("the queue `{}`", queue.url))?;
    }
    for topic in topics {
        topic.check(accounts).with_context(|| format!("the topic `{}`", topic.arn))?;
    }
    unlike("url", queues.iter().map(|queue| queue.url.as_str()))?;
    unlike("name", queues.iter().map(Queue::name))?;
    unlike("arn", topics.iter().map(|topic| topic.arn.as_str()))?;
    unlike("name", topics.iter().map(Topic::name))
}

/// Refuses two of the same: the ledger could not tell which one it was.
fn unlike<'a>(what: &str, values: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for value in values {
        ensure!(seen.insert(value), "two queues or two topics have the {what} `{value}`: give one another `{what}`");
    }
    Ok(())
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let right = !name.is_empty() && name.len() <= 256 && name.chars().all(allowed);
    ensure!(right, "{name:?} is no name: letters, digits, `-`, `_` and `.`");
    Ok(())
}

fn check_accounts(accounts: Option<&BTreeSet<String>>) -> anyhow::Result<()> {
    let Some(accounts) = accounts else { return Ok(()) };
    ensure!(!accounts.is_empty(), "`accounts` is empty: nothing could come this way");
    let right = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(wrong) = accounts.iter().find(|id| !right(id)) {
        bail!("`accounts` lists `{wrong}`, and an account id has twelve digits");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> anyhow::Result<Config> {
        let config: Config = toml::from_str(&format!("[accounts.123456789012]\nregions = [\"eu-central-1\"]\n{text}"))?;
        check(&config.queues, &config.topics, &config.accounts)?;
        Ok(config)
    }

    #[track_caller]
    fn refused(text: &str, part: &str) {
        let error = format!("{:#}", read(text).unwrap_err());
        assert!(error.contains(part), "{error}");
    }

    fn queue(url: &str, account: &str, region: &str) -> String {
        format!("[[queues]]\nurl = \"{url}\"\naccount = \"{account}\"\nregion = \"{region}\"\n")
    }

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/quell-events";
    const ARN: &str = "arn:aws:sns:eu-central-1:123456789012:quell-events";

    #[test]
    fn sources_are_called_by_their_names_and_bring_their_own_events() {
        let of = queue(URL, "123456789012", "eu-central-1");
        let more = format!("name = \"b\"\naccounts = [\"210987654321\"]\nfrom-sns = true\n[[topics]]\narn = \"{ARN}\"");
        let second = of.replace("quell-events", "other");
        let config = read(&format!("{of}{second}{more}")).unwrap();
        let queues: Vec<_> =
            config.queues.iter().map(|queue| (queue.name(), queue.accounts(), queue.from_sns)).collect();
        let only = |id: &str| BTreeSet::from([id.to_owned()]);
        assert_eq!(queues, [("quell-events", only("123456789012"), false), ("b", only("210987654321"), true)]);
        let topic = &config.topics[0];
        assert_eq!((topic.name(), topic.account(), topic.region()), ("quell-events", "123456789012", "eu-central-1"));
        assert_eq!(topic.accounts(), only("123456789012"));
    }

    #[test]
    fn queues_that_cannot_be_read_are_refused() {
        let with = |url: &str| queue(url, "123456789012", "eu-central-1");
        refused(&queue(URL, "210987654321", "eu-central-1"), "the account `210987654321` is not configured");
        refused(&queue(URL, "123456789012", "us-east-1"), "the region `us-east-1` is not configured");
        refused(&with("quell-events"), "`url` is no URL");
        refused(&with("https://sqs.eu-central-1.amazonaws.com/quell-events"), "is not of the form");
        refused(&with(&URL.replace("https", "http")), "must begin with `https://`");
        refused(&with(&URL.replace("123456789012", "210987654321")), "`url` is of the account `210987654321`");
        refused(&with(&URL.replace("eu-central-1", "us-east-1")), "`url` is of the region `us-east-1`");
        refused(&with(&URL.replace("quell-events", "quell?x=1")), "does not end with a queue's name");
        refused(&format!("{}{}", with(URL), with(URL)), "two queues or two topics have the url");
        let second = format!("{}name = \"quell-events\"\n", with(&URL.replace("quell-", "")));
        refused(&format!("{}{second}", with(URL)), "two queues or two topics have the name");
        refused(&format!("{}accounts = [\"1\"]", with(URL)), "an account id has twelve digits");
        refused(&format!("{}accounts = []", with(URL)), "nothing could come this way");
        refused(&format!("{}acount = \"1\"", with(URL)), "unknown field `acount`");
    }

    #[test]
    fn topics_that_are_none_are_refused() {
        let with = |arn: &str| format!("[[topics]]\narn = \"{arn}\"");
        refused(&with("quell-events"), "is not of the form");
        refused(&with(&ARN.replace("sns", "sqs")), "is not of the form");
        refused(&with(&ARN.replace("123456789012", "210987654321")), "the account `210987654321` is not configured");
        refused(&with(&ARN.replace("eu-central-1", "us-east-1")), "the region `us-east-1` is not configured");
        refused(&with(&ARN.replace("arn:aws", "arn:aws-cn")), "is of the partition `aws-cn`");
        refused(&with(&format!("{ARN}/*")), "does not end with a topic's name");
    }
}
