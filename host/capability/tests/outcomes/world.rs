//! A gate whose one operation does as it is told: what each sending comes to, and what is observed of it. Time stands
//! still but for what is waited for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use capability::{
    Access, Attempt, Caller, Catalog, Clock, Effect, Effective, Fault, FaultKind, Gate, Journal, Limits, Marker,
    Observation, Operation, Passed, Policies, Replay, Scope, Settlement, Spec, TokenKey, Touch,
};
use grant::Policy;
use ledger::{Draft, Hash, LedgerError, Millis, Record};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub const READ: &str = "quell:thing/things@0.1.0#read";
pub const WRITE: &str = "quell:thing/things@0.1.0#write";
pub const START: Millis = 1_800_000_000_000;

static READS: Spec =
    Spec { function: READ, action: "thing:Get", also: &[], access: Access::Read, effect: Effect::Read };
static WRITES: Spec =
    Spec { function: WRITE, action: "thing:Put", also: &[], access: Access::Write, effect: Effect::Write };

/// What is told.
pub struct World {
    pub settlement: Settlement,
    pub repeat_unknown: bool,
    /// What each call touches.
    pub touched: &'static str,
    /// What the sendings come to, in turn; `{}` when there is no more.
    pub answers: Mutex<VecDeque<Result<Value, Fault>>>,
    /// What is observed, in turn; nothing when there is no more.
    pub observations: Mutex<VecDeque<Result<Observation, Fault>>>,
    /// How many of the host's reads of where a thing is will be answered; more wait.
    pub lookups: Semaphore,
    /// The states, in turn: before each sending, and whenever one is compared. None when there is no more.
    pub states: Mutex<VecDeque<Result<Value, Fault>>>,
    /// What the write leads to.
    pub target: Value,
    /// Whether there is nothing to sign a request with, in turn; there is when there is no more.
    pub prepared: Mutex<VecDeque<Result<(), Fault>>>,
    /// How long the ledger takes for a commit.
    pub commit_takes: Duration,
    /// Where what is touched is, in turn; where it says itself when there is no more.
    pub located: Mutex<VecDeque<Result<Option<Vec<Touch>>, Fault>>>,
    pub granted: AtomicBool,
    /// Whether the grant is revoked as soon as somebody waits.
    pub revoking: AtomicBool,
    /// Whether there are operations (any more).
    pub known: AtomicBool,
    /// Whether the run is another driver's.
    pub lost: AtomicBool,
    /// How many requests will be answered; more wait.
    pub permits: Semaphore,
    /// The tokens that were sent.
    pub sent: Mutex<Vec<String>>,
    pub kept: Mutex<Vec<Draft>>,
    pub now: AtomicI64,
    /// How long was waited, each time.
    pub waits: Mutex<Vec<Millis>>,
}

pub struct Port(Arc<World>);

struct Thing {
    spec: &'static Spec,
    world: Arc<World>,
}

#[async_trait]
impl Operation for Thing {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch { action: self.spec.action.into(), resource: self.world.touched.into() }]
    }

    async fn locate(&self) -> Result<Option<Vec<Touch>>, Fault> {
        self.world.lookups.acquire().await.unwrap().forget();
        self.world.located.lock().unwrap().pop_front().unwrap_or(Ok(None))
    }

    fn settlement(&self) -> Settlement {
        self.world.settlement
    }

    async fn send(&self, marker: &Marker) -> Result<Value, Fault> {
        self.world.sent.lock().unwrap().push(marker.token.clone());
        self.world.permits.acquire().await.unwrap().forget();
        self.world.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(json!({})))
    }

    async fn prepare(&self) -> Result<(), Fault> {
        self.world.prepared.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn state(&self) -> Result<Value, Fault> {
        self.world.states.lock().unwrap().pop_front().unwrap_or(Ok(Value::Null))
    }

    /// What is not of the write's concern stands under `other`.
    fn facet(&self, state: &Value, _: &Marker) -> Result<Value, Fault> {
        match state.get("unreadable") {
            Some(_) => Err(Fault::unknown("unreadable-reply", "it is of another version")),
            None => Ok(state.get("ours").unwrap_or(state).clone()),
        }
    }

    fn target(&self, _: &Marker) -> Result<Value, Fault> {
        Ok(self.world.target.clone())
    }

    fn output(&self, state: &Value, _: &Marker) -> Value {
        json!({ "of": state })
    }

    async fn observe(&self, _: &Marker) -> Result<Observation, Fault> {
        self.world.observations.lock().unwrap().pop_front().unwrap_or(Ok(Observation::Absent))
    }

    fn presumed(&self, _: &Marker) -> Value {
        json!("presumed")
    }
}

