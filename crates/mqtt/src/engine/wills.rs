use std::sync::Arc;

use super::due_wills::DueWill;
use super::inquiries::{Inquiries, InquiryId, OwnedAttempt};
use super::timers::Timer;
use super::{Action, Engine};
use crate::authorize::{Grant, Inquired, Permission};
use crate::message::{Message, Publication};
use crate::session::SessionId;
use crate::time::Timestamp;

impl Engine {
    /// The connection is gone without a clean DISCONNECT: the will is due after its delay
    /// (`MQTT5-3.1.2-8`).
    pub(super) fn schedule_will(&mut self, now: Timestamp, session: SessionId) {
        let Some(will) = self.clients.session_mut(session).and_then(|state| state.will.as_mut()) else {
            return;
        };
        if will.delay.is_zero() {
            return self.publish_will(now, session);
        }
        will.due_at = now.after(will.delay);
        let deadline = will.due_at;
        self.arm_session(session, deadline);
    }

    /// Publishes the will of a session, if it still has one, and forgets it (`MQTT5-3.1.2-10`). Where others have to be
    /// asked whether it may be published, it waits for them; the session does not.
    pub(super) fn publish_will(&mut self, now: Timestamp, session: SessionId) {
        let Some(state) = self.clients.session_mut(session) else { return };
        let Some(will) = state.will.take() else { return };
        let client_id = state.client_id.clone();
        let due = DueWill {
            message: will.message.clone(),
            authorize: state.authorize.clone(),
            expires_at: will.expiry.map_or(Timestamp::NEVER, |expiry| now.after(expiry)),
            deadline: now.after(self.options.settings.limits.connect_deadline),
        };
        match due.judge().filter(|_| !self.wills.holds(&client_id)) {
            Some(known) => self.end_will(now, &due, known),
            None => self.keep_due_will(now, &client_id, due),
        }
    }

    fn keep_due_will(&mut self, now: Timestamp, client_id: &Arc<str>, due: DueWill) {
        let deadline = due.deadline;
        if !self.wills.push(client_id, due) {
            self.clients.stats.publishes_undecided += 1;
            return;
        }
        self.arm_wills(deadline);
        self.ask_about_wills(now);
    }

    /// Does what there is to do with a will about which nobody has to be asked any more.
    fn end_will(&mut self, now: Timestamp, due: &DueWill, known: Inquired) {
        match known {
            Inquired::Granted(Grant::Whole) if due.expires_at <= now => {
                self.clients.stats.dropped_expired += 1;
            }
            Inquired::Granted(Grant::Whole) => {
                self.clients.stats.wills_published += 1;
                let publication = due.message.publication();
                let message = Message::new(&Publication { expires_at: due.expires_at, ..publication });
                self.publish_message(now, &message);
            }
            Inquired::Granted(Grant::PerMessage | Grant::Denied | Grant::Asked) => {
                self.clients.stats.publishes_denied += 1;
            }
            Inquired::Unavailable => self.clients.stats.publishes_undecided += 1,
        }
    }

    /// Has others asked about the wills that are due, as many as may be at once.
    fn ask_about_wills(&mut self, now: Timestamp) {
        while let Some(client_id) = self.wills.next_in_line() {
            let Some(due) = self.wills.next_of(&client_id) else { continue };
            if let Some(known) = due.judge() {
                self.settle_will(now, &client_id, known);
                continue;
            }
            let publication = due.message.publication();
            let attempt = OwnedAttempt::publish(publication.topic, publication.qos, publication.retain);
            let inquiries = Inquiries::new(due.authorize.clone(), Box::new([attempt]));
            let inquiry = self.inquiries.next_id(None);
            self.wills.asked(inquiry, client_id);
            self.actions.push_back(Action::Inquire(inquiry, Box::new(inquiries)));
        }
    }

    /// Others have answered about a will.
    pub(super) fn on_will_inquired(&mut self, now: Timestamp, inquiry: InquiryId, answers: &[Inquired]) {
        let Some(client_id) = self.wills.answered(inquiry) else { return };
        let answer = answers.first().copied().unwrap_or(Inquired::Unavailable);
        self.settle_will(now, &client_id, answer);
        self.ask_about_wills(now);
    }

    /// What becomes of the next will of a client is known. The client is read from again once none waits any more.
    fn settle_will(&mut self, now: Timestamp, client_id: &Arc<str>, known: Inquired) {
        if let Some(due) = self.wills.pop(client_id) {
            self.end_will(now, &due, known);
        }
        if self.wills.holds(client_id) {
            return;
        }
        let session = self.clients.session_of(client_id);
        if let Some(id) = session.and_then(|session| self.clients.connection_of(session)) {
            self.unpause(now, id);
        }
    }

    /// Gives up wills about which nobody has answered in time.
    pub(super) fn check_wills(&mut self, now: Timestamp) {
        if self.wills.timer_at > now {
            return;
        }
        self.wills.timer_at = Timestamp::NEVER;
        for client_id in self.wills.overdue(now) {
            self.actions.extend(self.wills.withdraw(&client_id).map(Action::Withdraw));
            self.settle_will(now, &client_id, Inquired::Unavailable);
        }
        self.ask_about_wills(now);
        self.arm_wills(self.wills.next_deadline());
    }

    fn arm_wills(&mut self, deadline: Timestamp) {
        let at = self.timers.fires_at(deadline);
        if deadline != Timestamp::NEVER && at < self.wills.timer_at {
            self.wills.timer_at = at;
            self.timers.arm(deadline, Timer::Wills);
        }
    }
}

impl DueWill {
    /// What is known without asking others.
    fn judge(&self) -> Option<Inquired> {
        let publication = self.message.publication();
        match self.authorize.publish(publication.topic, publication.qos, publication.retain) {
            Permission::Allowed => Some(Inquired::Granted(Grant::Whole)),
            Permission::Denied => Some(Inquired::Granted(Grant::Denied)),
            Permission::Asked => None,
        }
    }
}
