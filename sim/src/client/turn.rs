use vouchmq_mqtt::ReasonCode;

use super::reading::Reading;
use super::{Client, Errand};
use crate::agenda::Breakage;
use crate::coverage::Behaviour;
use crate::workload::{self, Mishap, Turn};
use crate::world::Env;

/// A client waits for answers before it asks for more.
const UNANSWERED_MAX: usize = 40;
/// Publishes of one burst.
const BURST: usize = 25;

impl Client {
    /// One turn of the workload.
    pub(super) fn act(&mut self, env: &mut Env) {
        if env.is_resting {
            return;
        }
        let pause = env.rng.duration(&self.profile.pace);
        env.plan_client(self.number, pause, Errand::Act);
        let Some(connection) = self.online() else { return };
        if connection.reading == Reading::Stuck && env.rng.chance(900) {
            return;
        }
        if env.rng.chance(env.plan.mishaps) {
            return self.suffer(env);
        }
        let asked = self.requests.len();
        let turn = workload::turn(&self.profile, &mut env.rng);
        let released = self.online().map_or(0, |connection| connection.released.len());
        if asked + released >= UNANSWERED_MAX && !matches!(turn, Turn::Publish | Turn::Mood) {
            return;
        }
        match turn {
            Turn::Publish => self.publish(env),
            Turn::Burst => (0..BURST).for_each(|_| self.publish(env)),
            Turn::Subscribe => self.subscribe_to_something(env),
            Turn::Unsubscribe => self.unsubscribe_from_something(env),
            Turn::ReleaseNothing => self.release_nothing(env),
            Turn::Reauthenticate => self.reauthenticate(env),
            Turn::Mood => self.change_mood(env),
            Turn::Nothing => {}
        }
    }

    fn suffer(&mut self, env: &mut Env) {
        match workload::mishap(&mut env.rng) {
            Mishap::Reset => {
                env.oracle.hit(Behaviour::LinkReset);
                self.lose(Breakage::Reset, env);
            }
            Mishap::Vanish => {
                env.oracle.hit(Behaviour::LinkVanished);
                self.lose(Breakage::Vanish, env);
            }
            Mishap::Storm => self.storm(env),
            Mishap::Leave => self.leave(ReasonCode::SUCCESS, env),
            Mishap::LeaveWithWill => self.leave(ReasonCode::DISCONNECT_WITH_WILL, env),
        }
    }
}
