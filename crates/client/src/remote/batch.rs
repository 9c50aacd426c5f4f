//! Questions of the native protocol that travel together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use vouchmq_identity::Unavailable;
use zeroize::Zeroizing;

use super::answer::{self, NotUnderstood};
use super::trial::{Exchange, Means, Outcome, Watch, shown};
use crate::dto::verify::VerifyResponse;
use crate::transport::{Answer, Question, Repeats, Servers};

/// A kind of question that can be asked for many at once.
pub(super) trait Batched: Send + 'static {
    /// About one.
    type Item: Send + 'static;
    /// What is sent.
    type Request: Serialize;
    /// What is answered.
    type Response: DeserializeOwned;
    /// About one.
    type Result: Clone + Into<VerifyResponse> + Send + 'static;
    /// Where it is asked.
    const PATH: &'static str;

    /// What one takes in a request, in bytes, at most.
    fn bytes_max(item: &Self::Item) -> usize;
    /// All of them in one.
    fn request(items: Vec<Self::Item>) -> Self::Request;
    /// Each of them, in the order of the items.
    fn results(response: Self::Response) -> Vec<Self::Result>;
}

/// Gathers questions: one that comes while none is out goes at once; others wait until the window is over, the batch
/// is full or an answer is back.
pub(super) struct Batches<B: Batched> {
    servers: Arc<Servers>,
    runtime: Handle,
    window: Duration,
    max: usize,
    waiting: Mutex<Vec<Waiting<B>>>,
    /// Requests without an answer.
    out: AtomicUsize,
    sent: AtomicU64,
    items: AtomicU64,
    watch: Watch,
}

struct Waiting<B: Batched> {
    item: B::Item,
    deadline: Instant,
    reply: oneshot::Sender<Result<B::Result, Unavailable>>,
}

/// A request is no longer than our service reads, so that nobody who says much keeps the others of its batch out: only
/// one alone may be longer.
const BYTES_MAX: usize = 1_000_000;

impl<B: Batched> Batches<B> {
    pub(super) fn new(
        servers: Arc<Servers>,
        runtime: Handle,
        window: Duration,
        max: usize,
        watch: Watch,
    ) -> Arc<Self> {
        let waiting = Mutex::default();
        let (out, sent, items) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { servers, runtime, window, max: max.max(1), waiting, out, sent, items, watch })
    }

    /// Asks about one, together with others. Dropped before it is sent, it is not asked.
    pub(super) async fn ask(
        self: &Arc<Self>,
        item: B::Item,
        deadline: Instant,
    ) -> Result<B::Result, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let count = {
            let mut waiting = self.waiting.lock();
            waiting.push(Waiting { item, deadline, reply });
            waiting.len()
        };
        if count >= self.max || self.out.load(Ordering::Acquire) == 0 {
            self.send_off();
        } else if count == 1 {
            let (this, window) = (self.clone(), self.window);
            self.runtime.spawn(async move {
                tokio::time::sleep(window).await;
                this.send_off();
            });
        }
        answer.await.unwrap_or(Err(Unavailable::NoService))
    }

    /// How many requests were sent, and about how many.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.items.load(Ordering::Relaxed))
    }

    /// Sends all that waits.
    fn send_off(self: &Arc<Self>) {
        while self.send_some() {}
    }

    /// Sends as much of what waits as a request holds; whether more waits.
    fn send_some(self: &Arc<Self>) -> bool {
        let (mut batch, more_waits): (Vec<Waiting<B>>, bool) = {
            let mut waiting = self.waiting.lock();
            let mut bytes = 0_usize;
            let fits = |waiting: &&Waiting<B>| {
                bytes = bytes.saturating_add(B::bytes_max(&waiting.item));
                bytes <= BYTES_MAX
            };
            let count = waiting.iter().take(self.max).take_while(fits).count().max(1).min(waiting.len());
            let batch = waiting.drain(..count).collect();
            (batch, !waiting.is_empty())
        };
        // Whose client is gone is not asked about.
        batch.retain(|waiting| !waiting.reply.is_closed());
        // Whoever waits ends by itself; one that has little time left takes none from the others.
        let Some(deadline) = batch.iter().map(|waiting| waiting.deadline).max() else {
            return more_waits;
        };
        self.out.fetch_add(1, Ordering::AcqRel);
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(u64::try_from(batch.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let this = self.clone();
        self.runtime.spawn(async move {
            let (items, replies): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|waiting| (waiting.item, waiting.reply)).unzip();
            let answered = this.exchange(items, replies.len(), deadline).await;
            this.out.fetch_sub(1, Ordering::AcqRel);
            // Those who came meanwhile go on before the answers are looked at.
            this.send_off();
            match answered {
                Ok(results) => {
                    replies.into_iter().zip(results).for_each(|(reply, result)| drop(reply.send(Ok(result))))
                }
                Err(why) => replies.into_iter().for_each(|reply| drop(reply.send(Err(why)))),
            }
        });
        more_waits
    }

    async fn exchange(
        &self,
        items: Vec<B::Item>,
        count: usize,
        deadline: Instant,
    ) -> Result<Vec<B::Result>, Unavailable> {
        let question = question::<B>(items, self.servers.count())?;
        let began = Instant::now();
        let came = self.servers.ask(&question, Repeats::OnAnotherServer, deadline).await;
        let seen = |outcome| Exchange {
            asks: B::PATH,
            request: shown(&self.servers, &question),
            took: began.elapsed(),
            outcome,
        };
        let answer = match came {
            Ok(answer) => answer,
            Err(lost) => {
                let why = super::unavailable(&lost);
                self.watch.sees(|| seen(Outcome::Lost(lost)));
                return Err(why);
            }
        };
        let results = results_in::<B>(&answer, count);
        self.watch.sees(|| seen(Outcome::answered(&self.servers, &answer, means::<B>(&results))));
        results.map_err(|_| Unavailable::NotUnderstood)
    }
}

/// What is answered about so many.
fn results_in<B: Batched>(answer: &Answer, count: usize) -> Result<Vec<B::Result>, NotUnderstood> {
    let status = answer.status.as_u16();
    if status != 200 {
        tracing::warn!(status, "the authentication service refuses a batch");
        return Err(NotUnderstood::Status(status));
    }
    let response: B::Response = serde_json::from_slice(&answer.body).map_err(|fault| {
        tracing::warn!(%fault, "the authentication service answers something else than verdicts");
        NotUnderstood::Unreadable
    })?;
    let results = B::results(response);
    if results.len() != count {
        tracing::warn!(
            asked = count,
            answered = results.len(),
            "the authentication service leaves verdicts out"
        );
        return Err(NotUnderstood::NoResult);
    }
    Ok(results)
}

/// What the first of them means.
fn means<B: Batched>(results: &Result<Vec<B::Result>, NotUnderstood>) -> Result<Means, NotUnderstood> {
    let first = results.as_ref().map_err(Clone::clone)?.first().cloned();
    answer::native(first.ok_or(NotUnderstood::NoResult)?.into()).map(Means::Login)
}

/// One request about all of them, for any of so many servers; its body is wiped when it is sent.
fn question<B: Batched>(items: Vec<B::Item>, servers: usize) -> Result<Question, Unavailable> {
    let body = serde_json::to_vec(&B::request(items)).map_err(|_| Unavailable::NoService)?;
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json.clone()), (ACCEPT, json)]);
    Ok(Question {
        method: Method::POST,
        targets: std::iter::repeat_n(PathAndQuery::from_static(B::PATH), servers).collect(),
        headers,
        body: Bytes::from_owner(Zeroizing::new(body)),
    })
}
