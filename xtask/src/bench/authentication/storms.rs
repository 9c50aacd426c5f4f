//! Many CONNECTs at once, against everyone who can decide about them.

use std::collections::BTreeMap;
use std::fs;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::super::Options;
use super::super::broker::TICKS_PER_SECOND;
use super::super::load::{Generator, Reading};
use super::super::plan::{Authentication, Storm, Through};
use super::super::statistics::{Summary, verdict};
use super::stage::Stage;
use crate::clock::Stopwatch;
use crate::table::Table;

/// What was found.
#[derive(Debug)]
pub(super) struct Storms {
    pub(super) findings: Vec<Finding>,
    /// CPU of a CONNECT whose answer is remembered over one that the registry decides, in each round.
    pub(super) remembered: Vec<f64>,
}

/// What was found of one storm; CPU in µs for each CONNECT.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    storm: String,
    what: String,
    through: String,
    per_second: f64,
    per_second_spread: f64,
    cpu_us: f64,
    cpu_us_spread: f64,
    service_cpu_us: f64,
    generator_cpu_us: f64,
    p50_us: f64,
    p99_us: f64,
    refused: f64,
    /// Cores that others on the machine took meanwhile.
    others_cores: f64,
    /// What held it back, if it was not the broker.
    held_back: Option<String>,
    met: Option<bool>,
}

#[derive(Clone, Debug)]
struct Round {
    reading: Reading,
    service_cpu_us: f64,
    others_cores: f64,
}

/// Measures every storm in turn, round after round; each once before, for connections and caches.
pub(super) fn measure(
    plan: &Authentication,
    stage: &Stage,
    generator: &Generator,
    options: &Options,
) -> Result<Storms> {
    let is_chosen = |storm: &&Storm| options.only.is_empty() || options.only.contains(&storm.name);
    let chosen: Vec<&Storm> = plan.storms.iter().filter(is_chosen).collect();
    ensure!(!chosen.is_empty(), "there is no storm of that name");
    for storm in &chosen {
        eprintln!("warming up  {}", storm.name);
        one(storm, stage, generator, "warm")?;
    }
    let mut rounds: BTreeMap<usize, Vec<Round>> = BTreeMap::new();
    for number in 1..=options.rounds {
        for (at, storm) in chosen.iter().enumerate() {
            let round = one(storm, stage, generator, &format!("r{number}"))?;
            let Reading { per_second, cpu_us, .. } = round.reading;
            eprintln!("round {number}/{}  {}  {per_second:.0}/s  {cpu_us:.1} µs", options.rounds, storm.name);
            rounds.entry(at).or_default().push(round);
        }
    }
    let of = |through| {
        let at = chosen.iter().position(|storm| storm.through == through);
        at.and_then(|at| rounds.get(&at)).map_or(&[][..], Vec::as_slice)
    };
    let pairs = of(Through::Remembered).iter().zip(of(Through::Registry));
    let remembered = pairs.map(|(remembered, registry)| remembered.reading.cpu_us / registry.reading.cpu_us);
    let remembered = remembered.collect();
    let findings =
        chosen.iter().zip(rounds.values()).map(|(storm, rounds)| finding(storm, rounds, options.shards));
    Ok(Storms { findings: findings.collect(), remembered })
}

fn one(storm: &Storm, stage: &Stage, generator: &Generator, round: &str) -> Result<Round> {
    let pair = stage.pair(storm.through);
    let devices = stage.devices.to_string_lossy();
    let load = storm.load.replace("{round}", round).replace("{devices}", &devices);
    pair.broker.settle()?;
    let cpu = || pair.service.map_or(Ok(0.0), |service| service.cpu_secs());
    let (before, machine, watch) = (cpu()?, machine_secs()?, Stopwatch::start());
    let reading = generator.measure(&load, pair.broker)?;
    let (elapsed, busy) = (watch.elapsed().as_secs_f64(), machine_secs()? - machine);
    ensure!(reading.errors == 0.0, "{}: {} connections came to nothing", storm.name, reading.errors);
    ensure!(reading.ok > 0.0, "{}: everybody was refused", storm.name);
    let answers = reading.ok + reading.refused;
    let service_cpu_us = (cpu()? - before) * 1e6 / answers;
    let ours = (reading.cpu_us + service_cpu_us + reading.generator_cpu_us) * answers / 1e6;
    let others_cores = ((busy - ours) / elapsed).max(0.0);
    Ok(Round { reading, service_cpu_us, others_cores })
}

