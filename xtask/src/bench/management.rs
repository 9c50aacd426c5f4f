//! The management server: what it takes from messages while a thousand connections do nothing or little, and how fast
//! it answers while many clients are connected.

use std::{path::Path, thread};

use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::Options;
use super::broker::{Broker, Running, free_port};
use super::http::{Server, token};
use super::load::{Generator, Reading};
use super::plan::Management;
use super::statistics::{Summary, verdict};
use crate::table::Table;

mod crowd;
mod looks;

use crowd::Crowd;
use looks::Looks;

/// One figure with its bar.
#[derive(Debug, Serialize)]
struct Figure {
    what: String,
    median: f64,
    spread: f64,
    /// At most so much; what the reference is itself has none.
    bar: Option<f64>,
    met: Option<bool>,
}

/// A broker whose management server listens.
struct Managed {
    broker: Running,
    api: u16,
    token: String,
}

/// Measures; the section of the page, and its name.
pub(super) fn measure(
    plan: &Management,
    vouchmq: &Path,
    generator: &Generator,
    options: &Options,
    dir: &Path,
) -> Result<(&'static str, Table, Value)> {
    let dir = dir.join("management");
    let start = |name: &str| Managed::start(vouchmq, options.shards, name, &dir);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        let managed = start("paced")?;
        let quiet = generator.measure(&plan.paced, &managed.broker)?;
        let crowd = Crowd::gather(managed.api, plan.idle, plan.slow)?;
        let crowded = crowd.keep_on(|| generator.measure_beside(&plan.paced, &managed.broker))?;
        eprintln!(
            "round {round}/{}  alone {:.2} µs, p99 {:.0} µs; beside {} connections {:.2} µs, p99 {:.0} µs",
            options.rounds,
            quiet.cpu_us,
            quiet.p99_us,
            plan.idle + plan.slow,
            crowded.cpu_us,
            crowded.p99_us
        );
        alone.push(quiet);
        beside.push(crowded);
    }
    let managed = start("looked-at")?;
    let looks = thread::scope(|scope| {
        let load = scope.spawn(|| generator.measure_beside(&plan.load, &managed.broker));
        let looks = Looks::take(&managed, plan, options.rounds);
        let Reading { ok, .. } = load.join().map_err(|_| anyhow!("a thread has panicked"))??;
        ensure!(ok >= f64::from(plan.clients), "{ok} of {} clients were connected", plan.clients);
        looks
    })?;
    let figures = figures(plan, [&alone, &beside], &looks);
    Ok(("management", table(&figures), json!(figures)))
}

fn figures(plan: &Management, [alone, beside]: [&[Reading]; 2], looks: &Looks) -> Vec<Figure> {
    let crowd = plan.idle + plan.slow;
    let figure = |what: &str, values: Vec<f64>, bar: Option<f64>| {
        let Summary { median, spread } = Summary::of(values)?;
        let met = bar.map(|bar| median <= bar);
        Some(Figure { what: what.to_owned(), median, spread, bar, met })
    };
    // Inside the spread of the runs without them: no worse than the worst of those.
    let pair = |what: &str, of: fn(&Reading) -> f64| {
        let (quiet, crowded): (Vec<f64>, Vec<f64>) =
            (alone.iter().map(of).collect(), beside.iter().map(of).collect());
        let worst = quiet.iter().copied().fold(f64::MIN, f64::max);
        [
            figure(&format!("{what}, alone"), quiet, None),
            figure(&format!("… beside {crowd} idle and slow connections"), crowded, Some(worst)),
        ]
    };
    let clients = plan.clients;
    let page = format!("a page of GET /v1/clients, {clients} clients, ms");
    let all = [
        figure(&page, looks.page_ms.clone(), Some(plan.page_ms)),
        figure("… the slowest of a round", looks.slowest_page_ms.clone(), None),
        figure("GET /api/v4/clients, all of them at once, ms", looks.all_ms.clone(), None),
        figure("GET /metrics, ms", looks.scrape_ms.clone(), Some(plan.scrape_ms)),
    ];
    let pairs = [pair("CPU of a message, µs", |r| r.cpu_us), pair("p99 of a message, µs", |r| r.p99_us)];
    pairs.into_iter().flatten().chain(all).flatten().collect()
}

fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new(["what", ">median", ">spread", ">bar", "verdict"]);
    for figure in figures {
        table.row([
            figure.what.clone(),
            format!("{:.2}", figure.median),
            format!("{:.2}", figure.spread),
            figure.bar.map(|bar| format!("≤ {bar:.2}")).unwrap_or_default(),
            figure.met.map(verdict).unwrap_or_default(),
        ]);
    }
    table
}

impl Managed {
    fn start(vouchmq: &Path, shards: u32, name: &str, dir: &Path) -> Result<Self> {
        let api = free_port()?;
        let arguments = format!(
            "serve --config {{file}} --shards {shards} --data data --register-listen off --log-level error"
        );
        let configuration = format!(
            "listeners.tcp {{ bind = \"127.0.0.1:{{port}}\" }}\nhttp_server {{ port = {api}, limit_conn = 4096 \
             }}\nauth {{ allow_anonymous = true, no_match = allow }}\n"
        );
        let broker = Broker::told(name, vouchmq.to_owned(), &arguments, &configuration).start(dir)?;
        let token = token(&dir.join(name).join("data/admin-token"), api)?;
        Ok(Self { broker, api, token })
    }

    /// A connection of an operator.
    fn operator(&self) -> Result<Server> {
        Server::connect(self.api, Some(&self.token)).context("no management server")
    }
}
