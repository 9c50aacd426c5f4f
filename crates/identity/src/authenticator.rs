use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice};

use crate::{ClientCertificate, Reconsidered, Secret, SecretFault, SecretUse, Standing, Verdict};

mod anonymous;
mod chain;
mod configured;
mod device;
mod file;
mod order;
mod replaceable;
mod reply;
mod unblocked;
mod witness;

#[cfg(test)]
mod tests;

pub use anonymous::Anonymous;
pub use chain::Chain;
pub use configured::Configured;
pub use device::{DeviceAuthenticator, ScramOfDevices, Spawn};
pub use file::FileAuthenticator;
pub use order::{Around, AskedService, AuthenticatorName, Order, OrderFault};
pub use replaceable::Replaceable;
pub use reply::{Replied, Reply, Work};
pub use unblocked::Unblocked;
pub use witness::{DoorBook, Witness};

/// Judges clients that want to connect, and those that are connected again when something has changed.
///
/// Verification is synchronous, so that it can be tested and simulated as a function. A caller with a thread
/// that must not wait asks [`Authenticator::cost`] first: what is [`Cost::Expensive`] it sends to a bounded
/// pool, and what is [`Cost::Elsewhere`] it asks by [`Authenticator::verify_elsewhere`].
pub trait Authenticator: Send + Sync {
    /// What verifying this request takes. Itself quick.
    fn cost(&self, request: &AuthRequest) -> Cost;

    /// Who the client is, if this authenticator knows it. Never waits: where the verdict depends on something
    /// that has to be waited for, this is [`Verdict::Unavailable`].
    fn verify(&self, request: &AuthRequest) -> Verdict;

    /// Begins to find out who the client is, and answers later, from any thread; called where
    /// [`Authenticator::cost`] is [`Cost::Elsewhere`]. Itself quick, and never waits.
    ///
    /// Every `reply` is answered or dropped within bounded time: until then it takes one of the places that
    /// the caller has for such requests.
    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        reply.answer(self.verify(&request));
    }

    /// Whether this authenticator knows the client, so that verifying is sure not to end in
    /// [`Verdict::NotMine`] unless something changes meanwhile. Quick; `false` where that is not known.
    fn decides(&self, _: &AuthRequest) -> bool {
        false
    }

    /// Whether a client that was let in may stay, and what it may do now. Quick: it is asked for every
    /// connection when something changes that may concern all. No password, no hashing.
    ///
    /// A client of which this authenticator knows nothing is [`Reconsidered::Unchanged`], whoever let it in.
    fn reconsider(&self, _: &Standing<'_>) -> Reconsidered {
        Reconsidered::Unchanged
    }
}

/// What a verification takes of the thread that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Microseconds: may run where messages are routed.
    Cheap,
    /// Milliseconds, and perhaps megabytes: needs a pool that bounds how many run at once.
    Expensive,
    /// It waits for something other than this processor: a database, another service. It keeps no thread.
    Elsewhere,
}

/// What a client presents with its CONNECT, and where it comes from.
///
/// `Debug` never prints the password, which is wiped when the request is dropped.
#[derive(Debug)]
pub struct AuthRequest {
    /// The Client Identifier, or the one that the broker assigned.
    pub client_id: Box<str>,
    /// The User Name.
    pub username: Option<Box<str>>,
    /// The Password: any bytes. MQTT 5.0 allows one without a user name.
    pub password: Option<SecretSlice<u8>>,
    /// The client's address; `None` where there is none, as on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The certificate of its TLS handshake, which was verified: its chain, its time, its use, and that it is not
    /// revoked. `None` without TLS, or where the listener asks for none.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// By which way it came.
    pub arrival: Arrival,
}

/// By which way a client came: what an authentication service may be told of it. Nothing is judged by it here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The client's port; `None` where there is none.
    pub peer_port: Option<u16>,
    /// The protocol name of its CONNECT: `MQTT`, or `MQIsdp` of MQTT 3.1; empty where nobody knows.
    pub protocol: &'static str,
    /// The name of the listener, and the port that it listens on.
    pub listener: Option<Arc<Doorway>>,
}

/// A listener, as the outside knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// Its port; `None` of a Unix socket.
    pub port: Option<u16>,
}

impl AuthRequest {
    /// Whether the password is one that somebody chose, and others can guess: it does not even begin like a
    /// generated secret.
    pub fn has_chosen_password(&self) -> bool {
        let is_foreign =
            |password: &[u8]| Secret::key_id_in(SecretUse::Device, password) == Err(SecretFault::Foreign);
        self.password.as_ref().is_some_and(|password| is_foreign(password.expose_secret()))
    }
}

/// A copy has the password a second time, which is wiped with the copy.
impl Clone for AuthRequest {
    fn clone(&self) -> Self {
        let Self { client_id, username, password, peer, certificate, arrival } = self;
        let password = password.as_ref().map(|password| SecretSlice::from(password.expose_secret().to_vec()));
        Self {
            client_id: client_id.clone(),
            username: username.clone(),
            password,
            peer: *peer,
            certificate: certificate.clone(),
            arrival: arrival.clone(),
        }
    }
}

/// So that one authenticator is asked here and changed there.
impl<A: Authenticator + ?Sized> Authenticator for Arc<A> {
    fn cost(&self, request: &AuthRequest) -> Cost {
        (**self).cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        (**self).verify(request)
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        (**self).verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        (**self).decides(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        (**self).reconsider(standing)
    }
}
