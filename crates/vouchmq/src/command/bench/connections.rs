//! `vouchmq bench conn`

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vouchmq_broker::Monotonic;
use vouchmq_mqtt::QoS;

use super::Common;
use super::handshake::{Answer, Resolved};
use super::process::Usage;
use super::progress::Progress;
use super::report::{self, Figure};
use crate::client::options;
use crate::client::stream::Stream;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Connections
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    n: u32,
    /// Connections that are being opened at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    conc: u32,
    /// Hold them for so many seconds; 0 disconnects each one at once
    #[arg(long, default_value_t = 2.0)]
    hold: f64,
    /// Have each one subscribe to a topic of its own at this QoS [default: not at all]
    #[arg(long, value_name = "QOS", value_parser = options::qos)]
    subscribe: Option<QoS>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What all connections share.
struct Crowd {
    target: Resolved,
    clock: Monotonic,
    subscribe: Option<QoS>,
    is_held: bool,
    held: RefCell<Vec<Stream>>,
    latencies: RefCell<Histogram<u64>>,
    accepted: Cell<u32>,
    resumed: Cell<u32>,
    refused: Cell<u32>,
    failed: Cell<u32>,
}

/// What the broker had used at three times.
struct Used {
    before: Usage,
    after: Usage,
    held: Usage,
}

/// Measures.
pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let target = arguments.common.target()?;
    let place = format!("{}:{}", target.host, target.port);
    let failed = |error: io::Error| Failure::failed(format_args!("cannot load {place}: {error}"));
    let crowd = Rc::new(Crowd {
        target: target.resolve().await.map_err(failed)?,
        clock: Monotonic::start(),
        subscribe: arguments.subscribe,
        is_held: arguments.hold > 0.0,
        held: RefCell::new(Vec::with_capacity(usize::try_from(arguments.n).unwrap_or(0))),
        latencies: RefCell::new(Histogram::new_with_bounds(1, 600_000_000, 3).map_err(Failure::failed)?),
        accepted: Cell::new(0),
        resumed: Cell::new(0),
        refused: Cell::new(0),
        failed: Cell::new(0),
    });
    let before = arguments.common.usage();
    let started = crowd.clock.now();
    open_all(arguments, &crowd).await;
    let opened = crowd.clock.now().since(started);
    let after = arguments.common.usage();
    Progress::wait(Duration::from_secs_f64(arguments.hold.clamp(0.0, 86_400.0)), "holding").await;
    let held = arguments.common.usage();
    let (used, lost) = match Used::new(before, after, held) {
        Ok(used) => (used, None),
        Err(why) => (None, Some(why)),
    };
    report::print(&figures(arguments, &crowd, opened, used.as_ref()), arguments.common.json)?;
    if let Some(why) = lost {
        return Err(Failure::Failed(why));
    }
    if crowd.accepted.get() == 0 { Err(Failure::failed("no connection was accepted")) } else { Ok(()) }
}

async fn open_all(arguments: &Arguments, crowd: &Rc<Crowd>) {
    let permits = Arc::new(Semaphore::new(usize::try_from(arguments.conc).unwrap_or(1)));
    let progress = Progress::start(arguments.n.into(), "connecting");
    let mut tasks = JoinSet::new();
    for number in 0..arguments.n {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let crowd = crowd.clone();
        tasks.spawn_local(async move {
            crowd.open(number).await;
            drop(permit);
        });
        while tasks.try_join_next().is_some() {}
        progress.reached(number.into());
    }
    while tasks.join_next().await.is_some() {}
}

// === impl Used ===

impl Used {
    /// Nothing without --pid.
    fn new(
        before: Result<Option<Usage>, String>,
        after: Result<Option<Usage>, String>,
        held: Result<Option<Usage>, String>,
    ) -> Result<Option<Self>, String> {
        let (Some(before), Some(after), Some(held)) = (before?, after?, held?) else { return Ok(None) };
        Ok(Some(Self { before, after, held }))
    }
}

// === impl Crowd ===

