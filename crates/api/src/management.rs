//! What operators do over HTTP: products, devices, credentials, claim tokens, registrations, blocks, API keys,
//! and what can be known about them.
//!
//! [`routes()`] is the index: every operation with what it needs. Each changes the registry by one command, so
//! that all or nothing of it happens, with its entry of the audit log.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa_axum::routes;
use vouchmq_broker::Control;
use vouchmq_identity::Sessions;
use vouchmq_identity::events::Events;
use vouchmq_identity::model::Scope;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::resident::Resident;

use crate::changes::Changes;
use crate::http::{
    Access, Built, Gate, HttpLimits, Idempotency, Requests, Routes, docs_route, open_api_route,
};
use crate::metrics::Metrics;

mod about;
pub(crate) mod answer;
mod api_keys;
mod applied;
mod audit;
mod authentication;
mod blocks;
mod broker;
mod caller;
mod certificate_authorities;
mod changes;
mod claim_tokens;
mod configuration;
pub(crate) mod credentials;
mod devices;
mod events;
mod explain;
mod exports;
mod hashing;
mod health;
mod imports;
pub(crate) mod input;
mod keys;
mod logging;
mod metrics;
mod operators;
mod process;
mod products;
pub(crate) mod refusal;
mod registrations;
mod stats;
pub(crate) mod text;
mod trace;
mod v4;

pub use applied::{Application, Applied};
pub use authentication::Asking;
pub use configuration::{Authority, Configuration, Draft, Edit, InvalidConfig, Kept, KeyChange, Undrafted};
pub use keys::ApiKeys;
pub use logging::{Level, Levels, Logging, NoLevel};
pub use operators::{KnownCertificate, KnownUser, Logins, Operators, Tokens};
pub use process::Process;

/// What the management API works on.
#[derive(Clone)]
pub struct Ports {
    /// Everything that is changed.
    pub registry: Arc<Registry>,
    /// What clients are judged by.
    pub resident: Arc<Resident>,
    /// Who is connected.
    pub sessions: Arc<dyn Sessions>,
    /// What happened at the door.
    pub events: Arc<Events>,
    /// How far changes have come.
    pub applied: Arc<dyn Applied>,
    /// The changes, for who follows them.
    pub changes: Arc<Changes>,
}

/// The state of the management API.
pub struct Management {
    registry: Arc<Registry>,
    resident: Arc<Resident>,
    sessions: Arc<dyn Sessions>,
    events: Arc<Events>,
    applied: Arc<dyn Applied>,
    changes: Arc<Changes>,
    keys: Arc<ApiKeys>,
    operators: Arc<Operators>,
    hashing: hashing::Hashing,
    importing: imports::Importing,
    exporting: Arc<exports::Exporting>,
    guesses: explain::Guesses,
    traces: trace::Places,
    delete_budget: Duration,
    last_look: health::LastLook,
    configuration: Option<Arc<dyn Configuration>>,
    process: Option<Arc<dyn Process>>,
    asking: Option<Arc<dyn Asking>>,
    logging: Option<Arc<dyn Logging>>,
    broker: Option<Control>,
    node: Option<Box<str>>,
    metrics: Metrics,
    start: Instant,
}