/// Seconds that the machine's cores were busy since its start, with what a hypervisor took.
fn machine_secs() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    busy(&stat).map(|ticks| ticks / TICKS_PER_SECOND).context("/proc/stat does not say what is busy")
}

/// All fields of the first line but those of idleness, the fourth and the fifth, and of guests, counted already.
fn busy(stat: &str) -> Option<f64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Option<Vec<f64>> = fields.map(|field| field.parse().ok()).collect();
    let ticks = ticks?.into_iter().take(8).enumerate();
    Some(ticks.filter(|(at, _)| ![3, 4].contains(at)).map(|(_, ticks)| ticks).sum())
}

fn finding(storm: &Storm, rounds: &[Round], shards: u32) -> Finding {
    let summary = |figure: &dyn Fn(&Round) -> f64| {
        Summary::of(rounds.iter().map(figure)).unwrap_or(Summary { median: 0.0, spread: 0.0 })
    };
    let median = |figure: &dyn Fn(&Round) -> f64| summary(figure).median;
    let per_second = summary(&|round| round.reading.per_second);
    let cpu = summary(&|round| round.reading.cpu_us);
    let service_cpu_us = median(&|round| round.service_cpu_us);
    let generator_cpu_us = median(&|round| round.reading.generator_cpu_us);
    let others_cores = median(&|round| round.others_cores);
    let is_fast = storm.per_second.map(|bar| per_second.median >= bar - per_second.spread / 2.0);
    let is_cheap = storm.cpu_us.map(|bar| cpu.meets(bar));
    let cores = |micros: f64| micros * per_second.median / 1e6;
    Finding {
        storm: storm.name.clone(),
        what: storm.what.clone(),
        through: format!("{:?}", storm.through).to_lowercase(),
        per_second: per_second.median,
        per_second_spread: per_second.spread,
        cpu_us: cpu.median,
        cpu_us_spread: cpu.spread,
        service_cpu_us,
        generator_cpu_us,
        p50_us: median(&|round| round.reading.p50_us),
        p99_us: median(&|round| round.reading.p99_us),
        refused: median(&|round| round.reading.refused),
        others_cores,
        held_back: held_back(
            [cores(cpu.median), cores(service_cpu_us), cores(generator_cpu_us)],
            others_cores,
            shards,
        ),
        met: match (is_fast, is_cheap) {
            (None, None) => None,
            (fast, cheap) => Some(fast.unwrap_or(true) && cheap.unwrap_or(true)),
        },
    }
}

/// Of this part of what there is, it counts as all.
const ALL: f64 = 0.9;

/// What held the broker back: a program of one thread that had its core to itself, or the whole machine.
fn held_back([broker, service, generator]: [f64; 3], others: f64, shards: u32) -> Option<String> {
    if broker >= ALL * f64::from(shards) {
        return None;
    }
    let cores = available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let all = broker + service + generator + others;
    if generator >= ALL {
        Some("the generator".to_owned())
    } else if service >= ALL {
        Some("the service".to_owned())
    } else if all >= ALL * cores {
        let share = |part: f64| part / all * 100.0;
        Some(format!(
            "the machine: broker {:.0} %, service {:.0} %, generator {:.0} %, others {:.0} %",
            share(broker),
            share(service),
            share(generator),
            share(others)
        ))
    } else {
        None
    }
}

