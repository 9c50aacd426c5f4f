use vouchmq_broker::BrokerStats;
use vouchmq_client::dto::authentication::AskedService;

use super::ProcessFigures;
use super::registry::RegistryFigures;

/// Figures of one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The broker, where one runs here.
    pub broker: Option<BrokerStats>,
    /// The registry, and what happened at the door.
    pub(crate) registry: RegistryFigures,
    /// The authentication service, where one is asked.
    pub asked: Option<AskedService>,
    /// The process.
    pub process: ProcessFigures,
}

impl Snapshot {
    pub(crate) fn new(
        broker: Option<BrokerStats>,
        registry: RegistryFigures,
        asked: Option<AskedService>,
    ) -> Self {
        Self { broker, registry, asked, process: ProcessFigures::read() }
    }
}
