use std::fs;

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
