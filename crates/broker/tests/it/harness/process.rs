use std::fs;
use std::time::Duration;

/// Open descriptors of this process.
pub(crate) fn descriptor_count() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// Resident memory of this process.
pub(crate) fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kibibytes: usize = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kibibytes * 1024
}

/// Processor time of this process, all threads, while `work` runs.
pub(crate) fn processor_time_of(work: impl FnOnce()) -> Duration {
    let id = std::process::id();
    let before = processor_time(id);
    work();
    processor_time(id).saturating_sub(before)
}

/// Processor time of a process so far, in ticks of 10 ms.
pub(crate) fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
    // Behind the name in parentheses: state, then numbers; user and system time are the 12th and 13th of them.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}
