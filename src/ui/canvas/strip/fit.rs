//! Which pieces of the tool strip have room, and where each stands. Nothing else puts controls there, so that no two of
//! them can lie over each other at any width and scale.

use egui::{Rect, pos2};

/// Between two pieces of a group.
const GAP: f32 = 2.0;
/// Between two groups, with a line in its middle.
const GROUP_GAP: f32 = 13.0;
/// At least so much is free before what stands at the right end.
const FREE_BEFORE_END: f32 = 8.0;

/// Something that may stand in the strip. Those of one rank are shown together or not at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<P> {
    pub part: P,
    /// Measured, in points.
    pub width: f32,
    /// A line stands between those of different groups.
    pub group: u8,
    /// The lower, the longer it stays in a strip that becomes narrower.
    pub rank: u16,
    pub goes_to: Goes,
    pub at_end: bool,
}

/// What becomes of a piece that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// It is found in the menu.
    ToMenu,
    /// It goes: something else does the same.
    Away,
}

/// What has room, and what has not.
#[derive(Debug)]
pub(super) struct Fitted<P> {
    /// Disjoint, within the strip.
    pub placed: Vec<(P, Rect)>,
    /// Where lines stand between groups.
    pub lines: Vec<f32>,
    pub folded: Vec<P>,
}

/// Lays the pieces into `strip` from the left, in their order; those at the end from the right.
pub(super) fn fit<P: Copy>(pieces: &[Piece<P>], strip: Rect) -> Fitted<P> {
    let mut ranks: Vec<u16> = pieces.iter().map(|piece| piece.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let width_up_to = |most: u16| width(pieces.iter().filter(|piece| piece.rank <= most));
    let last = ranks.iter().copied().take_while(|rank| width_up_to(*rank) <= strip.width()).last();
    let has_room = |piece: &&Piece<P>| last.is_some_and(|last| piece.rank <= last);

    let mut fitted = Fitted { placed: Vec::with_capacity(pieces.len()), lines: Vec::new(), folded: Vec::new() };
    let mut place = |left: f32, piece: &Piece<P>| {
        let rect = Rect::from_min_max(pos2(left, strip.top()), pos2(left + piece.width, strip.bottom()));
        fitted.placed.push((piece.part, rect));
        rect.right()
    };
    let mut before: Option<(u8, f32)> = None;
    for piece in pieces.iter().filter(has_room).filter(|piece| !piece.at_end) {
        let left = match before {
            None => strip.left(),
            Some((group, right)) if group == piece.group => right + GAP,
            Some((_, right)) => {
                fitted.lines.push(right + GROUP_GAP / 2.0);
                right + GROUP_GAP
            }
        };
        before = Some((piece.group, place(left, piece)));
    }
    let mut right = strip.right();
    for piece in pieces.iter().rev().filter(has_room).filter(|piece| piece.at_end) {
        place(right - piece.width, piece);
        right -= piece.width + GAP;
    }
    let folded = pieces.iter().filter(|piece| !has_room(piece) && piece.goes_to == Goes::ToMenu);
    fitted.folded = folded.map(|piece| piece.part).collect();
    fitted
}

fn width<'a, P: 'a>(pieces: impl Iterator<Item = &'a Piece<P>> + Clone) -> f32 {
    let mut sum = 0.0;
    let mut before = None;
    for piece in pieces.clone().filter(|piece| !piece.at_end) {
        sum += piece.width;
        sum += match before {
            None => 0.0,
            Some(group) if group == piece.group => GAP,
            Some(_) => GROUP_GAP,
        };
        before = Some(piece.group);
    }
    let end: Vec<f32> = pieces.filter(|piece| piece.at_end).map(|piece| piece.width + GAP).collect();
    let free = if end.is_empty() { 0.0 } else { FREE_BEFORE_END - GAP };
    sum + free + end.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    fn pieces() -> Vec<Piece<usize>> {
        let piece = |part, width, group, rank| Piece {
            part,
            width,
            group,
            rank,
            goes_to: if part == 3 { Goes::Away } else { Goes::ToMenu },
            at_end: part >= 8,
        };
        let mut pieces: Vec<_> =
            (0..8).map(|part| piece(part, 20.0 + part as f32, part as u8 / 3, part as u16)).collect();
        pieces.extend([piece(8, 28.0, 9, 0), piece(9, 28.0, 9, 0)]);
        pieces
    }

    #[test]
    fn nothing_overlaps_at_any_width_and_nothing_is_lost() {
        for width in 60..600 {
            let strip = Rect::from_min_size(pos2(7.0, 3.0), vec2(width as f32, 40.0));
            let Fitted { placed, folded, lines } = fit(&pieces(), strip);
            for (index, (part, rect)) in placed.iter().enumerate() {
                assert!(strip.contains_rect(*rect), "{width}: {part} at {rect:?}");
                assert!(placed[..index].iter().all(|(_, other)| !other.intersects(*rect)), "{width}: {part}");
                assert!(lines.iter().all(|x| !rect.x_range().contains(*x)), "{width}: a line through {part}");
            }
            let mut all: Vec<usize> = placed.iter().map(|(part, _)| *part).chain(folded).collect();
            all.sort_unstable();
            all.retain(|part| *part != 3);
            assert_eq!(all, [0, 1, 2, 4, 5, 6, 7, 8, 9], "{width}");
        }
    }

    #[test]
    fn what_matters_most_stays_longest() {
        // The first piece, what stands at the end, and the free space between.
        let strip = Rect::from_min_size(pos2(0.0, 0.0), vec2(86.0, 40.0));
        let parts: Vec<usize> = fit(&pieces(), strip).placed.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts, [0, 9, 8]);
    }
}
