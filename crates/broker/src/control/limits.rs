use std::sync::Arc;

use vouchmq_mqtt::Limits;
use vouchmq_mqtt::retained::RetainedLimits;

use super::Control;
use crate::{BrokerSettings, memory};

/// Every bound of a broker, as it is in force.
#[derive(Clone, Debug)]
pub struct LimitsInForce {
    /// Those of the engines.
    pub engine: Arc<Limits>,
    /// Those of retained messages.
    pub retained: RetainedLimits,
    /// Those of the broker as a whole, as they were set: 0 stands for what they say it stands for.
    pub settings: BrokerSettings,
    /// Connections at once: what was set, or fewer where descriptors are short.
    pub connections_max: usize,
    /// Bytes that the process may have; `None` where neither the configuration nor the machine says.
    pub memory_bytes_max: Option<u64>,
    /// Bytes that are resident; `None` where the machine does not say.
    pub memory_bytes: Option<u64>,
}

impl Control {
    /// Every bound, as it is in force; `None` when the broker has ended.
    pub async fn limits(&self) -> Option<LimitsInForce> {
        let engines = self.ask_all(|view| view.engine.limits().clone()).await;
        let settings = *self.settings.lock();
        Some(LimitsInForce {
            engine: engines.into_iter().next()?,
            retained: self.retained.limits(),
            settings,
            connections_max: self.admission.limits().total_max,
            memory_bytes_max: settings.memory_max(),
            memory_bytes: memory::resident(),
        })
    }
}
