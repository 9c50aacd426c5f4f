//! The life of the process around the broker: signals, reloads and drain.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use vouchmq_broker::{Broker, Ended};

use super::registry::AtWork;
use super::running::Running;
use crate::exit::Failure;

/// Signals that end the broker, and the one that has it read its configuration again.
pub(super) struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// Waits for a signal, then lets every client go. A second signal ends at once.
///
/// A shard that ends by itself drains the others too, and is a failure: never half a broker.
pub(super) fn run_until_signal(
    mut broker: Broker,
    mut registry: AtWork,
    running: Arc<Running>,
    signals: Signals,
) -> Result<(), Failure> {
    let Signals { runtime, mut terminate, mut interrupt, mut hang_up } = signals;
    let control_plane = registry.runtime.handle().clone();
    let mut fault = None;
    let ended = runtime.block_on(async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
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
    ended
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
