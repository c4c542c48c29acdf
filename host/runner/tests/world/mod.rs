//! A world for runs: a service that remembers, plugins that are scripts, a clock that stands still, and the real ledger
//! on a real disk. What is under test (driver, gate, fold, store) is the real thing; only its ports end here.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use capability::{
    Access, Catalog, Clock, Effect, Effective, Fault, FaultKind, Gate, Limits, Marker, Observation, Operation,
    Policies, Scope, Settlement, Spec, TokenKey, Touch,
};
use grant::Policy;
use ledger::{Ledger, Millis, Record};
use runner::{Calls, Embedded, Ended, Plugins, Reply, Runner, Same, Scheduler, Start, Started, Workflows};
use serde_json::{Value, json};
use store::Store;
use tokio::sync::{Semaphore, watch};
use workflow::{Surroundings, Workflow};

pub const PUT: &str = "quell:world/things@0.1.0#put";
pub const TELL: &str = "quell:world/things@0.1.0#tell";
pub const GET: &str = "quell:world/things@0.1.0#get";

/// The service: what it was asked, what it holds.
#[derive(Default)]
pub struct Service {
    /// Every request: function and name.
    pub requests: Vec<(String, String)>,
    /// What was put, by the marker that came with it.
    pub things: BTreeMap<String, String>,
    /// The next requests of this function and name do their work and are never answered.
    pub silent: Vec<(String, String)>,
    /// The next requests of this function and name never arrive, and nobody knows.
    pub lost: Vec<(String, String)>,
    /// The next requests of this function and name are on their way for ever.
    pub hanging: Vec<(String, String)>,
    /// The next requests for this name are turned away: too many.
    pub throttled: Vec<String>,
    /// While it is there, an answer is given only for one of its permits.
    pub answers: Option<Arc<Semaphore>>,
}

/// The account that runs act in.
const ACCOUNT: &str = "123456789012";

impl Service {
    /// How often `name` was asked for.
    pub fn count(&self, name: &str) -> usize {
        self.requests.iter().filter(|(_, asked)| asked == name).count()
    }
}

fn strike(list: &mut Vec<(String, String)>, of: (&str, &str)) -> bool {
    let found = list.iter().position(|(function, name)| (function.as_str(), name.as_str()) == of);
    found.map(|index| list.remove(index)).is_some()
}

#[derive(Clone)]
struct Things(Arc<Mutex<Service>>);

struct Thing {
    spec: &'static Spec,
    name: String,
    service: Arc<Mutex<Service>>,
}

static SPECS: [Spec; 3] = [
    Spec { function: PUT, action: "world:Put", also: &[], access: Access::Write, effect: Effect::Write },
    Spec { function: TELL, action: "world:Tell", also: &[], access: Access::Write, effect: Effect::Write },
    Spec { function: GET, action: "world:Get", also: &[], access: Access::Read, effect: Effect::Read },
];

#[async_trait]
impl Catalog for Things {
    async fn operation(&self, function: &str, arguments: &Value, _: &Scope) -> Result<Arc<dyn Operation>, Fault> {
        let spec = SPECS.iter().find(|spec| spec.function == function).expect("a function of this world");
        let name = arguments["name"].as_str();
        let name = name.ok_or_else(|| Fault::known(FaultKind::Invalid, "name", "`name` is not a text"))?;
        Ok(Arc::new(Thing { spec, name: name.into(), service: self.0.clone() }))
    }

    fn specs(&self) -> Vec<&'static Spec> {
        SPECS.iter().collect()
    }
}

#[async_trait]
impl Operation for Thing {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch { action: self.spec.action.into(), resource: format!("arn:aws:world:::{}", self.name) }]
    }

    fn settlement(&self) -> Settlement {
        if self.spec.function == PUT { Settlement::Observe } else { Settlement::Review }
    }

    async fn send(&self, marker: &Marker) -> Result<Value, Fault> {
        if strike(&mut self.service.lock().unwrap().hanging, (self.spec.function, &self.name)) {
            return std::future::pending().await;
        }
        let result = self.carry_out(marker);
        let answers = self.service.lock().unwrap().answers.clone();
        if let Some(answers) = answers {
            answers.acquire().await.unwrap().forget();
        }
        result
    }

    async fn observe(&self, marker: &Marker) -> Result<Observation, Fault> {
        let service = self.service.lock().unwrap();
        Ok(match service.things.get(&marker.token) {
            Some(name) => Observation::Done(json!({ "name": name })),
            None => Observation::Absent,
        })
    }
}

