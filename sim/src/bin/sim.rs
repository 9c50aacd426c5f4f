//! Runs the simulator: one seed to look at, or many to find what is wrong.

use std::process::ExitCode;

use vouchmq_sim::{Behaviour, Coverage, Report, Violation, findings, run, run_all, terminal};

const USAGE: &str = "\
usage: sim --seed N [--trace]          runs one seed; --trace tells everything that happens
       sim --seeds COUNT [--start N]   runs COUNT seeds from N on (1), and all of seeds.txt
       sim                             runs all of seeds.txt";

/// Above this many seeds, a behaviour that never occurred is a hole in the simulation.
const SEEDS_FOR_COVERAGE: usize = 400;

/// So many failures are told one by one.
const FAILURES_TOLD: usize = 20;

/// What the command line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Arguments {
    seed: Option<u64>,
    count: u64,
    start: u64,
    trace: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match parse(&arguments) {
        None => {
            terminal::complaint(USAGE);
            ExitCode::from(2)
        }
        Some(Arguments { seed: Some(seed), trace, .. }) => run_one(seed, trace),
        Some(Arguments { count, start, .. }) => run_many(count, start),
    }
}

/// `None` for what cannot be understood.
fn parse(arguments: &[String]) -> Option<Arguments> {
    let mut parsed = Arguments { start: 1, ..Arguments::default() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|value| value.parse::<u64>().ok());
        match argument.as_str() {
            "--seed" => parsed.seed = Some(number()?),
            "--seeds" => parsed.count = number()?,
            "--start" => parsed.start = number()?,
            "--trace" => parsed.trace = true,
            _ => return None,
        }
    }
    Some(parsed)
}

fn run_one(seed: u64, trace: bool) -> ExitCode {
    let sink: Option<vouchmq_sim::Sink> = trace.then(|| -> vouchmq_sim::Sink { Box::new(terminal::trace) });
    let report = run(seed, sink);
    match &report.violation {
        None => {
            terminal::line(&format!("seed {seed} holds: {} events", report.steps));
            ExitCode::SUCCESS
        }
        Some(violation) => {
            terminal::line(&format!("seed {seed} fails {}", described(violation)));
            ExitCode::FAILURE
        }
    }
}

fn run_many(count: u64, start: u64) -> ExitCode {
    let mut seeds: Vec<u64> = findings().into_iter().map(|finding| finding.seed).collect();
    seeds.extend(start..start.saturating_add(count));
    seeds.sort_unstable();
    seeds.dedup();
    let mut coverage = Coverage::default();
    let mut failed: Vec<Report> = Vec::new();
    let (mut done, mut steps) = (0, 0);
    run_all(&seeds, |report| {
        done += 1;
        steps += report.steps;
        coverage.merge(&report.coverage);
        if report.violation.is_some() {
            failed.push(report);
        }
        terminal::progress(done, seeds.len(), failed.len());
    });
    failed.sort_by_key(|report| report.seed);
    let unseen = tell_coverage(&coverage);
    tell_failures(&failed);
    terminal::line(&format!("{} seeds, {steps} events, {} failed", seeds.len(), failed.len()));
    let is_blind = unseen > 0 && seeds.len() >= SEEDS_FOR_COVERAGE;
    if failed.is_empty() && !is_blind { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells what was exercised; returns how much was not.
fn tell_coverage(coverage: &Coverage) -> usize {
    let mut unseen = 0;
    for behaviour in Behaviour::ALL {
        let count = coverage.count(*behaviour);
        let mark = if count == 0 { "  <- never" } else { "" };
        unseen += usize::from(count == 0);
        terminal::line(&format!("{count:>9}  {}{mark}", behaviour.text()));
    }
    unseen
}

fn tell_failures(failed: &[Report]) {
    for report in failed.iter().take(FAILURES_TOLD) {
        let Some(violation) = &report.violation else { continue };
        terminal::line(&format!("seed {} fails {}", report.seed, described(violation)));
        terminal::line(&format!("    cargo run --release -p vouchmq-sim -- --seed {} --trace", report.seed));
    }
    if !failed.is_empty() {
        terminal::line("fix what they found, and add them to sim/seeds.txt: SEED  # what it found");
    }
}

fn described(violation: &Violation) -> String {
    let secs = violation.at.micros() / 1_000_000;
    format!("after {secs} s: {}", violation.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<Arguments> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments)
    }

    #[test]
    fn the_command_line_is_understood_or_refused() {
        let one = Arguments { seed: Some(7), start: 1, trace: true, ..Arguments::default() };
        assert_eq!(parsed("--seed 7 --trace"), Some(one));
        let many = Arguments { count: 500, start: 9, ..Arguments::default() };
        assert_eq!(parsed("--seeds 500 --start 9"), Some(many));
        for wrong in ["--seed", "--seed x", "--sed 7", "7"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
