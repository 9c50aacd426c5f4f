use super::Engine;
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

    /// Publishes the will of a session, if it still has one, and forgets it (`MQTT5-3.1.2-10`).
    pub(super) fn publish_will(&mut self, now: Timestamp, session: SessionId) {
        let Some(state) = self.clients.session_mut(session) else { return };
        let Some(will) = state.will.take() else { return };
        let authorize = state.authorize.clone();
        let publication = will.message.publication();
        let expires_at = will.expiry.map_or(Timestamp::NEVER, |expiry| now.after(expiry));
        let publication = Publication { expires_at, ..publication };
        if !super::is_allowed(authorize.publish(publication.topic, publication.qos, publication.retain)) {
            self.clients.stats.publishes_denied += 1;
            return;
        }
        self.clients.stats.wills_published += 1;
        let message = Message::new(&publication);
        self.publish_message(now, &message);
    }
}
