//! How much memory this process has used and the machine has, as the system tells it without unsafe calls.
//!
//! Linux tells both, macOS the machine's total; Windows tells neither this way.

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
    status_field_kib("VmRSS:").map(|kib| kib * 1024)
}

/// What the machine has: total bytes, or `None` where the system does not say.
#[must_use]
pub fn total_memory_bytes() -> Option<u64> {
    // It never changes, and asking macOS means starting a program.
    static TOTAL: OnceLock<Option<u64>> = OnceLock::new();
    *TOTAL.get_or_init(|| {
        if cfg!(target_os = "macos") {
            let told = Command::new("/usr/sbin/sysctl").args(["-n", "hw.memsize"]).output().ok()?;
            return String::from_utf8(told.stdout).ok()?.trim().parse().ok();
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
    field_kib("/proc/meminfo", "MemAvailable:").map(|kib| kib * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_fits_into_the_machine() {
        let (peak, total) = (peak_memory_bytes().unwrap(), total_memory_bytes().unwrap());
        assert!(1 << 20 < peak && peak < total, "{peak} of {total}");
    }
}
