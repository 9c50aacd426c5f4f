use std::sync::{Arc, Mutex, PoisonError};

use vouchmq_mqtt::engine::{Input, Inquiries, InquiryId, ShardId};
use vouchmq_mqtt::{Inquired, InquiryReply};

use super::World;
use crate::agenda::Event;
use crate::coverage::Behaviour;

/// In a thousand inquiries: nobody can say.
const UNAVAILABLE: u64 = 40;
/// In a thousand inquiries: nobody ever answers.
const SILENT: u64 = 20;

impl World {
    /// Others are asked what a client may do: they answer after a while what the rule says, or cannot, or never do.
    /// About a will, whose publication nobody hears of, they answer at once. Answers that come too late are given all
    /// the same.
    pub(super) fn inquire(&mut self, shard: ShardId, inquiry: InquiryId, inquiries: &Inquiries) {
        self.env.oracle.hit(Behaviour::Inquired);
        let answers = answers_to(inquiries);
        let Some(connection) = inquiry.connection() else {
            return self.input(shard, Input::Inquired(inquiry, answers));
        };
        let Some(link) = self.link_of(shard, connection) else { return };
        let Some(others) = self.others.as_mut() else { return };
        let (is_lenient, fate) = (self.env.is_resting, others.below(1000));
        let delay = others.duration(&self.env.plan.authenticator.delay.clone());
        if !is_lenient && fate < UNAVAILABLE + SILENT {
            self.env.oracle.undecided(link);
        }
        let answers = match fate {
            _ if is_lenient => answers,
            fate if fate < UNAVAILABLE => answers.iter().map(|_| Inquired::Unavailable).collect(),
            fate if fate < UNAVAILABLE + SILENT => return,
            _ => answers,
        };
        self.env.agenda.plan(self.env.now.after(delay), Event::Inquired(shard, inquiry, answers));
    }
}

/// What the rule says.
fn answers_to(inquiries: &Inquiries) -> Box<[Inquired]> {
    let answer = |attempt| {
        let answer = Arc::new(Mutex::new(Inquired::Unavailable));
        let kept = answer.clone();
        let keep = move |inquired| *kept.lock().unwrap_or_else(PoisonError::into_inner) = inquired;
        inquiries.authorize().inquire(attempt, InquiryReply::new(keep));
        *answer.lock().unwrap_or_else(PoisonError::into_inner)
    };
    inquiries.attempts().map(answer).collect()
}
