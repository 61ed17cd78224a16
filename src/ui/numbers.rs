//! Numbers as a person reads them.

/// Two figures that matter, whatever the speed.
#[must_use]
pub(super) fn seconds(value: f64) -> String {
    match value {
        value if value < 0.095 => format!("{value:.3}"),
        value if value < 9.95 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

/// "12 s", "3 min".
#[must_use]
pub(super) fn duration(value: f64) -> String {
    match value {
        value if value < 9.95 => format!("{value:.1} s"),
        value if value < 90.0 => format!("{value:.0} s"),
        value if value < 5400.0 => format!("{:.0} min", value / 60.0),
        value => format!("{:.1} h", value / 3600.0),
    }
}

/// Of bytes, two figures that matter.
#[must_use]
pub(super) fn gigabytes(bytes: u64) -> String {
    let value = bytes as f64 / 1e9;
    match value {
        value if value < 0.995 => format!("{value:.2}"),
        value if value < 9.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// "2.1 GB"; empty for nothing.
#[must_use]
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        1..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_short() {
        assert_eq!([0.012, 0.31, 12.34].map(seconds), ["0.012", "0.31", "12.3"]);
        assert_eq!([2.5, 42.4, 130.0, 7200.0].map(duration), ["2.5 s", "42 s", "2 min", "2.0 h"]);
    }
}
