//! The one task that writes: it runs jobs in the order in which they came, and lets those that wait share a
//! commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};
use vouchmq_identity::store::{Job, StoreFault};

use crate::heads::Heads;
use crate::sqlite::Lock;

mod link;
mod run;

pub(crate) use link::Link;
use run::run;

/// What the writer is asked.
pub(crate) enum Request {
    /// To run a job.
    Write(Box<dyn Job>, oneshot::Sender<Result<(), StoreFault>>),
    /// To finish what waits, take nothing more, and say so.
    Close(oneshot::Sender<()>),
}

/// Owns the connection for writing.
pub(crate) struct Writer {
    pub(crate) queue: mpsc::Receiver<Request>,
    pub(crate) link: Link,
    pub(crate) heads: Arc<Heads>,
    pub(crate) commit_count: Arc<AtomicU64>,
    /// Who waits for the end.
    pub(crate) closing: Vec<oneshot::Sender<()>>,
    /// Let go when nothing is written any more.
    pub(crate) lock: Option<Lock>,
}

/// Jobs that wait.
pub(crate) const QUEUE_LEN: usize = 1024;
/// Jobs that share a commit: so that the first does not wait without end.
const BATCH_LEN: usize = 256;

type Answer = oneshot::Sender<Result<(), StoreFault>>;

// === impl Writer ===

impl Writer {
    /// Works until the store is closed or dropped, and what waits is done.
    pub(crate) async fn work(mut self) {
        while let Some(request) = self.queue.recv().await {
            if let Some((job, answer)) = self.job_of(request) {
                self.batch(job, answer).await;
            }
        }
        self.link.close().await;
        drop(self.lock);
        for closing in self.closing {
            let _ = closing.send(()); // whoever does not wait does not mind
        }
    }

    fn job_of(&mut self, request: Request) -> Option<(Box<dyn Job>, Answer)> {
        match request {
            Request::Write(job, answer) => Some((job, answer)),
            Request::Close(closing) => {
                self.queue.close();
                self.closing.push(closing);
                None
            }
        }
    }

    /// A job that waits already.
    fn waiting(&mut self) -> Option<(Box<dyn Job>, Answer)> {
        loop {
            let request = self.queue.try_recv().ok()?;
            if let Some(job) = self.job_of(request) {
                return Some(job);
            }
        }
    }

    /// Runs a job and those that come meanwhile, commits, and answers all of them: not before, since what one
    /// job saw of another is not there until then.
    async fn batch(&mut self, job: Box<dyn Job>, answer: Answer) {
        let mut answers: Vec<(Answer, Result<(), StoreFault>)> = Vec::new();
        let ended = match self.link.begin().await {
            Ok(()) => {
                let ran = self.run_all(job, answer, &mut answers).await;
                match ran {
                    Ok(()) => self.commit().await,
                    Err(fault) => Err(fault),
                }
            }
            Err(fault) => {
                answers.push((answer, Ok(())));
                // Those that wait would have shared the transaction: each would find out as slowly.
                while answers.len() < BATCH_LEN
                    && let Some((_, answer)) = self.waiting()
                {
                    answers.push((answer, Ok(())));
                }
                Err(fault)
            }
        };
        if let Err(fault) = &ended {
            tracing::warn!(%fault, jobs = answers.len(), "changes were not written");
            self.link.abandon().await;
        }
        for (answer, result) in answers {
            let _ = answer.send(ended.clone().and(result)); // the caller may have gone away
        }
    }

    /// Runs jobs within the transaction that has begun. After an error it cannot be committed.
    async fn run_all(
        &mut self,
        job: Box<dyn Job>,
        answer: Answer,
        answers: &mut Vec<(Answer, Result<(), StoreFault>)>,
    ) -> Result<(), StoreFault> {
        let (mut job, mut answer) = (job, answer);
        loop {
            let ran = match run(job, self.link.session()).await {
                Ok(ran) => ran,
                Err(fault) => {
                    answers.push((answer, Ok(())));
                    return Err(fault);
                }
            };
            answers.push((answer, ran.result));
            let next = if answers.len() < BATCH_LEN { self.waiting() } else { None };
            let Some(next) = next else { return Ok(()) };
            (job, answer) = next;
            if ran.is_kept
                && let Err(fault) = self.link.mark().await
            {
                answers.push((answer, Ok(())));
                return Err(fault);
            }
        }
    }

    async fn commit(&mut self) -> Result<(), StoreFault> {
        let head = self.link.commit().await?;
        self.commit_count.fetch_add(1, Ordering::Relaxed);
        self.heads.raise(head);
        Ok(())
    }
}
