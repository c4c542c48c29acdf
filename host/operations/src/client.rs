//! The SDK's clients: one set for each account and region, made at the first call and kept. Their number is bounded by
//! the configuration.
//!
//! Nothing but the configuration decides where requests go: the SDK's own search for settings (`AWS_ENDPOINT_URL…`,
//! profile files) is left out, save for the host's credentials, which come from the default chain.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use capability::{Fault, Scope};
use tokio::sync::OnceCell;

use crate::account::{Account, Accounts};
use crate::credentials::{HeldCredentials, Owner};
use crate::endpoint::Endpoints;
use crate::error::ScopeError;

/// How long a connection may take to be made. A time-out here is known not to have sent anything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an unused connection is kept: shorter than AWS keeps it, since a write on a connection that is being closed
/// has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// What the host is called in CloudTrail: in the user agent, and as the session of an assumed role.
pub(crate) const NAME: &str = "quell";

/// The clients of one account and region.
pub(crate) struct Aws {
    account: String,
    config: SdkConfig,
    credentials: HeldCredentials,
    clients: RwLock<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl Aws {
    /// The id of the account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Has credentials at hand for what is about to be sent.
    pub async fn prepare(&self) -> Result<(), Fault> {
        self.credentials.prepare().await
    }

    /// The client of a service; `new` makes it when there is none yet. Clients share credentials and connections.
    pub fn client<C: Clone + Send + Sync + 'static>(&self, new: fn(&SdkConfig) -> C) -> C {
        let kind = TypeId::of::<C>();
        let kept = |clients: &HashMap<TypeId, Box<dyn Any + Send + Sync>>| {
            clients.get(&kind).and_then(|client| client.downcast_ref::<C>()).cloned()
        };
        if let Some(client) = kept(&self.clients.read().unwrap_or_else(PoisonError::into_inner)) {
            return client;
        }
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        kept(&clients).unwrap_or_else(|| {
            let client = new(&self.config);
            clients.insert(kind, Box::new(client.clone()));
            client
        })
    }
}

/// The clients of all accounts and regions.
pub(crate) struct Clients {
    http: SharedHttpClient,
    request_timeout: Duration,
    own: OnceCell<SharedCredentialsProvider>,
    accounts: BTreeMap<String, Regions>,
}

struct Regions {
    account: Account,
    clients: BTreeMap<String, OnceCell<Arc<Aws>>>,
}

impl Clients {
    /// Room for the clients of `accounts`, whose requests take this long at most, their answers included. Makes none yet.
    pub fn new(accounts: &Accounts, request_timeout: Duration) -> Clients {
        let http = Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build_https();
        let regions = |account: &Account| Regions {
            account: account.clone(),
            clients: account.regions.iter().map(|region| (region.clone(), OnceCell::new())).collect(),
        };
        let accounts = accounts.0.iter().map(|(id, account)| (id.clone(), regions(account))).collect();
        Clients { http, request_timeout, own: OnceCell::new(), accounts }
    }

    /// The clients of the account and region of `scope`.
    pub async fn of(&self, scope: &Scope) -> Result<Arc<Aws>, ScopeError> {
        let Scope { account, region, .. } = scope;
        let regions =
            self.accounts.get(account).ok_or_else(|| ScopeError::UnknownAccount { account: account.clone() })?;
        let cell = regions
            .clients
            .get(region)
            .ok_or_else(|| ScopeError::UnknownRegion { account: account.clone(), region: region.clone() })?;
        let aws = cell.get_or_init(async || Arc::new(self.connect(account, &regions.account, region).await)).await;
        Ok(aws.clone())
    }

