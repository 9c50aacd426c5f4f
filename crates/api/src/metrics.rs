//! What Prometheus reads: our series and NanoMQ's, of figures that are counted anyway and read at the scrape.
//!
//! Nothing here is done for a message, and nothing at a scrape grows with the number of clients.

mod asked;
mod broker;
mod exposition;
mod nanomq;
mod page;
mod process;
mod registry;
mod requests;
mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use vouchmq_broker::BrokerStats;

use crate::http::Requests;
use nanomq::Peaks;

pub use exposition::Exposition;
pub use process::ProcessFigures;
pub(crate) use registry::RegistryFigures;
pub use snapshot::Snapshot;

/// What is remembered between two scrapes.
#[derive(Debug, Default)]
pub struct Metrics {
    peaks: Mutex<Peaks>,
    requests: Arc<Requests>,
}

impl Metrics {
    /// Tells of the requests that `requests` counts.
    pub fn new(requests: Arc<Requests>) -> Self {
        Self { peaks: Mutex::default(), requests }
    }

    /// Where the listeners count their requests.
    pub const fn requests(&self) -> &Arc<Requests> {
        &self.requests
    }

    /// The 15 series of NanoMQ, as its `GET /api/v4/prometheus` writes them: TYPE before HELP; `_max` is the highest
    /// value that a scrape, of these or of ours, has seen.
    pub fn nanomq_series(&self, stats: &BrokerStats) -> String {
        self.nanomq_series_of(stats, &ProcessFigures::read())
    }

    /// The same of a process that is looked at already.
    pub fn nanomq_series_of(&self, stats: &BrokerStats, process: &ProcessFigures) -> String {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        nanomq::write(&peaks.see(stats, process))
    }

    /// What this process took of a processor since it was looked at before, in percent.
    pub(crate) fn cpu_percent(&self, process: &ProcessFigures) -> f64 {
        self.peaks.lock().unwrap_or_else(PoisonError::into_inner).cpu_percent(process)
    }

    /// Everything, in this form.
    pub fn exposition(&self, snapshot: Snapshot, form: Exposition) -> String {
        let nanomq = snapshot.broker.map(|stats| self.nanomq_series_of(&stats, &snapshot.process));
        let page = page::encode(&Arc::new(Collected { snapshot, requests: self.requests.clone() }));
        form.of(&page, nanomq.as_deref().unwrap_or_default())
    }
}

/// All that one answer tells.
#[derive(Debug)]
struct Collected {
    snapshot: Snapshot,
    requests: Arc<Requests>,
}

impl Collected {
    fn write(&self, page: &mut page::Page<'_>) -> std::fmt::Result {
        let Snapshot { broker, registry, asked, process } = &self.snapshot;
        page.info("vouchmq_build", "What answers here", &[("version", env!("CARGO_PKG_VERSION"))])?;
        process.write(page)?;
        if let Some(broker) = broker {
            broker::write(broker, page)?;
        }
        registry.write(page)?;
        if let Some(asked) = asked {
            asked::write(asked, page)?;
        }
        requests::write(&self.requests, page)
    }
}
