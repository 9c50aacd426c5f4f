//! Who a client is, how it proves it, what it may do.
//!
//! An [`Authenticator`] judges an [`AuthRequest`] and answers with a [`Verdict`], which has four values and
//! never falls open: `Allow` carries everything the broker needs to know, `Deny` the exact reason (only its
//! [class](Denial::outward) leaves the broker), `NotMine` hands on to the next authenticator of a [`Chain`]
//! whose end denies, and `Unavailable` stops.
//!
//! What a client may do is an [`Authorize`]: the [`Rules`] that the [`Acl`] of a product yields for a device, or
//! the [`OrderedRules`] that the files of a configuration yield for others. Who may not connect at all, whatever
//! it proves, is told by [`Blocks`].
//!
//! A verdict does not last for ever: who is connected is reconsidered when something changes
//! ([`Authenticator::reconsider`]), by whoever holds the connections ([`Sessions`]).
//!
//! This crate does no I/O, reads no clock and draws no randomness: it is given a [`Clock`] and an
//! [`Entropy`]. It knows neither HTTP nor an async runtime: verification is a plain call, and its [`Cost`]
//! says whether it belongs on a pool of its own, or waits for something else and answers by a [`Reply`].

pub mod acl;
pub mod blocks;
pub mod events;
pub mod follower;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub mod jwt;
pub mod model;
pub mod password_file;
pub mod password_import;
pub mod passwords;
pub mod registry;
pub mod resident;
pub mod scram;
pub mod signature;
pub mod store;
pub mod users;

mod authenticator;
mod certificate;
mod clock;
mod compare;
mod entropy;
mod exchange;
mod histogram;
mod keyring;
mod password_hash;
mod principal;
mod secret;
mod sessions;
mod standing;
#[cfg(test)]
mod testing;
mod uses;
mod verdict;

pub use acl::{Access, Acl, AclRule, AllowAll, DenyAll, OrderedAcl, OrderedRule, OrderedRules, Rules};
pub use authenticator::{
    Anonymous, Around, Arrival, AskedService, AuthRequest, Authenticator, AuthenticatorName, Chain,
    Configured, Cost, DeviceAuthenticator, DoorBook, Doorway, FileAuthenticator, Order, OrderFault,
    Replaceable, Replied, Reply, ScramOfDevices, Spawn, Unblocked, Witness, Work,
};
pub use blocks::{Block, BlockKind, BlockTarget, Blocks, Cidr, Subject};
pub use certificate::{
    CERTIFICATE_LEN_MAX, CERTIFICATE_NAMES_MAX, CertificateFault, CertificateFingerprint, ClientCertificate,
};
pub use clock::{Clock, UnixMillis};
pub use compare::is_same;
pub use entropy::{Entropy, NoEntropy};
pub use exchange::{Exchange, ExchangeMethod, Inquiry, Step};
pub use histogram::{Histogram, HistogramSnapshot};
pub use keyring::{CheckValue, Keyring, KeyringFault, PepperVersion, SecretVerifier};
pub use password_file::PasswordFile;
pub use password_hash::{
    HashCost, HashFault, HashPart, HashScheme, NoHash, OutOfMemory, PasswordHash, PlainPassword,
};
pub use principal::{Generation, Principal, ProvenUser, Vouched};
pub use secret::{KeyId, Secret, SecretFault, SecretUse};
pub use sessions::{Farewell, Pending, Sessions, Whom};
pub use standing::{Reconsidered, Standing};
pub use users::Users;
pub use uses::Uses;
pub use verdict::{Allowance, Denial, OutwardDenial, Unavailable, Verdict};
pub use vouchmq_mqtt::{Attempt, Authorize, FilterRef, Grant, Permission, QoS, TopicFilter, time::Timestamp};
