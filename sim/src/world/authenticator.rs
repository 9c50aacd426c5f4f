use std::sync::Arc;
use std::time::Duration;

use vouchmq_mqtt::engine::{Authentication, Credentials, Decision, Permit, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use super::World;
use crate::agenda::Event;
use crate::network::LinkId;
use crate::oracle::Ruling;
use crate::rights::Rights;

impl World {
    /// Decides who may come in: later, sometimes never, sometimes for a while only.
    pub(super) fn authenticate(
        &mut self,
        shard: ShardId,
        connection: ConnectionId,
        authentication: Authentication,
    ) {
        let Some(link) = self.link_of(shard, connection) else { return };
        let begins =
            matches!(authentication.credentials, Credentials::Begin { .. } | Credentials::Again { .. });
        let again = self.env.oracle.rights(link);
        if begins && self.env.rng.chance(700) {
            return self.answer(shard, connection, Decision::Continue(b"challenge".to_vec()), None);
        }
        let ruling = match again {
            Some(rights) => Ruling::Allowed { rights, until: self.until() },
            None => self.rule(link),
        };
        self.env.note(|| format!("{link}: {ruling:?}"));
        let decision = match ruling {
            Ruling::Silence => return self.env.oracle.ruled(link, ruling),
            Ruling::Refused(reason) => Decision::Refuse(reason),
            Ruling::Allowed { rights, until } => {
                Decision::Allow(Permit { authorize: Arc::new(rights), until, data: None })
            }
        };
        self.answer(shard, connection, decision, Some(ruling));
    }

    fn rule(&mut self, link: LinkId) -> Ruling {
        let plan = self.env.plan.authenticator.clone();
        let client = self.env.network.link(link).client;
        let privilege = self.clients.get(client.index()).map_or(0, |client| client.profile.privilege);
        let is_lenient = self.env.is_resting;
        let must_ask = self.others.as_mut().is_some_and(|others| !is_lenient && others.chance(400));
        let rights = Rights { is_privileged: self.env.rng.chance(privilege), must_ask };
        if !is_lenient && self.env.rng.chance(plan.never_answers) {
            return Ruling::Silence;
        }
        if !is_lenient && self.env.rng.chance(plan.denies) {
            return Ruling::Refused(
                self.env.rng.one_of([ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED]),
            );
        }
        if !is_lenient && self.env.rng.chance(plan.is_unavailable) {
            return Ruling::Refused(
                self.env.rng.one_of([ReasonCode::SERVER_UNAVAILABLE, ReasonCode::SERVER_BUSY]),
            );
        }
        Ruling::Allowed { rights, until: self.until() }
    }

    fn until(&mut self) -> Timestamp {
        if self.env.is_resting || !self.env.rng.chance(self.env.plan.authenticator.expires) {
            return Timestamp::NEVER;
        }
        self.env.now.after(Duration::from_millis(self.env.rng.within(500..=10_000)))
    }

    /// Answers after a while, or at once.
    fn answer(
        &mut self,
        shard: ShardId,
        connection: ConnectionId,
        decision: Decision,
        ruling: Option<Ruling>,
    ) {
        let delay = self.env.rng.duration(&self.env.plan.authenticator.delay.clone());
        if delay.is_zero() {
            return self.decided(shard, connection, decision, ruling);
        }
        let at = self.env.now.after(delay);
        self.env.agenda.plan(at, Event::Decided(shard, connection, Box::new(decision), ruling));
    }
}
