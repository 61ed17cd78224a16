//! What this machine has from NVIDIA, known without its libraries.

use std::path::Path;

/// A card as its driver tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// CUDA's number for it, or, where this program cannot ask CUDA, its place on the driver's list.
    pub number: usize,
    pub name: String,
    /// "9.0", where it is known.
    pub capability: Option<String>,
    pub total_bytes: Option<u64>,
    pub free_bytes: Option<u64>,
}

/// Whether a driver is there that programs for CUDA can run on. Asks for files alone, and costs nothing.
#[must_use]
pub fn has_driver() -> bool {
    if cfg!(windows) {
        let folder = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
        return Path::new(&folder).join("System32").join("nvcuda.dll").exists();
    }
    // The kernel's part, and Windows' under its Linux.
    ["/proc/driver/nvidia/version", "/usr/lib/wsl/lib/libcuda.so.1"].iter().any(|file| Path::new(file).exists())
}
