//! `vouchmq bench pubsub`

use std::io;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use vouchmq_mqtt::QoS;

use super::Common;
use super::flow::Flow;
use super::handshake::{Accepted, Answer, Resolved};
use super::process::Usage;
use super::progress::Progress;
use super::publisher::{Plan, Publisher};
use super::report::{self, Figure};
use super::subscriber::{STAMP, Subscriber};
use crate::client::options;
use crate::exit::Failure;

/// No packet of MQTT is larger.
const SIZE_MAX: usize = 268_435_455;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Publishers, spread over the topics
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pubs: u32,
    /// Topics
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    topics: u32,
    /// Subscribers of each topic
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    subs: u32,
    /// QoS of messages and subscriptions
    #[arg(long, default_value = "0", value_parser = options::qos)]
    qos: QoS,
    /// Bytes of a payload; at least 12
    #[arg(long, default_value_t = 64, value_parser = size)]
    size: usize,
    /// Messages that a publisher writes at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// Messages of a publisher that not all subscribers have seen
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    window: u64,
    /// Messages per second of all publishers together; 0 as fast as the window allows
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    rate: f64,
    /// Measure for so many seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    secs: f64,
    /// Warm up for so many seconds
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    warm: f64,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What was read at the beginning and the end.
struct Reading {
    received: u64,
    micros: u64,
    /// Why it cannot be read, or nothing without --pid.
    broker: Result<Option<Usage>, String>,
    own: Usage,
}

/// Measures.
pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let target = arguments.common.target()?;
    let place = format!("{}:{}", target.host, target.port);
    let failed = |error: io::Error| Failure::failed(format_args!("cannot load {place}: {error}"));
    let target = target.resolve().await.map_err(failed)?;
    let publishers = usize::try_from(arguments.pubs).unwrap_or(usize::MAX);
    let flow = Rc::new(Flow::new(publishers, u64::from(arguments.subs), arguments.window)?);
    start(arguments, &target, &flow).await.map_err(failed)?;

    Progress::wait(Duration::from_secs_f64(arguments.warm), "warming up").await;
    let before = Reading::take(&flow, &arguments.common);
    flow.is_measuring.set(true);
    Progress::wait(Duration::from_secs_f64(arguments.secs), "measuring").await;
    let after = Reading::take(&flow, &arguments.common);
    flow.is_over.set(true);

    report::print(&figures(arguments, &flow, &before, &after), arguments.common.json)?;
    if let Err(why) = before.broker.and(after.broker) {
        return Err(Failure::Failed(why));
    }
    match (flow.lost.get(), flow.refused.get(), after.received - before.received) {
        (0, 0, 1..) => Ok(()),
        (0, 0, 0) => Err(Failure::failed("nothing was delivered")),
        (lost, refused, _) => Err(Failure::failed(format_args!(
            "these figures count for little: connections lost: {lost}, messages refused: {refused}"
        ))),
    }
}

/// Connects all subscribers, then all publishers.
async fn start(arguments: &Arguments, target: &Resolved, flow: &Rc<Flow>) -> io::Result<()> {
    let process = std::process::id();
    let topic = |number: u32| format!("vb{process}/t{number}/d");
    let mut number = 0;
    for t in 0..arguments.topics {
        for k in 0..arguments.subs {
            let mut stream = connect(target, &format!("vb{process}-s{t}-{k}"), number).await?.stream;
            target.subscribe(&mut stream, &topic(t), arguments.qos).await?;
            let (partial, out) = (Vec::new(), Vec::new());
            let subscriber =
                Subscriber { stream, dialect: target.dialect(), flow: flow.clone(), partial, out };
            tokio::task::spawn_local(subscriber.run());
            number += 1;
        }
    }
    let interval = arguments.batch as f64 * f64::from(arguments.pubs) / arguments.rate;
    for p in 0..arguments.pubs {
        let accepted = connect(target, &format!("vb{process}-p{p}"), number).await?;
        let plan = Plan {
            topic: topic(p % arguments.topics),
            qos: arguments.qos,
            payload_bytes: arguments.size,
            batch: arguments.batch,
            interval: (arguments.rate > 0.0).then(|| Duration::from_secs_f64(interval)),
            receive_maximum: accepted.receive_maximum,
        };
        let index = usize::try_from(p).unwrap_or(0);
        let publisher = Publisher::new(index, accepted.stream, target.dialect(), plan, flow.clone())?;
        tokio::task::spawn_local(publisher.run());
        number += 1;
    }
    Ok(())
}

