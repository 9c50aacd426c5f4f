use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{Record, TRACES_MAX, TooManyTraces, TraceTarget};

/// Records that wait for the reader of a trace.
const RECORDS_MAX: usize = 1024;
/// Bytes that wait for the reader of a trace.
const BYTES_MAX: usize = 1024 * 1024;

/// The traces of a broker.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    all: Mutex<Vec<Arc<Trace>>>,
    /// How many there are: what shards look at.
    count: AtomicUsize,
    connections: AtomicU64,
    ids: AtomicU64,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Trace {
    id: u64,
    pub(super) target: TraceTarget,
    records: Sender<Arc<Record>>,
    waiting_bytes: AtomicUsize,
    missed: AtomicU64,
}

impl Traces {
    /// Begins a trace.
    pub(crate) fn begin(
        &self,
        target: TraceTarget,
    ) -> Result<(Arc<Trace>, Receiver<Arc<Record>>), TooManyTraces> {
        let mut all = self.all.lock();
        if all.len() >= TRACES_MAX {
            return Err(TooManyTraces);
        }
        let (records, receiver) = mpsc::channel(RECORDS_MAX);
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (waiting_bytes, missed) = (AtomicUsize::new(0), AtomicU64::new(0));
        let trace = Arc::new(Trace { id, target, records, waiting_bytes, missed });
        all.push(trace.clone());
        self.count.store(all.len(), Ordering::SeqCst);
        Ok((trace, receiver))
    }

    pub(crate) fn end(&self, trace: &Trace) {
        let mut all = self.all.lock();
        all.retain(|known| known.id != trace.id);
        self.count.store(all.len(), Ordering::SeqCst);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Trace>> {
        self.all.lock().clone()
    }

    /// The number of a connection that is traced.
    pub(super) fn number(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Trace {
    /// Whom it is about.
    pub(crate) const fn target(&self) -> &TraceTarget {
        &self.target
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Its reader has gone.
    pub(crate) fn is_over(&self) -> bool {
        self.records.is_closed()
    }

    /// Puts a record into the queue, or counts it.
    pub(super) fn offer(&self, record: &Arc<Record>) {
        let size = record.size();
        if self.waiting_bytes.load(Ordering::Relaxed) + size > BYTES_MAX {
            return self.miss(1);
        }
        self.waiting_bytes.fetch_add(size, Ordering::Relaxed);
        if self.records.try_send(record.clone()).is_err() {
            self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
            self.miss(1);
        }
    }

    pub(super) fn miss(&self, count: u64) {
        self.missed.fetch_add(count, Ordering::Relaxed);
    }

    /// A record was taken out.
    pub(super) fn taken(&self, record: &Record) {
        self.waiting_bytes.fetch_sub(record.size(), Ordering::Relaxed);
    }

    /// Records that did not fit, so far.
    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}
