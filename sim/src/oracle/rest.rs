use vouchmq_mqtt::engine::{Census, Engine};
use vouchmq_mqtt::time::Timestamp;

use super::Oracle;
use super::message::MessageNo;
use super::session::EpochNo;
use crate::client::ClientNo;
use crate::coverage::Behaviour;

impl Oracle {
    /// Everything has come to rest, and every session that is left has a connection: nothing may be owed.
    pub(crate) fn judge_rest(&mut self, now: Timestamp) {
        for epoch in self.epoch_numbers() {
            self.judge_owed(epoch, now);
        }
        for message in self.message_numbers() {
            self.judge_groups(message, now);
        }
        self.judge_wills(now);
    }

    fn judge_owed(&mut self, epoch: EpochNo, now: Timestamp) {
        let state = self.epoch(epoch);
        if !state.is_sure(now, now) {
            return;
        }
        let client = state.client;
        let owed: Vec<(MessageNo, Timestamp)> = state.owed.iter().map(|(m, since)| (*m, *since)).collect();
        for (message, since) in owed {
            let qos = self.message(message).facts.qos;
            match self.excuse(message, client, qos, since, now) {
                Some(excuse) => self.hit(excuse),
                None => return self.fail(now, format!("{client} never got {message}, which it is owed")),
            }
        }
    }

    /// A message that a connected client still waits for, without an excuse so far.
    pub(crate) fn first_owed(&self, now: Timestamp) -> Option<(ClientNo, MessageNo)> {
        self.epochs.iter().filter(|state| state.live.is_some()).find_map(|state| {
            let mut owed = state.owed.iter();
            let unexcused = owed.find(|(message, since)| {
                let qos = self.message(**message).facts.qos;
                self.excuse(**message, state.client, qos, **since, now).is_none()
            });
            unexcused.map(|(message, _)| (state.client, *message))
        })
    }

    /// Every client is gone and every session has ended: an engine has nothing left.
    pub(crate) fn judge_empty(&mut self, engine: &Engine, now: Timestamp) {
        let census = engine.census();
        if census != Census::default() {
            return self.fail(now, format!("nobody is left on {:?}, but {census:?}", engine.shard()));
        }
        self.hit(Behaviour::LeakChecked);
    }
}