/// The state, as handlers take it.
type Here = State<Arc<Management>>;

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Paged {
    /// 1 to 200; 50 if it is missing.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// Networks of one claim token or API key.
const NETWORKS_MAX: usize = 64;

impl Management {
    /// Works on `ports`, opened by `keys`, which tell the events of `ports` from then on whom they refuse.
    pub fn new(ports: Ports, keys: Arc<ApiKeys>) -> Self {
        let Ports { registry, resident, sessions, events, applied, changes } = ports;
        keys.tell(events.clone());
        let (hashing, last_look, start) =
            (hashing::Hashing::default(), health::LastLook::default(), Instant::now());
        let (importing, exporting) = (imports::Importing::default(), Arc::default());
        let operators = Arc::new(Operators::new(registry.clone(), keys.clone()));
        Self {
            registry,
            resident,
            sessions,
            events,
            applied,
            changes,
            keys,
            operators,
            hashing,
            importing,
            exporting,
            guesses: explain::Guesses::default(),
            traces: trace::Places::default(),
            delete_budget: products::DELETE_BUDGET,
            last_look,
            configuration: None,
            process: None,
            asking: None,
            logging: None,
            broker: None,
            node: None,
            metrics: Metrics::default(),
            start,
        }
    }

    /// Who is let in, to be told of a configuration.
    pub fn operators(&self) -> &Arc<Operators> {
        &self.operators
    }

    /// Has the configuration read and changed by `configuration`.
    #[must_use]
    pub fn with_configuration(self, configuration: Arc<dyn Configuration>) -> Self {
        Self { configuration: Some(configuration), ..self }
    }

    /// Has the process ended and begun again by `process`.
    #[must_use]
    pub fn with_process(self, process: Arc<dyn Process>) -> Self {
        Self { process: Some(process), ..self }
    }

    /// Tells of the authentication service that `asking` asks.
    #[must_use]
    pub fn with_asking(self, asking: Arc<dyn Asking>) -> Self {
        Self { asking: Some(asking), ..self }
    }

    /// Has what is logged changed by `logging`.
    #[must_use]
    pub fn with_logging(self, logging: Arc<dyn Logging>) -> Self {
        Self { logging: Some(logging), ..self }
    }

    /// Looks into the broker that runs here, and acts on its clients.
    #[must_use]
    pub fn with_broker(self, broker: Control) -> Self {
        Self { broker: Some(broker), ..self }
    }

    /// Tells of the requests that `requests` counts, those of other listeners among them.
    #[must_use]
    pub fn with_requests(self, requests: Arc<Requests>) -> Self {
        Self { metrics: Metrics::new(requests), ..self }
    }

    /// Tells by this name which node answers.
    #[must_use]
    pub fn with_node(self, name: &str) -> Self {
        Self { node: Some(name.into()), ..self }
    }

    /// How long a request goes on deleting a product before it answers 202, and leaves the rest to housekeeping.
    #[must_use]
    pub fn with_delete_budget(self, delete_budget: Duration) -> Self {
        Self { delete_budget, ..self }
    }
}

/// What the management listener gives to its clients at most: as every listener, but for the body of an import.
pub fn limits() -> HttpLimits {
    HttpLimits { body_bytes_max: imports::BYTES_MAX, ..HttpLimits::default() }
}

/// What the management listener serves: [`routes()`] and [`nanomq_routes()`] behind the keys of `management`, and
/// `/openapi.json`.
pub fn router(management: Management) -> Router {
    let gate = Gate::new(management.operators.clone()).with_calls_per_second(CALLS_PER_SECOND);
    let idempotency = Idempotency::default();
    let here = Arc::new(management);
    let (own, nanomq) = (routes(), nanomq_routes());
    let own = own.counted(here.metrics.requests());
    let nanomq = nanomq.counted(here.metrics.requests());
    let Built { router, mut document } = own.build(here.clone(), &gate, Some(&idempotency));
    let nanomq = nanomq.build(here, &gate, Some(&idempotency));
    document.merge(nanomq.document);
    let router = router.merge(open_api_route(&document)).merge(docs_route(&document));
    router.fallback_service(v4::mounted(nanomq.router))
}

/// Every operation of our own API, and the scope that it needs.
pub fn routes() -> Routes<Arc<Management>> {
    about_devices()
        .merge(about_access())
        .merge(about_clients())
        .merge(about_the_broker())
        .merge(about_the_configuration())
}

/// Every operation of NanoMQ's API, `/api/v4`, and the scope that it needs.
pub fn nanomq_routes() -> Routes<Arc<Management>> {
    v4::routes()
}

fn about_devices() -> Routes<Arc<Management>> {
    use devices::{change, create, kick, list, transition};
    Routes::new(TITLE)
        .add(Scope::DevicesRead, routes!(products::list))
        .add(Scope::DevicesWrite, routes!(products::create::create))
        .add(Scope::DevicesRead, routes!(products::read))
        .add(Scope::DevicesWrite, routes!(products::change::change))
        .add(Scope::DevicesWrite, routes!(products::delete))
        .add(Scope::DevicesRead, routes!(list::list))
        .add(Scope::DevicesWrite, routes!(create::create))
        .add(Scope::DevicesRead, routes!(devices::read))
        .add(Scope::DevicesWrite, routes!(change::change))
        .add(Scope::DevicesWrite, routes!(transition::delete))
        .add(Scope::DevicesWrite, routes!(transition::suspend))
        .add(Scope::DevicesWrite, routes!(transition::resume))
        .add(Scope::DevicesWrite, routes!(transition::reset))
        .add(Scope::DevicesWrite, routes!(transition::retire))
        .add(Scope::DevicesWrite, routes!(kick::kick))
        .add(Scope::DevicesWrite, routes!(imports::import))
        .add(Scope::DevicesWrite, routes!(exports::export))
}

fn about_access() -> Routes<Arc<Management>> {
    Routes::new(TITLE)
        .add(Scope::DevicesRead, routes!(credentials::list))
        .add(Scope::CredentialsWrite, routes!(credentials::add::add))
        .add(Scope::CredentialsWrite, routes!(credentials::rotate::rotate))
        .add(Scope::DevicesRead, routes!(credentials::read))
        .add(Scope::CredentialsWrite, routes!(credentials::revoke::revoke))
        .add(Scope::DevicesRead, routes!(claim_tokens::list))
        .add(Scope::CredentialsWrite, routes!(claim_tokens::create))
        .add(Scope::DevicesRead, routes!(claim_tokens::read_one))
        .add(Scope::CredentialsWrite, routes!(claim_tokens::revoke))
        .add(Scope::DevicesRead, routes!(certificate_authorities::list))
        .add(Scope::CredentialsWrite, routes!(certificate_authorities::attach))
        .add(Scope::DevicesRead, routes!(certificate_authorities::read_one))
        .add(Scope::CredentialsWrite, routes!(certificate_authorities::change))
        .add(Scope::CredentialsWrite, routes!(certificate_authorities::remove))
        .add(Scope::DevicesRead, routes!(registrations::list))
        .add(Scope::DevicesRead, routes!(registrations::read))
        .add(Scope::RegistrationsApprove, routes!(registrations::approve))
        .add(Scope::RegistrationsApprove, routes!(registrations::reject))
        .add(Scope::RegistrationsApprove, routes!(registrations::delete))
        .add(Scope::BlocksWrite, routes!(blocks::list))
        .add(Scope::BlocksWrite, routes!(blocks::put))
        .add(Scope::BlocksWrite, routes!(blocks::read))
        .add(Scope::BlocksWrite, routes!(blocks::remove))
        .add(Scope::DevicesRead, routes!(explain::explain))
}

fn about_clients() -> Routes<Arc<Management>> {
    use broker::{clients, limits, listeners, publish, retained, subscriptions};
    Routes::new(TITLE)
        .add(Scope::ClientsRead, routes!(clients::list))
        .add(Scope::ClientsRead, routes!(clients::read))
        .add(Scope::ClientsWrite, routes!(clients::disconnect))
        .add(Scope::ClientsWrite, routes!(clients::delete))
        .add(Scope::ClientsRead, routes!(subscriptions::of_client))
        .add(Scope::ClientsRead, routes!(subscriptions::list))
        .add(Scope::MessagesRead, routes!(retained::list))
        .add(Scope::MessagesRead, routes!(retained::read))
        .add(Scope::MessagesWrite, routes!(retained::delete))
        .add(Scope::MessagesWrite, routes!(retained::delete_all))
        .add(Scope::MessagesWrite, routes!(publish::publish))
        .add(Scope::MessagesWrite, routes!(publish::publish_batch))
        .add(Scope::StatsRead, routes!(listeners::list))
        .add(Scope::StatsRead, routes!(limits::list))
}

fn about_the_broker() -> Routes<Arc<Management>> {
    Routes::new(TITLE)
        .add(Scope::Admin, routes!(api_keys::list))
        .add(Scope::Admin, routes!(api_keys::create))
        .add(Scope::Admin, routes!(api_keys::read_one))
        .add(Scope::Admin, routes!(api_keys::revoke))
        .add(Scope::StatsRead, routes!(authentication::read))
        .add(Scope::CredentialsWrite, routes!(authentication::forget))
        .add(Scope::AuditRead, routes!(audit::list))
        .add(Scope::AuditRead, routes!(audit::verify))
        .add(Scope::ChangesRead, routes!(changes::follow))
        .add(Scope::StatsRead, routes!(events::list))
        .add(Scope::StatsRead, routes!(stats::read))
        .add(Scope::StatsRead, routes!(about::about))
        .add(Scope::StatsRead, routes!(metrics::read))
        .add(Access::Known, routes!(operators::whoami::whoami))
        .add(Scope::ConfigRead, routes!(logging::show))
        .add(Scope::ConfigWrite, routes!(logging::change))
        .add(Scope::MessagesRead, routes!(trace::follow))
        .add(Access::Open("says only that the process answers"), routes!(health::health))
        .add(Access::Open("says only whether it is ready"), routes!(health::readiness))
}

fn about_the_configuration() -> Routes<Arc<Management>> {
    use configuration::{change, effective, file, reload, rollback};
    Routes::new(TITLE)
        .add(Scope::ConfigRead, routes!(effective::list))
        .add(Scope::ConfigWrite, routes!(change::change))
        .add(Scope::ConfigRead, routes!(file::read))
        .add(Scope::ConfigWrite, routes!(file::replace))
        .add(Scope::ConfigRead, routes!(effective::read))
        .add(Scope::ConfigWrite, routes!(reload::reload))
        .add(Scope::ConfigWrite, routes!(rollback::roll_back))
        .add(Scope::Control, routes!(process::stop))
        .add(Scope::Control, routes!(process::restart))
}

const TITLE: &str = "management";
/// Requests of one operator: more than any script needs, and less than keep the broker from its devices.
const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1000).unwrap();

impl std::fmt::Debug for Management {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Management").field("resident", &self.resident).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").field("resident", &self.resident).finish_non_exhaustive()
    }
}
