//! Secrets, as the sending of requests sees them: the port to where they are kept, and the values of one request. Where a
//! value may stand is decided by whoever puts it there; that it leaves nowhere else, by `withheld` and by its type.

use std::collections::BTreeMap;

use capability::{Fault, FaultKind};
use zeroize::Zeroizing;

use crate::check::quoted;

/// Where secrets are kept.
pub trait Secrets: Send + Sync {
    /// The secret of this name; `None` when there is none. Fails when there is one that cannot be read.
    fn secret(&self, name: &str) -> Result<Option<Secret>, Fault>;

    /// All secrets that are bound to `host`, by name, but for those that cannot be read.
    fn bound_to(&self, host: &str) -> Vec<(String, SecretValue)>;
}

/// A secret that can be sent.
pub struct Secret {
    /// The hosts that it may be sent to, in lower case and without ports.
    pub hosts: Vec<String>,
    /// What is sent.
    pub value: SecretValue,
}

/// The value of a secret. It can be neither printed, nor compared, nor written anywhere as data, and is wiped from memory
/// when it is dropped.
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// Keeps `value`.
    pub fn new(value: String) -> SecretValue {
        SecretValue(Zeroizing::new(value))
    }

    /// The value itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// No secrets at all: what an installation has that has set none.
pub(crate) struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: &str) -> Result<Option<Secret>, Fault> {
        Ok(None)
    }

    fn bound_to(&self, _: &str) -> Vec<(String, SecretValue)> {
        vec![]
    }
}

/// The secrets of one request.
pub(crate) struct Values {
    /// Those that it is sent with, by name.
    sent: BTreeMap<String, SecretValue>,
    /// Those that its reply may not have either: a service may say later what it was told.
    known: BTreeMap<String, SecretValue>,
}

impl Values {
    /// Gets the secrets of these names, each of which must be bound to `host`; and the others that are.
    pub fn get<'a>(
        secrets: &dyn Secrets,
        names: impl IntoIterator<Item = &'a str>,
        host: &str,
    ) -> Result<Values, Fault> {
        let mut sent = BTreeMap::new();
        for name in names {
            let Some(Secret { hosts, value }) = secrets.secret(name)? else {
                let message = format!("there is no secret `{name}`: `quell secret set {name} --host {host}` sets it");
                return Err(Fault::known(FaultKind::NotFound, "unknown-secret", message));
            };
            if !hosts.iter().any(|bound| bound == host) {
                let message = format!(
                    "the secret `{name}` goes only to {}, and this request goes to {}: nothing was sent",
                    hosts.join(", "),
                    quoted(host)
                );
                return Err(Fault::known(FaultKind::AccessDenied, "secret-host", message));
            }
            sent.insert(name.to_owned(), value);
        }
        let known = secrets.bound_to(host).into_iter().filter(|(name, _)| !sent.contains_key(name)).collect();
        Ok(Values { sent, known })
    }

    /// Has a reply looked through for these secrets, too.
    pub fn watch<'a>(
        mut self,
        secrets: &dyn Secrets,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Values, Fault> {
        for name in names {
            if !self.sent.contains_key(name)
                && let Some(Secret { value, .. }) = secrets.secret(name)?
            {
                self.known.insert(name.to_owned(), value);
            }
        }
        Ok(self)
    }

    /// The value of a secret; empty for one that was not asked for.
    pub fn value(&self, name: &str) -> &str {
        self.sent.get(name).map(SecretValue::reveal).unwrap_or_default()
    }

    /// All values that a reply may not have.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.sent.values().chain(self.known.values()).map(SecretValue::reveal)
    }
}

/// The fault of a secret whose value cannot stand where its name does. It does not tell the value.
pub(crate) fn unfit(name: &str, wants: &str) -> Fault {
    let message = format!("the value of the secret `{name}` cannot stand there: {wants}");
    Fault::known(FaultKind::Invalid, "unfit-secret", message)
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use serde::Serialize;

    use super::*;

    /// L14: does not compile once a secret can be printed or written as data, since then two of these fit.
    #[test]
    fn l14_a_secret_can_be_neither_printed_nor_serialised() {
        trait Hidden<A> {
            fn hidden() {}
        }
        impl<T> Hidden<()> for T {}
        struct Printed;
        impl<T: Debug> Hidden<Printed> for T {}
        struct Shown;
        impl<T: Display> Hidden<Shown> for T {}
        struct Written;
        impl<T: Serialize> Hidden<Written> for T {}

        <SecretValue as Hidden<_>>::hidden();
        <Secret as Hidden<_>>::hidden();
        <Values as Hidden<_>>::hidden();
    }
}
