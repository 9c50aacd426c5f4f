//! The configuration file: read ([`hocon`]), checked against one table of keys ([`schema`]), resolved to a
//! [`Config`].
//!
//! Values come in [`Layers`]: files, what the API has changed, the environment, flags. [`resolve`] makes an
//! [`Outcome`] of them: a report of everything that is wrong or deserves attention, where each value comes from, and
//! the configuration, if nothing is wrong with it.
//!
//! No I/O of its own: files and the environment are arguments, so that every step is tested and fuzzed.

mod address;
mod config;
mod describe;
mod effective;
mod exposure;
#[doc(hidden)]
pub mod fuzzing;
mod guarded;
pub mod hocon;
mod inspect;
mod layers;
mod outcome;
mod overrides;
mod resolve;
pub mod schema;
mod secrecy;
mod tree;
mod url;
mod value;

pub use config::{
    At, Authentication, AuthenticationServiceOptions, Authorization, BrokerOptions, CallerOptions, Config,
    EmqxFailure, EmqxUnknown, Hidden, HttpBounds, HttpListenerOptions, HttpRules, KNOWN_PASSWORD,
    KNOWN_PASSWORDS, LogFormat, LogLevel, LogOptions, LogTarget, ManagementLogin, ManagementOptions,
    OperatorCertificate, OperatorUser, RegistrationOptions, RegistryOptions, Rotation, Settings,
    SubscribeDenied, SystemOptions, TokenOptions, User,
};
pub use describe::{example, help, json, markdown};
pub use effective::{Change, Effective};
pub use exposure::{Exposed, Reach};
pub use layers::{Layers, Origin};
pub use outcome::{Fault, Outcome};
pub use overrides::Overrides;
pub use resolve::resolve;
pub use secrecy::{hidden_left, without_secrets};