#[async_trait]
impl Catalog for Port {
    async fn operation(&self, function: &str, _: &Value, _: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        if !self.0.known.load(Ordering::Relaxed) {
            return Err(Fault::known(FaultKind::AccessDenied, "account", "the account is not configured"));
        }
        Ok(Arc::new(Thing { spec: if function == READ { &READS } else { &WRITES }, world: self.0.clone() }))
    }

    fn specs(&self) -> Vec<&'static Spec> {
        vec![&READS, &WRITES]
    }
}

impl Policies for Port {
    fn effective(&self, _: &str) -> Effective {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let granted = self.0.granted.load(Ordering::Relaxed).then(|| Policy::load("grant", document).unwrap());
        Effective { grants: granted.into_iter().collect(), ..Effective::default() }
    }
}

#[async_trait]
impl Journal for Port {
    fn note(&self, draft: Draft) {
        self.0.kept.lock().unwrap().push(draft);
    }

    async fn commit(&self, drafts: Vec<Draft>) -> Result<(), LedgerError> {
        self.0.kept.lock().unwrap().extend(drafts);
        if !self.0.commit_takes.is_zero() {
            tokio::time::advance(self.0.commit_takes).await;
        }
        Ok(())
    }

    async fn confirm(&self) -> Result<(), LedgerError> {
        match self.0.lost.load(Ordering::Relaxed) {
            true => Err(LedgerError::Storage("another drives it".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Clock for Port {
    fn now(&self) -> Millis {
        self.0.now.load(Ordering::Relaxed)
    }

    async fn until(&self, time: Millis) {
        let waited = time - self.0.now.fetch_max(time, Ordering::Relaxed);
        self.0.waits.lock().unwrap().push(waited);
        if self.0.revoking.load(Ordering::Relaxed) {
            self.0.granted.store(false, Ordering::Relaxed);
        }
    }
}

/// No answer came.
pub fn unknown() -> Result<Value, Fault> {
    Err(Fault::unknown("timeout", "no answer"))
}

pub fn failed(kind: FaultKind, code: &str) -> Fault {
    Fault::known(kind, code, "no")
}

impl World {
    pub fn new(settlement: Settlement) -> World {
        World {
            settlement,
            repeat_unknown: false,
            touched: "*",
            answers: Mutex::default(),
            observations: Mutex::default(),
            lookups: Semaphore::new(10_000),
            states: Mutex::default(),
            target: Value::Null,
            prepared: Mutex::default(),
            commit_takes: Duration::ZERO,
            located: Mutex::default(),
            granted: AtomicBool::new(true),
            revoking: AtomicBool::new(false),
            known: AtomicBool::new(true),
            lost: AtomicBool::new(false),
            permits: Semaphore::new(10_000),
            sent: Mutex::default(),
            kept: Mutex::default(),
            now: AtomicI64::new(START),
            waits: Mutex::default(),
        }
    }

    pub fn answering(self, answers: impl IntoIterator<Item = Result<Value, Fault>>) -> World {
        self.answers.lock().unwrap().extend(answers);
        self
    }

    pub fn observing(self, observations: impl IntoIterator<Item = Result<Observation, Fault>>) -> World {
        self.observations.lock().unwrap().extend(observations);
        self
    }

    pub fn having(self, states: impl IntoIterator<Item = Result<Value, Fault>>) -> World {
        self.states.lock().unwrap().extend(states);
        self
    }

    pub fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub fn waits(&self) -> Vec<Millis> {
        self.waits.lock().unwrap().clone()
    }

    /// The kinds of the entries from the one at `from` on, without `call.`.
    pub fn kinds(&self, from: usize) -> String {
        let kept = self.kept.lock().unwrap();
        kept[from..].iter().map(|draft| draft.kind.trim_start_matches("call.")).collect::<Vec<_>>().join(" ")
    }

    /// What the entries of this kind have under this name.
    pub fn facts(&self, kind: &str, name: &str) -> Vec<Value> {
        let kept = self.kept.lock().unwrap();
        kept.iter().filter(|draft| draft.kind == kind).map(|draft| draft.data[name].clone()).collect()
    }

    pub fn records(&self) -> Vec<Record> {
        records(&self.kept.lock().unwrap())
    }
}

/// The entries that drafts become, read back.
pub fn records(drafts: &[Draft]) -> Vec<Record> {
    let mut previous = Hash::ZERO;
    let record = |(draft, sequence): (&Draft, u64)| {
        let entry = draft.seal("r-1", sequence, previous);
        previous = entry.hash;
        let payloads = draft.payloads.iter().map(|(name, bytes)| (name.clone(), Some(bytes.clone())));
        Record { entry, data: draft.data.clone(), payloads: payloads.collect() }
    };
    drafts.iter().zip(1..).map(record).collect()
}

/// A step of the world, driven by a process.
pub struct Step {
    pub world: Arc<World>,
    pub gate: Arc<Gate>,
    pub attempt: Arc<Attempt>,
}

impl Step {
    pub fn new(world: World) -> Step {
        Step::of(Arc::new(world))
    }

    /// The step in another process, which knows what the ledger has.
    pub fn again(&self) -> Step {
        Step::of(self.world.clone())
    }

    fn of(world: Arc<World>) -> Step {
        let port = || Arc::new(Port(world.clone()));
        let caller = Caller {
            run: "r-1".into(),
            workflow: "w".into(),
            step: "s".into(),
            attempt: 1,
            started: START,
            scope: Scope::new("123456789012", "eu-central-1"),
            digest: "a".into(),
            repeat_unknown: world.repeat_unknown,
        };
        let recorded = Replay::read(&world.records()).unwrap().attempt("s", 1);
        let gate = Gate::new(port(), port(), port(), TokenKey::new([1; 32]), Limits::default());
        let attempt = Attempt::new(caller, port(), recorded);
        Step { gate: Arc::new(gate), attempt: Arc::new(attempt), world: world.clone() }
    }

    pub async fn call(&self, function: &str, arguments: Value) -> Passed {
        self.gate.pass(&self.attempt, function, &arguments).await
    }

    /// Lets others work until a request is on its way.
    pub async fn until_sent(&self) {
        for _ in 0..1_000 {
            if self.world.sent() > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("nothing was sent");
    }

    pub async fn write(&self) -> Passed {
        self.call(WRITE, json!({})).await
    }

    /// Whether a write waits for a person, who is told which.
    pub async fn suspends(&self) -> bool {
        let passed = self.write().await;
        let Passed::Suspend(key) = &passed else { panic!("{passed:?}") };
        self.attempt.suspended().as_ref() == Some(key)
    }
}

pub fn ok(output: Value) -> Passed {
    Passed::Answer(json!({ "ok": output }))
}

pub fn err(kind: FaultKind, code: &str) -> Passed {
    Passed::Answer(json!({ "err": { (kind.case()): { "code": code, "message": "no" } } }))
}

/// A map of payloads with one that retention removed.
pub fn without(record: &Record, name: &str) -> Record {
    let mut payloads: BTreeMap<String, Option<Vec<u8>>> = record.payloads.clone();
    payloads.insert(name.into(), None);
    Record { payloads, ..record.clone() }
}
