//! Which kernel makes a product, and into how many parts its inner length is cut: by what each takes of the card.

/// Parts of the inner length that are tried.
const SPLITS: [usize; 8] = [1, 2, 3, 4, 6, 8, 12, 16];

/// Parts are no shorter than this.
const SHORTEST_SPLIT: usize = 384;

/// What a launch and a pass over the parts' sums cost, in operations that a multiprocessor does meanwhile: 3 µs, and
/// 4 bytes at 20 GB/s of its own.
const LAUNCH_OPERATIONS: f64 = 1.2e7;
const OPERATIONS_A_SUM: f64 = 800.0;

/// A kernel, and the part of the answer that each of its blocks makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tile {
    pub name: &'static str,
    pub rows: usize,
    pub columns: usize,
    /// Of the inner length, in one step.
    pub depth: usize,
    pub steps_under_way: usize,
    pub threads: usize,
    /// How fast it is beside the fastest of its kind, measured on an H200.
    pub speed: f64,
}

const fn tile(
    name: &'static str,
    [rows, columns, depth]: [usize; 3],
    [steps, threads]: [usize; 2],
    speed: f64,
) -> Tile {
    Tile { name, rows, columns, depth, steps_under_way: steps, threads, speed }
}

/// On instructions that every card has.
pub(super) const PORTABLE: [Tile; 2] =
    [tile("product_128x128", [128, 128, 32], [4, 128], 1.0), tile("product_64x64", [64, 64, 64], [4, 128], 0.85)];

/// On Hopper's.
pub(super) const HOPPER: [Tile; 4] = [
    tile("hopper_64", [128, 64, 64], [4, 256], 0.65),
    tile("hopper_128", [128, 128, 64], [3, 256], 0.9),
    tile("hopper_160", [128, 160, 64], [3, 256], 1.0),
    tile("hopper_256", [128, 256, 64], [4, 256], 0.93),
];

/// For channels that are no whole pieces.
pub(super) const ANY: Tile = tile("product_any", [64, 64, 32], [2, 128], 0.1);

impl Tile {
    pub(super) fn shared_bytes(&self) -> usize {
        (self.rows + self.columns) * self.depth * size_of::<u16>() * self.steps_under_way
    }

    /// Operations that the busiest multiprocessor does, as if this were the fastest kernel.
    fn cost(&self, [rows, columns, inner]: [usize; 3], splits: usize, multiprocessors: usize) -> f64 {
        let blocks = rows.div_ceil(self.rows) * columns.div_ceil(self.columns) * splits;
        let each = 2.0 * (self.rows * self.columns) as f64 * inner.div_ceil(splits) as f64;
        let products = blocks.div_ceil(multiprocessors) as f64 * each / self.speed;
        if splits == 1 {
            return products;
        }
        let sums = (rows * columns * (splits + 1)) as f64 / multiprocessors as f64;
        products + LAUNCH_OPERATIONS + sums * OPERATIONS_A_SUM
    }
}

/// The kernel and the number of parts for `[rows, columns, inner length]`.
pub(super) fn best(tiles: &[Tile], shape: [usize; 3], multiprocessors: usize, may_split: bool) -> (Tile, usize) {
    let most = if may_split { (shape[2] / SHORTEST_SPLIT).max(1) } else { 1 };
    let ways =
        tiles.iter().flat_map(|tile| SPLITS.into_iter().filter(|splits| *splits <= most).map(move |s| (*tile, s)));
    let cost = |(tile, splits): &(Tile, usize)| tile.cost(shape, *splits, multiprocessors);
    ways.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or((ANY, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_products_stay_whole_and_small_ones_are_cut() {
        // SDXL's first level: two and a half tiles of 128 columns would be three.
        assert_eq!(best(&HOPPER, [2 * 128 * 128, 320, 9 * 320], 132, true), (HOPPER[2], 1));
        assert_eq!(best(&HOPPER, [1024 * 1024, 128, 9 * 128], 132, true), (HOPPER[1], 1));
        // SD 1.5's last: 128 rows would leave most of the card idle.
        let (_, splits) = best(&HOPPER, [2 * 8 * 8, 1280, 9 * 1280], 132, true);
        assert!(splits >= 4, "{splits}");
        assert_eq!(best(&PORTABLE, [2 * 8 * 8, 1280, 9 * 1280], 132, false).1, 1);
        assert_eq!(best(&PORTABLE, [1 << 20, 256, 2304], 82, true), (PORTABLE[0], 1));
    }

    /// As much as every card of its kind has.
    #[test]
    fn tiles_find_room() {
        assert!(PORTABLE.iter().chain([&ANY]).all(|tile| tile.shared_bytes() <= 64 << 10));
        assert!(HOPPER.iter().all(|tile| tile.shared_bytes() <= 227 << 10));
    }
}
