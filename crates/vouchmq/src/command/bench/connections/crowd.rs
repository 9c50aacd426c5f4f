//! The connections of one thread.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use vouchmq_broker::Monotonic;
use vouchmq_mqtt::{QoS, ReasonCode};

use super::identities::Identities;
use super::tally::Tally;
use crate::client::stream::Stream;
use crate::command::bench::handshake::{Answer, Resolved};
use crate::command::bench::progress::Progress;
use crate::output;

/// What all threads are to do together.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Resolved,
    pub(super) identities: Identities,
    pub(super) clock: Monotonic,
    pub(super) subscribe: Option<QoS>,
    pub(super) is_held: bool,
    pub(super) connections: u32,
    /// Opened at once, by all threads.
    pub(super) at_once: u32,
    /// Opened each second at most, by all threads.
    pub(super) rate: Option<f64>,
    pub(super) threads: u32,
}

/// The connections of one thread.
#[derive(Debug)]
pub(super) struct Crowd {
    plan: Arc<Plan>,
    held: RefCell<Vec<Stream>>,
    tally: RefCell<Tally>,
    has_complained: Cell<bool>,
}

impl Crowd {
    /// Opens those of this thread, from 0: the connections go by turns.
    pub(super) async fn open(plan: Arc<Plan>, thread: u32, tally: Tally) -> Rc<Self> {
        let threads = plan.threads.max(1);
        let share = (plan.at_once / threads + u32::from(thread < plan.at_once % threads)).max(1);
        let permits = Arc::new(Semaphore::new(usize::try_from(share).unwrap_or(1)));
        let progress = (thread == 0).then(|| Progress::start(plan.connections.into(), "connecting"));
        let step = usize::try_from(threads).unwrap_or(1);
        let numbers = (0..plan.connections).skip(usize::try_from(thread).unwrap_or(0)).step_by(step);
        let (began, rate) = (Instant::now(), plan.rate);
        let (held, has_complained) = (RefCell::default(), Cell::new(false));
        let crowd = Rc::new(Self { plan, held, tally: RefCell::new(tally), has_complained });
        let mut tasks = JoinSet::new();
        for number in numbers {
            if let Some(rate) = rate {
                sleep_until(began + Duration::from_secs_f64(f64::from(number) / rate)).await;
            }
            let Ok(permit) = permits.clone().acquire_owned().await else { break };
            let member = crowd.clone();
            tasks.spawn_local(async move {
                member.join(number).await;
                drop(permit);
            });
            while tasks.try_join_next().is_some() {}
            if let Some(progress) = &progress {
                progress.reached(number.into());
            }
        }
        while tasks.join_next().await.is_some() {}
        crowd
    }

    /// What became of them.
    pub(super) fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    async fn join(&self, number: u32) {
        let started = self.plan.clock.now();
        let outcome = self.handshake(number).await;
        let micros = u64::try_from(self.plan.clock.now().since(started).as_micros()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Ok(mut stream)) => {
                self.tally.borrow_mut().accept(micros, stream.is_resumed());
                if self.plan.is_held {
                    self.held.borrow_mut().push(stream);
                } else {
                    // DISCONNECT; whether the broker still hears it is not measured.
                    let _ = stream.write_all(&[0xE0, 0]).await;
                }
            }
            Ok(Err(reason)) => self.tally.borrow_mut().refuse(micros, reason),
            Err(error) => {
                if !self.has_complained.replace(true) {
                    output::complain(&format!("the first connection that failed: {error}"));
                }
                self.tally.borrow_mut().failed += 1;
            }
        }
    }

    /// A connection, or why it was refused.
    async fn handshake(&self, number: u32) -> io::Result<Result<Stream, ReasonCode>> {
        let Plan { target, identities, subscribe, .. } = &*self.plan;
        let index = usize::try_from(number).unwrap_or(0);
        let accepted = match target.connect_as(&identities.who(number), index).await? {
            Answer::Accepted(accepted) => accepted,
            Answer::Refused(reason) => return Ok(Err(reason)),
        };
        let mut stream = accepted.stream;
        if let Some(qos) = *subscribe {
            let filter = format!("vb{}/dev/{number}/cmd", std::process::id());
            target.subscribe(&mut stream, &filter, qos).await?;
        }
        Ok(Ok(stream))
    }
}
