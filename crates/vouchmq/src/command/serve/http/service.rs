//! What the listeners serve, by kind.

use std::sync::Arc;

use parking_lot::Mutex;
use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, BrokerOptions, CallerOptions, EmqxFailure,
    EmqxUnknown, HeaderOptions, Recorded,
};
use vouchmq_api::changes::Changes;
use vouchmq_api::http::{AdministratorToken, HostNames, HttpLimits, Requests, Router, Rules, Service};
use vouchmq_api::management::{
    self, ApiKeys, Applied, Asking, Configuration, Logging, Logins, Management, Operators, Ports, Process,
};
use vouchmq_api::registration::{self, Registration, RegistrationLimits};
use vouchmq_broker::{Control, SystemClock};
use vouchmq_config::{self as config, Config, HttpListenerOptions, HttpRules};
use vouchmq_identity::events::Events;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::{DoorBook, Sessions};
use vouchmq_registrar::{Progress, Registrar};

use super::Here;
use crate::command::serve::settings;
use crate::configuration::Mistake;
use crate::exit::Failure;

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::command::serve) enum Kind {
    /// New devices.
    Registration,
    /// Operators.
    Management,
    /// Other brokers.
    Authentication,
}

/// What the listeners work on.
pub(in crate::command::serve) struct Works {
    registry: Arc<Registry>,
    resident: Arc<Resident>,
    events: Arc<Events>,
    book: Arc<DoorBook>,
    /// The requests of all listeners.
    requests: Arc<Requests>,
}

/// What the management listener works on beside the registry.
pub(in crate::command::serve) struct Behind {
    pub(in crate::command::serve) token: Option<AdministratorToken>,
    pub(in crate::command::serve) logins: Logins,
    pub(in crate::command::serve) sessions: Arc<dyn Sessions>,
    pub(in crate::command::serve) configuration: Arc<dyn Configuration>,
    pub(in crate::command::serve) process: Arc<dyn Process>,
    pub(in crate::command::serve) asking: Arc<dyn Asking>,
    pub(in crate::command::serve) broker: Control,
    pub(in crate::command::serve) logging: Arc<dyn Logging>,
}

/// How far changes have come.
struct Ways {
    changes: Arc<Changes>,
    applied: Arc<dyn Applied>,
}

/// What each kind of listener serves now.
pub(in crate::command::serve) struct Services {
    works: Works,
    ways: Ways,
    registration: Service,
    management: Service,
    authentication: Service,
    operators: Arc<Operators>,
    /// What they were made by.
    made_by: Mutex<MadeBy>,
}

/// What some of them depend on.
#[derive(Clone, PartialEq)]
struct MadeBy {
    limits: RegistrationLimits,
    authentication: Option<config::AuthenticationServiceOptions>,
}

