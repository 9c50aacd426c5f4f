//! What judges clients: devices of the registry and the people of the configuration, unless they are blocked.

use std::sync::Arc;

use vouchmq_identity::scram::{Iterations, ScramServer};
use vouchmq_identity::{
    Authenticator, Configured, DeviceAuthenticator, ExchangeMethod, HashCost, Order, Replaceable, Unblocked,
    Witness,
};
use vouchmq_registrar::{OnRuntime, Registrar, SystemEntropy};
use zeroize::Zeroizing;

use super::registry::Open;

/// What judges clients, and can be changed.
pub(super) struct Judges {
    devices: Arc<DeviceAuthenticator>,
    chain: Arc<Replaceable>,
    pub(super) authenticator: Arc<dyn Authenticator>,
    pub(super) methods: Vec<Arc<dyn ExchangeMethod>>,
}

impl Judges {
    /// Judges by a registry, and by the people of a configuration, in this order.
    pub(super) fn new(open: &Open, order: &Order, configured: &Arc<Configured>) -> Self {
        let Registrar { registry, resident, events, .. } = &open.registrar;
        let spawn = OnRuntime(open.runtime.handle().clone());
        let devices =
            DeviceAuthenticator::new(resident.clone(), registry.clone(), spawn, HashCost::default())
                .telling(events.clone());
        let decoy_key = Zeroizing::new(open.keyring.fake(b"scram decoy"));
        let scram = ScramServer::new(
            Arc::new(devices.scram()),
            decoy_key,
            Iterations::default(),
            Box::new(SystemEntropy),
        );
        let devices = Arc::new(devices);
        let chain = Arc::new(Replaceable::new(order.chain(Some(Box::new(devices.clone())), configured)));
        let witness = Witness::new(Unblocked::new(resident.clone(), chain.clone()), open.registrar.book());
        let methods: Vec<Arc<dyn ExchangeMethod>> = vec![Arc::new(witness.of(scram))];
        Self { devices, chain, authenticator: Arc::new(witness), methods }
    }

    /// From now on these people, in this order. Who is connected is to be reconsidered.
    pub(super) fn replace(&self, order: &Order, configured: &Arc<Configured>) {
        self.chain.replace(order.chain(Some(Box::new(self.devices.clone())), configured));
    }
}
