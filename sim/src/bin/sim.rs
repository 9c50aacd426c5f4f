//! The simulator's command.
fn main() {
    let seed: u64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1);
    let trace = std::env::args().nth(2).is_some();
    let sink: Option<vouchmq_sim::Sink> = if trace {
        Some(Box::new(|at, line| println!("{:>12.6} {line}", at.micros() as f64 / 1e6)))
    } else {
        None
    };
    let report = vouchmq_sim::run(seed, sink);
    println!("{} steps {} {:?}", report.seed, report.steps, report.violation);
}
