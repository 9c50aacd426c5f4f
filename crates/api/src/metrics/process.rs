use std::fmt;
use std::fs;

use super::page::Page;

/// What the system says of this process; a figure that it does not tell is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessFigures {
    /// Resident memory.
    pub resident_bytes: u64,
    /// Time of processors, in user and in system mode.
    pub cpu_seconds: f64,
    /// Descriptors that are open.
    pub open_fds: u64,
    /// Descriptors that may be open.
    pub max_fds: u64,
    /// Threads.
    pub threads: u64,
    /// When it was started: seconds since 1970.
    pub start_seconds: f64,
    /// How long it has been running.
    pub up_seconds: f64,
}

/// Linux counts the time of a process in hundredths of a second for whoever asks.
const TICKS_PER_SEC: f64 = 100.0;

impl ProcessFigures {
    /// Looks into `/proc`.
    pub fn read() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let booted = fs::read_to_string("/proc/stat").unwrap_or_default();
        let up = fs::read_to_string("/proc/uptime").unwrap_or_default();
        // The one that reads them is among them.
        let open_fds = open_fds();
        let mut figures = Self::of(&stat, &status, &limits, &booted, &up);
        figures.open_fds = open_fds;
        figures
    }

    fn of(stat: &str, status: &str, limits: &str, booted: &str, up: &str) -> Self {
        // The name of the process, in parentheses, may contain anything.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        let started = ticks(19) / TICKS_PER_SEC;
        let booted_at = numbers(booted, "btime").next().unwrap_or(0.0);
        let up: f64 = up.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        let word = |text: &str, name: &str| whole(numbers(text, name).next().unwrap_or(0.0));
        Self {
            resident_bytes: word(status, "VmRSS:").saturating_mul(1024),
            cpu_seconds: (ticks(11) + ticks(12)) / TICKS_PER_SEC,
            open_fds: 0,
            max_fds: word(limits, "Max open files"),
            threads: word(status, "Threads:"),
            start_seconds: booted_at + started,
            up_seconds: (up - started).max(0.0),
        }
    }

    pub(super) fn write(&self, page: &mut Page<'_>) -> fmt::Result {
        page.bytes("process_resident_memory", "Resident memory", self.resident_bytes)?;
        page.seconds_counter(
            "process_cpu",
            "Time of processors, in user and in system mode",
            self.cpu_seconds,
        )?;
        page.gauge("process_open_fds", "Descriptors that are open", self.open_fds)?;
        page.gauge("process_max_fds", "Descriptors that may be open", self.max_fds)?;
        page.gauge("process_threads", "Threads", self.threads)?;
        page.seconds("process_start_time", "When the process was started, since 1970", self.start_seconds)
    }
}

/// The numbers behind a name at the start of a line.
fn numbers<'a>(text: &'a str, name: &str) -> impl Iterator<Item = f64> + use<'a> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().filter_map(|word| word.parse().ok())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "saturates"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// Newer kernels say it as the size of the folder; counting takes as long as there are connections.
fn open_fds() -> u64 {
    const FOLDER: &str = "/proc/self/fd";
    let told = fs::metadata(FOLDER).map_or(0, |folder| folder.len());
    let counted = || fs::read_dir(FOLDER).map_or(0, |fds| fds.count().saturating_sub(1));
    if told > 0 { told } else { u64::try_from(counted()).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_behind_a_name_that_tries_to_hide_them() {
        let stat = "7 (a) R 1 (b) S 1 7 7 0 -1 4194560 5 0 0 0 250 50 0 0 20 0 9 0 12300 1 1";
        let limits = "Limit  Soft  Hard Units\nMax open files            1024                 4096  files\n";
        let figures = ProcessFigures::of(
            stat,
            "Name:\tx\nVmRSS:\t   20 kB\nThreads:\t9\n",
            limits,
            "cpu 1\nbtime 1000\n",
            "223.50 1.0\n",
        );
        let expected = ProcessFigures {
            resident_bytes: 20_480,
            cpu_seconds: 3.0,
            open_fds: 0,
            max_fds: 1024,
            threads: 9,
            start_seconds: 1123.0,
            up_seconds: 100.5,
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn this_process_has_figures() {
        let figures = ProcessFigures::read();
        assert!(figures.resident_bytes > 0 && figures.open_fds > 2 && figures.threads > 0, "{figures:?}");
        assert!(figures.start_seconds > 1.0e9 && figures.max_fds > 0, "{figures:?}");
    }
}
