//! Cards and driver as NVIDIA's own tool tells of them, where this program cannot ask CUDA.

use std::process::Command;

use crate::system::nvidia::Card;

/// It comes with each driver.
const TOOL: &str = "nvidia-smi";
const MIB: u64 = 1 << 20;

/// "580.95.05". May start the driver's tool.
#[must_use]
pub(super) fn driver_version() -> Option<String> {
    let kernel = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    let of_kernel = kernel.as_deref().and_then(version_in);
    of_kernel.or_else(|| ask("driver_version")?.lines().next().map(|line| line.trim().to_owned()))
}

/// All cards, by the driver's tool; none where there is no tool. Takes a moment.
#[must_use]
pub(super) fn cards() -> Vec<Card> {
    ask("index,name,compute_cap,memory.total,memory.free").map(|text| cards_in(&text)).unwrap_or_default()
}

fn ask(fields: &str) -> Option<String> {
    let output =
        Command::new(TOOL).arg(format!("--query-gpu={fields}")).arg("--format=csv,noheader,nounits").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines of `index, name, capability, MiB, MiB`; a name may hold commas, and what is not known is in brackets.
fn cards_in(text: &str) -> Vec<Card> {
    let bytes = |mib: &str| mib.parse::<u64>().ok()?.checked_mul(MIB);
    let card = |line: &str| {
        let (number, rest) = line.split_once(',')?;
        let mut from_end = rest.rsplitn(4, ',').map(str::trim);
        let (free, total, capability, name) = (from_end.next()?, from_end.next()?, from_end.next()?, from_end.next()?);
        Some(Card {
            number: number.trim().parse().ok()?,
            name: name.to_owned(),
            capability: Some(capability.to_owned())
                .filter(|text| text.starts_with(|first: char| first.is_ascii_digit())),
            total_bytes: bytes(total),
            free_bytes: bytes(free),
        })
    };
    text.lines().filter_map(card).collect()
}

/// The first word that is a version, of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Release Build`.
fn version_in(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        let mut parts = word.split('.');
        word.contains('.') && parts.all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_digit()))
    };
    text.lines().next()?.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_drivers_tool_says_is_read_whatever_is_missing_in_it() {
        let text = "0, NVIDIA H200, 9.0, 143771, 143156\n1, Quadro, the second, 7.5, 8192, [N/A]\n\
                    2, NVIDIA GB10, [N/A], [N/A], [N/A]\nNo devices were found\n";
        let cards = cards_in(text);
        assert_eq!(cards.len(), 3, "{cards:?}");
        assert_eq!((cards[0].number, cards[0].name.as_str()), (0, "NVIDIA H200"));
        assert_eq!((cards[0].total_bytes, cards[0].free_bytes), (Some(143_771 << 20), Some(143_156 << 20)));
        assert_eq!((cards[1].name.as_str(), cards[1].capability.as_deref()), ("Quadro, the second", Some("7.5")));
        assert_eq!((cards[1].free_bytes, cards[2].total_bytes, cards[2].capability.as_deref()), (None, None, None));
    }

    #[test]
    fn the_drivers_version_is_found_among_other_words() {
        let text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (root@host)\n\
                    GCC version:  gcc version 13.2.0\n";
        assert_eq!(version_in(text).as_deref(), Some("580.95.05"));
        assert_eq!(version_in("NVRM version: none"), None);
        assert_eq!(version_in(""), None);
    }
}
