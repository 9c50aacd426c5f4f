//! What a process used, read from the system.

use std::{fs, io};

/// CPU time and memory of a process and its children.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) user_secs: f64,
    pub(super) system_secs: f64,
    pub(super) rss_kib: u64,
}

/// Ticks per second in `/proc/PID/stat`: part of Linux's interface to programs, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

impl Usage {
    /// What a process has used so far.
    ///
    /// # Errors
    /// The process is gone, or has ended and is kept only for its parent.
    pub(super) fn of(process: u32) -> io::Result<Self> {
        let mut usage = Self::default();
        usage.add(process)?;
        let children =
            fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|word| word.parse().ok());
        for child in children {
            // One that has ended meanwhile is its parent's affair.
            let _ = usage.add(child);
        }
        Ok(usage)
    }

    /// This process.
    pub(super) fn own() -> Self {
        Self::of(std::process::id()).unwrap_or_default()
    }

    /// User and system time.
    pub(super) fn cpu_secs(&self) -> f64 {
        self.user_secs + self.system_secs
    }

    fn add(&mut self, process: u32) -> io::Result<()> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let ended = || io::Error::new(io::ErrorKind::NotFound, "it has ended");
        let (user, system) = ticks(&stat).ok_or_else(ended)?;
        self.rss_kib += rss_kib(&status).ok_or_else(ended)?;
        self.user_secs += user / TICKS;
        self.system_secs += system / TICKS;
        Ok(())
    }
}

/// Fields 14 and 15, counted behind the program's name, which may hold anything.
fn ticks(stat: &str) -> Option<(f64, f64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn rss_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 75 0 0 20 0 1 0 1 1 1";
        assert_eq!(ticks(stat), Some((250.0, 75.0)));
        assert_eq!(rss_kib("Name:\tx\nVmRSS:\t    5120 kB\n"), Some(5120));
        assert!(Usage::own().rss_kib > 0);
        assert!(Usage::of(u32::MAX).is_err());
    }
}
