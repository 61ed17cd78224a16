//! People as skeletons of 18 points, as `OpenPose` has them: what a control network for poses is shown.

use serde::{Deserialize, Serialize};

use crate::raster::{Extension, Picture};

/// Points of a person: nose, neck, right shoulder, elbow and wrist, the left ones, right hip, knee and ankle, the left
/// ones, right and left eye, right and left ear. Right is the person's own.
pub const POINTS: usize = 18;

/// From which point to which a limb goes, in the order in which they are drawn.
pub const LIMBS: [[usize; 2]; 17] = [
    [1, 2],
    [1, 5],
    [2, 3],
    [3, 4],
    [5, 6],
    [6, 7],
    [1, 8],
    [8, 9],
    [9, 10],
    [1, 11],
    [11, 12],
    [12, 13],
    [1, 0],
    [0, 14],
    [14, 16],
    [0, 15],
    [15, 17],
];

/// Of limbs by their place, and of points by theirs.
pub const COLOURS: [[u8; 3]; POINTS] = [
    [255, 0, 0],
    [255, 85, 0],
    [255, 170, 0],
    [255, 255, 0],
    [170, 255, 0],
    [85, 255, 0],
    [0, 255, 0],
    [0, 255, 85],
    [0, 255, 170],
    [0, 255, 255],
    [0, 170, 255],
    [0, 85, 255],
    [0, 0, 255],
    [85, 0, 255],
    [170, 0, 255],
    [255, 0, 255],
    [255, 0, 170],
    [255, 0, 85],
];

/// Half the width of a limb and of a point in a picture whose shorter side is [`LEARNT_PX`], in pixels.
const HALF_WIDTH_PX: f64 = 4.0;
const LEARNT_PX: f64 = 512.0;
/// A limb is darker than its points.
const LIMB_LIGHT: f64 = 0.6;

/// Somebody who stands, in shares of a height, from above the middle.
const STANDING: [[f32; 2]; POINTS] = [
    [0.0, 0.06],
    [0.0, 0.19],
    [-0.10, 0.19],
    [-0.13, 0.36],
    [-0.14, 0.52],
    [0.10, 0.19],
    [0.13, 0.36],
    [0.14, 0.52],
    [-0.06, 0.52],
    [-0.07, 0.75],
    [-0.07, 0.97],
    [0.06, 0.52],
    [0.07, 0.75],
    [0.07, 0.97],
    [-0.02, 0.04],
    [0.02, 0.04],
    [-0.045, 0.055],
    [0.045, 0.055],
];

/// One person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// In pixels.
    pub points: [[f32; 2]; POINTS],
    /// Points that are not seen: neither they nor their limbs are drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<usize>,
}

impl Person {
    #[must_use]
    pub fn sees(&self, point: usize) -> bool {
        !self.hidden.contains(&point)
    }

    /// A point that is seen is not any more, and the other way round.
    pub fn toggle(&mut self, point: usize) {
        if self.sees(point) {
            self.hidden.push(point);
        } else {
            self.hidden.retain(|hidden| *hidden != point);
        }
    }
}

/// People on a picture of a size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pose {
    pub size_px: [u32; 2],
    pub people: Vec<Person>,
}

impl Pose {
    /// More are no picture that a network has learnt from.
    pub const MOST_PEOPLE: usize = 16;

    /// Somebody who stands in the middle.
    #[must_use]
    pub fn standing(size_px: [u32; 2]) -> Self {
        let mut pose = Self { size_px, people: Vec::new() };
        pose.add_person();
        pose
    }