async fn connect(target: &Resolved, client_id: &str, number: usize) -> io::Result<Accepted> {
    match target.connect(client_id, number).await? {
        Answer::Accepted(accepted) => Ok(accepted),
        Answer::Refused(reason) => Err(io::Error::other(format!("the connection was refused: {reason}"))),
    }
}

// === impl Reading ===

impl Reading {
    fn take(flow: &Flow, common: &Common) -> Self {
        Self { received: flow.received.get(), micros: flow.now(), broker: common.usage(), own: Usage::own() }
    }
}

fn figures(arguments: &Arguments, flow: &Flow, before: &Reading, after: &Reading) -> Vec<Figure> {
    let delivered = (after.received - before.received) as f64;
    let secs = (after.micros - before.micros) as f64 / 1e6;
    let each = |secs: f64| secs * 1e6 / delivered.max(1.0);
    let broker = match (&before.broker, &after.broker) {
        (Ok(Some(before)), Ok(Some(after))) => Some((before, after)),
        _ => None,
    };
    let broker_secs = broker.map(|(before, after)| after.cpu_secs() - before.cpu_secs());
    let user_secs = broker.map(|(before, after)| after.user_secs - before.user_secs);
    let rss_kib = broker.map(|(_, after)| after.rss_kib as f64);
    let own_secs = after.own.cpu_secs() - before.own.cpu_secs();
    let sent: u64 = flow.publishers.iter().map(|window| window.sent.get()).sum();
    let seen: u64 = flow.publishers.iter().map(|window| window.seen(flow.fan)).sum();
    let latencies = flow.latencies.borrow();
    let quantile = |quantile| latencies.value_at_quantile(quantile) as f64;
    vec![
        Figure::word("mode", "what", "pubsub"),
        Figure::count("pubs", "publishers", arguments.pubs.into()),
        Figure::count("topics", "topics", arguments.topics.into()),
        Figure::count("subs", "subscribers of each topic", arguments.subs.into()),
        Figure::count("qos", "QoS", arguments.qos.bits().into()),
        Figure::count("size", "bytes of a payload", arguments.size as u64),
        Figure::count("batch", "messages in a write", arguments.batch),
        Figure::count("window", "window", arguments.window),
        Figure::number("msgs_per_s", "messages per second", delivered / secs, 0),
        Figure::measured("broker_cpu_us_per_msg", "broker: CPU µs per message", broker_secs.map(each), 3),
        Figure::measured("broker_user_us", "broker: of it in user mode, µs", user_secs.map(each), 3),
        Figure::measured("broker_cores", "broker: cores in use", broker_secs.map(|used| used / secs), 2),
        Figure::number("gen_cpu_us_per_msg", "this program: CPU µs per message", each(own_secs), 3),
        Figure::measured("rss_kb", "broker: memory, KiB", rss_kib, 0),
        Figure::number("p50_us", "latency µs, median", quantile(0.5), 0),
        Figure::number("p99_us", "latency µs, 99 %", quantile(0.99), 0),
        Figure::number("p999_us", "latency µs, 99.9 %", quantile(0.999), 0),
        Figure::count("max_us", "latency µs, longest", latencies.max()),
        Figure::count("undelivered", "on the way at the end", (sent * flow.fan).saturating_sub(seen)),
    ]
}

/// Each payload says who sent it and when.
fn size(text: &str) -> Result<usize, String> {
    let allowed = || format!("bytes from {STAMP}, which a message's sender and time take, to {SIZE_MAX}");
    text.parse().ok().filter(|bytes| (STAMP..=SIZE_MAX).contains(bytes)).ok_or_else(allowed)
}

fn seconds(text: &str) -> Result<f64, String> {
    let secs: f64 = text.parse().map_err(|_| "seconds, as 5 or 0.5".to_owned())?;
    if (0.0..=86_400.0).contains(&secs) { Ok(secs) } else { Err("from 0 to 86400".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "messages per second, as 5000".to_owned())?;
    if (0.0..=1e9).contains(&rate) { Ok(rate) } else { Err("from 0 to 1000000000".to_owned()) }
}
