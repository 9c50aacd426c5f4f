//! What tests write, and how they look at it.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use vouchmq_identity::UnixMillis;
use vouchmq_identity::store::{Aborted, Job, Store, StoreFault, Transaction};

pub(crate) mod samples;

pub(crate) const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

/// As long as anything may take before a test has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a job does, in a box.
pub(crate) type Work<'a> = Pin<Box<dyn Future<Output = Result<(), Aborted>> + Send + 'a>>;

struct Once<F>(Option<F>);

#[async_trait]
impl<F> Job for Once<F>
where
    F: for<'a> FnOnce(&'a mut dyn Transaction) -> Work<'a> + Send,
{
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted> {
        match self.0.take() {
            Some(work) => work(rows).await,
            None => panic!("a job of these tests is run once"),
        }
    }
}

/// A job of these statements.
pub(crate) fn job<F>(work: F) -> Box<dyn Job>
where
    F: for<'a> FnOnce(&'a mut dyn Transaction) -> Work<'a> + Send + 'static,
{
    Box::new(Once(Some(work)))
}

/// Writes; a statement that fails fails the job.
macro_rules! write {
    ($store:expr, |$rows:ident| $($statement:expr;)+) => {
        $store.write($crate::harness::job(move |$rows| Box::pin(async move {
            $($statement.await.map_err(vouchmq_identity::store::Aborted::Failed)?;)+
            Ok(())
        })))
    };
}
pub(crate) use write;

/// Writes, and keeps what the last statement answered.
pub(crate) async fn answer<T, F>(store: &dyn Store, work: F) -> Result<T, StoreFault>
where
    T: Send + 'static,
    F: for<'a> FnOnce(
            &'a mut dyn Transaction,
        ) -> Pin<Box<dyn Future<Output = Result<T, Aborted>> + Send + 'a>>
        + Send
        + 'static,
{
    let slot = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&slot);
    let done = store.write(job(move |rows| {
        Box::pin(async move {
            *kept.lock().unwrap() = Some(work(rows).await?);
            Ok(())
        })
    }));
    done.await?;
    Ok(slot.lock().unwrap().take().expect("a job that succeeds has run"))
}

/// Waits for a condition, by looking again and again.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("never: {what}"));
}
