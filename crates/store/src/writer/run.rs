use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vouchmq_identity::store::{Aborted, Job, StoreFault};

use crate::connection::unavailable;
use crate::session::Session;

/// How long one job may take: the others wait for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// What became of a job.
pub(super) struct Ran {
    /// What its caller is told, once the transaction is committed.
    pub(super) result: Result<(), StoreFault>,
    /// Whether what it wrote is still there.
    pub(super) is_kept: bool,
}

/// Runs a job after the savepoint `job`, drops it, and takes back what it wrote if it does not want it or has
/// failed. The savepoint stays.
///
/// # Errors
/// The transaction cannot be committed.
pub(super) async fn run(mut job: Box<dyn Job>, session: &mut Session) -> Result<Ran, StoreFault> {
    let before = session.ends.clone();
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
    let is_kept = ended.is_ok();
    if !is_kept {
        session.connection.script("ROLLBACK TO SAVEPOINT job").await?;
        session.connection.forget_fault();
        session.ends = before;
    }
    let result = match ended {
        Ok(()) | Err(Aborted::Refused) => Ok(()),
        Err(Aborted::Failed(fault)) => Err(fault),
    };
    Ok(Ran { result, is_kept })
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