/// One row for each storm, and those of others as they were measured elsewhere.
pub(super) fn table(storms: &Storms, plan: &Authentication) -> Table {
    let mut table = Table::new([
        "storm",
        "what",
        ">per s",
        ">spread",
        ">CPU µs",
        ">spread",
        ">p50 ms",
        ">p99 ms",
        ">service µs",
        ">generator µs",
        ">refused",
        "bar",
        "verdict",
        "held back by",
    ]);
    for found in &storms.findings {
        let storm = plan.storms.iter().find(|storm| storm.name == found.storm);
        let rate = storm.and_then(|storm| storm.per_second).map(|bar| format!("≥ {bar:.0}/s"));
        let cpu = storm.and_then(|storm| storm.cpu_us).map(|bar| format!("≤ {bar:.0} µs"));
        let bar = rate.into_iter().chain(cpu).collect::<Vec<_>>().join(", ");
        table.row([
            found.storm.clone(),
            found.what.clone(),
            format!("{:.0}", found.per_second),
            format!("{:.0}", found.per_second_spread),
            format!("{:.1}", found.cpu_us),
            format!("{:.1}", found.cpu_us_spread),
            format!("{:.1}", found.p50_us / 1000.0),
            format!("{:.1}", found.p99_us / 1000.0),
            format!("{:.1}", found.service_cpu_us),
            format!("{:.1}", found.generator_cpu_us),
            format!("{:.0}", found.refused),
            bar,
            found.met.map(verdict).unwrap_or_default(),
            found.held_back.clone().unwrap_or_default(),
        ]);
        for peer in plan.peers.iter().filter(|peer| storm.is_some_and(|storm| storm.through == peer.through))
        {
            let mut cells = [const { String::new() }; 14];
            cells[0] = found.storm.clone();
            cells[1] = format!("{}, measured once elsewhere", peer.name);
            cells[2] = format!("{:.0}", peer.per_second);
            cells[4] = format!("{:.1}", peer.cpu_us);
            table.row(cells);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm(per_second: Option<f64>, cpu_us: Option<f64>) -> Storm {
        let (name, what, load) = ("late".to_owned(), String::new(), String::new());
        Storm { name, what, through: Through::Late, load, per_second, cpu_us }
    }

    fn round(per_second: f64, cpu_us: f64) -> Round {
        let reading = Reading { per_second, cpu_us, ..Reading::default() };
        Round { reading, service_cpu_us: 10.0, others_cores: 0.0 }
    }

    #[test]
    fn both_bars_are_to_be_met_within_half_the_spread() {
        let rounds = [round(9_000.0, 90.0), round(9_900.0, 104.0), round(11_000.0, 110.0)];
        let met = |per_second, cpu_us| finding(&storm(per_second, cpu_us), &rounds, 2).met;
        assert_eq!(met(Some(10_000.0), Some(100.0)), Some(true));
        assert_eq!(met(Some(11_000.0), Some(100.0)), Some(false));
        assert_eq!(met(None, Some(90.0)), Some(false));
        assert_eq!(met(None, None), None);
    }

    #[test]
    fn who_has_its_only_core_to_itself_holds_back() {
        assert_eq!(held_back([1.0, 0.2, 0.95], 0.0, 2).as_deref(), Some("the generator"));
        assert_eq!(held_back([0.5, 0.95, 0.1], 0.0, 2).as_deref(), Some("the service"));
        assert_eq!(held_back([1.9, 0.0, 0.0], 0.0, 2), None);
        assert_eq!(held_back([0.1, 0.1, 0.1], 0.0, 2), None);
        let crowded = held_back([0.2, 0.1, 0.1], 10_000.0, 2);
        assert!(crowded.is_some_and(|why| why.ends_with("others 100 %")));
    }

    #[test]
    fn what_idles_and_what_guests_do_is_not_counted_as_busy() {
        assert_eq!(busy("cpu  1 2 3 1000 1000 4 5 6 100 100\ncpu0 1\n"), Some(21.0));
        assert_eq!(busy("cpu0 1 2 3\n"), None);
    }
}
