//! Memory that a product will read next, fetched into the cache while it computes. The processor sees by itself that a panel
//! is read line after line, but not where the next one stands; without this its first tile waits for every line.

use super::simd::Simd;

/// On every processor that we have kernels for, or half of one.
pub(super) const LINE_BYTES: usize = 64;

/// At a time: what a tile reads of its own panel between two of these.
const MOST_LINES: usize = 16;

/// What will be read after what is read now.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    start: *const u8,
    bytes: usize,
}

impl Ahead {
    pub(super) const NOTHING: Self = Self { start: std::ptr::null(), bytes: 0 };

    pub(super) fn of<T>(values: &[T]) -> Self {
        Self { start: values.as_ptr().cast(), bytes: size_of_val(values) }
    }

    /// What tile `index` of `tiles` fetches of it, in so many times.
    #[inline(always)]
    pub(super) fn share(self, (index, tiles): (usize, usize), times: usize) -> Share {
        let lines = self.bytes.div_ceil(LINE_BYTES).div_ceil(tiles);
        let offset = index * lines * LINE_BYTES;
        let each = if times == 0 || offset >= self.bytes { 0 } else { lines.div_ceil(times).min(MOST_LINES) };
        Share { next: self.start.wrapping_add(offset), each }
    }
}

/// A tile's part of [`Ahead`].
pub(super) struct Share {
    next: *const u8,
    each: usize,
}

impl Share {
    /// The next lines. Nothing is read: they may lie anywhere.
    ///
    /// # Safety
    /// As [`Simd`].
    #[inline(always)]
    pub(super) unsafe fn fetch<S: Simd>(&mut self) {
        for _ in 0..self.each {
            // SAFETY: the caller's.
            unsafe { S::fetch(self.next) };
            self.next = self.next.wrapping_add(LINE_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line that tiles fetch, in order.
    fn fetched(bytes: usize, tiles: usize, times: usize) -> Vec<usize> {
        let values = vec![0u8; bytes];
        let ahead = Ahead::of(&values);
        let of_tile = |index| {
            let share = ahead.share((index, tiles), times);
            let first = (share.next.addr() - values.as_ptr().addr()) / LINE_BYTES;
            first..first + share.each * times
        };
        (0..tiles).flat_map(of_tile).collect()
    }

    #[test]
    fn tiles_share_the_lines_and_none_is_left_out() {
        for (bytes, tiles, times) in [(64 * 1024, 16, 64), (64 * 1000, 16, 7), (64 * 37, 5, 3), (10, 3, 4)] {
            let lines = fetched(bytes, tiles, times);
            assert!(
                (0..bytes.div_ceil(LINE_BYTES)).all(|line| lines.contains(&line)),
                "{bytes} {tiles} {times}: {lines:?}"
            );
        }
    }

    #[test]
    fn no_tile_is_held_up_by_what_comes_next() {
        assert_eq!(fetched(1 << 20, 1, 4).len(), 4 * MOST_LINES);
        assert!(fetched(1 << 20, 1, 0).is_empty());
        assert_eq!(Ahead::NOTHING.share((0, 1), 4).each, 0);
    }
}