impl Crowd {
    async fn open(&self, number: u32) {
        let started = self.clock.now();
        match self.handshake(number).await {
            Ok(Some(mut stream)) => {
                let micros = u64::try_from(self.clock.now().since(started).as_micros()).unwrap_or(u64::MAX);
                self.latencies.borrow_mut().saturating_record(micros);
                self.accepted.set(self.accepted.get() + 1);
                self.resumed.set(self.resumed.get() + u32::from(stream.is_resumed()));
                if self.is_held {
                    self.held.borrow_mut().push(stream);
                } else {
                    // DISCONNECT; whether the broker still hears it is not measured.
                    let _ = stream.write_all(&[0xE0, 0]).await;
                }
            }
            Ok(None) => self.refused.set(self.refused.get() + 1),
            Err(error) => {
                if self.failed.get() == 0 {
                    output::complain(&format!("the first connection that failed: {error}"));
                }
                self.failed.set(self.failed.get() + 1);
            }
        }
    }

    async fn handshake(&self, number: u32) -> io::Result<Option<Stream>> {
        let process = std::process::id();
        let index = usize::try_from(number).unwrap_or(0);
        let answer = self.target.connect(&format!("vb{process}-c{number}"), index).await?;
        let Answer::Accepted(accepted) = answer else { return Ok(None) };
        let mut stream = accepted.stream;
        if let Some(qos) = self.subscribe {
            let filter = format!("vb{process}/dev/{number}/cmd");
            self.target.subscribe(&mut stream, &filter, qos).await?;
        }
        Ok(Some(stream))
    }
}

fn figures(arguments: &Arguments, crowd: &Crowd, opened: Duration, used: Option<&Used>) -> Vec<Figure> {
    let accepted = f64::from(crowd.accepted.get().max(1));
    let broker = |figure: &dyn Fn(&Used) -> f64| used.map(figure);
    let cpu_micros = broker(&|used| (used.after.cpu_secs() - used.before.cpu_secs()) * 1e6 / accepted);
    let grown_kib = |used: &Used| used.held.rss_kib as f64 - used.before.rss_kib as f64;
    let bytes = broker(&|used| grown_kib(used) * 1024.0 / accepted);
    let held_secs = arguments.hold.max(0.001);
    let idle_cores = broker(&|used| (used.held.cpu_secs() - used.after.cpu_secs()) / held_secs);
    let rss_before = broker(&|used| used.before.rss_kib as f64);
    let rss_held = broker(&|used| used.held.rss_kib as f64);
    let latencies = crowd.latencies.borrow();
    let quantile = |quantile| latencies.value_at_quantile(quantile) as f64;
    vec![
        Figure::word("mode", "what", "conn"),
        Figure::count("n", "connections", arguments.n.into()),
        Figure::count("conc", "opened at once", arguments.conc.into()),
        Figure::count("ok", "accepted", crowd.accepted.get().into()),
        Figure::count("resumed", "of them by a ticket", crowd.resumed.get().into()),
        Figure::count("refused", "refused", crowd.refused.get().into()),
        Figure::count("errors", "failed", crowd.failed.get().into()),
        Figure::number("conns_per_s", "connections per second", accepted / opened.as_secs_f64().max(1e-6), 0),
        Figure::measured("broker_cpu_us_per_conn", "broker: CPU µs per connection", cpu_micros, 1),
        Figure::measured("rss_before_kb", "broker: memory before, KiB", rss_before, 0),
        Figure::measured("rss_kb", "broker: memory while held, KiB", rss_held, 0),
        Figure::measured("bytes_per_conn", "broker: bytes per connection", bytes, 0),
        Figure::measured("idle_cores", "broker: cores in use while held", idle_cores, 4),
        Figure::number("p50_us", "time to CONNACK µs, median", quantile(0.5), 0),
        Figure::number("p99_us", "time to CONNACK µs, 99 %", quantile(0.99), 0),
        Figure::number("p999_us", "time to CONNACK µs, 99.9 %", quantile(0.999), 0),
        Figure::count("max_us", "time to CONNACK µs, longest", latencies.max()),
    ]
}
