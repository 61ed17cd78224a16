//! How much memory this process has used, as the system tells it.

/// The most that was ever resident, or `None` where the system does not say.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    status_field_kib("VmHWM:").map(|kib| kib * 1024)
}

/// What the machine has: total bytes, or `None` where the system does not say.
#[must_use]
pub fn total_memory_bytes() -> Option<u64> {
    field_kib("/proc/meminfo", "MemTotal:").map(|kib| kib * 1024)
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
