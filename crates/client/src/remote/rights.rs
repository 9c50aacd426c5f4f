//! What a client may do for whom a service vouches, and how the service is asked about the rest (`acl_req`).

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use secrecy::{ExposeSecret, SecretSlice};
use tokio::time::{Instant, timeout_at};
use vouchmq_identity::acl::{AskPermission, Decisions, Names, RightsOf, Said, SaidReply};
use vouchmq_identity::{
    Arrival, Attempt, AuthRequest, Authorize, ClientCertificate, Configured, QoS, TopicFilter,
};

use super::figures::Permitted;
use super::service::{Remote, Spoken, Surroundings};
use super::settled::Grounds;
use super::values::{Client, Values, Wish};

/// Why somebody is let in, and who answers for the rest.
#[derive(Clone)]
pub(super) struct Basis {
    pub(super) grounds: Arc<Grounds>,
    asks: Option<Arc<Permissions>>,
}

/// Asks about single rights of one connection.
pub(super) struct Permissions {
    surroundings: Surroundings,
    who: Who,
    /// In which epoch.
    known: Mutex<(u64, Decisions)>,
}

/// What is asked by.
struct Asks(Arc<Permissions>);

/// What a client wants to do, for as long as somebody is asked about it.
enum OwnAttempt {
    Publish { topic: Box<str>, qos: QoS, retain: bool },
    Subscribe { filter: TopicFilter, share: Option<Box<str>>, qos: QoS },
}

/// Of whom is asked, with all that the request wants to know.
struct Who {
    client_id: Box<str>,
    username: Option<Box<str>>,
    /// Kept only where the request wants it.
    password: Option<SecretSlice<u8>>,
    peer: Option<IpAddr>,
    certificate: Option<Arc<ClientCertificate>>,
    arrival: Arrival,
}

impl Basis {
    /// Of a client that connects.
    pub(super) fn of(remote: &Arc<Remote>, grounds: &Arc<Grounds>, request: &AuthRequest) -> Self {
        Self { grounds: grounds.clone(), asks: Permissions::of(remote, request) }
    }

    /// The same client on other grounds.
    pub(super) fn on(&self, grounds: Arc<Grounds>) -> Self {
        Self { grounds, asks: self.asks.clone() }
    }

    /// What it may do, with the rules of files as they are now.
    pub(super) fn rights(
        &self,
        client_id: &str,
        username: Option<&str>,
        peer: Option<IpAddr>,
        configured: &Configured,
    ) -> Arc<dyn Authorize> {
        let carried = &self.grounds.carried;
        let names = Names {
            client_id,
            username,
            device: self.grounds.device.as_ref().map(|device| device.as_str()),
            product: None,
            address: peer,
            attributes: &carried.attributes,
        };
        let asks = self.asks.clone().map(|asks| Arc::new(Asks(asks)) as Arc<dyn AskPermission>);
        Arc::new(configured.rights(RightsOf {
            names: &names,
            is_superuser: carried.is_superuser,
            carried: carried.acl.as_ref(),
            service: asks.as_ref(),
        }))
    }
}

/// What a client may do that others let in, with `proven` as its user name; `None` where the service is not asked. A name
/// that is not proven is not told to it.
pub(super) fn beside(
    remote: &Arc<Remote>,
    configured: &Configured,
    request: &AuthRequest,
    proven: Option<&str>,
) -> Option<Arc<dyn Authorize>> {
    let unproven = AuthRequest { username: None, password: None, ..request.clone() };
    let request = if proven.is_some() { request } else { &unproven };
    let asks: Arc<dyn AskPermission> = Arc::new(Asks(Permissions::of(remote, request)?));
    let names =
        Names { client_id: &request.client_id, username: proven, address: request.peer, ..Names::default() };
    Some(Arc::new(configured.rights(RightsOf {
        names: &names,
        is_superuser: false,
        carried: None,
        service: Some(&asks),
    })))
}

impl AskPermission for Asks {
    fn known(&self, attempt: Attempt<'_>) -> Option<Said> {
        let remote = self.0.surroundings.asked()?;
        let said = self.0.known().1.get(attempt, self.0.surroundings.now())?;
        remote.counted().count_permission(Permitted::Remembered);
        Some(said)
    }

