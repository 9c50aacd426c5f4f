//! The life of the process around the broker: signals, reloads and drain.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use vouchmq_broker::{Broker, Ended};

use super::registry::AtWork;
use super::running::Running;
use crate::exit::Failure;

/// How the broker ends, when it is told to over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// For good.
    Stop,
    /// To begin again.
    Restart,
}

/// Where orders are given; the first one counts.
#[derive(Clone, Debug)]
pub(super) struct Orders(watch::Sender<Option<Order>>);

/// Signals that end the broker, and the one that has it read its configuration again.
pub(super) struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// Waits for a signal or an order, then lets every client go. A second signal ends at once. Which order it was, if
/// it was one.
///
/// A shard that ends by itself drains the others too, and is a failure: never half a broker.
pub(super) fn run_until_signal(
    mut broker: Broker,
    mut registry: AtWork,
    running: Arc<Running>,
    signals: Signals,
    orders: &Orders,
) -> Result<Option<Order>, Failure> {
    let Signals { runtime, mut terminate, mut interrupt, mut hang_up } = signals;
    let control_plane = registry.runtime.handle().clone();
    let mut fault = None;
    let mut given = orders.0.subscribe();
    let mut order = None;
    let ended = runtime.block_on(async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = first(&mut given, &mut order) => break,
                _ = broker.failed() => break,
                failed = registry.running.failed() => {
                    fault = Some(failed);
                    break;
                }
                _ = hang_up.recv() => reload(running.clone(), &control_plane),
            }
        }
        tracing::info!("draining: clients are told to go; a second signal ends at once");
        let drained = tokio::task::spawn_blocking(move || broker.drain());
        tokio::select! {
            drained = drained => match drained {
                Ok(Ended::Drained) => Ok(()),
                Ok(Ended::Failed(part)) => {
                    Err(Failure::failed(format_args!("{part} failed: see the log, and report it")))
                }
                Err(error) => Err(Failure::failed(format_args!("the broker did not end as it should: {error}"))),
            },
            _ = terminate.recv() => Err(Failure::failed("ended by a second signal before all clients were gone")),
            _ = interrupt.recv() => Err(Failure::failed("ended by a second signal before all clients were gone")),
        }
    });
    if let Some(http) = running.http.get() {
        http.close();
    }
    registry.close();
    runtime.shutdown_background();
    let ended = ended.and(fault.map_or(Ok(()), |fault| Err(Failure::failed(fault))));
    if ended.is_ok() {
        tracing::info!("ended");
    }
    ended.map(|()| order)
}

/// Waits for the first order.
async fn first(given: &mut watch::Receiver<Option<Order>>, order: &mut Option<Order>) {
    match given.wait_for(Option::is_some).await {
        Ok(found) => *order = *found,
        // Nobody can give one any more.
        Err(_) => std::future::pending().await,
    }
}

/// SIGHUP: reads the configuration again, and logs what came of it.
fn reload(running: Arc<Running>, control_plane: &Handle) {
    control_plane.spawn(async move {
        match running.reload().await {
            Ok(reloaded) => {
                let (sessions_closed, elapsed_ms) = (reloaded.sessions_closed, reloaded.elapsed_ms);
                for warning in &reloaded.warnings {
                    tracing::warn!("{warning}");
                }
                for change in &reloaded.changes {
                    let (key, takes) = (&change.key, &change.takes);
                    let (from, to) = (change.from.as_deref(), change.to.as_deref());
                    tracing::info!(key, from, to, takes, "the configuration has changed");
                }
                tracing::info!(
                    changes = reloaded.changes.len(),
                    sessions_closed,
                    elapsed_ms,
                    "the configuration was read again"
                );
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    tracing::error!(place = mistake.place, "{}", mistake.text);
                }
                let mistakes = mistakes.len();
                tracing::error!(mistakes, "the configuration was read again, and nothing has changed");
            }
        }
    });
}

impl Orders {
    /// Nothing is ordered yet.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Gives one, unless there was one before.
    pub(super) fn give(&self, order: Order) {
        self.0.send_if_modified(|given| {
            let is_first = given.is_none();
            given.get_or_insert(order);
            is_first
        });
    }
}

impl Signals {
    /// Catches the signals from now on.
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed =
            |error: std::io::Error| Failure::unusable(format_args!("cannot listen for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let guard = runtime.enter();
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let hang_up = signal(SignalKind::hangup()).map_err(failed)?;
        drop(guard);
        Ok(Self { runtime, terminate, interrupt, hang_up })
    }
}
