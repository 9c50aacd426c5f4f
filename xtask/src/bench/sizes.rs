//! Sizes: memory at start, memory per idle connection, and the binary itself. Every reading is of a fresh process.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::{
    broker::Broker,
    load::Generator,
    plan::Sizes,
    statistics::{Summary, verdict},
};
use crate::table::Table;

/// One size of one broker.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) size: &'static str,
    pub(super) broker: String,
    pub(super) median: f64,
    pub(super) spread: f64,
    pub(super) bar: f64,
    pub(super) met: bool,
}

/// Measures every broker.
pub(super) fn measure(
    plan: &Sizes,
    brokers: &[Broker],
    generator: &Generator,
    rounds: usize,
    dir: &Path,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for broker in brokers {
        let (mut at_start, mut per_connection) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let running = broker.start(dir)?;
            running.settle()?;
            at_start.push(running.rss_kb()? / 1024.0);
            let reading = generator.measure(&plan.load, &running)?;
            let held = reading.ok;
            ensure!(
                held >= f64::from(plan.connections),
                "{} held {held} of {} connections",
                broker.name,
                plan.connections
            );
            per_connection.push(reading.bytes_per_conn);
            eprintln!(
                "round {}/{rounds}  sizes  {}  {:.0} bytes",
                round + 1,
                broker.name,
                reading.bytes_per_conn
            );
        }
        let file = fs::metadata(&broker.binary).with_context(|| format!("no {}", broker.binary.display()))?;
        let binary = file.len() as f64 / (1024.0 * 1024.0);
        let mut add = |size, figures: Vec<f64>, bar| {
            let summary = Summary::of(figures).unwrap_or(Summary { median: 0.0, spread: 0.0 });
            let (median, spread, met) = (summary.median, summary.spread, summary.meets(bar));
            findings.push(Finding { size, broker: broker.name.clone(), median, spread, bar, met });
        };
        add("bytes of RSS per idle connection, one subscription", per_connection, plan.bytes_per_connection);
        add("RSS at start, MiB", at_start, plan.rss_at_start_mb);
        add("stripped binary, MiB", vec![binary], plan.binary_mb);
    }
    Ok(findings)
}

/// One row per size and broker; only ours has a bar.
pub(super) fn table(findings: &[Finding], ours: &str) -> Table {
    let mut table = Table::new(["size", "broker", ">median", ">spread", ">bar", "verdict"]);
    for found in findings {
        let places = if found.median < 100.0 { 1 } else { 0 };
        let is_ours = found.broker == ours;
        table.row([
            found.size.to_owned(),
            found.broker.clone(),
            format!("{:.places$}", found.median),
            format!("{:.places$}", found.spread),
            if is_ours { format!("≤ {:.0}", found.bar) } else { String::new() },
            if is_ours { verdict(found.met) } else { String::new() },
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_rows_have_a_bar() {
        let row = |broker: &str, median| Finding {
            size: "RSS",
            broker: broker.into(),
            median,
            spread: 0.5,
            bar: 8.0,
            met: median <= 8.0,
        };
        let text = table(&[row("vouchmq", 4.25), row("mosquitto", 9.2)], "vouchmq").text();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].ends_with("≤ 8  met") && lines[1].contains(" 4.2 "), "{text}");
        assert!(lines[2].ends_with("0.5"), "{text}");
    }
}
