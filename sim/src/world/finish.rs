use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::QoS;
use vouchmq_mqtt::engine::{Input, ShardId};
use vouchmq_mqtt::packet::SubscriptionOptions;

use super::World;
use crate::client::ClientNo;
use crate::oracle::Wish;
use crate::plan::span;

/// Whatever is still going on ends before so many looks: delayed wills, expiring sessions, stalled receivers.
const LOOKS_MAX: u32 = 1500;
/// After this time no timer of the past is left.
const HORIZON: Duration = Duration::from_secs(70);
const SECOND: Duration = Duration::from_secs(1);

impl World {
    /// Lets everything come to rest, looks at what is left, and lets everybody go.
    pub(super) fn finish(&mut self) {
        if !self.come_to_rest() {
            return;
        }
        self.env.oracle.judge_rest(self.env.now);
        if self.env.plan.drains {
            return self.drain();
        }
        if self.probe_retained() && self.let_everybody_go() {
            self.run_until(self.env.now.after(HORIZON));
            for shard in &self.shards {
                self.env.oracle.judge_empty(&shard.engine, self.env.now);
            }
        }
    }

    fn come_to_rest(&mut self) -> bool {
        self.env.note(|| "--- everything comes to rest".to_owned());
        self.env.is_resting = true;
        self.set_memory(false);
        for link in self.env.network.ids() {
            self.env.notice_vanished(link);
        }
        let workers = self.clients.len() - 1;
        for client in self.clients.iter_mut().take(workers) {
            client.come_to_rest(&mut self.env);
        }
        self.wait("rest", Self::unrest)
    }

    /// Waits until nothing is in the way any more.
    fn wait(&mut self, what: &str, obstacle: impl Fn(&Self) -> Option<String>) -> bool {
        for _ in 0..LOOKS_MAX {
            // At odd times: clients that ping in step with the looks would never seem to rest.
            let pause = self.env.rng.duration(&span(500_000, 1_500_000));
            if !self.run_until(self.env.now.after(pause)) {
                return false;
            }
            if obstacle(self).is_none() {
                return true;
            }
        }
        let obstacle = obstacle(self).unwrap_or_default();
        self.env.fail(format!("no {what} after {LOOKS_MAX} looks: {obstacle}"));
        false
    }

    /// What is still going on.
    fn unrest(&self) -> Option<String> {
        for client in &self.clients {
            if let Some(waits_for) = client.waits_for() {
                return Some(format!("{} waits for {waits_for}", client.number));
            }
            if !client.is_online() && self.env.oracle.may_have_session(client.number, self.env.now) {
                return Some(format!("{} is not connected, and has a session", client.number));
            }
            if client.link().is_some_and(|link| !self.env.network.link(link).is_quiet()) {
                return Some(format!("bytes are on their way to or from {}", client.number));
            }
        }
        for shard in &self.shards {
            let mut connected = shard.engine.clients().filter(|client| client.connection.is_some());
            if let Some(client) = connected.find(|client| client.queued_count + client.in_flight_count > 0) {
                let (queued, sent) = (client.queued_count, client.in_flight_count);
                return Some(format!("{queued} messages wait for {}, {sent} are sent", client.client_id));
            }
        }
        if !self.shards.iter().all(super::shard::Shard::is_quiet) {
            return Some("an engine has something to write, or mail is on its way".to_owned());
        }
        if self.env.oracle.has_pending_wills() {
            return Some("a will is not due yet".to_owned());
        }
        let owed = self.env.oracle.first_owed(self.env.now);
        owed.map(|(client, message)| format!("{client} is owed {message}"))
    }

    fn drain(&mut self) {
        self.env.note(|| "--- the broker shuts down".to_owned());
        self.env.is_over = true;
        self.env.oracle.draining();
        for number in 0..self.shards.len() {
            self.input(ShardId(u16::try_from(number).unwrap_or(0)), Input::Drain);
        }
        if !self.run_until(self.env.now.after(SECOND * 12)) {
            return;
        }
        for shard in &self.shards {
            let left = shard.engine.census().connections;
            if left > 0 {
                self.env.oracle.fail(self.env.now, format!("{left} connections outlive the drain"));
            }
        }
    }

    /// A fresh subscriber to everything sees what is retained.
    fn probe_retained(&mut self) -> bool {
        self.env.note(|| "--- what is retained?".to_owned());
        self.forget_something();
        let number = ClientNo::new(self.clients.len() - 1);
        self.env.probe = Some((number, BTreeMap::new()));
        if let Some(probe) = self.clients.last_mut() {
            probe.come_back(&mut self.env);
        }
        if !self.wait("probe", |world| world.clients.last().filter(|p| !p.is_online()).map(|_| "it".into())) {
            return false;
        }
        let wish = |filter: &str| Wish {
            written: filter.into(),
            options: SubscriptionOptions::new(QoS::AtLeastOnce),
            identifier: None,
        };
        if let Some(probe) = self.clients.last_mut() {
            probe.subscribe(vec![wish("#"), wish("$own/#")], &mut self.env);
        }
        if !self.wait("end of retained messages", Self::unrest) {
            return false;
        }
        self.run_until(self.env.now.after(SECOND * 3));
        let found: BTreeMap<Rc<str>, _> = self.env.probe.take().map(|(_, found)| found).unwrap_or_default();
        self.env.oracle.judge_retained(&found, self.env.now);
        self.env.oracle.violation().is_none()
    }

    /// Every client ends its session, and comes back for it if it has to.
    fn let_everybody_go(&mut self) -> bool {
        self.env.note(|| "--- everybody leaves".to_owned());
        self.env.is_leaving = true;
        for _ in 0..3 {
            for client in &mut self.clients {
                client.retire(&mut self.env);
            }
            if !self.run_until(self.env.now.after(SECOND * 2)) {
                return false;
            }
            for client in &mut self.clients {
                if self.env.oracle.may_have_session(client.number, self.env.now) {
                    client.come_back(&mut self.env);
                }
            }
            if !self.run_until(self.env.now.after(SECOND * 5)) {
                return false;
            }
        }
        for client in &mut self.clients {
            client.retire(&mut self.env);
        }
        self.run_until(self.env.now.after(SECOND * 5))
    }
}
