//! Brokers side by side: every scenario against every broker in turn, round after round.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde::Serialize;

use super::{
    broker::{Broker, Running},
    load::{Generator, Reading},
    plan::Scenario,
    statistics::{Summary, verdict},
};
use crate::table::Table;

/// What a scenario found for a broker.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) scenario: String,
    pub(super) what: String,
    pub(super) broker: String,
    pub(super) rounds: usize,
    /// Rounds without a figure, and why the last one had none.
    pub(super) failed: usize,
    pub(super) failure: Option<String>,
    pub(super) cpu_us: f64,
    pub(super) cpu_us_spread: f64,
    pub(super) per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) rss_kb: f64,
    /// CPU over the reference broker's, paired within each round.
    pub(super) ratio: Option<f64>,
    pub(super) ratio_spread: Option<f64>,
    pub(super) bar: f64,
    pub(super) met: Option<bool>,
}

type Readings = BTreeMap<(usize, usize), Vec<Result<Reading, String>>>;

/// Measures; the broker named `reference` is what ratios are taken over.
pub(super) fn measure(
    scenarios: &[Scenario],
    brokers: &[Broker],
    generator: &Generator,
    rounds: usize,
    (dir, reference): (&Path, &str),
) -> Result<Vec<Finding>> {
    let running = brokers.iter().map(|broker| broker.start(dir)).collect::<Result<Vec<Running>>>()?;
    let mut readings = Readings::new();
    for round in 0..rounds {
        for (s, scenario) in scenarios.iter().enumerate() {
            for (b, (broker, running)) in brokers.iter().zip(&running).enumerate() {
                let reading =
                    generator.measure(&scenario.load, running).map_err(|error| format!("{error:#}"));
                let said =
                    reading.as_ref().map_or_else(Clone::clone, |reading| format!("{:.3} µs", reading.cpu_us));
                eprintln!("round {}/{rounds}  {}  {}  {said}", round + 1, scenario.name, broker.name);
                readings.entry((s, b)).or_default().push(reading);
            }
        }
    }
    let base = brokers.iter().position(|broker| broker.name == reference);
    let mut findings = Vec::new();
    for (s, scenario) in scenarios.iter().enumerate() {
        for (b, broker) in brokers.iter().enumerate() {
            let of = |broker: usize| readings.get(&(s, broker)).map_or(&[][..], Vec::as_slice);
            let base = base.filter(|&base| base != b).map(of);
            findings.push(finding(scenario, &broker.name, of(b), base));
        }
    }
    Ok(findings)
}

fn finding(
    scenario: &Scenario,
    broker: &str,
    readings: &[Result<Reading, String>],
    base: Option<&[Result<Reading, String>]>,
) -> Finding {
    let good = || readings.iter().filter_map(|reading| reading.as_ref().ok());
    let median =
        |figure: fn(&Reading) -> f64| Summary::of(good().map(figure)).map_or(0.0, |summary| summary.median);
    let cpu = Summary::of(good().map(|reading| reading.cpu_us));
    let pairs = base.into_iter().flat_map(|base| readings.iter().zip(base));
    let ratios =
        pairs.filter_map(|(ours, theirs)| Some(ours.as_ref().ok()?.cpu_us / theirs.as_ref().ok()?.cpu_us));
    let ratio = Summary::of(ratios);
    Finding {
        scenario: scenario.name.clone(),
        what: scenario.what.clone(),
        broker: broker.to_owned(),
        rounds: readings.len(),
        failed: readings.len() - good().count(),
        failure: readings.iter().rev().find_map(|reading| reading.as_ref().err().cloned()),
        cpu_us: cpu.map_or(0.0, |cpu| cpu.median),
        cpu_us_spread: cpu.map_or(0.0, |cpu| cpu.spread),
        per_second: median(|reading| reading.per_second),
        p50_us: median(|reading| reading.p50_us),
        p99_us: median(|reading| reading.p99_us),
        rss_kb: median(|reading| reading.rss_kb),
        ratio: ratio.map(|ratio| ratio.median),
        ratio_spread: ratio.map(|ratio| ratio.spread),
        bar: scenario.bar,
        met: ratio.map(|ratio| ratio.meets(scenario.bar)),
    }
}

/// One row per scenario and broker.
pub(super) fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new([
        "scenario", "broker", ">CPU µs", ">spread", ">per s", ">p50 ms", ">p99 ms", ">RSS MB", ">ratio",
        ">spread", ">bar", "verdict",
    ]);
    for found in findings {
        let ratio = |figure: Option<f64>| figure.map(|figure| format!("{figure:.3}")).unwrap_or_default();
        let bar = found.ratio.map(|_| format!("{:.2}", found.bar)).unwrap_or_default();
        let failed = if found.failed > 0 {
            format!("{} of {} rounds failed", found.failed, found.rounds)
        } else {
            String::new()
        };
        let met = found.met.map(verdict).unwrap_or_default();
        table.row([
            found.scenario.clone(),
            found.broker.clone(),
            format!("{:.3}", found.cpu_us),
            format!("{:.3}", found.cpu_us_spread),
            format!("{:.0}", found.per_second),
            format!("{:.2}", found.p50_us / 1000.0),
            format!("{:.2}", found.p99_us / 1000.0),
            format!("{:.1}", found.rss_kb / 1024.0),
            ratio(found.ratio),
            ratio(found.ratio_spread),
            bar,
            [met, failed].iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::Over;

    #[test]
    fn ratios_are_paired_by_round_and_failures_are_counted() {
        let (what, load) = (String::new(), String::new());
        let scenario = Scenario { name: "p2p".into(), what, load, bar: 0.5, over: Over::Tcp };
        let reading = |cpu_us| Ok(Reading { cpu_us, per_second: 10.0, ..Reading::default() });
        let theirs = [reading(10.0), reading(20.0), reading(10.0)];
        let ours = [reading(4.0), reading(10.0), Err("refused".to_owned())];
        let found = finding(&scenario, "vouchmq", &ours, Some(&theirs));
        assert_eq!((found.ratio, found.met, found.failed), (Some(0.45), Some(true), 1));
        assert_eq!((found.cpu_us, found.cpu_us_spread, found.rounds), (7.0, 6.0, 3));
        assert!(table(&[found]).text().ends_with("met, 1 of 3 rounds failed\n"));
        let alone = finding(&scenario, "mosquitto", &theirs, None);
        assert_eq!((alone.ratio, alone.met), (None, None));
    }
}
