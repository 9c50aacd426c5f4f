use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_broker::{
    Bound, Broker, BrokerConfig, BrokerSettings, BrokerStats, ClientStatus, Control, Ended, ListenAddress,
    ListenerOptions, Monotonic,
};
use vouchmq_identity::{Access, Anonymous};
use vouchmq_mqtt::engine::{Engine, EngineOptions, ShardId};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Limits, ProtocolVersion, ReasonCode};

use super::{Client, DEADLINE, connect};

/// A broker that runs in this process until the end of its test.
pub(crate) struct Server {
    broker: Option<Broker>,
    pub(crate) control: Control,
    addresses: Vec<ListenAddress>,
    options: EngineOptions,
}

impl Server {
    /// Two shards, every limit at its default, everybody is let in.
    pub(crate) fn start() -> Self {
        Self::with(|_, _| {})
    }

    /// A broker with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut BrokerConfig, &mut Limits)) -> Self {
        Self::try_with(change).expect("a free port")
    }

    pub(crate) fn try_with(
        change: impl FnOnce(&mut BrokerConfig, &mut Limits),
    ) -> Result<Self, vouchmq_broker::StartError> {
        let mut config = BrokerConfig {
            listeners: listeners([tcp()]),
            engine: EngineOptions::new(2),
            authenticator: Arc::new(Anonymous::everybody(Access::everything())),
            exchange_methods: Vec::new(),
            settings: BrokerSettings {
                drain_timeout: Duration::from_secs(2),
                sys_interval_secs: 0,
                ..BrokerSettings::default()
            },
            heap_bytes_in_use: super::heap::bytes_in_use,
            verify_threads: 2,
        };
        let mut limits = Limits::default();
        change(&mut config, &mut limits);
        config.engine.settings.limits = Arc::new(limits);
        let options = config.engine.clone();
        let bound = Bound::bind(config)?;
        let addresses = bound.addresses().to_vec();
        let broker = bound.start()?;
        Ok(Self { control: broker.control(), broker: Some(broker), addresses, options })
    }

    /// The first TCP address.
    pub(crate) fn address(&self) -> SocketAddr {
        let tcp = self.addresses.iter().find_map(|address| match address {
            ListenAddress::Tcp(address) => Some(*address),
            ListenAddress::Unix(_) => None,
        });
        tcp.expect("a TCP listener")
    }

    // --- clients

    /// A connection that has said nothing yet.
    pub(crate) fn open(&self, version: ProtocolVersion) -> Client {
        Client::open(self.address(), version)
    }

    /// A client that was let in, with a clean session.
    pub(crate) fn connect(&self, version: ProtocolVersion, client_id: &str) -> Client {
        self.connect_with(connect(version, client_id))
    }

    pub(crate) fn connect_with(&self, connect: Connect<'_>) -> Client {
        let mut client = self.open(connect.version);
        client.send(connect);
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        client
    }

    /// A Client Identifier that begins with `name` and belongs to this shard.
    pub(crate) fn name_at(&self, shard: u16, name: &str) -> String {
        let engine = Engine::new(Timestamp::ZERO, ShardId(0), self.options.clone());
        let is_owned = |name: &String| engine.owner_of(name) == ShardId(shard);
        (0..10_000)
            .map(|number| format!("{name}{number}"))
            .find(is_owned)
            .expect("every shard owns some name")
    }

    // --- looking in

    pub(crate) fn stats(&self) -> BrokerStats {
        wait_for(self.control.stats())
    }

    pub(crate) fn clients(&self) -> Vec<ClientStatus> {
        wait_for(self.control.clients())
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<ClientStatus> {
        wait_for(self.control.client(client_id))
    }

    /// Everybody has left: no connection, no client and no session is there any more.
    pub(crate) fn expect_nobody(&self) {
        until("nobody is left", || {
            let stats = self.stats();
            let held = (stats.connections, stats.engines.clients, stats.engines.sessions);
            held == (0, 0, 0) && stats.engines.subscriptions == 0
        });
    }

    // --- the end

    /// Waits until a shard ends by itself.
    pub(crate) fn failed(&mut self) -> Ended {
        wait_for(self.broker.as_mut().expect("it runs").failed())
    }

    /// Lets every client go, and ends.
    pub(crate) fn drain(&mut self) -> Ended {
        self.broker.take().expect("it runs").drain()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(broker) = self.broker.take() {
            let ended = broker.drain();
            assert!(ended == Ended::Drained || std::thread::panicking(), "{ended:?}");
        }
    }
}

/// Plain listeners at these addresses.
pub(crate) fn listeners(addresses: impl IntoIterator<Item = ListenAddress>) -> Vec<ListenerOptions> {
    let plain = |(number, address)| ListenerOptions::plain(&format!("tcp.{number}"), address);
    addresses.into_iter().enumerate().map(plain).collect()
}

/// A free port of this machine.
pub(crate) fn tcp() -> ListenAddress {
    "127.0.0.1:0".parse().expect("an address")
}

/// Waits for an answer of the broker.
pub(crate) fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(DEADLINE, answer).await.expect("an answer in time") })
}

/// Asks again and again until the condition holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = Monotonic::start();
    while !holds() {
        assert!(clock.now().since(Timestamp::ZERO) < DEADLINE, "in time: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
