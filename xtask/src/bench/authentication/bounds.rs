//! What is to stay as it is: the cost of what is remembered, other clients while the service hangs, memory.

use std::thread;

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;

use super::super::load::{Generator, Reading};
use super::super::plan::Authentication;
use super::super::statistics::{Summary, verdict};
use super::stage::{Asking, Stage};
use super::storms::Storms;
use crate::table::Table;

/// One figure with its bar.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    what: String,
    median: f64,
    spread: f64,
    bar: Option<f64>,
    met: Option<bool>,
}

/// Measures, each round with fresh processes.
pub(super) fn measure(
    plan: &Authentication,
    stage: &Stage,
    generator: &Generator,
    rounds: usize,
    storms: &Storms,
) -> Result<Vec<Bound>> {
    let (mut idle, mut busy, mut hanging, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut half, mut whole) = (Vec::new(), Vec::new());
    for number in 1..=rounds {
        let asking = stage.fresh("hanging")?;
        let quiet = round_trips(plan, &asking, generator, None)?;
        let answered = round_trips(plan, &asking, generator, Some((&format!("a{number}"), None)))?;
        let disturbed = round_trips(plan, &asking, generator, Some((&format!("h{number}"), Some("hang"))))?;
        eprintln!(
            "round {number}/{rounds}  p99 of a round trip {quiet:.0} µs, others come {answered:.0} µs, hanging \
             {disturbed:.0} µs"
        );
        idle.push(quiet);
        busy.push(answered);
        hanging.push(disturbed);
        ratios.push(disturbed / quiet);
        let [first, second] = growth(plan, &stage.fresh("denied")?, generator)?;
        eprintln!(
            "round {number}/{rounds}  {} denied: {first:.1} MiB, then {second:.1} MiB more",
            plan.denied
        );
        half.push(first);
        whole.push(first + second);
    }
    let denied = plan.denied;
    let bound = |what: &str, figures: &[f64], bar: Option<f64>| {
        let Summary { median, spread } = Summary::of(figures.iter().copied())?;
        let met = bar.map(|bar| Summary { median, spread }.meets(bar));
        Some(Bound { what: what.to_owned(), median, spread, bar, met })
    };
    let bounds = [
        bound("CPU of a CONNECT, remembered over registry", &storms.remembered, Some(plan.remembered_ratio)),
        bound("p99 of another client's round trip, µs, idle", &idle, None),
        bound("… while others come, and the service answers", &busy, None),
        bound("… while others come, and the service hangs", &hanging, None),
        bound("… over idle", &ratios, Some(plan.hanging_ratio)),
        bound(&format!("memory that {} denied clients leave, MiB", denied / 2), &half, None),
        bound(&format!("… {denied}"), &whole, Some(plan.denied_mb)),
    ];
    Ok(bounds.into_iter().flatten().collect())
}

/// p99 of a client that is connected already. With a storm, which is a word for its clients and what the service does
/// instead of answering, others come meanwhile.
fn round_trips(
    plan: &Authentication,
    asking: &Asking,
    generator: &Generator,
    storm: Option<(&str, Option<&str>)>,
) -> Result<f64> {
    let broker = &asking.broker;
    broker.settle()?;
    let logins = asking.logins()?;
    thread::scope(|scope| {
        let trips = scope.spawn(|| generator.measure_beside(&plan.round_trips, broker));
        let storm = storm.map_or(Ok(()), |(round, fault)| {
            asking.wait_for_logins(logins + 2)?;
            asking.tell(fault)?;
            let load = plan.hanging.replace("{round}", round);
            let reading = generator.measure_beside(&load, broker);
            asking.tell(None)?;
            let Reading { ok, .. } = reading?;
            ensure!(fault.is_none() || ok == 0.0, "{ok} clients were let in while the service was hanging");
            Ok(())
        });
        let trips = trips.join().map_err(|_| anyhow!("a thread has panicked"))??;
        storm?;
        Ok(trips.p99_us)
    })
}

/// MiB that the first half of the denied clients leave, and the second.
fn growth(plan: &Authentication, asking: &Asking, generator: &Generator) -> Result<[f64; 2]> {
    let broker = &asking.broker;
    let deny = |count: u32, part: &str| {
        let load = plan.denied_load.replace("{n}", &count.to_string()).replace("{round}", part);
        let reading = generator.measure(&load, broker)?;
        ensure!(reading.ok == 0.0, "{} clients were let in with a wrong password", reading.ok);
        broker.settle()?;
        Ok(broker.rss_kb()? / 1024.0)
    };
    // Connections to the service, buffers, code: not what clients leave.
    let before = deny(plan.denied / 50, "warm")?;
    let first = deny(plan.denied / 2, "first")?;
    let second = deny(plan.denied / 2, "second")?;
    Ok([first - before, second - first])
}

/// One row for each figure.
pub(super) fn table(bounds: &[Bound]) -> Table {
    let mut table = Table::new(["what", ">median", ">spread", ">bar", "verdict"]);
    for bound in bounds {
        table.row([
            bound.what.clone(),
            format!("{:.2}", bound.median),
            format!("{:.2}", bound.spread),
            bound.bar.map(|bar| format!("≤ {bar}")).unwrap_or_default(),
            bound.met.map(verdict).unwrap_or_default(),
        ]);
    }
    table
}