impl Thing {
    fn carry_out(&self, marker: &Marker) -> Result<Value, Fault> {
        let mut service = self.service.lock().unwrap();
        let of = (self.spec.function, self.name.as_str());
        if let Some(index) = service.throttled.iter().position(|name| *name == self.name) {
            service.throttled.remove(index);
            return Err(Fault::known(FaultKind::Throttled, "Throttling", "slow down"));
        }
        if strike(&mut service.lost, of) {
            return Err(Fault::unknown("timeout", "no answer"));
        }
        service.requests.push((self.spec.function.into(), self.name.clone()));
        if self.spec.function == PUT {
            service.things.insert(marker.token.clone(), self.name.clone());
        }
        if strike(&mut service.silent, of) {
            return Err(Fault::unknown("timeout", "no answer"));
        }
        Ok(json!({ "name": self.name }))
    }
}

/// A clock that moves when it is told to.
#[derive(Clone)]
pub struct StillClock(watch::Sender<Millis>);

impl StillClock {
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by.as_millis() as Millis);
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Millis {
        *self.0.borrow()
    }

    async fn until(&self, time: Millis) {
        let mut now = self.0.subscribe();
        now.wait_for(|now| *now >= time).await.expect("the clock outlives who waits for it");
    }
}

type Returns = Pin<Box<dyn Future<Output = Result<Value, Ended>> + Send>>;
type Script = Box<dyn Fn(Value, Arc<dyn Calls>) -> Returns + Send + Sync>;

/// Plugins that are scripts, by digest.
#[derive(Default)]
pub struct Scripts(Mutex<BTreeMap<String, Script>>);

impl Scripts {
    pub fn set<F: Future<Output = Result<Value, Ended>> + Send + 'static>(
        &self,
        digest: &str,
        script: impl Fn(Value, Arc<dyn Calls>) -> F + Send + Sync + 'static,
    ) {
        self.0.lock().unwrap().insert(digest.into(), Box::new(move |input, calls| Box::pin(script(input, calls))));
    }
}

#[async_trait]
impl Plugins for Scripts {
    async fn invoke(
        &self,
        digest: &str,
        input: &Value,
        _: Option<Duration>,
        calls: Arc<dyn Calls>,
    ) -> Result<Value, Ended> {
        let running = self.0.lock().unwrap()[digest](input.clone(), calls);
        running.await
    }
}

/// Makes a call as a plugin does. A stop ends the script, as it ends a guest.
pub async fn call(calls: &Arc<dyn Calls>, function: &str, name: &str) -> Result<Value, Ended> {
    match calls.call(function, json!({ "name": name })).await {
        Reply::Return(value) => Ok(value),
        Reply::Stop { code, message } => Err(Ended { code, message }),
    }
}

/// What the workflow of a test may do.
pub struct Rules {
    pub policy: Mutex<Option<String>>,
    pub workflow: Arc<Workflow>,
    /// Those that it calls.
    pub callees: Vec<Arc<Workflow>>,
}

impl Policies for Rules {
    fn effective(&self, _: &str) -> Effective {
        let policy = self.policy.lock().unwrap().clone();
        let grants = policy.map(|policy| Policy::load("grant", &policy).unwrap()).into_iter().collect();
        Effective { guardrails: Arc::from([]), grants }
    }
}

impl Workflows for Rules {
    fn by_digest(&self, digest: &str) -> Option<Arc<Workflow>> {
        let mut all = std::iter::once(&self.workflow).chain(&self.callees);
        all.find(|workflow| workflow.digest == digest).cloned()
    }
}

/// The world: everything that outlives the process.
pub struct World {
    pub folder: tempfile::TempDir,
    pub service: Arc<Mutex<Service>>,
    pub clock: StillClock,
    pub scripts: Arc<Scripts>,
    pub rules: Arc<Rules>,
}

/// The process: what dies with it.
pub struct Process {
    pub store: Arc<Store>,
    pub runner: Runner,
    pub scheduler: Arc<Embedded>,
}

