use std::sync::atomic::Ordering;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use vouchmq_identity::model::CredentialId;
use vouchmq_identity::{Denial, Farewell, Principal, Reconsidered, Standing, Whom};
use vouchmq_mqtt::engine::{Decision, Input};
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use super::mailbox::Message;
use super::{State, turn};
use crate::offences::Judgement;
use crate::verify::{Judged, refusal};

/// Places of connections, or devices, that are looked at before others get their turn, if that does not end before.
const PORTION: usize = 256;

/// A walk through the connections of a shard, portion by portion: between two of them the rest of the mail is
/// opened, and clients are read from.
pub(crate) struct Round {
    whom: Whom,
    errand: Errand,
    /// Where it goes on, among the devices or the places of connections.
    position: usize,
    /// Where it ends; who comes later is behind the change that the round is about.
    end: Option<usize>,
    ended_count: usize,
    /// Told how many connections were ended.
    reply: oneshot::Sender<usize>,
}

/// What is done with each connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    /// The authenticator is asked again.
    Reconsider,
    /// It ends; where a credential is named, only if it was let in with that.
    Disconnect(Option<CredentialId>, Farewell),
    /// Certificates that this judge has are judged again.
    Vouch(u64),
}

impl Round {
    pub(crate) fn new(whom: Whom, errand: Errand, reply: oneshot::Sender<usize>) -> Self {
        Self { whom, errand, position: 0, end: None, ended_count: 0, reply }
    }
}

impl State {
    /// Goes on with a round, which comes back by mail until it is done.
    pub(super) fn go_round(&mut self, mut round: Box<Round>) {
        let began = self.clock.now();
        let end = round.end.unwrap_or_else(|| match &round.whom {
            Whom::Everybody => self.sockets.places(),
            Whom::Devices(devices) => devices.len(),
        });
        round.end = Some(end);
        let portion_end = end.min(round.position + PORTION);
        while round.position < portion_end && !turn::is_over(self.clock.now().since(began)) {
            for id in self.found_at(&round) {
                round.ended_count += usize::from(self.visit(id, round.errand));
            }
            round.position += 1;
        }
        if round.position >= end {
            // Who asked may have gone.
            let _ = round.reply.send(round.ended_count);
        } else if let Some(own) = self.mailboxes.get(usize::from(self.id.0)) {
            own.send(Message::Round(round));
        }
    }

    /// The connections that a round has come to: one, or those of one device, which are as many as it has
    /// Client Identifiers.
    fn found_at(&self, round: &Round) -> SmallVec<[ConnectionId; 1]> {
        match &round.whom {
            Whom::Everybody => self.sockets.at(round.position).into_iter().collect(),
            Whom::Devices(devices) => {
                let device = devices.get(round.position);
                device.map_or_else(SmallVec::new, |device| self.sockets.of_device(device).into())
            }
        }
    }

    /// Does with a connection what the round is for; `true` when that ended it.
    fn visit(&mut self, id: ConnectionId, errand: Errand) -> bool {
        if let Errand::Vouch(judge) = errand {
            return self.vouch_again(id, judge);
        }
        let Some(person) = self.sockets.get(id).map(|socket| &socket.person) else { return false };
        let Some(standing) = person.principal().and_then(|principal| self.standing(id, principal)) else {
            return false;
        };
        match errand {
            Errand::Disconnect(Some(credential), _) if person.credential() != Some(credential) => false,
            Errand::Disconnect(_, farewell) => {
                self.send_off(id, farewell);
                true
            }
            Errand::Vouch(_) => false,
            Errand::Reconsider => match self.verifier.reconsider(&standing) {
                Reconsidered::Unchanged => false,
                Reconsidered::Changed(allowance) => {
                    let permit = self.verifier.permit(allowance);
                    self.engine.input(self.clock.now(), Input::Repermit(id, permit));
                    false
                }
                Reconsidered::Ended(denial) => {
                    log_end(&standing, denial);
                    self.denials.insert(id, denial);
                    self.admission.counters.ended_by_reconsideration.fetch_add(1, Ordering::Relaxed);
                    self.send_off(id, Farewell::of(denial));
                    true
                }
            },
        }
    }

