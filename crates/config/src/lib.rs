//! The configuration file: read ([`hocon`]), checked against one table of keys, resolved to a [`Config`].
//!
//! No I/O of its own: files and the environment are arguments, so that every step is tested and fuzzed.

mod config;
pub mod hocon;

pub use config::{
    AclAction, AclRule, AclSelector, AclTopics, Authentication, AuthenticationServiceOptions,
    AuthenticatorName, Authorization, BrokerOptions, CallerOptions, Config, EmqxFailure, EmqxUnknown, Hidden,
    HttpListenerOptions, LogFormat, LogLevel, LogOptions, LogTarget, ManagementLogin, ManagementOptions,
    NoMatch, RegistrationOptions, RegistryOptions, Rotation, Settings, SubscribeDenied, SystemOptions, User,
};
