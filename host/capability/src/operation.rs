//! An operation: one capability call as data, with everything that is to be known of it in one place.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Fault;

/// IAM's access levels
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads what a resource contains.
    Read,
    /// Changes resources.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
}

/// Whether the world is another one afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not: the call may be repeated at will.
    Read,
    /// It is: the intent is on disk before, the outcome after.
    Write,
    /// The arguments say: a call needs some of the function's actions, not all of them, and [`Operation::effect`] tells
    /// whether it reads or writes.
    Depends,
}

/// How an unknown outcome of a write is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The state is compared with the one before and with what the write leads to: see [`Operation::facet`].
    Compare,
    /// What the write leaves behind is looked for: a marker, or what the service tells when it is asked.
    Observe,
    /// The same write again leads to the same state.
    Repeatable,
    /// The API takes a client token and does the same request once.
    Token,
    /// Nothing tells: a person decides.
    Review,
}

/// What holds for every call of a function.
#[derive(Debug, PartialEq)]
pub struct Spec {
    /// The WIT function: `quell:ec2/security-groups@0.1.0#revoke-security-group-ingress`.
    pub function: &'static str,
    /// The IAM action that the call needs; of [`Effect::Depends`], the first that it may need.
    pub action: &'static str,
    /// Further actions that it needs, or may need, with their access levels.
    pub also: &'static [(&'static str, Access)],
    /// The action's access level.
    pub access: Access,
    /// Read or write.
    pub effect: Effect,
}

impl Spec {
    /// All IAM actions that the call needs, or may need.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        [self.action].into_iter().chain(self.also.iter().map(|(action, _)| *action))
    }

    /// Whether a call needs only some of the actions, by its arguments.
    pub fn depends(&self) -> bool {
        self.effect == Effect::Depends
    }
}

/// An action on a resource that a call needs. All of a call's must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The IAM action.
    pub action: String,
    /// The resource's ARN; `…/*` of its type for what is yet to be created; `*` for an action without resource types.
    pub resource: String,
}

/// What a write carries so that its effect can be recognised, as a client token or in a tag, where the API has one; and how
/// far it may reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// The call key.
    pub call: String,
    /// 32 hex digits, the same in every attempt to send this call.
    pub token: String,
    /// The addresses that the grant names for each URL of this call: what only it may reach, such as a private one.
    pub addresses: Vec<(Touch, Vec<IpAddr>)>,
}

impl Marker {
    /// The addresses that the grant names for what `touch` does with its URL. What is named for reading one is not reached by a
    /// write, nor by a request for another one.
    pub fn addresses_of(&self, touch: &Touch) -> &[IpAddr] {
        let named = self.addresses.iter().find(|(other, _)| other == touch);
        named.map(|(_, addresses)| addresses.as_slice()).unwrap_or_default()
    }
}

/// What the state says of a write whose outcome is unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It was carried out; this is what the service would have answered.
    Done(Value),
    /// No trace of it: it was not carried out, or its effect cannot be seen yet.
    Absent,
    /// The state does not tell.
    Undecided(String),
}

/// One capability call as data, bound to the account and region that it is made in.
#[async_trait]
pub trait Operation: Send + Sync {
    /// What holds for every call of this function.
    fn spec(&self) -> &'static Spec;

    /// Whether this very call reads or writes.
    fn effect(&self) -> Effect {
        self.spec().effect
    }

    /// The actions and resources that this call needs.
    fn touches(&self) -> Vec<Touch>;

    /// Host read: what [`Operation::touches`] names, as AWS does, one for one and in its order: an ARN may hold more than
    /// the arguments tell, such as the path of a role. `None` when they tell all.
    async fn locate(&self) -> Result<Option<Vec<Touch>>, Fault> {
        Ok(None)
    }

    /// The arguments that grants may compare, as `quell:Arg/<name>`.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![]
    }

    /// How an unknown outcome of this very call is decided. Only asked of writes.
    fn settlement(&self) -> Settlement {
        Settlement::Review
    }

    /// Carries the call out, with exactly one request.
    async fn send(&self, marker: &Marker) -> Result<Value, Fault>;

    /// Has at hand what the request is signed with. Asked right before the intent of a write, so that nothing but the request
    /// itself goes over the network behind it.
    async fn prepare(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Host read: the state that the write changes, `null` where the resource has nothing of the kind. A resource that is
    /// not found is [`crate::FaultKind::NotFound`] and says nothing of its state. Only asked of [`Settlement::Compare`]:
    /// before the write is sent, and again when its outcome is unknown.
    async fn state(&self) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    /// What the write is about in `state`, which [`Operation::state`] answered now or before the write: the rules that it
    /// removes and not the others, in a form in which equal states are equal.
    fn facet(&self, state: &Value, marker: &Marker) -> Result<Value, Fault> {
        let _ = marker;
        Ok(state.clone())
    }

    /// The facet when the write was carried out. One that is `null` or an empty list is an absence: what is not seen may
    /// not be seen yet, so that it is believed only after a while.
    fn target(&self, marker: &Marker) -> Result<Value, Fault> {
        let _ = marker;
        Ok(Value::Null)
    }

    /// What the service would have answered, where `state` shows that the write was carried out.
    fn output(&self, state: &Value, marker: &Marker) -> Value {
        let _ = state;
        self.presumed(marker)
    }

    /// Host read: the tags of a resource that this call touches; `None` when it has none by its nature (a resource that is
    /// yet to be created, a type without tags).
    async fn tags(&self, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let _ = resource;
        Ok(None)
    }

    /// Host read: whether a write with an unknown outcome was carried out. Only asked of [`Settlement::Observe`].
    async fn observe(&self, marker: &Marker) -> Result<Observation, Fault> {
        let _ = marker;
        Ok(Observation::Undecided("this operation leaves no trace".into()))
    }

    /// What the plugin is answered when a person decided that the write was done.
    fn presumed(&self, marker: &Marker) -> Value {
        let _ = marker;
        Value::Object(serde_json::Map::new())
    }
}