    /// One more, beside those that are there. `false` where there are enough.
    pub fn add_person(&mut self) -> bool {
        if self.people.len() >= Self::MOST_PEOPLE {
            return false;
        }
        let [width, height] = self.size_px.map(|side| side as f32);
        let tall = (0.9 * height).min(2.5 * width);
        // The middle, then to the right and to the left of it in turns.
        let count = self.people.len();
        let steps = count.div_ceil(2) as f32 * if count.is_multiple_of(2) { -1.0 } else { 1.0 };
        let middle = (0.5 * width + steps * 0.3 * tall).clamp(0.0, width);
        let top = (height - tall) / 2.0;
        let points = STANDING.map(|[x, y]| [middle + x * tall, top + y * tall]);
        self.people.push(Person { points, hidden: Vec::new() });
        true
    }

    /// The same on a picture of another size.
    #[must_use]
    pub fn scaled_to(&self, size_px: [u32; 2]) -> Self {
        if self.size_px == size_px || self.size_px.contains(&0) {
            return Self { size_px, ..self.clone() };
        }
        let scale = [0, 1].map(|side| size_px[side] as f32 / self.size_px[side] as f32);
        self.with_points(size_px, |[x, y]| [x * scale[0], y * scale[1]])
    }

    /// The same on a picture that has become larger.
    #[must_use]
    pub fn extended(&self, sides: Extension) -> Self {
        let [width, height] = self.size_px;
        let size_px = [width + sides.left + sides.right, height + sides.top + sides.bottom];
        self.with_points(size_px, |[x, y]| [x + sides.left as f32, y + sides.top as f32])
    }

    fn with_points(&self, size_px: [u32; 2], place: impl Fn([f32; 2]) -> [f32; 2]) -> Self {
        let mut people = self.people.clone();
        people.iter_mut().flat_map(|person| &mut person.points).for_each(|point| *point = place(*point));
        Self { size_px, people }
    }

    /// As a network for poses has learnt it: limbs in their colours on black, points over them.
    #[must_use]
    pub fn drawn(&self) -> Picture {
        let [width, height] = self.size_px;
        let mut rgba = Picture::filled(width, height, [0, 0, 0, 255]).into_rgba();
        let half = HALF_WIDTH_PX * (f64::from(width.min(height)) / LEARNT_PX).max(1.0);
        for person in &self.people {
            let at = |point: usize| person.points[point].map(f64::from);
            for ([from, to], colour) in LIMBS.into_iter().zip(COLOURS) {
                if person.sees(from) && person.sees(to) {
                    let colour = colour.map(|value| (f64::from(value) * LIMB_LIGHT) as u8);
                    Ellipse::between(at(from), at(to), half).fill(&mut rgba, self.size_px, colour);
                }
            }
        }
        for person in &self.people {
            for (point, colour) in COLOURS.into_iter().enumerate().filter(|(point, _)| person.sees(*point)) {
                let at = person.points[point].map(f64::from);
                Ellipse::between(at, at, half).fill(&mut rgba, self.size_px, colour);
            }
        }
        Picture::from_rgba(width, height, rgba).unwrap_or_else(|_| Picture::filled(width, height, [0, 0, 0, 255]))
    }
}

/// Longer than wide, from one point to another.
struct Ellipse {
    middle: [f64; 2],
    /// Of unit length.
    along: [f64; 2],
    /// Half the length and half the width.
    halves: [f64; 2],
}

