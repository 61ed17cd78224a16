//! How much memory this process takes and the machine has, on Linux, macOS and Windows.

use std::sync::OnceLock;

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// What this process takes now, or `None` where that is unknown.
#[must_use]
pub fn resident_memory_bytes() -> Option<u64> {
    let (system, process) = this_process()?;
    system.process(process).map(sysinfo::Process::memory)
}

/// What the machine has: total bytes, or `None` where that is unknown.
#[must_use]
pub fn total_memory_bytes() -> Option<u64> {
    // It never changes.
    static TOTAL: OnceLock<Option<u64>> = OnceLock::new();
    *TOTAL.get_or_init(|| known(memory().total_memory()))
}

/// What could be had right now without swapping, or `None` where that is unknown; in a Linux container no more
/// than its limit leaves.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    let system = memory();
    let machine = known(system.total_memory())?;
    // What sysinfo calls available on macOS counts the pages that other programs work with.
    let available = if cfg!(target_os = "macos") {
        machine.saturating_sub(system.used_memory())
    } else {
        system.available_memory()
    };
    Some(container_bytes().map_or(available, |left| left.min(available)))
}

fn memory() -> System {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    system
}

fn this_process() -> Option<(System, Pid)> {
    let process = sysinfo::get_current_pid().ok()?;
    let mut system = System::new();
    let what = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), false, what);
    Some((system, process))
}

/// Zero is what sysinfo gives where the system does not answer.
fn known(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

/// What the limit of this process's control group leaves. Files that the system keeps in memory count as free: it gives
/// them up, unlike what processes hold.
fn container_bytes() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let (system, process) = this_process()?;
    let limits = system.process(process)?.cgroup_limits()?;
    Some(limits.total_memory.saturating_sub(limits.rss))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_fits_into_the_machine() {
        let (resident, total) = (resident_memory_bytes().unwrap(), total_memory_bytes().unwrap());
        let available = available_memory_bytes().unwrap();
        assert!(1 << 20 < resident && resident < total, "{resident} of {total}");
        assert!(1 << 20 < available && available < total, "{available} of {total}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_machine_is_told_as_the_kernel_tells_it() {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap();
        let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        assert_eq!(total_memory_bytes(), Some(kib * 1024));
    }
}
