//! Topics: events that Amazon SNS sends by HTTPS. The signature of a message is its authentication, so that nothing in it
//! counts, and nothing is stored, before that is checked; and only topics that are configured are listened to.
//!
//! A subscription is confirmed by the API, with the credentials of the topic's account, and never at the address that a
//! message names.

mod certificate;
mod fetch;
mod message;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use capability::{FaultKind, Scope};
use ledger::{EVENTS, Filter, Millis};
use registry::{topic_brought, topic_subscribed, topic_unsubscribed};
use rustls_pki_types::{CertificateDer, TrustAnchor};
use tokio::sync::OnceCell;

use super::source::Source;
use super::{Error, Installation, Intake, Result};
use crate::config::Topic;
use certificate::Chain;
use message::{Kind, Message, OLDEST};

pub use fetch::{Fetch, Http};

/// How many certificates are kept. A region has one, and a new one each year.
const KEPT: usize = 64;
/// How many entries are read at once.
const PAGE: u32 = 500;

/// Who signs for SNS: where its certificates come from, and which authorities are believed.
pub struct Signers {
    fetch: Arc<dyn Fetch>,
    /// Certificates of authorities; this machine's when there are none.
    roots: OnceLock<Vec<TrustAnchor<'static>>>,
    /// Chains that were right when they were fetched, by their addresses.
    kept: Mutex<HashMap<String, Chain>>,
    /// Held while one is fetched: whoever comes meanwhile finds it, and whoever makes addresses up gets one at a time.
    fetching: tokio::sync::Mutex<()>,
    /// The messages that were taken, with when: read from the ledger first.
    taken: OnceCell<Mutex<HashMap<String, Millis>>>,
}

impl Signers {
    /// Those that this machine trusts, over HTTP.
    pub fn of_this_machine() -> Signers {
        Signers {
            fetch: Arc::new(Http),
            roots: OnceLock::new(),
            kept: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            taken: OnceCell::new(),
        }
    }

    /// Those that lead to `roots`.
    #[cfg(test)]
    pub fn new(fetch: Arc<dyn Fetch>, roots: &[CertificateDer<'_>]) -> Signers {
        Signers { fetch, roots: anchors(roots).into(), ..Signers::of_this_machine() }
    }

    fn roots(&self) -> &[TrustAnchor<'static>] {
        self.roots.get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "a certificate of this machine cannot be read");
            }
            anchors(&found.certs)
        })
    }

    /// The chain at an address that was checked. What is wrong with it is the message's fault, unless it cannot be had now.
    async fn chain(&self, url: &str, scope: &Scope, now: Millis) -> Result<Chain> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = |url: &str| kept().get(url).cloned();
        if let Some(chain) = found(url) {
            return Ok(chain);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(chain) = found(url) {
            return Ok(chain);
        }
        let fetch = async |url: &str| self.fetch.fetch(url).await.map_err(Error::Unavailable);
        let mut chain = Chain::read(&fetch(url).await?).map_err(Error::Forbidden)?;
        if let Some(issuer) = chain.issuer_url() {
            chain = chain.with_issuer(fetch(&issuer).await?);
        }
        chain.check(self.roots(), scope, now).map_err(Error::Forbidden)?;
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(url.to_owned(), chain.clone());
        Ok(chain)
    }
}

