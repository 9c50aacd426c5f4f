//! The vouchmq binary.
use std::sync::Arc;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let listen = args.get(1).map_or("1883", |a| a.as_str());
    let shards: u16 = args.get(2).map_or(2, |a| a.parse().unwrap_or(2));
    let config = vouchmq_broker::BrokerConfig {
        listen: vec![listen.parse()?],
        engine: vouchmq_mqtt::engine::EngineOptions::new(shards),
        authenticator: Arc::new(vouchmq_identity::Anonymous::everybody(
            vouchmq_identity::Access::everything(),
        )),
        connections_max: 0,
        connections_per_address_max: 0,
        connect_rate_per_address: 0,
        drain_timeout: Duration::from_secs(5),
        memory_bytes_max: None,
        sys_interval_secs: 0,
        verify_threads: 2,
        exchange_methods: Vec::new(),
    };
    let broker = vouchmq_broker::Bound::bind(config)?.start()?;
    loop {
        std::thread::park();
    }
}
