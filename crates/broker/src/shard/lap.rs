use std::rc::Rc;

use super::{Shard, State};
use crate::admission::queue_delay::{Patience, Pressure};

impl Shard {
    /// Finds out, when clients connect, how long whoever becomes ready waits for its turn: as long as it takes until
    /// everybody who is ready had one, and the system was asked for news.
    pub(super) async fn measure_laps(self: Rc<Self>) {
        loop {
            self.newcomer.notified().await;
            let began = self.now();
            tokio::task::yield_now().await;
            let mut state = self.state.borrow_mut();
            state.waited_since(began);
        }
    }

    /// What follows from how long clients wait for this shard or for the pool.
    pub(super) fn pressure(&self) -> Pressure {
        let state = self.state.borrow();
        state.pressure().max(state.verifier.pressure())
    }
}

impl State {
    /// Somebody was ready then, and has its turn now.
    pub(super) fn waited_since(&mut self, since: vouchmq_mqtt::time::Timestamp) {
        let (now, patience) = (self.clock.now(), self.patience());
        self.loop_delay.observe(now, now.since(since), patience);
    }

    /// What follows from how long clients wait for this shard.
    pub(super) fn pressure(&self) -> Pressure {
        self.loop_delay.pressure(self.clock.now(), self.patience())
    }

    fn patience(&self) -> Patience {
        Patience::new(self.admission.limits().queue_delay_target, self.engine.connect_deadline())
    }
}
