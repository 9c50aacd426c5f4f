//! How much memory there is, and how much this process has.

use std::fs;
use std::path::Path;

/// 80 % of what the cgroup, or else the machine, has; `None` where neither tells.
pub(crate) fn default_limit() -> Option<u64> {
    let total = [cgroup_limit(), machine_total()].into_iter().flatten().min()?;
    Some(total / 10 * 8)
}

/// Resident bytes of this process.
pub(crate) fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes(&status, "VmRSS:")
}

fn machine_total() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// The limit of this process's control group, version 2 or 1.
fn cgroup_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let unified = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let v2 = unified.map(|group| format!("/sys/fs/cgroup{group}/memory.max"));
    let paths = v2.into_iter().chain(["/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned()]);
    paths.filter_map(|path| fs::read_to_string(Path::new(&path)).ok()?.trim().parse().ok()).min()
}

fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_some_memory_and_less_than_its_limit() {
        let (resident, limit) = (resident().unwrap(), default_limit().unwrap());
        assert!(resident > 0 && resident < limit, "{resident} of {limit}");
    }

    #[test]
    fn lines_of_proc_are_read_in_kibibytes() {
        assert_eq!(kibibytes("VmPeak:\t 9 kB\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12 * 1024));
        assert_eq!(kibibytes("", "VmRSS:"), None);
    }
}