/// What is no certificate is no authority.
fn anchors(roots: &[CertificateDer<'_>]) -> Vec<TrustAnchor<'static>> {
    roots
        .iter()
        .filter_map(|root| webpki::anchor_from_trusted_cert(root).ok())
        .map(|anchor| anchor.to_owned())
        .collect()
}

/// What a message led to.
pub enum Heard {
    /// An event.
    Event(Intake),
    /// Nothing more: a subscription began or ended, or the message was taken before.
    Noted,
}

impl Installation {
    /// Takes a message of SNS. Whoever sent it is told the reason of a refusal, and nothing of it is stored, unless the
    /// signature is right.
    pub async fn hear(self: &Arc<Self>, body: &[u8]) -> Result<Heard> {
        let help = "it is no message of SNS with its signature: for this address, raw message delivery must be off";
        let message: Message =
            serde_json::from_slice(body).map_err(|error| Error::Invalid(format!("{help} ({error})")))?;
        let (topic, kind) = self.verify(&message).await.inspect_err(|error| {
            // Nothing of what it says: it may be anyone's.
            tracing::warn!(%error, "a message of SNS is refused");
        })?;
        match kind {
            Kind::Notification => self.notified(topic, &message).await,
            Kind::SubscriptionConfirmation => self.subscribed(topic, &message).await.map(|()| Heard::Noted),
            Kind::UnsubscribeConfirmation => {
                tracing::warn!(topic = topic.arn, "the subscription of a topic ended: nothing comes from it any more");
                self.note(topic_unsubscribed(&topic.arn, self.known.now())).await.map(|()| Heard::Noted)
            }
        }
    }

    /// Checks who a message is from.
    async fn verify(&self, message: &Message) -> Result<(&Topic, Kind)> {
        let refused = |why: String| Error::Forbidden(format!("the message is refused: {why}"));
        let topic = self.topics.iter().find(|topic| topic.arn == message.topic_arn);
        let topic = topic.ok_or_else(|| refused("its topic is not in the configuration".into()))?;
        let scope = Scope::new(topic.account(), topic.region());
        let now = self.known.now();
        let kind = message.kind(now).map_err(refused)?;
        let signature = message.signature().map_err(refused)?;
        if !certificate::is_signing_url(&message.signing_cert_url, &scope) {
            return Err(refused("its `SigningCertURL` is not SNS's of the topic's region".into()));
        }
        let chain = self.signers.chain(&message.signing_cert_url, &scope, now).await.map_err(|error| match error {
            Error::Forbidden(why) => refused(why),
            error => error,
        })?;
        // One that is kept may have expired meanwhile, and another region's topic may name it.
        chain.check(self.signers.roots(), &scope, now).map_err(refused)?;
        chain.verify(&message.signed_text(kind), &signature).map_err(refused)?;
        Ok((topic, kind))
    }

    async fn notified(self: &Arc<Self>, topic: &Topic, message: &Message) -> Result<Heard> {
        let (source, now) = (Source::topic(topic), self.known.now());
        if self.taken_messages().await?.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&message.message_id)
        {
            return Ok(Heard::Noted);
        }
        let heard = match serde_json::from_str(&message.message) {
            Ok(event) => self.event(event, source).await.map(Heard::Event),
            Err(error) => {
                let why = format!("the message `{}` is no event: {error}", message.message_id);
                Err(self.refuse(&serde_json::Value::Null, Error::Invalid(why), &source).await?)
            }
        };
        if let Err(error @ (Error::Unavailable(_) | Error::Busy(_))) = heard {
            return Err(error);
        }
        // Whatever came of it is on disk; whoever has the message cannot have it taken once more, also after a restart.
        self.note(topic_brought(&topic.arn, &message.message_id, now, &Source::topic(topic).actor())).await?;
        let taken = self.taken_messages().await?;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, time| *time > now - 2 * OLDEST);
        taken.insert(message.message_id.clone(), now);
        heard
    }

    /// The messages that were taken while they could come again.
    async fn taken_messages(&self) -> Result<&Mutex<HashMap<String, Millis>>> {
        let read = async || {
            let mut filter = Filter {
                run: Some(EVENTS.into()),
                kind: Some("topic.brought".into()),
                since: Some(self.known.now() - 2 * OLDEST),
                limit: PAGE,
                ..Filter::default()
            };
            let mut taken = HashMap::new();
            loop {
                let page = self.ledger.query(&filter).await?;
                let Some((position, _)) = page.last() else { break };
                filter.after = Some(*position);
                let id = |data: &serde_json::Value| data.get("message").and_then(|id| id.as_str()).map(str::to_owned);
                taken.extend(page.iter().filter_map(|(_, record)| Some((id(&record.data)?, record.entry.time))));
            }
            Ok::<_, Error>(Mutex::new(taken))
        };
        self.signers.taken.get_or_try_init(read).await
    }

    async fn subscribed(&self, topic: &Topic, message: &Message) -> Result<()> {
        let scope = self.operations.accounts().scope(topic.account(), topic.region());
        let scope = scope.map_err(|error| Error::Forbidden(error.to_string()))?;
        let confirmed = self.operations.confirm_subscription(&scope, &topic.arn, &message.token).await;
        let subscription = confirmed.map_err(|fault| {
            tracing::error!(topic = topic.arn, %fault, "a subscription cannot be confirmed");
            match fault.kind {
                FaultKind::Invalid | FaultKind::NotFound => Error::Invalid("SNS does not know its token".into()),
                _ => Error::Unavailable(fault.to_string()),
            }
        })?;
        tracing::info!(topic = topic.arn, subscription, "a subscription is confirmed");
        self.note(topic_subscribed(&topic.arn, &subscription, self.known.now())).await
    }
}
