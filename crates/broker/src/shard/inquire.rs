use std::sync::Arc;

use vouchmq_mqtt::Inquired;
use vouchmq_mqtt::engine::{Input, Inquiries, InquiryId};
use vouchmq_mqtt::time::Timestamp;

use super::State;
use super::mailbox::Message;

/// What an inquiry has brought so far.
#[derive(Debug)]
pub(super) struct Gathering {
    answers: Box<[Option<Inquired>]>,
    /// Whoever is asked need not answer any more once this is gone.
    _wanted: Arc<()>,
}

impl State {
    /// Has others asked. Their answers come by mail, also those that are there at once: what one client sends keeps
    /// nobody waiting. The engine gives up by itself what takes too long.
    pub(super) fn inquire(&mut self, inquiry: InquiryId, inquiries: &Inquiries) {
        let Some(own) = self.mailboxes.get(usize::from(self.id.0)) else { return };
        let peer = inquiry.connection().map(|id| self.peer(id));
        let wanted = Arc::new(());
        for (position, attempt) in inquiries.attempts().enumerate() {
            let own = own.clone();
            let answer = move |inquired| own.send(Message::Inquired(inquiry, position, inquired));
            self.verifier.inquire(&**inquiries.authorize(), attempt, peer, Arc::downgrade(&wanted), answer);
        }
        let answers = vec![None; inquiries.attempts().len()].into();
        self.inquiring.insert(inquiry, Gathering { answers, _wanted: wanted });
    }

    /// Others have answered about one attempt; the engine hears of it when all answers are there.
    pub(super) fn gather(&mut self, now: Timestamp, inquiry: InquiryId, position: usize, inquired: Inquired) {
        let Some(gathering) = self.inquiring.get_mut(&inquiry) else { return };
        if let Some(answer) = gathering.answers.get_mut(position) {
            *answer = Some(inquired);
        }
        let answers: Option<Box<[Inquired]>> = gathering.answers.iter().copied().collect();
        if let Some(answers) = answers {
            self.inquiring.remove(&inquiry);
            self.engine.input(now, Input::Inquired(inquiry, answers));
        }
    }
}
