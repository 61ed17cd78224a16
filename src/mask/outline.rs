//! A mask's border as lines (marching squares; Lorensen and Cline, 1987, in the plane), for what is drawn around an area.

use std::collections::HashMap;

use super::{MaskPlane, PixelRect};

/// Larger masks are followed at this size: a screen shows no more of it.
const LONGER_SIDE_PX: u32 = 640;
/// The value that the line follows.
const LEVEL: f32 = 127.5;
/// Of all lines together; of a mask that is all specks, the small ones are left out.
const MOST_POINTS: usize = 20_000;

/// The closed lines around an area, in pixels of the mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// The longest first; the last point of each is joined with its first.
    pub lines: Vec<Vec<[f32; 2]>>,
}

impl Outline {
    /// Around the longest line, left, top, right and bottom. `None` where there is no line.
    #[must_use]
    pub fn bounds(&self) -> Option<[f32; 4]> {
        let line = self.lines.first()?;
        let start = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
        Some(line.iter().fold(start, |[left, top, right, bottom], [x, y]| {
            [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
        }))
    }
}

/// An edge of the grid between two values that are beside each other, or below each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Edge {
    /// From a value to the one right of it.
    Across(i32, i32),
    /// From a value to the one below it.
    Down(i32, i32),
}

impl MaskPlane {
    /// The border of what is at least half masked.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let Some(bounds) = self.bounds() else { return Outline::default() };
        let part = self.cropped(bounds);
        let longer = part.width().max(part.height());
        let small = |side: u32| (side * LONGER_SIDE_PX.min(longer)).div_ceil(longer).max(1);
        let seen = part.resized(small(part.width()), small(part.height()));
        let mut lines = joined(&seen);
        lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
        let mut points_left = MOST_POINTS;
        lines.retain(|line| {
            let fits = line.len() <= points_left;
            points_left -= if fits { line.len() } else { 0 };
            fits
        });
        for line in &mut lines {
            for point in line {
                *point = on_mask(*point, &seen, bounds);
            }
        }
        Outline { lines }
    }
}

/// From the places of the small mask's values to pixels of the whole one.
fn on_mask([x, y]: [f32; 2], seen: &MaskPlane, bounds: PixelRect) -> [f32; 2] {
    let along = |at: f32, from: u32, side: u32, small: u32| from as f32 + (at + 0.5) * side as f32 / small as f32;
    [along(x, bounds.left, bounds.width(), seen.width()), along(y, bounds.top, bounds.height(), seen.height())]
}

/// Every piece of the border goes on at exactly one other: they are joined to closed lines.
fn joined(seen: &MaskPlane) -> Vec<Vec<[f32; 2]>> {
    let (width, height) = (seen.width() as i32, seen.height() as i32);
    let value = |x: i32, y: i32| {
        let is_inside = (0..width).contains(&x) && (0..height).contains(&y);
        if is_inside { f32::from(seen.row(y as u32)[x as usize]) } else { 0.0 }
    };
    let mut next: HashMap<Edge, Edge> = HashMap::new();
    let mut order = Vec::new();
    for y in -1..height {
        for x in -1..width {
            let is_in = |dx: i32, dy: i32| usize::from(value(x + dx, y + dy) > LEVEL);
            let case = is_in(0, 0) * 8 + is_in(1, 0) * 4 + is_in(1, 1) * 2 + is_in(0, 1);
            let (top, bottom) = (Edge::Across(x, y), Edge::Across(x, y + 1));
            let (left, right) = (Edge::Down(x, y), Edge::Down(x + 1, y));
            // What is masked lies on the right hand.
            let pieces: &[(Edge, Edge)] = match case {
                1 => &[(left, bottom)],
                2 => &[(bottom, right)],
                3 => &[(left, right)],
                4 => &[(right, top)],
                5 => &[(left, bottom), (right, top)],
                6 => &[(bottom, top)],
                7 => &[(left, top)],
                8 => &[(top, left)],
                9 => &[(top, bottom)],
                10 => &[(top, left), (bottom, right)],
                11 => &[(top, right)],
                12 => &[(right, left)],
                13 => &[(right, bottom)],
                14 => &[(bottom, left)],
                _ => &[],
            };
            for (from, to) in pieces {
                next.insert(*from, *to);
                order.push(*from);
            }
        }
    }
    let point = |edge: Edge| {
        let share = |a: f32, b: f32| (LEVEL - a) / (b - a);
        match edge {
            Edge::Across(x, y) => [x as f32 + share(value(x, y), value(x + 1, y)), y as f32],
            Edge::Down(x, y) => [x as f32, y as f32 + share(value(x, y), value(x, y + 1))],
        }
    };
    let mut lines = Vec::new();
    for start in order {
        let mut line = Vec::new();
        let mut at = start;
        while let Some(to) = next.remove(&at) {
            line.push(point(at));
            at = to;
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;
    use super::*;

    /// With its sign: what a line goes around clockwise counts as more.
    fn area(outline: &Outline) -> f32 {
        let of_line = |line: &Vec<[f32; 2]>| {
            let pairs = line.iter().zip(line.iter().cycle().skip(1));
            pairs.map(|([ax, ay], [bx, by])| (ax * by - bx * ay) / 2.0).sum::<f32>()
        };
        outline.lines.iter().map(of_line).sum()
    }

    #[test]
    fn a_square_is_gone_around_once_and_a_hole_the_other_way() {
        let mut plane = MaskPlane::empty(40, 30);
        for y in 5..25 {
            plane.row_mut(y)[10..30].fill(255);
        }
        let outline = plane.outline();
        assert_eq!(outline.lines.len(), 1);
        assert!((area(&outline) - 400.0).abs() < 2.0, "{}", area(&outline));
        let [left, top, right, bottom] = outline.bounds().unwrap();
        for (found, wanted) in [(left, 10.0), (top, 5.0), (right, 30.0), (bottom, 25.0)] {
            assert!((found - wanted).abs() < 0.6, "{found} {wanted}");
        }
        for y in 10..20 {
            plane.row_mut(y)[15..25].fill(0);
        }
        let outline = plane.outline();
        assert_eq!(outline.lines.len(), 2);
        assert!((area(&outline) - 300.0).abs() < 4.0, "{}", area(&outline));
        assert!(MaskPlane::empty(9, 9).outline().lines.is_empty());
        assert!(MaskPlane::empty(0, 0).outline().bounds().is_none());
    }

    #[test]
    fn lines_enclose_what_is_masked_whatever_its_shape() {
        for seed in 0..50 {
            let plane = random_mask(seed);
            let outline = plane.outline();
            let masked = plane.values().iter().filter(|value| f32::from(**value) > LEVEL).count() as f32;
            let border: usize = outline.lines.iter().map(Vec::len).sum();
            assert!((area(&outline) - masked).abs() <= border as f32 * 0.51 + 1.0, "{seed}");
            assert!(outline.lines.iter().all(|line| line.len() >= 4), "{seed}: every line is closed");
        }
    }

    #[test]
    fn a_large_mask_is_followed_at_its_place() {
        let mut plane = MaskPlane::empty(4000, 2000);
        for y in 500..1500 {
            plane.row_mut(y)[1000..3000].fill(255);
        }
        let outline = plane.outline();
        let [left, top, right, bottom] = outline.bounds().unwrap();
        for (found, wanted) in [(left, 1000.0), (top, 500.0), (right, 3000.0), (bottom, 1500.0)] {
            assert!((found - wanted).abs() < 4.0, "{found} {wanted}");
        }
    }
}
