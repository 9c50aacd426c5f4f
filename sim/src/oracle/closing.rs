use std::time::Duration;

use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::time::Timestamp;

use super::session::{Link, Ruling};
use super::{Oracle, TICK};
use crate::coverage::Behaviour;
use crate::network::LinkId;

/// What the driver knows about a link that is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// When a packet of the client was last read.
    pub(crate) read_at: Timestamp,
    /// Since when the client took nothing of what waited for it.
    pub(crate) blocked_since: Option<Timestamp>,
    /// When the engine last wanted to hear nothing.
    pub(crate) unheard_at: Option<Timestamp>,
}

impl Oracle {
    /// The driver tells what it knows about the links that are open.
    pub(crate) fn observe(&mut self, link: LinkId, silence: Silence) {
        let before = self.silences.get(&link).and_then(|known| known.unheard_at);
        let unheard_at = silence.unheard_at.or(before);
        self.silences.insert(link, Silence { unheard_at, ..silence });
    }

    /// The link is closed.
    pub(crate) fn forget_silence(&mut self, link: LinkId) {
        self.silences.remove(&link);
    }

    /// An engine gives up a connection whose client does not take its last bytes.
    pub(crate) fn aborted(&mut self, link: LinkId, now: Timestamp) {
        let Some(record) = self.links.get_mut(&link) else { return };
        record.is_aborted = true;
        if record.closed.is_none() {
            return self.fail(now, format!("{link} is aborted and was not closed"));
        }
        self.hit(Behaviour::Aborted);
    }

    /// The operator closes connections of a client.
    pub(crate) fn operator_closes(&mut self, link: LinkId, reason: ReasonCode) {
        if let Some(record) = self.links.get_mut(&link) {
            record.operator = Some(reason);
        }
    }

    /// Clients behave: a connection is closed by them, by the network, or for a reason that is true.
    pub(super) fn judge_closing(&mut self, link: LinkId, cause: &CloseCause, now: Timestamp) {
        let Some(record) = self.links.get(&link) else { return };
        let client = record.facts.client;
        let behaviour = match cause {
            CloseCause::Disconnected(_) | CloseCause::Lost => return,
            CloseCause::TakenOver if self.is_contended(link, record) => Some(Behaviour::TakenOver),
            CloseCause::HandshakeTimeout if self.is_mute(record, now) => Some(Behaviour::Mute),
            CloseCause::Refused(reason) => self.judge_refusal(record, *reason, now),
            CloseCause::KeepAliveTimeout => self.judge_keep_alive(link, record, now),
            CloseCause::Stalled => self.judge_stalled(link, now),
            CloseCause::Expired => match record.ruling {
                Some(Ruling::Allowed { until, .. }) if until <= now => Some(Behaviour::PermitEnded),
                _ => None,
            },
            CloseCause::Administrative(reason) if record.operator == Some(*reason) => {
                Some(Behaviour::OperatorClosed)
            }
            CloseCause::ShuttingDown if self.is_draining => Some(Behaviour::Drained),
            CloseCause::Violation(ReasonCode::NOT_AUTHORIZED, _) if self.may_be_closed_for_rights(record) => {
                Some(Behaviour::PublishDenied)
            }
            CloseCause::Violation(ReasonCode::QUOTA_EXCEEDED, _)
                if !record.facts.dialect.has_properties() && self.retained_refused_at == Some(now) =>
            {
                Some(Behaviour::QueueFullTold)
            }
            CloseCause::TakenOver
            | CloseCause::HandshakeTimeout
            | CloseCause::Violation(..)
            | CloseCause::Undecodable(_)
            | CloseCause::Administrative(_)
            | CloseCause::ShuttingDown => None,
        };
        match behaviour {
            Some(behaviour) => self.hit(behaviour),
            None => self.fail(now, format!("{link} of {client} is closed: {cause:?}")),
        }
    }

    /// The same client has just been let in on another link.
    fn is_contended(&self, link: LinkId, record: &Link) -> bool {
        self.links.iter().any(|(other, rival)| {
            *other != link
                && rival.facts.client == record.facts.client
                && rival.connected_at.is_none()
                && matches!(rival.ruling, Some(Ruling::Allowed { .. }))
        })
    }

    /// It has sent no complete CONNECT, or answered no AUTH, for as long as is allowed.
    fn is_mute(&self, record: &Link, now: Timestamp) -> bool {
        record.connected_at.is_none() && now.since(record.opened_at) >= self.rules.limits.connect_deadline
    }

    fn judge_refusal(&self, record: &Link, reason: ReasonCode, now: Timestamp) -> Option<Behaviour> {
        let has_waited = now.since(record.opened_at) >= self.rules.limits.connect_deadline;
        match record.ruling {
            Some(Ruling::Refused(decided)) if decided == reason => Some(Behaviour::Refused),
            _ if record.operator == Some(reason) => Some(Behaviour::OperatorClosed),
            _ if reason == ReasonCode::SERVER_UNAVAILABLE && has_waited => Some(Behaviour::Undecided),
            _ if reason == ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR && record.is_undecided => {
                Some(Behaviour::RightsUnknown)
            }
            _ if reason == ReasonCode::SERVER_SHUTTING_DOWN && self.is_draining => Some(Behaviour::Drained),
            _ => None,
        }
    }

