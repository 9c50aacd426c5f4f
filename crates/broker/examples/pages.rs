//! What it takes to look at all clients: `pages CLIENTS SHARDS`, and how long others wait meanwhile.
//!
//! A broker with so many clients, half of them connected by a Unix socket and half away, all with a subscription. Prints how
//! long pages take, and percentiles of the round trip of a PINGREQ on a connection of each shard, with nobody looking
//! and while pages are read without a pause. Client and broker share the processors.

#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::print_stdout, reason = "and tells what it found")]

use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vouchmq_broker::{
    Bound, BrokerConfig, BrokerSettings, ClientFilter, ClientQuery, Control, ListenAddress, ListenerOptions,
    SubscriptionQuery,
};
use vouchmq_identity::{Access, Anonymous};
use vouchmq_mqtt::engine::EngineOptions;

type Failure = Box<dyn Error + Send + Sync>;

/// What each measurement takes.
const DURATION: Duration = Duration::from_secs(3);

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().as_deref().unwrap_or("15000").parse()?;
    let shards: u16 = arguments.next().as_deref().unwrap_or("2").parse()?;
    let path = std::env::temp_dir().join(format!("vouchmq-pages-{}.sock", std::process::id()));
    let broker = Bound::bind(BrokerConfig {
        listeners: vec![ListenerOptions::plain("unix", ListenAddress::Unix(path.clone()))],
        engine: EngineOptions::new(shards),
        authenticator: Arc::new(Anonymous::everybody(Access::everything())),
        exchange_methods: Vec::new(),
        settings: BrokerSettings { sys_interval_secs: 0, ..BrokerSettings::default() },
        heap_bytes_in_use: || None,
        verify_threads: 1,
    })?
    .start()?;
    let control = broker.control();
    let mut connected = Vec::new();
    for number in 0..count {
        let mut client = connect(&path, &format!("client-{number:06}"))?;
        if number % 2 == 0 {
            connected.push(client);
        } else {
            client.write_all(&[0xE0, 0])?;
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for limit in [100, 1000, 10_000, usize::MAX] {
        runtime.block_on(measure_clients(&control, limit, None));
    }
    let nobody = || ClientFilter { username: Some("nobody".into()), ..ClientFilter::default() };
    runtime.block_on(measure_clients(&control, 100, Some(nobody())));
    runtime.block_on(measure_subscriptions(&control, 1000));
    measure_stats(&runtime, &control);
    let mut probes: Vec<_> = (0..usize::from(shards) * 2)
        .map(|number| connect(&path, &format!("probe-{number}")))
        .collect::<Result<_, _>>()?;
    print_pings("nobody looks", &mut probes, None)?;
    print_pings("pages of 1000", &mut probes, Some((&control, 1000)))?;
    print_pings("all at once", &mut probes, Some((&control, usize::MAX)))?;
    drop(connected);
    broker.drain();
    Ok(())
}

/// A client of MQTT 3.1.1 that keeps its session, has a user name and one subscription.
fn connect(path: &Path, client_id: &str) -> Result<UnixStream, Failure> {
    let mut stream = UnixStream::connect(path)?;
    let mut packet = vec![0x10, 0, 0, 4, b'M', b'Q', b'T', b'T', 4, 0x80, 0, 0];
    for text in [client_id, "somebody"] {
        packet.extend_from_slice(&u16::try_from(text.len())?.to_be_bytes());
        packet.extend_from_slice(text.as_bytes());
    }
    let body_len = u8::try_from(packet.len() - 2)?;
    if let Some(length) = packet.get_mut(1) {
        *length = body_len;
    }
    packet.extend_from_slice(&[0x82, 10, 0, 1, 0, 5, b'a', b'/', b'+', b'/', b'b', 1]);
    stream.write_all(&packet)?;
    stream.read_exact(&mut [0; 4 + 5])?;
    Ok(stream)
}

async fn measure_clients(control: &Control, limit: usize, filter: Option<ClientFilter>) {
    let what = if filter.is_some() { "by a name that nobody has" } else { "clients" };
    let filter = filter.unwrap_or_default();
    let (mut after, mut pages, mut items, mut longest) = (None, 0, 0, Duration::ZERO);
    let began = Instant::now();
    loop {
        let page_began = Instant::now();
        let page = control.clients_page(ClientQuery { after, limit, filter: filter.clone() }).await;
        longest = longest.max(page_began.elapsed());
        (pages, items, after) = (pages + 1, items + page.items.len(), page.next);
        if after.is_none() {
            break;
        }
    }
    let all = began.elapsed();
    println!("{what}, limit {limit}: {items} on {pages} pages, longest page {longest:?}, all {all:?}");
}

async fn measure_subscriptions(control: &Control, limit: usize) {
    let (mut after, mut pages, mut items, mut longest) = (None, 0, 0, Duration::ZERO);
    loop {
        let page_began = Instant::now();
        let page = control.subscriptions_page(SubscriptionQuery { after, limit }).await;
        longest = longest.max(page_began.elapsed());
        (pages, items, after) = (pages + 1, items + page.items.len(), page.next);
        if after.is_none() {
            break;
        }
    }
    println!("subscriptions, limit {limit}: {items} on {pages} pages, longest page {longest:?}");
}

fn measure_stats(runtime: &tokio::runtime::Runtime, control: &Control) {
    let began = Instant::now();
    let stats = runtime.block_on(control.stats());
    println!("statistics: {:?} ({} sessions)", began.elapsed(), stats.engines.sessions);
}

/// Round trips on all probes, one after the other, while somebody looks or nobody does.
fn print_pings(
    what: &str,
    probes: &mut [UnixStream],
    look: Option<(&Control, usize)>,
) -> Result<(), Failure> {
    let is_over = AtomicBool::new(false);
    let mut taken = Vec::new();
    std::thread::scope(|scope| -> Result<(), Failure> {
        if let Some((control, limit)) = look {
            let is_over = &is_over;
            scope.spawn(move || -> Result<(), Failure> {
                let runtime = tokio::runtime::Builder::new_current_thread().build()?;
                let mut after = None;
                while !is_over.load(Ordering::Relaxed) {
                    let query = ClientQuery { after, limit, filter: ClientFilter::default() };
                    after = runtime.block_on(control.clients_page(query)).next;
                }
                Ok(())
            });
        }
        let began = Instant::now();
        while began.elapsed() < DURATION {
            for probe in probes.iter_mut() {
                let sent = Instant::now();
                probe.write_all(&[0xC0, 0])?;
                probe.read_exact(&mut [0; 2])?;
                taken.push(sent.elapsed());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        is_over.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    taken.sort();
    let at = |share: f64| taken.get(((taken.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "pings, {what}: {} of them, p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        taken.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    Ok(())
}