    fn ask(&self, attempt: Attempt<'_>, reply: SaidReply) {
        // A service that is not asked any more says nothing: the files do, as they do for who connects now.
        let Some(remote) = self.0.surroundings.asked() else { return reply.answer(Said::Nothing) };
        remote.ask_permission(self.0.clone(), OwnAttempt::of(attempt), reply);
    }
}

impl Permissions {
    /// Who is asked about this client; `None` where nobody is.
    fn of(remote: &Arc<Remote>, request: &AuthRequest) -> Option<Arc<Self>> {
        let acl = match remote.spoken() {
            Spoken::Templates(templated) => templated.acl.as_ref()?,
            Spoken::Native(_) => return None,
        };
        let who = Who::of(request, acl.tells.password);
        Some(Arc::new(Self { surroundings: remote.surroundings().clone(), who, known: Mutex::default() }))
    }

    /// What is known in this epoch.
    fn known(&self) -> MutexGuard<'_, (u64, Decisions)> {
        let (mut known, epoch) = (self.known.lock(), self.surroundings.epoch());
        if known.0 != epoch {
            *known = (epoch, Decisions::default());
        }
        known
    }

    fn values<'a>(&'a self, attempt: &'a OwnAttempt) -> Values<'a> {
        let Who { client_id, username, password, peer, certificate, arrival } = &self.who;
        let password = password.as_ref().map(ExposeSecret::expose_secret);
        let (client_id, username) = (&**client_id, username.as_deref());
        let client = Client {
            client_id,
            username,
            password,
            peer: *peer,
            certificate: certificate.as_deref(),
            arrival,
        };
        Values { wish: Some(attempt.wish()), ..Values::of_client(client) }
    }
}

impl Who {
    fn of(request: &AuthRequest, with_password: bool) -> Self {
        let AuthRequest { client_id, username, password, peer, certificate, arrival } = request.clone();
        let password = password.filter(|_| with_password);
        Self { client_id, username, password, peer, certificate, arrival }
    }
}

impl OwnAttempt {
    fn of(attempt: Attempt<'_>) -> Self {
        match attempt {
            Attempt::Publish { topic, qos, retain } => Self::Publish { topic: topic.into(), qos, retain },
            Attempt::Subscribe { filter, share, qos } => {
                Self::Subscribe { filter: filter.to_owned(), share: share.map(Into::into), qos }
            }
        }
    }

    fn attempt(&self) -> Attempt<'_> {
        match self {
            Self::Publish { topic, qos, retain } => Attempt::Publish { topic, qos: *qos, retain: *retain },
            Self::Subscribe { filter, share, qos } => {
                Attempt::Subscribe { filter: filter.as_filter(), share: share.as_deref(), qos: *qos }
            }
        }
    }

    fn wish(&self) -> Wish<'_> {
        match self {
            Self::Publish { topic, qos, retain } => {
                Wish { topic, is_subscription: false, qos: qos.bits(), retain: *retain }
            }
            Self::Subscribe { filter, qos, .. } => Wish {
                topic: filter.as_filter().as_str(),
                is_subscription: true,
                qos: qos.bits(),
                retain: false,
            },
        }
    }
}

impl Remote {
    /// Asks the service whether a client may do something; nobody waits for longer than for a login.
    fn ask_permission(self: Arc<Self>, asks: Arc<Permissions>, attempt: OwnAttempt, reply: SaidReply) {
        let runtime = self.runtime().clone();
        let epoch = asks.surroundings.epoch();
        runtime.spawn(async move {
            let deadline = Instant::now() + self.deadline();
            let Spoken::Templates(templated) = self.spoken() else { return reply.answer(Said::Nothing) };
            let values = asks.values(&attempt);
            let said = timeout_at(deadline, templated.permission(&values, deadline)).await;
            let Ok(Ok(said)) = said else {
                // Dropped, the reply says that the service cannot be asked.
                return self.counted().count_permission(Permitted::Unavailable);
            };
            self.counted().count_permission(match said {
                Said::Allow => Permitted::Allowed,
                Said::Deny => Permitted::Denied,
                Said::Nothing => Permitted::NotSaid,
            });
            let until = asks.surroundings.now().after(self.options().cache.permission_ttl);
            // What has changed meanwhile is not known by this answer.
            if asks.surroundings.epoch() == epoch {
                asks.known().1.insert(attempt.attempt(), said, until);
            }
            reply.answer(said);
        });
    }
}
