//! `vouchmq bench conn`

mod crowd;
mod identities;
mod tally;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use vouchmq_broker::Monotonic;
use vouchmq_mqtt::QoS;

use super::Common;
use super::process::Usage;
use super::progress::Progress;
use super::report::{self, Figure};
use crate::client::options;
use crate::exit::Failure;
use crowd::{Crowd, Plan};
use identities::Identities;
use tally::Tally;
use worker::Worker;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Connections
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    n: u32,
    /// Connections that are being opened at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    conc: u32,
    /// Open so many a second at most
    #[arg(long, value_name = "PER_S", value_parser = rate)]
    rate: Option<f64>,
    /// Connect from so many threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// Hold them for so many seconds; 0 disconnects each one at once
    #[arg(long, default_value_t = 2.0)]
    hold: f64,
    /// Have each one subscribe to a topic of its own at this QoS [default: not at all]
    #[arg(long, value_name = "QOS", value_parser = options::qos)]
    subscribe: Option<QoS>,
    /// Client id; %i is the number of the connection [default: one of this process]
    #[arg(long)]
    id: Option<String>,
    /// Be so many clients, who connect again and again [default: as many as connections]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    same_user: Option<u32>,
    /// Be the clients of this file, again and again: client id, user name and password in each line, separated by tabs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "same_user", "user", "pass"])]
    who: Option<PathBuf>,
    /// It is no failure if all are refused
    #[arg(long)]
    expect_refusal: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What the broker had used at three times, and what we had at two.
struct Used {
    before: Usage,
    after: Usage,
    held: Usage,
}

/// Measures.
pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let plan = Arc::new(plan(arguments).await?);
    let tally = Tally::new().map_err(Failure::failed)?;
    let (holding, release) = watch::channel(());
    let (own_before, before) = (Usage::own(), arguments.common.usage());
    let started = plan.clock.now();
    let start = |thread| Worker::start(plan.clone(), thread, tally.clone(), release.clone());
    let others: io::Result<Vec<Worker>> = (1..arguments.threads).map(start).collect();
    let mut others = others.map_err(|error| Failure::unusable(format_args!("cannot start: {error}")))?;
    let crowd = Crowd::open(plan.clone(), 0, tally.clone()).await;
    let mut tally = crowd.tally();
    for other in &mut others {
        if let Some(more) = other.opened().await {
            tally.add(&more);
        }
    }
    let opened = plan.clock.now().since(started);
    let after = arguments.common.usage();
    let own_secs = Usage::own().cpu_secs() - own_before.cpu_secs();
    Progress::wait(Duration::from_secs_f64(arguments.hold.clamp(0.0, 86_400.0)), "holding").await;
    let held = arguments.common.usage();
    drop(holding);
    for other in others {
        other.join().map_err(Failure::failed)?;
    }
    let (used, lost) = match Used::new(before, after, held) {
        Ok(used) => (used, None),
        Err(why) => (None, Some(why)),
    };
    report::print(&figures(arguments, &tally, opened, used.as_ref(), own_secs), arguments.common.json)?;
    if let Some(why) = lost {
        return Err(Failure::Failed(why));
    }
    let is_enough = tally.accepted > 0 || arguments.expect_refusal && tally.answered() > 0;
    if is_enough { Ok(()) } else { Err(Failure::failed("no connection was accepted")) }
}

async fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    let target = arguments.common.target()?;
    let place = format!("{}:{}", target.host, target.port);
    let identities = match &arguments.who {
        Some(file) => Identities::read(file).map_err(Failure::unusable)?,
        None => Identities::Numbered {
            id: arguments.id.clone().unwrap_or_else(|| format!("vb{}-c%i", std::process::id())),
            user: target.user.clone(),
            password: target.password.clone(),
            different: arguments.same_user.unwrap_or(arguments.n),
        },
    };
    let failed = |error: io::Error| Failure::failed(format_args!("cannot load {place}: {error}"));
    Ok(Plan {
        target: target.resolve().await.map_err(failed)?,
        identities,
        clock: Monotonic::start(),
        subscribe: arguments.subscribe,
        is_held: arguments.hold > 0.0,
        connections: arguments.n,
        at_once: arguments.conc,
        rate: arguments.rate,
        threads: arguments.threads,
    })
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "a rate is a number above 0".to_owned())
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

fn figures(
    arguments: &Arguments,
    tally: &Tally,
    opened: Duration,
    used: Option<&Used>,
    own_secs: f64,
) -> Vec<Figure> {
    let opened_secs = opened.as_secs_f64().max(1e-6);
    let accepted = f64::from(tally.accepted.max(1));
    let answered = f64::from(tally.answered().max(1));
    let broker = |figure: &dyn Fn(&Used) -> f64| used.map(figure);
    let cpu_micros = broker(&|used| (used.after.cpu_secs() - used.before.cpu_secs()) * 1e6 / answered);
    let grown_kib = |used: &Used| used.held.rss_kib as f64 - used.before.rss_kib as f64;
    let bytes = broker(&|used| grown_kib(used) * 1024.0 / accepted);
    let held_secs = arguments.hold.max(0.001);
    let idle_cores = broker(&|used| (used.held.cpu_secs() - used.after.cpu_secs()) / held_secs);
    let rss_before = broker(&|used| used.before.rss_kib as f64);
    let rss_held = broker(&|used| used.held.rss_kib as f64);
    let quantile = |quantile| tally.latencies.value_at_quantile(quantile) as f64;
    vec![
        Figure::word("mode", "what", "conn"),
        Figure::count("n", "connections", arguments.n.into()),
        Figure::count("conc", "opened at once", arguments.conc.into()),
        Figure::count("ok", "accepted", tally.accepted.into()),
        Figure::count("resumed", "of them by a ticket", tally.resumed.into()),
        Figure::count("refused", "refused", tally.refused().into()),
        Figure::codes("refusals", "of them by reason code", &tally.refusals),
        Figure::count("errors", "failed", tally.failed.into()),
        Figure::number("conns_per_s", "connections per second", accepted / opened_secs, 0),
        Figure::number("answers_per_s", "answers per second", answered / opened_secs, 0),
        Figure::measured("broker_cpu_us_per_conn", "broker: CPU µs per connection", cpu_micros, 1),
        Figure::number(
            "gen_cpu_us_per_conn",
            "generator: CPU µs per connection",
            own_secs * 1e6 / answered,
            1,
        ),
        Figure::measured("rss_before_kb", "broker: memory before, KiB", rss_before, 0),
        Figure::measured("rss_kb", "broker: memory while held, KiB", rss_held, 0),
        Figure::measured("bytes_per_conn", "broker: bytes per connection", bytes, 0),
        Figure::measured("idle_cores", "broker: cores in use while held", idle_cores, 4),
        Figure::number("p50_us", "time to CONNACK µs, median", quantile(0.5), 0),
        Figure::number("p99_us", "time to CONNACK µs, 99 %", quantile(0.99), 0),
        Figure::number("p999_us", "time to CONNACK µs, 99.9 %", quantile(0.999), 0),
        Figure::count("max_us", "time to CONNACK µs, longest", tally.latencies.max()),
    ]
}
