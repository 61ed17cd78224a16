//! How much memory this process has used and the machine has, as the system tells it without unsafe calls.
//!
//! Linux tells all of it, macOS all but the peak, through its own small programs; Windows tells nothing this way.

use std::process::Command;
use std::sync::OnceLock;

/// The most that was ever resident, or `None` where the system does not say.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    status_field_kib("VmHWM:").map(|kib| kib * 1024)
}

/// What this process takes now, or `None` where the system does not say.
#[must_use]
pub fn resident_memory_bytes() -> Option<u64> {
    if cfg!(target_os = "macos") {
        let told = said_by("/bin/ps", &["-o", "rss=", "-p", &std::process::id().to_string()])?;
        return Some(told.trim().parse::<u64>().ok()? * 1024);
    }
    status_field_kib("VmRSS:").map(|kib| kib * 1024)
}

/// What the machine has: total bytes, or `None` where the system does not say.
#[must_use]
pub fn total_memory_bytes() -> Option<u64> {
    // It never changes, and asking macOS means starting a program.
    static TOTAL: OnceLock<Option<u64>> = OnceLock::new();
    *TOTAL.get_or_init(|| {
        if cfg!(target_os = "macos") {
            return said_by("/usr/sbin/sysctl", &["-n", "hw.memsize"])?.trim().parse().ok();
        }
        field_kib("/proc/meminfo", "MemTotal:").map(|kib| kib * 1024)
    })
}

fn status_field_kib(name: &str) -> Option<u64> {
    field_kib("/proc/self/status", name)
}

fn field_kib(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What could be had right now without swapping, or `None` where the system does not say.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    if cfg!(target_os = "macos") {
        return available_by_vm_stat(&said_by("/usr/bin/vm_stat", &[])?);
    }
    field_kib("/proc/meminfo", "MemAvailable:").map(|kib| kib * 1024)
}

fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    String::from_utf8(Command::new(program).args(arguments).output().ok()?.stdout).ok()
}

/// Of `vm_stat`'s answer: pages that nobody uses, and those that macOS gives up without writing them down.
fn available_by_vm_stat(text: &str) -> Option<u64> {
    let page_bytes: u64 = text.split_once("page size of ")?.1.split(' ').next()?.parse().ok()?;
    let pages = |name: &str| -> Option<u64> {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim().trim_end_matches('.').parse().ok()
    };
    let kinds = ["Pages free:", "Pages inactive:", "Pages speculative:"];
    Some(kinds.into_iter().map(pages).sum::<Option<u64>>()? * page_bytes)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_macs_pages_are_counted() {
        let text = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n\
                    Pages free:                               10000.\n\
                    Pages active:                            200000.\n\
                    Pages inactive:                           30000.\n\
                    Pages speculative:                         2000.\n";
        assert_eq!(available_by_vm_stat(text), Some(42_000 * 16384));
        assert_eq!(available_by_vm_stat("vm_stat: command not found"), None);
    }

    #[test]
    fn the_process_fits_into_the_machine() {
        let (peak, total) = (peak_memory_bytes().unwrap(), total_memory_bytes().unwrap());
        assert!(1 << 20 < peak && peak < total, "{peak} of {total}");
    }
}
