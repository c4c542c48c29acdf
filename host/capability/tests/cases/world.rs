//! A gate and everything around it: any action on any resource can be called, what was sent and written is kept.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use capability::{
    Access, Attempt, Caller, Catalog, Clock, Effect, Effective, Fault, Gate, Journal, Limits, Marker, Operation,
    Passed, Policies, Scope, Spec, TokenKey, Touch,
};
use grant::Policy;
use ledger::{Draft, LedgerError, Millis};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub const READ: &str = "quell:thing/things@0.1.0#read";
pub const WRITE: &str = "quell:thing/things@0.1.0#write";
/// Reads or writes, by what it touches.
pub const ASK: &str = "quell:thing/things@0.1.0#ask";

/// The account and the region of every run here, and a resource in them.
pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-central-1";
pub const THING: &str = "arn:aws:thing:eu-central-1:123456789012:thing/7";

pub type Tags = Result<Option<BTreeMap<String, String>>, Fault>;
pub type Located = Result<Option<Vec<Touch>>, Fault>;

static READS: Spec =
    Spec { function: READ, action: "thing:Get", also: &[], access: Access::Read, effect: Effect::Read };
static WRITES: Spec =
    Spec { function: WRITE, action: "thing:Put", also: &[], access: Access::Write, effect: Effect::Write };
static ASKS: Spec = Spec {
    function: ASK,
    action: "http:Post",
    also: &[("http:Get", Access::Read), ("secret:Use", Access::Read)],
    access: Access::Write,
    effect: Effect::Depends,
};

/// A call: its arguments name the touches themselves, as a list of action and resource by turns.
struct Call {
    spec: &'static Spec,
    touches: Vec<Touch>,
    world: Arc<World>,
}

#[async_trait]
impl Operation for Call {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn effect(&self) -> Effect {
        match self.spec.effect {
            Effect::Depends if self.touches[0].action == "http:Get" => Effect::Read,
            Effect::Depends => Effect::Write,
            stated => stated,
        }
    }

    fn touches(&self) -> Vec<Touch> {
        self.touches.clone()
    }

    async fn send(&self, marker: &Marker) -> Result<Value, Fault> {
        self.world.named.lock().unwrap().extend(marker.addresses.iter().flat_map(|(_, named)| named));
        let sent: Vec<&str> = self.touches.iter().map(|touch| touch.action.as_str()).collect();
        self.world.sent.lock().unwrap().push(sent.join(" "));
        self.world.answers.acquire().await.unwrap().forget();
        Ok(json!("arn:aws:thing:eu-central-1:123456789012:thing/from-the-answer"))
    }

    async fn locate(&self) -> Located {
        *self.world.locates.lock().unwrap() += 1;
        self.world.located.lock().unwrap().clone()
    }

    async fn tags(&self, _: &str) -> Tags {
        self.world.tags.lock().unwrap().clone()
    }
}

/// Everything around the gate.
pub struct World {
    policies: Mutex<BTreeMap<String, Effective>>,
    guardrail: Arc<[Policy]>,
    pub tags: Mutex<Tags>,
    /// What AWS says that the calls touch, and how often it was asked.
    pub located: Mutex<Located>,
    pub locates: Mutex<u32>,
    /// The actions that were sent.
    pub sent: Mutex<Vec<String>>,
    /// The addresses that the gate said may be reached.
    pub named: Mutex<Vec<IpAddr>>,
    /// What the ledger has.
    pub kept: Mutex<Vec<Draft>>,
    /// How many requests will be answered; more wait.
    pub answers: Semaphore,
}

struct Port(Arc<World>);

#[async_trait]
impl Catalog for Port {
    async fn operation(&self, function: &str, arguments: &Value, _: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        let touches: Vec<Touch> = serde_json::from_value(arguments.clone()).unwrap();
        let spec = match function {
            READ => &READS,
            ASK => &ASKS,
            _ => &WRITES,
        };
        Ok(Arc::new(Call { spec, touches, world: self.0.clone() }))
    }

    fn specs(&self) -> Vec<&'static Spec> {
        vec![&READS, &WRITES, &ASKS]
    }
}

impl Policies for Port {
    fn effective(&self, digest: &str) -> Effective {
        let granted = self.0.policies.lock().unwrap().get(digest).cloned().unwrap_or_default();
        Effective { guardrails: self.0.guardrail.clone(), ..granted }
    }
}