/// What may be served in place of what is served now.
pub(in crate::command::serve) struct Prepared {
    made_by: MadeBy,
    registration: Option<Router>,
    authentication: Option<Router>,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Registration, Self::Management, Self::Authentication];

    pub(in crate::command::serve) const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Management => "management",
            Self::Authentication => "authentication",
        }
    }

    /// The key of its address.
    pub(in crate::command::serve) const fn key(self) -> &'static str {
        match self {
            Self::Registration => "registration.bind",
            Self::Management => "http_server.port",
            Self::Authentication => "auth_service.bind",
        }
    }

    pub(super) const fn flag(self) -> &'static str {
        match self {
            Self::Registration => "--register-listen",
            Self::Management => "--api-listen",
            Self::Authentication => "--auth-listen",
        }
    }

    pub(super) fn options(self, config: &Config) -> Option<&HttpListenerOptions> {
        match self {
            Self::Registration => config.registration.as_ref().map(|options| &options.http),
            Self::Management => config.management.as_ref().map(|options| &options.http),
            Self::Authentication => config.authentication_service.as_ref().map(|options| &options.http),
        }
    }

    fn limits(self) -> HttpLimits {
        match self {
            Self::Registration | Self::Authentication => HttpLimits::default(),
            Self::Management => management::limits(),
        }
    }

    /// What a listener of this kind gives to whom.
    pub(super) fn rules(self, rules: &HttpRules) -> Rules {
        let HttpRules { bounds, allow, trusted_proxies, has_proxy_protocol, host_names } = rules.clone();
        let limits = match bounds {
            None => self.limits(),
            Some(bounds) => HttpLimits {
                requests_max: bounds.requests_max,
                connections_max: bounds.connections_max,
                connections_per_address_max: bounds.connections_per_address_max,
                body_bytes_max: bounds.body_bytes_max.unwrap_or(self.limits().body_bytes_max),
                head_timeout: bounds.head_timeout,
                body_timeout: bounds.body_timeout,
                request_timeout: bounds.request_timeout,
                idle_timeout: bounds.idle_timeout,
                ..self.limits()
            },
        };
        let host_names = HostNames::new(host_names);
        Rules { limits, host_names, allow, trusted_proxies, has_proxy_protocol }
    }
}

impl Works {
    /// What a registrar has.
    pub(in crate::command::serve) fn of(registrar: &Registrar) -> Self {
        let Registrar { registry, resident, events, .. } = registrar;
        Self {
            registry: registry.clone(),
            resident: resident.clone(),
            events: events.clone(),
            book: registrar.book(),
            requests: Arc::default(),
        }
    }

    fn registration(&self, ways: &Ways, limits: &RegistrationLimits) -> Router {
        let (registry, resident) = (self.registry.clone(), self.resident.clone());
        let (events, applied) = (self.events.clone(), ways.applied.clone());
        let registration = Registration::new(registry, resident, events, applied, limits);
        registration::router(registration.with_requests(self.requests.clone()))
    }

    fn authentication(
        &self,
        ways: &Ways,
        options: &config::AuthenticationServiceOptions,
    ) -> Result<Router, Mistake> {
        let judge = Arc::new(Recorded::new(self.resident.clone(), self.book.clone()));
        let options = options_of(options);
        AuthenticationService::try_new(&options, judge, self.registry.clone(), Arc::new(SystemClock))
            .map(|service| service.telling(ways.changes.clone()).counted(&self.requests).build().router)
            .map_err(|fault| Mistake::new("auth_service", fault))
    }

    async fn management(&self, ways: &Ways, behind: Behind) -> Result<(Router, Arc<Operators>), Failure> {
        let Behind { token, logins, sessions, configuration, process, asking, broker, logging } = behind;
        let keys = Arc::new(ApiKeys::new(self.registry.clone(), token));
        keys.load().await.map_err(Failure::unusable)?;
        let ports = Ports {
            registry: self.registry.clone(),
            resident: self.resident.clone(),
            sessions,
            events: self.events.clone(),
            applied: ways.applied.clone(),
            changes: ways.changes.clone(),
        };
        let management = Management::new(ports, keys)
            .with_configuration(configuration)
            .with_process(process)
            .with_asking(asking)
            .with_logging(logging)
            .with_requests(self.requests.clone());
        let operators = management.operators().clone();
        operators.replace(logins);
        let host = nix::unistd::gethostname().unwrap_or_default();
        let management = management.with_broker(broker).with_node(&host.to_string_lossy());
        Ok((management::router(management), operators))
    }
}

