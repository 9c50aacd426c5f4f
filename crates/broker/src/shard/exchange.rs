use secrecy::SecretSlice;
use vouchmq_identity::{AuthRequest, Exchange, Principal};
use vouchmq_mqtt::engine::{Authentication, Credentials, Decision, Input};
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use super::State;
use crate::verify::{Answer, By, Judged, Judging};

/// A client that uses a method of enhanced authentication.
pub(super) struct Exchanging {
    /// Here while the client has to answer; with the verifier while that judges.
    exchange: Option<Box<dyn Exchange>>,
    /// Who the client has proven to be.
    principal: Option<Principal>,
}

impl State {
    /// Has a client judged: at once where that is cheap, else by the pool.
    pub(super) fn verify(&mut self, id: ConnectionId, authentication: Authentication) {
        if self.sockets.get(id).is_none() {
            // It did not wait.
            return;
        }
        let Authentication { client_id, username, credentials } = authentication;
        let peer = self.peer(id);
        let mut request =
            AuthRequest { client_id: (*client_id).into(), username, password: None, peer: peer.ip() };
        let judging = match credentials {
            Credentials::Password(password) => {
                request.password = password.map(SecretSlice::from);
                Judging::Request(request)
            }
            Credentials::Begin { method, data } | Credentials::Again { method, data } => {
                match self.verifier.begin(&method, &request) {
                    Some(exchange) => Judging::Step { client_id, exchange, data },
                    // `MQTT5-4.12.0-1`
                    None => return self.answer(id, Decision::Refuse(ReasonCode::BAD_AUTHENTICATION_METHOD)),
                }
            }
            Credentials::Continue(data) => {
                match self.exchanges.get_mut(&id).and_then(|exchanging| exchanging.exchange.take()) {
                    Some(exchange) => Judging::Step { client_id, exchange, data },
                    None => return self.answer(id, Decision::Refuse(ReasonCode::PROTOCOL_ERROR)),
                }
            }
        };
        let Some(reply) = self.mailboxes.get(usize::from(self.id.0)) else { return };
        match self.verifier.judge(id, peer, judging, reply) {
            Answer::Judged(judged) => self.decide(id, judged),
            Answer::Later(wanted) => drop(self.verifying.insert(id, wanted)),
        }
    }

    /// A client was judged.
    pub(super) fn decide(&mut self, id: ConnectionId, judged: Judged) {
        self.verifying.remove(&id);
        if self.sockets.get(id).is_none() {
            return;
        }
        let Judged { decision, principal, is_failed_proof, by } = judged;
        if is_failed_proof {
            self.admission.login_failed(self.clock.now(), self.peer(id));
        }
        if let By::Exchange(exchange) = by {
            let exchanging =
                self.exchanges.entry(id).or_insert(Exchanging { exchange: None, principal: None });
            exchanging.exchange = exchange;
            if let Some(principal) = principal {
                // A connection belongs to who opened it: nobody else may take it over by re-authentication.
                let opened_by = exchanging.principal.get_or_insert_with(|| principal.clone());
                if *opened_by != principal {
                    return self.answer(id, Decision::Refuse(ReasonCode::NOT_AUTHORIZED));
                }
            }
        }
        self.answer(id, decision);
    }

    fn answer(&mut self, id: ConnectionId, decision: Decision) {
        let now = self.clock.now();
        self.engine.input(now, Input::Decided(id, decision));
    }
}