    async fn connect(&self, id: &str, account: &Account, region: &str) -> Aws {
        let own = match &account.test_keys {
            Some(keys) => SharedCredentialsProvider::new(Credentials::new(
                &keys.access_key_id,
                &keys.secret_access_key,
                None,
                None,
                "test-keys",
            )),
            None => self.own.get_or_init(|| self.default_chain(region)).await.clone(),
        };
        let config = self.config(account, region);
        // Keys for an emulator are nobody's, and reach nothing else.
        let is_own = account.role_arn.is_none() && account.test_keys.is_none();
        let owner = is_own.then(|| Owner { account: id.to_owned(), config: config.clone() });
        let source = match &account.role_arn {
            Some(role_arn) => {
                let mut role = AssumeRoleProvider::builder(role_arn).configure(&config).session_name(NAME);
                if let Some(external_id) = &account.external_id {
                    role = role.external_id(external_id);
                }
                SharedCredentialsProvider::new(role.build_from_provider(own).await)
            }
            None => own,
        };
        let credentials = HeldCredentials::new(source, owner);
        let provider = SharedCredentialsProvider::new(credentials.clone());
        let config = config.into_builder().credentials_provider(provider).build();
        Aws { account: id.to_owned(), config, credentials, clients: RwLock::default() }
    }

    /// Everything but credentials.
    fn config(&self, account: &Account, region: &str) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .identity_cache(IdentityCache::no_cache());
        config.set_app_name(AppName::new(NAME).ok());
        config.set_service_config(Some(Endpoints::of(&account.endpoints, account.endpoint.as_ref())));
        config.build()
    }

    /// The host's own credentials, found as every AWS tool finds them.
    async fn default_chain(&self, region: &str) -> SharedCredentialsProvider {
        let config = ProviderConfig::without_region()
            .with_region(Some(Region::new(region.to_owned())))
            .with_http_client(self.http.clone())
            .with_timeout_config(self.timeouts());
        SharedCredentialsProvider::new(DefaultCredentialsChain::builder().configure(config).build().await)
    }

    fn timeouts(&self) -> TimeoutConfig {
        let connect = CONNECT_TIMEOUT.min(self.request_timeout);
        TimeoutConfig::builder().operation_timeout(self.request_timeout).connect_timeout(connect).build()
    }
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::ServiceConfigKey;

    use super::*;

    #[tokio::test]
    async fn makes_each_client_once_and_only_where_configured() {
        let account = Account { regions: vec!["eu-central-1".into()], ..Account::default() };
        let clients =
            Clients::new(&Accounts(BTreeMap::from([("123456789012".to_owned(), account)])), Duration::from_secs(30));
        let scope = |account: &str, region: &str| Scope::new(account, region);

        let first = clients.of(&scope("123456789012", "eu-central-1")).await.unwrap();
        let second = clients.of(&scope("123456789012", "eu-central-1")).await.unwrap();
        assert!(Arc::ptr_eq(&first, &second));

        assert!(clients.of(&scope("123456789012", "us-east-1")).await.is_err());
        assert!(clients.of(&scope("210987654321", "eu-central-1")).await.is_err());
    }

    #[test]
    fn retries_nothing_and_asks_nobody_for_an_endpoint() {
        let clients = Clients::new(&Accounts::default(), Duration::from_secs(30));
        let account = Account {
            endpoint: Some("https://all".into()),
            endpoints: BTreeMap::from([("sqs".into(), "https://queues".into())]),
            ..Account::default()
        };
        let asked = |account: &Account, service: &str, setting: &str| {
            let config = clients.config(account, "eu-central-1");
            let key = ServiceConfigKey::builder().service_id(service).env(setting).profile("x").build().unwrap();
            config.service_config().unwrap().load_config(key)
        };
        assert_eq!(asked(&Account::default(), "SQS", "AWS_ENDPOINT_URL"), None);
        assert_eq!(asked(&account, "SQS", "AWS_ENDPOINT_URL").as_deref(), Some("https://queues"));
        assert_eq!(asked(&account, "S3", "AWS_ENDPOINT_URL").as_deref(), Some("https://all"));
        assert_eq!(asked(&account, "SQS", "AWS_ANYTHING"), None);
        let config = clients.config(&Account::default(), "eu-central-1");
        assert_eq!(config.retry_config().map(|retry| retry.max_attempts()), Some(1));
        assert_eq!(config.endpoint_url(), None);
        assert_eq!(config.app_name().map(ToString::to_string), Some(NAME.to_owned()));
    }
}
