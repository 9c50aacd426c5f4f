//! The load generator: `vouchmq bench`, or any program with the same flags.
//!
//! ```text
//! GENERATOR pubsub --pubs N --topics N --subs N --qos N [--size BYTES] [--batch N] [--window N] [--rate PER_S]
//!           --secs S --port PORT --pid PID
//! GENERATOR conn --n N --conc N --hold S [--subscribe QOS] --port PORT --pid PID
//! ```
//!
//! `--subs` is per topic; a publisher has at most `--window` messages that not all receivers have seen; `--rate` is of
//! all publishers together; `--pid` is the broker, whose CPU time and memory are read. The last line of standard output
//! is one JSON object: `broker_cpu_us_per_msg`, `msgs_per_s`, `undelivered` for `pubsub`; `broker_cpu_us_per_conn`,
//! `conns_per_s`, `bytes_per_conn`, `ok` for `conn`; `p50_us`, `p99_us`, `rss_kb` for both. Our own generator gets
//! `--json` as well. Over TLS it gets `--cafile FILE`, over WebSocket `--ws`.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::broker::Running;
use crate::process::Program;

/// A program that makes load.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    program: PathBuf,
    before: &'static str,
    after: &'static str,
}

/// What one run of the generator found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Reading {
    /// Broker CPU, per message or per connection.
    #[serde(alias = "broker_cpu_us_per_msg", alias = "broker_cpu_us_per_conn")]
    pub(super) cpu_us: f64,
    #[serde(alias = "msgs_per_s", alias = "conns_per_s")]
    pub(super) per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) rss_kb: f64,
    pub(super) bytes_per_conn: f64,
    /// Connections that succeeded.
    pub(super) ok: f64,
    /// Connections that were refused, and those that came to nothing.
    pub(super) refused: f64,
    pub(super) errors: f64,
    /// Connections that were accepted or refused.
    pub(super) answers_per_s: f64,
    /// CPU of the generator, per message or per connection.
    #[serde(alias = "gen_cpu_us_per_msg", alias = "gen_cpu_us_per_conn")]
    pub(super) generator_cpu_us: f64,
}

impl Generator {
    /// `vouchmq bench`.
    pub(super) fn own(vouchmq: PathBuf) -> Self {
        Self { program: vouchmq, before: "bench", after: "--json" }
    }

    /// A program with the flags above.
    pub(super) fn external(program: PathBuf) -> Self {
        Self { program, before: "", after: "" }
    }

    /// Puts a load on a broker and reads what it cost.
    pub(super) fn measure(&self, load: &str, broker: &Running) -> Result<Reading> {
        broker.settle()?;
        self.measure_beside(load, broker)
    }

    /// The same while the broker has other things to do.
    pub(super) fn measure_beside(&self, load: &str, broker: &Running) -> Result<Reading> {
        let target = format!("--port {} --pid {} {}", broker.port, broker.pid(), broker.words);
        let program =
            Program::new(&self.program).words(self.before).words(load).words(&target).words(self.after);
        let output = program.limit(Duration::from_secs(120)).stdout()?;
        reading(&output).with_context(|| format!("`{load}` on port {}", broker.port))
    }
}

fn reading(output: &str) -> Result<Reading> {
    let last = output.lines().rev().find(|line| !line.trim().is_empty()).context("no output")?;
    let mut figures: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(last).with_context(|| format!("not a JSON object: {last}"))?;
    // A figure that was not measured.
    figures.retain(|_, figure| !figure.is_null());
    let reading: Reading =
        serde_json::from_value(figures.into()).with_context(|| format!("not figures: {last}"))?;
    if reading.cpu_us <= 0.0 || reading.per_second.max(reading.answers_per_s) <= 0.0 {
        bail!("nothing was delivered, or the broker's CPU time was not measured: {last}");
    }
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read() {
        let line = r#"{"mode":"pubsub","msgs_per_s":1000,"broker_cpu_us_per_msg":7.5,"rss_kb":4096,"p50_us":90,"p99_us":400}"#;
        let found = reading(&format!("warming up\n{line}\n\n")).expect("a reading");
        assert_eq!((found.cpu_us, found.per_second, found.p99_us, found.ok), (7.5, 1000.0, 400.0, 0.0));
        let found =
            reading(r#"{"broker_cpu_us_per_conn":20.5,"conns_per_s":9,"bytes_per_conn":1024,"rss_kb":null}"#);
        assert_eq!(found.expect("a reading").bytes_per_conn, 1024.0);
    }

    #[test]
    fn no_delivery_is_no_figure() {
        assert!(reading(r#"{"msgs_per_s":9,"broker_cpu_us_per_msg":null}"#).is_err());
        assert!(reading(r#"{"msgs_per_s":0,"broker_cpu_us_per_msg":0}"#).is_err());
        assert!(reading("").is_err() && reading("hello").is_err());
    }
}