    /// A client that was let in, or is about to be; `None` when its connection is gone or ends.
    fn standing<'a>(&'a self, id: ConnectionId, principal: &'a Principal) -> Option<Standing<'a>> {
        let socket = self.sockets.get(id)?;
        let client_id = self.engine.client_of(id)?;
        let username = socket.person.username().or_else(|| principal.user_name());
        Some(Standing { principal, client_id, username, peer: socket.seat.peer.ip() })
    }

    fn send_off(&mut self, id: ConnectionId, farewell: Farewell) {
        let reason = match farewell {
            Farewell::Asked => ReasonCode::ADMINISTRATIVE_ACTION,
            Farewell::NotAllowed => ReasonCode::NOT_AUTHORIZED,
            Farewell::Expired => ReasonCode::MAXIMUM_CONNECT_TIME,
        };
        self.engine.input(self.clock.now(), Input::Disconnect(id, reason));
    }

    /// A verdict comes by mail: it was computed a while ago, and what it rests on may have changed since.
    ///
    /// Nobody gets in by a verdict from before a change. Whoever changes what clients are judged by changes
    /// it first and sends [`Message::Round`] to every shard then. A verdict that is given to the engine on
    /// this thread is found by the round, or the round was opened before. In the first case the connection
    /// is among the sockets and in the index already, since that happens in the same call, before CONNACK is
    /// written. In the second the change happened before the round was sent, and so before this call: what is
    /// judged now, here or by [`State::verify`] where that answers at once, is judged by what holds. That
    /// leaves verdicts that were computed before the change and are opened after the round: they are the ones
    /// that come by mail, and each is looked at a second time here.
    pub(super) fn decide_by_mail(&mut self, id: ConnectionId, mut judged: Judged) {
        if let (Decision::Allow(permit), Some(principal)) = (&mut judged.decision, &judged.principal)
            && let Some(standing) = self.standing(id, principal)
        {
            match self.verifier.reconsider(&standing) {
                Reconsidered::Unchanged => {}
                Reconsidered::Changed(allowance) => {
                    let renewed = self.verifier.permit(allowance);
                    (permit.authorize, permit.until) = (renewed.authorize, renewed.until);
                }
                Reconsidered::Ended(denial) => {
                    log_end(&standing, denial);
                    self.admission.counters.refused_at_second_look.fetch_add(1, Ordering::Relaxed);
                    judged.decision = Decision::Refuse(refusal(denial));
                }
            }
        }
        self.hold_back_of_banned(id, &mut judged);
        self.decide(id, judged);
    }

    /// What an offender may try is counted by verdicts, and many can be computed before the first is here: who is
    /// blocked meanwhile is not told any more of them, so that nobody guesses more often by guessing at once.
    ///
    /// Who presents what nobody guesses is heard meanwhile, but told as little, unless it is right.
    pub(super) fn hold_back_of_banned(&mut self, id: ConnectionId, judged: &mut Judged) {
        let Some(client_id) = self.engine.client_of(id) else { return };
        let Some(socket) = self.sockets.get(id) else { return };
        let is_right = matches!(judged.decision, Decision::Allow(_)) && socket.person.is_beyond_guessing();
        if self.judge(id, client_id, is_right) == Judgement::Blocked {
            judged.decision = Decision::Refuse(ReasonCode::BANNED);
        }
        if matches!(judged.decision, Decision::Refuse(ReasonCode::BANNED)) {
            self.count_ban(id);
        }
    }
}

/// What exactly was wrong is for operators, and never for the client.
fn log_end(standing: &Standing<'_>, denial: Denial) {
    let (client_id, principal) = (standing.client_id.escape_debug(), standing.principal);
    tracing::debug!(%client_id, %principal, reason = %denial, "no longer allowed");
}
