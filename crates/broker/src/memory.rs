//! How much memory there is, and how much this process has.

use std::fs;
use std::path::{Path, PathBuf};

/// 80 % of what the cgroup, or else the machine, has; `None` where neither tells.
pub(crate) fn default_limit() -> Option<u64> {
    let total = [cgroup_limit(), machine_total()].into_iter().flatten().min()?;
    Some(total / 10 * 8)
}

/// What the process takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Bytes that are resident.
    pub(crate) resident: u64,
    /// Bytes of the heap that are in use, where that is known. The rest of what is resident is free: it goes back to
    /// the system sooner or later, or it does not, and serves the next who need it.
    pub(crate) heap: Option<u64>,
}

/// Whether memory is short: when more is resident than the process may have, and most of it is in use. What has
/// come about at one bound goes at a lower one, so that what is decided by it does not change every second.
///
/// What is resident alone must not decide: an allocator may keep what others have freed for ever, and nobody would
/// be let in any more.
pub(crate) fn is_short(was_short: bool, usage: Usage, max: u64) -> bool {
    let (resident_max, heap_max) = if was_short { (max / 10 * 9, max / 10 * 6) } else { (max, max / 10 * 8) };
    usage.resident > resident_max && usage.heap.is_none_or(|heap| heap > heap_max)
}

/// Resident bytes of this process.
pub(crate) fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes(&status, "VmRSS:")
}

fn machine_total() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// The smallest limit of this process's control group and those around it, version 2 or 1.
fn cgroup_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let read = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse().ok();
    limit_files(&groups).filter_map(read).min()
}

/// The files that may limit a process of these control groups.
fn limit_files(groups: &str) -> impl Iterator<Item = PathBuf> {
    groups.lines().flat_map(|line| {
        let (_, of_controllers) = line.split_once(':').unwrap_or_default();
        let (controllers, group) = of_controllers.split_once(':').unwrap_or_default();
        let (root, file) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        };
        let is_of_memory = controllers.split(',').any(|name| name.is_empty() || name == "memory");
        let around = Path::new(group).ancestors().filter(move |_| is_of_memory && !group.is_empty());
        around.map(move |group| Path::new(root).join(group.strip_prefix("/").unwrap_or(group)).join(file))
    })
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

    #[test]
    fn memory_stays_short_until_a_tenth_is_free() {
        let usage = |resident| Usage { resident, heap: None };
        assert!(!is_short(false, usage(100), 100) && is_short(false, usage(101), 100));
        assert!(is_short(true, usage(91), 100) && !is_short(true, usage(90), 100));
    }

    #[test]
    fn what_is_resident_and_free_keeps_nobody_out() {
        let usage = |heap| Usage { resident: 200, heap: Some(heap) };
        assert!(!is_short(false, usage(80), 100) && is_short(false, usage(81), 100));
        assert!(is_short(true, usage(61), 100) && !is_short(true, usage(60), 100));
        assert!(!is_short(false, Usage { resident: 50, heap: Some(500) }, 100), "most of it is not there");
    }

    #[test]
    fn every_group_around_the_process_may_limit_it() {
        let files =
            |groups| -> Vec<_> { limit_files(groups).map(|path| path.display().to_string()).collect() };
        let v2 =
            ["/sys/fs/cgroup/a/b/memory.max", "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/memory.max"];
        assert_eq!(files("0::/a/b\n"), v2);
        assert_eq!(files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        let v1 =
            ["/sys/fs/cgroup/memory/c/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        assert_eq!(files("4:cpu,cpuacct:/x\n3:memory:/c\n"), v1);
    }
}