    fn judge_keep_alive(&self, link: LinkId, record: &Link, now: Timestamp) -> Option<Behaviour> {
        let silence_max = self.silence_max(record)?;
        let silence = self.silences.get(&link)?;
        // Half a tick of rounding: the driver reads what the engine is told an instant later.
        let is_silent = now.since(silence.read_at) >= silence_max;
        is_silent.then_some(Behaviour::KeptAlive)
    }

    fn judge_stalled(&self, link: LinkId, now: Timestamp) -> Option<Behaviour> {
        let blocked_since = self.silences.get(&link)?.blocked_since?;
        let has_waited = now.since(blocked_since) >= self.rules.limits.stalled_receiver;
        has_waited.then_some(Behaviour::Stalled)
    }

    fn may_be_closed_for_rights(&self, record: &Link) -> bool {
        // MQTT 3.1 has no word for a refused subscription.
        let is_mute_on_grants = !record.facts.dialect.has_session_present();
        self.rules.closes_denied || is_mute_on_grants
    }

    /// One and a half times the keep-alive in force; `None` when there is none.
    fn silence_max(&self, record: &Link) -> Option<Duration> {
        let asked = record.facts.keep_alive_secs;
        let secs = match self.rules.limits.keep_alive_max_secs {
            0 => asked,
            max if asked == 0 => max,
            max => asked.min(max),
        };
        (secs > 0).then(|| Duration::from_millis(u64::from(secs) * 1500))
    }

    /// Nobody who is silent for too long is kept (`MQTT5-3.1.2-22`), unless the broker does not listen.
    pub(super) fn judge_silence(&mut self, now: Timestamp) {
        // What the engine does not want to hear is looked at from time to time only.
        let margin = TICK + TICK + Duration::from_millis(500);
        let late = self.links.iter().find_map(|(link, record)| {
            let silence = self.silences.get(link).filter(|_| record.closed.is_none())?;
            let read_at = silence.read_at.max(record.connected_at?);
            let read_at = silence.unheard_at.map_or(read_at, |at| read_at.max(at));
            let is_late = now.since(read_at) > self.silence_max(record)? + margin;
            (is_late && silence.blocked_since.is_none()).then_some(*link)
        });
        if let Some(link) = late {
            self.fail(now, format!("{link} is silent for longer than its keep-alive, and is not closed"));
        }
        let mute = self.links.iter().find(|(_, record)| {
            let is_waiting = record.connected_at.is_none() && record.closed.is_none();
            // The time on the network, a move, and the answer of an authenticator each begin it anew.
            is_waiting && now.since(record.opened_at) > self.rules.limits.connect_deadline * 4 + margin
        });
        if let Some((link, _)) = mute.filter(|(link, _)| self.silences.contains_key(link)) {
            let what = format!("{link} has not been let in, nor closed at the deadline");
            self.fail(now, what);
        }
    }

    /// The broker closed the link for something that the client sent.
    pub(crate) fn was_thrown_out(&self, link: LinkId) -> bool {
        let record = self.links.get(&link);
        record.is_some_and(|record| matches!(record.closed, Some((CloseCause::Violation(..), _))))
    }

    /// A client sees the end of a link that the broker has closed: it was told why, where that can be said.
    pub(crate) fn saw_end(&mut self, link: LinkId, said: Option<ReasonCode>, now: Timestamp) {
        let Some(record) = self.links.get(&link) else { return };
        let Some((cause, _)) = record.closed.clone() else { return };
        let can_be_told = record.facts.dialect.has_server_disconnect() && record.connected_at.is_some();
        if !can_be_told || record.is_aborted {
            return;
        }
        let expected = match cause {
            CloseCause::TakenOver => ReasonCode::SESSION_TAKEN_OVER,
            CloseCause::KeepAliveTimeout => ReasonCode::KEEP_ALIVE_TIMEOUT,
            CloseCause::Expired => ReasonCode::MAXIMUM_CONNECT_TIME,
            CloseCause::Administrative(reason)
            | CloseCause::Violation(reason, _)
            | CloseCause::Refused(reason) => reason,
            CloseCause::ShuttingDown => ReasonCode::SERVER_SHUTTING_DOWN,
            CloseCause::Disconnected(_)
            | CloseCause::Lost
            | CloseCause::HandshakeTimeout
            | CloseCause::Undecodable(_)
            | CloseCause::Stalled => return,
        };
        if said != Some(expected) {
            let what = format!("{link} was closed with {said:?}, and the reason is {expected}");
            self.fail(now, what);
        }
    }
}
