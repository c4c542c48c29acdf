//! Topics: events that Amazon SNS sends by HTTPS. The signature of a message is its authentication, so that nothing in it
//! counts, and nothing is stored, before that is checked; and only topics that are configured are listened to.
//!
//! A subscription is confirmed by the API, with the credentials of the topic's account, and never at the address that a
//! message names.

mod certificate;
mod chains;
mod fetch;
mod message;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use capability::{FaultKind, Scope};
use ledger::{EVENTS, Filter, Millis};
use registry::{topic_brought, topic_subscribed, topic_unsubscribed};
#[cfg(test)]
use rustls_pki_types::CertificateDer;
use tokio::sync::OnceCell;

use super::source::Source;
use super::{Error, Installation, Intake, Result};
use crate::config::Topic;
use chains::Chains;
use message::{Kind, Message, OLDEST};

#[cfg(test)]
pub use chains::FETCHES;
#[cfg(test)]
pub use fetch::Fetch;
use fetch::Http;

/// How many entries are read at once.
const PAGE: u32 = 500;

/// Who signs for SNS, and what of it was taken.
pub struct Signers {
    chains: Chains,
    /// The messages that were taken, with when: read from the ledger first.
    taken: OnceCell<Mutex<HashMap<String, Millis>>>,
}

impl Signers {
    /// Those that this machine trusts, over HTTP.
    pub fn of_this_machine() -> Signers {
        Signers { chains: Chains::of_this_machine(Arc::new(Http)), taken: OnceCell::new() }
    }

    /// Those that lead to `roots`.
    #[cfg(test)]
    pub fn new(fetch: Arc<dyn Fetch>, roots: &[CertificateDer<'_>]) -> Signers {
        Signers { chains: Chains::leading_to(fetch, roots), taken: OnceCell::new() }
    }
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
        let chain =
            self.signers.chains.at(&message.signing_cert_url, &scope, now).await.map_err(|error| match error {
                Error::Forbidden(why) => refused(why),
                error => error,
            })?;
        // One that is kept may have expired meanwhile, and another region's topic may name it.
        chain.check(self.signers.chains.roots(), &scope, now).map_err(refused)?;
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
