//! What judges clients: devices of the registry and the people of the configuration, unless they are blocked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vouchmq_client::remote::{Remote, RemoteAuthenticator};
use vouchmq_identity::scram::{Iterations, ScramServer};
use vouchmq_identity::{
    AuthRequest, Authenticator, AuthenticatorName, Chain, Configured, Denial, DeviceAuthenticator, Exchange,
    ExchangeMethod, HashCost, Order, Replaceable, Step, Unblocked, Verdict, Witness,
};
use vouchmq_registrar::{OnRuntime, Registrar, SystemEntropy};
use zeroize::Zeroizing;

use super::registry::Open;

/// A method of devices, as long as the registry is asked.
struct OfRegistry<M> {
    method: M,
    is_listed: Arc<AtomicBool>,
}

/// A conversation that ends in a denial.
struct Denied;

/// What judges clients, and can be changed.
pub(super) struct Judges {
    devices: Arc<DeviceAuthenticator>,
    chain: Arc<Replaceable>,
    /// Whether the registry is asked at all.
    is_registry_listed: Arc<AtomicBool>,
    pub(super) authenticator: Arc<dyn Authenticator>,
    pub(super) methods: Vec<Arc<dyn ExchangeMethod>>,
}

impl Judges {
    /// Judges by a registry, by a service and by the people of a configuration, in this order.
    pub(super) fn new(
        open: &Open,
        order: &Order,
        remote: Option<&Arc<Remote>>,
        configured: &Arc<Configured>,
    ) -> Self {
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
        let chain = Arc::new(Replaceable::new(chain(&devices, order, remote, configured)));
        let witness = Witness::new(Unblocked::new(resident.clone(), chain.clone()), open.registrar.book());
        let is_registry_listed = Arc::new(AtomicBool::new(has_registry(order)));
        let scram = OfRegistry { method: scram, is_listed: is_registry_listed.clone() };
        let methods: Vec<Arc<dyn ExchangeMethod>> = vec![Arc::new(witness.of(scram))];
        Self { devices, chain, is_registry_listed, authenticator: Arc::new(witness), methods }
    }

    /// From now on this service and these people, in this order. Who is connected is to be reconsidered.
    pub(super) fn replace(&self, order: &Order, remote: Option<&Arc<Remote>>, configured: &Arc<Configured>) {
        self.is_registry_listed.store(has_registry(order), Ordering::Relaxed);
        self.chain.replace(chain(&self.devices, order, remote, configured));
    }
}

fn chain(
    devices: &Arc<DeviceAuthenticator>,
    order: &Order,
    remote: Option<&Arc<Remote>>,
    configured: &Arc<Configured>,
) -> Chain {
    let service = remote.map(|remote| RemoteAuthenticator::service(remote, configured));
    order.chain(Some(Box::new(devices.clone())), service, configured)
}

fn has_registry(order: &Order) -> bool {
    order.names().any(|name| name == AuthenticatorName::Registry)
}

impl<M: ExchangeMethod> ExchangeMethod for OfRegistry<M> {
    fn name(&self) -> &str {
        self.method.name()
    }

    fn begin(&self, request: &AuthRequest) -> Box<dyn Exchange> {
        if self.is_listed.load(Ordering::Relaxed) { self.method.begin(request) } else { Box::new(Denied) }
    }
}

impl Exchange for Denied {
    fn step(&mut self, _: &[u8]) -> Step {
        Step::Done(Verdict::Deny(Denial::UnknownUser), None)
    }
}
