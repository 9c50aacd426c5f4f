use std::sync::Arc;

use secrecy::SecretSlice;
use vouchmq_identity::{Arrival, AuthRequest, CertificateFault, ClientCertificate, Secret, SecretUse};
use vouchmq_mqtt::engine::{Authentication, Credentials, Decision, Input};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use super::State;
use super::sockets::Socket;
use crate::verify::{Answer, By, Judged, Judging};

/// Whether a client presents a generated secret: 256 random bits, which are judged in microseconds and which nobody
/// finds by trying. Who has the right one gets in even from an address that others guess from: a hundred devices
/// behind one router must not be kept out by the one that was revoked.
///
/// The key of a certificate, which it has proven to have, is as good, if it presents nothing else.
pub(super) fn is_beyond_guessing(credentials: &Credentials, has_certificate: bool) -> bool {
    match credentials {
        Credentials::Password(None) => has_certificate,
        Credentials::Password(Some(password)) => Secret::key_id_in(SecretUse::Device, password).is_ok(),
        Credentials::Begin { .. } | Credentials::Again { .. } | Credentials::Continue(_) => false,
    }
}

impl State {
    /// Has a client judged: at once where that is cheap, else by the pool or elsewhere.
    pub(super) fn verify(&mut self, id: ConnectionId, authentication: Authentication) {
        let now = self.clock.now();
        // It did not wait.
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let Authentication { client_id, username, protocol, credentials } = authentication;
        if matches!(credentials, Credentials::Password(_) | Credentials::Begin { .. }) {
            let is_beyond_guessing = is_beyond_guessing(&credentials, socket.has_certificate());
            socket.person.says(username.as_deref(), is_beyond_guessing);
        }
        let certificate = match certificate_of(socket) {
            Ok(certificate) => certificate,
            Err(fault) => {
                tracing::warn!(peer = %socket.seat.peer, %fault, "client refused: its certificate cannot be read");
                return self.answer(id, Decision::Refuse(ReasonCode::NOT_AUTHORIZED));
            }
        };
        let (peer, listener) = (socket.seat.peer, socket.seat.entrance.as_ref());
        let listener = listener.map(|entrance| entrance.doorway.clone());
        let mut request = AuthRequest {
            client_id: (*client_id).into(),
            username,
            password: None,
            peer: peer.ip(),
            certificate,
            arrival: Arrival { peer_port: peer.port(), protocol, listener },
        };
        let is_first = matches!(credentials, Credentials::Begin { .. });
        let judging = match credentials {
            Credentials::Password(password) => {
                request.password = password.map(SecretSlice::from);
                Judging::Request(request)
            }
            Credentials::Begin { method, data } | Credentials::Again { method, data } => {
                match self.verifier.begin(&method, &request) {
                    Some(exchange) => Judging::Step { client_id, exchange, data, is_first },
                    // `MQTT5-4.12.0-1`
                    None => return self.answer(id, Decision::Refuse(ReasonCode::BAD_AUTHENTICATION_METHOD)),
                }
            }
            Credentials::Continue(data) => match self.exchanges.remove(&id) {
                Some(exchange) => Judging::Step { client_id, exchange, data, is_first },
                None => return self.answer(id, Decision::Refuse(ReasonCode::PROTOCOL_ERROR)),
            },
        };
        let pressure = self.pressure();
        let Some(reply) = self.mailboxes.get(usize::from(self.id.0)) else { return };
        match self.verifier.judge(id, peer, judging, reply, pressure) {
            Answer::Judged(mut judged) => {
                self.hold_back_of_banned(id, &mut judged);
                self.count_verdict(&judged.decision, now);
                self.decide(id, judged);
            }
            Answer::Later(wanted) => drop(self.verifying.insert(id, (wanted, now))),
        }
    }

    /// A client was judged, by what holds now.
    pub(super) fn decide(&mut self, id: ConnectionId, judged: Judged) {
        if let Some((_, since)) = self.verifying.remove(&id) {
            self.count_verdict(&judged.decision, since);
        }
        if matches!(judged.decision, Decision::Refuse(ReasonCode::SERVER_BUSY))
            && let Some(held) = self.admission.hold()
        {
            return self.delay_refusal(id, held);
        }
        let Some(socket) = self.sockets.get(id) else { return };
        let Judged { decision, principal, is_failed_proof, by } = judged;
        if is_failed_proof {
            self.admission.login_failed(self.clock.now(), socket.seat.peer);
        }
        if let By::Exchange(Some(exchange)) = by {
            self.exchanges.insert(id, exchange);
        }
        if let (Decision::Allow(_), Some(principal)) = (&decision, principal) {
            // A connection belongs to who opened it: nobody else may take it over by re-authentication.
            if socket.person.principal().is_some_and(|opened_by| *opened_by != principal) {
                return self.answer(id, Decision::Refuse(ReasonCode::NOT_AUTHORIZED));
            }
            // Before CONNACK: who is told that it is let in is found by whoever ends its connection.
            self.sockets.let_in(id, principal);
        }
        self.answer(id, decision);
    }

    /// Counts a verdict about who was turned to then.
    fn count_verdict(&self, decision: &Decision, since: Timestamp) {
        self.admission.counters.verdicts.count(decision, self.clock.now().since(since));
    }

    pub(super) fn answer(&mut self, id: ConnectionId, decision: Decision) {
        self.taps.judged(id, &decision);
        let now = self.clock.now();
        self.engine.input(now, Input::Decided(id, decision));
    }
}

/// The certificate that a client has presented, and who vouches for it.
fn certificate_of(socket: &Socket) -> Result<Option<Arc<ClientCertificate>>, CertificateFault> {
    let Some(layers) = socket.transport.layers() else { return Ok(None) };
    let Some(own) = layers.certificates().first() else { return Ok(None) };
    let read = ClientCertificate::from_der(own)?;
    let authority = layers.standing.map(|standing| *standing.authority.as_bytes());
    Ok(Some(Arc::new(match authority {
        Some(authority) => read.with_authority(authority),
        None => read,
    })))
}
