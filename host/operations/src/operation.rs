//! What an operation of AWS states, and the one adapter that makes of it what the gate works with.
//!
//! What one operation is stands in its service's file; what is done with its outcome is the gate's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use capability::{Fault, FaultKind, Marker, Observation, Operation, Scope, Settlement, Spec, Touch};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Aws;

/// One operation: its fields are the parameters of its WIT function, as `serde` reads them from the sandbox's JSON (names
/// in kebab case, an `option` that is none is absent).
#[async_trait]
pub(crate) trait AwsOperation: DeserializeOwned + Send + Sync + 'static {
    /// What holds for every call.
    const SPEC: &'static Spec;

    /// What the function answers when it succeeds, in its WIT type.
    type Output: Serialize + Send;

    /// Whether the arguments can be right, above all whether what becomes part of an ARN is only an identifier.
    fn check(&self) -> Result<(), Fault>;

    /// The actions and resources that the call needs. An action without resource types matches only `*`, which is also
    /// what asks for the widest grant.
    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        let _ = scope;
        vec![touch(Self::SPEC.action, "*")]
    }

    /// Host read: what [`AwsOperation::touches`] names, by the ARNs that AWS has for it, one for one; `None` where the
    /// arguments tell them.
    async fn locate(&self, aws: &Aws, scope: &Scope) -> Result<Option<Vec<Touch>>, Fault> {
        let _ = (aws, scope);
        Ok(None)
    }

    /// The arguments that grants may compare, as `quell:Arg/<name>`.
    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![]
    }

    /// How an unknown outcome is decided. Only asked of writes.
    fn settlement(&self) -> Settlement {
        Settlement::Review
    }

    /// Carries the call out, with exactly one request.
    async fn send(&self, aws: &Aws, marker: &Marker) -> Result<Self::Output, Fault>;

    /// Host read: the state that the write changes, `null` where the resource has nothing of the kind. A resource that is
    /// not found is [`FaultKind::NotFound`]. Only asked of [`Settlement::Compare`].
    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        let _ = aws;
        Ok(Value::Null)
    }

    /// What the write is about in a state, in a form in which equal states are equal: see [`Operation::facet`].
    fn facet(&self, state: &Value, marker: &Marker) -> Result<Value, Fault> {
        let _ = marker;
        Ok(state.clone())
    }

    /// The facet when the write was carried out; of what removes something, `null` or an empty list.
    fn target(&self, marker: &Marker) -> Result<Value, Fault> {
        let _ = marker;
        Ok(Value::Null)
    }

    /// What the lost answer would have been, where `state` shows that the write was carried out.
    fn seen(&self, state: &Value) -> Option<Self::Output> {
        let _ = state;
        self.presumed()
    }

    /// Host read: the tags of a resource that [`AwsOperation::locate`] or [`AwsOperation::touches`] names.
    async fn tags(&self, aws: &Aws, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let _ = (aws, resource);
        Ok(None)
    }

    /// Host read: whether there is what the write leaves behind. Only asked of [`Settlement::Observe`].
    async fn observe(&self, aws: &Aws, marker: &Marker) -> Result<Observation, Fault> {
        let _ = (aws, marker);
        Ok(Observation::Undecided("this operation leaves no trace".into()))
    }

    /// What the plugin is answered when a person decided that the write was done; `None` for a read.
    fn presumed(&self) -> Option<Self::Output> {
        None
    }
}

/// The output of a function that answers nothing: the sandbox takes it as `{}`.
#[derive(Serialize)]
pub(crate) struct Nothing {}

/// What an operation observed: the output that the lost answer would have had, or no trace of the write.
pub(crate) fn observed<T: Serialize>(output: Option<T>) -> Result<Observation, Fault> {
    match output {
        Some(output) => Ok(Observation::Done(encode(output)?)),
        None => Ok(Observation::Absent),
    }
}

/// The need of `action` on `resource`.
pub(crate) fn touch(action: &str, resource: impl Into<String>) -> Touch {
    Touch { action: action.into(), resource: resource.into() }
}