pub const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"world:*","Resource":"*"}}"#;

impl World {
    pub fn new(source: &str) -> World {
        let workflow = workflow::load("test.yaml", source, &Surroundings::default());
        let workflow = workflow.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        World::of(workflow, vec![])
    }

    /// The world of a workflow that is linked with those that it calls.
    pub fn of(workflow: Workflow, callees: Vec<Arc<Workflow>>) -> World {
        let policy = Mutex::new(Some(ALLOW.into()));
        World {
            folder: tempfile::tempdir().unwrap(),
            service: Arc::default(),
            clock: StillClock(watch::channel(1_800_000_000_000).0),
            scripts: Arc::default(),
            rules: Arc::new(Rules { policy, workflow: Arc::new(workflow), callees }),
        }
    }

    /// The ledger, once the process that had it before has let it go.
    pub async fn store(&self) -> Store {
        let patience = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            match Store::open(self.folder.path(), store::Options::default()).await {
                Err(store::OpenError::InUse { .. }) if std::time::Instant::now() < patience => {
                    tokio::task::yield_now().await;
                }
                opened => return opened.unwrap(),
            }
        }
    }

    /// A process that drives nothing yet.
    pub async fn process(&self) -> Process {
        let store = Arc::new(self.store().await);
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let scheduler = Embedded::new();
        let runner = self.runner(store.clone(), clock, self.scripts.clone(), Arc::new(scheduler.clone()));
        Process { store, runner, scheduler }
    }

    /// A driver over these ports, with a gate of its own before the service of this world.
    pub fn runner(
        &self,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        plugins: Arc<dyn Plugins>,
        scheduler: Arc<dyn Scheduler>,
    ) -> Runner {
        let catalog = Arc::new(Things(self.service.clone()));
        let tokens = TokenKey::new([9; 32]);
        let gate = Gate::new(catalog, self.rules.clone(), clock.clone(), tokens, Limits::default());
        Runner { ledger, clock, gate: Arc::new(gate), plugins, workflows: self.rules.clone(), scheduler }
    }
}

impl Process {
    /// Starts a run of the world's workflow by hand.
    pub async fn start(&self, world: &World) -> String {
        match self.start_with(world, None).await {
            Started::New(run) | Started::Repeated(run) => run,
        }
    }

    /// Starts a run of the world's workflow for an event that came by itself.
    pub async fn start_with(&self, world: &World, event: Option<Value>) -> Started {
        self.start_in(world, ACCOUNT, event).await
    }

    /// The same, in this account.
    pub async fn start_in(&self, world: &World, account: &str, event: Option<Value>) -> Started {
        self.begin(world, account, event, Same::Event).await
    }

    /// Starts a run of the world's workflow for an event that a person has.
    pub async fn start_by_hand(&self, world: &World, event: Option<Value>) -> Started {
        self.begin(world, ACCOUNT, event, Same::Nothing).await
    }

    async fn begin(&self, world: &World, account: &str, event: Option<Value>, same: Same) -> Started {
        let plugins = world.rules.workflow.all_plugins();
        let start = Start {
            workflow: world.rules.workflow.clone(),
            plugins: plugins.into_iter().map(|name| (name.to_string(), name.to_string())).collect(),
            event,
            same,
            cause: None,
            inputs: json!({}),
            account: account.into(),
            region: "eu-central-1".into(),
            may_cancel: true,
            by: "olivia".into(),
        };
        self.runner.start(start).await.unwrap()
    }

    /// The run's entries.
    pub async fn records(&self, run: &str) -> Vec<Record> {
        self.store.read(run, 0).await.unwrap()
    }

    /// Ends in order, so that another process may have the folder.
    pub async fn end(self) {
        self.scheduler.stop();
        self.scheduler.idle().await;
        self.store.close().await;
    }

    /// The kinds of the run's entries.
    pub async fn kinds(&self, run: &str) -> Vec<String> {
        self.records(run).await.into_iter().map(|record| record.entry.kind).collect()
    }

    /// The run's status.
    pub async fn status(&self, run: &str) -> String {
        self.store.summary(run).await.unwrap().unwrap().status
    }
}

/// Waits for a condition, and no longer than a minute.
pub async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let wait = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the condition holds within a minute");
}