#[async_trait]
impl Journal for Port {
    fn note(&self, draft: Draft) {
        self.0.kept.lock().unwrap().push(draft);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        self.0.kept.lock().unwrap().extend(drafts);
        Ok(())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

#[async_trait]
impl Clock for Port {
    fn now(&self) -> Millis {
        1_800_000_000_000
    }

    async fn until(&self, _: Millis) {}
}

pub fn policy(name: &str, statements: Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Policy::load(name, &document).unwrap_or_else(|error| panic!("{error}"))
}

/// A statement that allows actions on resources.
pub fn allow(actions: &str, resources: &str) -> Value {
    json!({ "Sid": "Allows", "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// A statement under a condition.
pub fn on(mut statement: Value, condition: Value) -> Value {
    statement.as_object_mut().unwrap().insert("Condition".into(), condition);
    statement
}

/// The arguments of a call that touches one resource.
pub fn touching(action: &str, resource: &str) -> Value {
    json!([{ "action": action, "resource": resource }])
}

impl World {
    /// A world in which nothing is granted, below a guardrail if there is one.
    pub fn new(guardrail: Option<Value>) -> Arc<World> {
        Arc::new(World {
            policies: Mutex::default(),
            guardrail: guardrail.map(|statements| policy("guardrail", statements)).into_iter().collect(),
            tags: Mutex::new(Ok(None)),
            located: Mutex::new(Ok(None)),
            locates: Mutex::default(),
            sent: Mutex::default(),
            named: Mutex::default(),
            kept: Mutex::default(),
            answers: Semaphore::new(10_000),
        })
    }

    /// A world in which the plugin `a` has this grant.
    pub fn granting(statements: Value) -> Arc<World> {
        let world = World::new(None);
        world.grant("a", statements);
        world
    }

    /// Grants to the plugin with this digest what these statements say, and nothing else any more.
    pub fn grant(&self, digest: &str, statements: Value) {
        let grants = [policy("grant", statements)].into();
        self.policies.lock().unwrap().insert(digest.into(), Effective { grants, ..Effective::default() });
    }

    pub fn revoke(&self, digest: &str) {
        self.policies.lock().unwrap().remove(digest);
    }

    /// A step of this plugin, with the gate before it.
    pub fn step(self: &Arc<World>, digest: &str) -> Step {
        self.bounded(digest, Limits::default())
    }

    pub fn bounded(self: &Arc<World>, digest: &str, limits: Limits) -> Step {
        let port = || Arc::new(Port(self.clone()));
        let caller = Caller {
            run: "r-1".into(),
            workflow: "w".into(),
            step: "s".into(),
            attempt: 1,
            started: 1_800_000_000_000,
            scope: Scope::new(ACCOUNT, REGION),
            digest: digest.into(),
            repeat_unknown: false,
        };
        let gate = Gate::new(port(), port(), port(), TokenKey::new([1; 32]), limits);
        let attempt = Attempt::new(caller, port(), BTreeMap::new());
        Step { world: self.clone(), gate: Arc::new(gate), attempt: Arc::new(attempt) }
    }
}

/// A plugin at work.
#[derive(Clone)]
pub struct Step {
    pub world: Arc<World>,
    pub gate: Arc<Gate>,
    pub attempt: Arc<Attempt>,
}

impl Step {
    /// Lets others work until a request is on its way.
    pub async fn until_sent(&self) {
        for _ in 0..1_000 {
            if !self.world.sent.lock().unwrap().is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("nothing was sent");
    }

    /// Writes to a resource, and says what came of it.
    pub async fn write(&self, action: &str, resource: &str) -> String {
        self.call(WRITE, touching(action, resource)).await
    }

    /// Calls, and says what came of it: that it was sent, or the reason of the denial, which the plugin and the ledger
    /// were told alike, and who decided; that nothing was sent then.
    pub async fn call(&self, function: &str, arguments: Value) -> String {
        let sent = self.world.sent.lock().unwrap().len();
        let before = self.world.kept.lock().unwrap().len();
        let passed = self.gate.pass(&self.attempt, function, &arguments).await;
        let kept = self.world.kept.lock().unwrap()[before..].to_vec();
        let sent = self.world.sent.lock().unwrap().len() - sent;
        let answer = match passed {
            Passed::Answer(answer) => answer,
            Passed::Fail { code, .. } => return format!("{code}, {sent} sent"),
            other => panic!("{other:?}"),
        };
        if answer.get("ok").is_some() {
            assert!(kept.iter().all(|draft| draft.kind != "call.denied"), "{kept:?}");
            return format!("{sent} sent");
        }
        let denials: Vec<&Draft> = kept.iter().filter(|draft| draft.kind == "call.denied").collect();
        let [Draft { data, .. }] = denials.as_slice() else { panic!("{kept:?}") };
        assert!(kept.iter().all(|draft| draft.kind != "call.intent"), "{kept:?}");
        assert_eq!(answer["err"]["access-denied"]["code"], data["reason"]);
        assert_eq!(answer["err"]["access-denied"]["message"], data["message"]);
        let by = match (data["policy"].as_str(), data["statement"].as_str()) {
            (Some(policy), Some(statement)) => format!(" by {statement} of {policy}"),
            (None, None) => String::new(),
            other => panic!("{other:?}"),
        };
        format!("{}{by}, {sent} sent", data["reason"].as_str().unwrap())
    }
}
