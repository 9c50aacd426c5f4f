use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vouchmq_identity::store::{Aborted, Job, StoreFault};

use crate::connection::unavailable;
use crate::session::Session;

/// How long one job may take: the others wait for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a job in a part of the transaction that can be taken back by itself, and drops it.
///
/// # Errors
/// The outer error: the transaction cannot be committed. The inner one: the job failed, and nothing of it is
/// left. A job that refused succeeds, and nothing of it is left either.
pub(super) async fn run(
    mut job: Box<dyn Job>,
    session: &mut Session,
) -> Result<Result<(), StoreFault>, StoreFault> {
    session.connection.script("SAVEPOINT job").await?;
    session.connection.forget_fault();
    let before = session.appended;
    let ran = tokio::time::timeout(DEADLINE, caught(job.run(session))).await;
    // a job may panic to the last
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(job)));
    let ended = match ran {
        Ok(Ok(ended)) if dropped.is_ok() => ended,
        Ok(_) => Err(Aborted::Failed(unavailable("a change failed by a fault of this program"))),
        Err(_) => Err(Aborted::Failed(unavailable("a change took longer than 30 s"))),
    };
    // A statement that failed may have done half of its work, whatever the job made of it.
    let ended = match (ended, session.connection.fault()) {
        (Ok(()), Some(fault)) => Err(Aborted::Failed(fault.clone())),
        (ended, _) => ended,
    };
    if ended.is_ok() {
        session.connection.script("RELEASE SAVEPOINT job").await?;
    } else {
        session.connection.script("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job").await?;
        session.appended = before;
    }
    session.connection.forget_fault();
    Ok(match ended {
        Ok(()) | Err(Aborted::Refused) => Ok(()),
        Err(Aborted::Failed(fault)) => Err(fault),
    })
}

/// It panicked. What there was to say the panic hook has said.
struct Panicked;

/// A future whose panics are errors.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}