impl Services {
    /// Makes what the listeners of a configuration serve.
    pub(in crate::command::serve) async fn make(
        works: Works,
        progress: Progress,
        config: &Config,
        behind: Behind,
    ) -> Result<Self, Failure> {
        let made_by = MadeBy::of(config);
        let ways = Ways {
            changes: Arc::new(Changes::new(works.registry.clone(), progress.applied())),
            applied: Arc::new(Here(progress)),
        };
        let registration = works.registration(&ways, &made_by.limits).into();
        let (management, operators) = works.management(&ways, behind).await?;
        let management = management.into();
        let authentication = match &made_by.authentication {
            Some(options) => works.authentication(&ways, options).map_err(Failure::unusable)?,
            // Nobody listens; what a reload opens it makes first.
            None => Router::new(),
        };
        let made_by = Mutex::new(made_by);
        let authentication = authentication.into();
        Ok(Self { works, ways, registration, management, authentication, operators, made_by })
    }

    /// Lets these operators in, and no others.
    pub(super) fn let_in(&self, logins: Logins) {
        self.operators.replace(logins);
    }

    pub(super) fn of(&self, kind: Kind) -> Service {
        match kind {
            Kind::Registration => self.registration.clone(),
            Kind::Management => self.management.clone(),
            Kind::Authentication => self.authentication.clone(),
        }
    }

    /// Makes anew what has to be: what stays as it is keeps what it remembers, as whom it has limited.
    pub(super) fn prepare(&self, config: &Config) -> Result<Prepared, Mistake> {
        let (before, made_by) = (self.made_by.lock().clone(), MadeBy::of(config));
        let registration =
            (made_by.limits != before.limits).then(|| self.works.registration(&self.ways, &made_by.limits));
        let authentication = match &made_by.authentication {
            Some(options) if made_by.authentication != before.authentication => {
                Some(self.works.authentication(&self.ways, options)?)
            }
            Some(_) | None => None,
        };
        Ok(Prepared { made_by, registration, authentication })
    }

    pub(super) fn commit(&self, prepared: Prepared) {
        let Prepared { made_by, registration, authentication } = prepared;
        if let Some(router) = registration {
            self.registration.replace(router);
        }
        if let Some(router) = authentication {
            self.authentication.replace(router);
        }
        *self.made_by.lock() = made_by;
    }
}

impl MadeBy {
    fn of(config: &Config) -> Self {
        let limits = settings::registration(&config.settings);
        Self { limits, authentication: config.authentication_service.clone() }
    }
}

fn options_of(options: &config::AuthenticationServiceOptions) -> AuthenticationServiceOptions {
    let networks =
        |networks: &[vouchmq_identity::Cidr]| networks.iter().map(ToString::to_string).collect::<Vec<_>>();
    AuthenticationServiceOptions {
        callers: options
            .callers
            .iter()
            .map(|caller| CallerOptions {
                name: caller.name.to_string(),
                key: caller.key.clone().map(config::Hidden::into_secret),
                certificate: caller.certificate.map(|certificate| certificate.to_string()),
                networks: networks(&caller.networks),
            })
            .collect(),
        brokers: options
            .brokers
            .iter()
            .map(|broker| BrokerOptions {
                name: broker.name.to_string(),
                header: broker.header.as_ref().map(|(name, value)| HeaderOptions {
                    name: name.to_string(),
                    value: value.clone().into_secret(),
                }),
                certificate: broker.certificate.map(|certificate| certificate.to_string()),
                networks: networks(&broker.networks),
            })
            .collect(),
        trust_loopback: options.trust_loopback,
        emqx_unknown: match options.emqx_unknown {
            config::EmqxUnknown::Ignore => EmqxUnknown::Ignore,
            config::EmqxUnknown::Deny => EmqxUnknown::Deny,
        },
        emqx_failure: match options.emqx_failure {
            config::EmqxFailure::Deny => EmqxFailure::Deny,
            config::EmqxFailure::Status => EmqxFailure::Status,
        },
        verifications_per_second: options.verifications_per_second,
        passwords_at_once_max: options.passwords_at_once_max,
        passwords_waiting_max: options.passwords_waiting_max,
        patience_millis: u64::try_from(options.patience.as_millis()).unwrap_or(u64::MAX),
        nonces_max: options.nonces_max,
    }
}
