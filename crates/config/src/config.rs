//! What a configuration comes to: everything that the process is started with, and changed to by a reload.

mod access;
mod hidden;
mod http;
mod log;
mod operators;
pub(crate) mod remote;
mod settings;

use std::path::PathBuf;

use vouchmq_broker::{ListenAddress, ListenerOptions};

pub use access::{At, Authentication, Authorization, User};
pub use hidden::Hidden;
pub use http::{
    AuthenticationServiceOptions, BrokerOptions, CallerOptions, EmqxFailure, EmqxUnknown, HttpBounds,
    HttpListenerOptions, HttpRules, ManagementOptions, RegistrationOptions,
};
pub use log::{LogFormat, LogLevel, LogOptions, LogTarget, Rotation};
pub use operators::{
    KNOWN_PASSWORD, KNOWN_PASSWORDS, ManagementLogin, OperatorCertificate, OperatorUser, TokenOptions,
};
pub use settings::{Settings, SubscribeDenied};

/// A configuration without a mistake in it. Two are equal if they mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where MQTT clients connect; names are unique.
    pub listeners: Vec<ListenerOptions>,
    /// Limits and policies, each one a row of the table with bounds.
    pub settings: Settings,
    /// Who may connect.
    pub authentication: Authentication,
    /// Which service is asked by HTTP about who connects; `None`: none.
    pub remote: Option<vouchmq_client::remote::options::RemoteOptions>,
    /// What they may do.
    pub authorization: Authorization,
    /// Where operators connect; `None` is nowhere.
    pub management: Option<ManagementOptions>,
    /// Where new devices connect; `None` is nowhere.
    pub registration: Option<RegistrationOptions>,
    /// Where other brokers ask; `None` is nowhere.
    pub authentication_service: Option<AuthenticationServiceOptions>,
    /// Who may ask and how, where the file says that but no address: for whoever gives it one.
    pub authentication_service_unbound: Option<AuthenticationServiceOptions>,
    /// The registry of devices.
    pub registry: RegistryOptions,
    /// Where logs go.
    pub log: LogOptions,
    /// Folders and threads.
    pub system: SystemOptions,
}

/// Folders and threads of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Threads that serve clients; `None`: one for each core.
    pub shards: Option<u16>,
}

/// Where devices are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryOptions {
    /// A file or `postgres://…`, which may hold a password; `None`: a file in the data directory.
    pub database: Option<Hidden>,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self { data: PathBuf::from("vouchmq-data"), shards: None }
    }
}

impl Default for Config {
    /// What a broker is started with that is told nothing: on loopback, and closed.
    fn default() -> Self {
        let loopback = |port: u16| (std::net::Ipv4Addr::LOCALHOST, port).into();
        Self {
            listeners: vec![ListenerOptions::plain("tcp", ListenAddress::Tcp(loopback(1883)))],
            settings: Settings::default(),
            authentication: Authentication::default(),
            remote: None,
            authorization: Authorization::default(),
            management: Some(ManagementOptions::at(loopback(8081))),
            registration: Some(RegistrationOptions { http: HttpListenerOptions::at(loopback(8082)) }),
            authentication_service: None,
            authentication_service_unbound: None,
            registry: RegistryOptions::default(),
            log: LogOptions::default(),
            system: SystemOptions::default(),
        }
    }
}