/// Makes the operation of a call from its arguments, its scope and the clients of that scope.
type Decode = fn(&Value, &Scope, Arc<Aws>) -> Result<Arc<dyn Operation>, Fault>;

/// A line of a service's list: what is known of a function, and how its calls are read.
pub(crate) struct Entry {
    /// What holds for every call.
    pub spec: &'static Spec,
    /// Reads and checks the arguments of a call. Sends nothing.
    pub decode: Decode,
}

impl Entry {
    /// The line of `T`.
    pub const fn of<T: AwsOperation>() -> Entry {
        Entry { spec: T::SPEC, decode: decode::<T> }
    }
}

fn decode<T: AwsOperation>(arguments: &Value, scope: &Scope, aws: Arc<Aws>) -> Result<Arc<dyn Operation>, Fault> {
    let arguments = T::deserialize(arguments)
        .map_err(|error| Fault::known(FaultKind::Invalid, "invalid-arguments", error.to_string()))?;
    arguments.check()?;
    Ok(Arc::new(Bound { arguments, scope: scope.clone(), aws }))
}

/// An operation, bound to the scope and the clients that it is made with.
struct Bound<T> {
    arguments: T,
    scope: Scope,
    aws: Arc<Aws>,
}

#[async_trait]
impl<T: AwsOperation> Operation for Bound<T> {
    fn spec(&self) -> &'static Spec {
        T::SPEC
    }

    fn touches(&self) -> Vec<Touch> {
        self.arguments.touches(&self.scope)
    }

    async fn locate(&self) -> Result<Option<Vec<Touch>>, Fault> {
        self.arguments.locate(&self.aws, &self.scope).await
    }

    fn arguments(&self) -> Vec<(&'static str, Vec<String>)> {
        self.arguments.arguments()
    }

    fn settlement(&self) -> Settlement {
        self.arguments.settlement()
    }

    async fn send(&self, marker: &Marker) -> Result<Value, Fault> {
        encode(self.arguments.send(&self.aws, marker).await?)
    }

    async fn prepare(&self) -> Result<(), Fault> {
        self.aws.prepare().await
    }

    async fn state(&self) -> Result<Value, Fault> {
        self.arguments.state(&self.aws).await
    }

    fn facet(&self, state: &Value, marker: &Marker) -> Result<Value, Fault> {
        self.arguments.facet(state, marker)
    }

    fn target(&self, marker: &Marker) -> Result<Value, Fault> {
        self.arguments.target(marker)
    }

    fn output(&self, state: &Value, _marker: &Marker) -> Value {
        self.arguments.seen(state).and_then(|output| encode(output).ok()).unwrap_or_default()
    }

    async fn tags(&self, resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        self.arguments.tags(&self.aws, resource).await
    }

    async fn observe(&self, marker: &Marker) -> Result<Observation, Fault> {
        self.arguments.observe(&self.aws, marker).await
    }

    fn presumed(&self, _marker: &Marker) -> Value {
        self.arguments.presumed().and_then(|output| encode(output).ok()).unwrap_or_default()
    }
}

/// A part of a state as it was read, perhaps by another version.
pub(crate) fn part_of<T: DeserializeOwned>(state: &Value, name: &str) -> Result<Option<T>, Fault> {
    match state {
        Value::Null => Ok(None),
        state => T::deserialize(state.get(name).unwrap_or(&Value::Null)).map(Some).map_err(|error| {
            Fault::unknown("unreadable-state", format!("`{name}` of the state cannot be read: {error}"))
        }),
    }
}

/// What a host read found: nothing, where the service answers with the code `none` of a resource that it has found.
pub(crate) fn found_or_none<T>(read: Result<T, Fault>, none: &str) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(fault) if fault.code == none => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The JSON of an output. The request was carried out by then, so a failure says nothing about that.
pub(crate) fn encode<T: Serialize>(output: T) -> Result<Value, Fault> {
    serde_json::to_value(output).map_err(|error| Fault::unknown("unreadable-reply", error.to_string()))
}