impl Ellipse {
    fn between(from: [f64; 2], to: [f64; 2], half_width: f64) -> Self {
        let way = [to[0] - from[0], to[1] - from[1]];
        let length = way[0].hypot(way[1]);
        let is_round = length < 1e-6;
        Self {
            middle: [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])],
            along: if is_round { [1.0, 0.0] } else { way.map(|part| part / length) },
            halves: [if is_round { half_width } else { length / 2.0 }, half_width],
        }
    }

    fn fill(&self, rgba: &mut [u8], [width, height]: [u32; 2], [red, green, blue]: [u8; 3]) {
        let [along, across] = self.halves.map(|half| half.max(0.5));
        let reach = along.max(across);
        let range = |middle: f64, side: u32| {
            let from = (middle - reach).floor().clamp(0.0, f64::from(side)) as u32;
            from..(middle + reach + 1.0).ceil().clamp(0.0, f64::from(side)) as u32
        };
        for y in range(self.middle[1], height) {
            for x in range(self.middle[0], width) {
                let [dx, dy] = [f64::from(x) - self.middle[0], f64::from(y) - self.middle[1]];
                let on = (dx * self.along[0] + dy * self.along[1]) / along;
                let off = (dy * self.along[0] - dx * self.along[1]) / across;
                if on.mul_add(on, off * off) <= 1.0 {
                    let place = 4 * (y as usize * width as usize + x as usize);
                    rgba[place..place + 3].copy_from_slice(&[red, green, blue]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/reference/preprocess.py` draws the same by OpenCV, as ControlNet's annotator does.
    #[test]
    fn a_skeleton_is_drawn_as_its_publishers_do() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/preprocess");
        let pose: Pose = serde_json::from_slice(&std::fs::read(folder.join("pose.json")).unwrap()).unwrap();
        assert_eq!(pose.people.len(), 2);
        let wanted = image::open(folder.join("pose.png")).unwrap().to_rgba8();
        let found = pose.drawn();
        assert_eq!([found.width(), found.height()], [wanted.width(), wanted.height()]);
        let pairs = || found.rgba().iter().zip(wanted.as_raw());
        let drawn = wanted.as_raw().chunks_exact(4).filter(|pixel| pixel[..3] != [0; 3]).count();
        // OpenCV rounds points to pixels and ellipses to polygons: outlines differ by a pixel, colours do not.
        let sum: f64 = pairs().map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        assert!(sum / (3.0 * drawn as f64) < 24.0, "off by {} where something is drawn", sum / (3.0 * drawn as f64));
        let common = found.rgba().chunks_exact(4).zip(wanted.as_raw().chunks_exact(4));
        let same = common.filter(|(a, b)| a == b && a[..3] != [0; 3]).count();
        assert!(same * 100 >= drawn * 85, "{same} of {drawn}");
    }

    #[test]
    fn people_stand_beside_each_other_and_stay_where_they_were_on_another_size() {
        let mut pose = Pose::standing([400, 200]);
        while pose.add_person() {}
        assert_eq!(pose.people.len(), Pose::MOST_PEOPLE);
        let necks: Vec<f32> = pose.people[..3].iter().map(|person| person.points[1][0]).collect();
        assert!((necks[0] - 200.0).abs() < 1e-3 && necks[1] > 220.0 && necks[2] < 180.0, "{necks:?}");
        let larger = pose.scaled_to([800, 200]);
        assert!((larger.people[0].points[1][0] - 400.0).abs() < 1e-3);
        let grown = pose.extended(Extension { left: 8, top: 16, right: 0, bottom: 0 });
        assert_eq!(grown.size_px, [408, 216]);
        assert!((grown.people[0].points[1][0] - 208.0).abs() < 1e-3);
    }

    #[test]
    fn what_is_hidden_is_not_drawn_with_its_limbs() {
        let mut pose = Pose::standing([100, 200]);
        let count = |pose: &Pose| pose.drawn().rgba().chunks_exact(4).filter(|pixel| pixel[..3] != [0; 3]).count();
        let whole = count(&pose);
        pose.people[0].toggle(9);
        let without = count(&pose);
        assert!(without < whole);
        pose.people[0].toggle(9);
        assert_eq!(count(&pose), whole);
        (0..POINTS).for_each(|point| pose.people[0].toggle(point));
        assert_eq!(count(&pose), 0);
    }

    #[test]
    fn the_smallest_and_the_damaged_are_drawn_without_harm() {
        assert_eq!(Pose::standing([1, 1]).drawn().size(), [1, 1]);
        let mut pose = Pose::standing([30, 30]);
        pose.people[0].points[3] = [f32::NAN, f32::INFINITY];
        pose.people[0].points[4] = [-1e30, 1e30];
        pose.people[0].hidden = vec![99];
        assert_eq!(pose.drawn().size(), [30, 30]);
    }
}
