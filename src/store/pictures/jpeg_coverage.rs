//! How much of a JPEG is in its file: the codes of every scan are counted, and no picture is made of them (ITU-T T.81).

use image::GenericImageView;

use super::jpeg_codes::{Bits, Codes};
use super::jpeg_headers::{Frame, Segment, next_segment};
use crate::mask::MaskPlane;

const COEFFICIENTS: usize = 64;
const MOST_PLANES: usize = 4;

/// What a JPEG file holds of its picture.
pub(crate) struct Coverage {
    /// 255 where not even a coarse picture is there; as the file has it, not turned. `None` when all is there.
    pub missing: Option<MaskPlane>,
    /// How much of all coefficients is there, to their last bit: 0 to 1.
    pub detail: f64,
}

/// One colour's place in the frame.
struct Plane {
    id: u8,
    across: usize,
    down: usize,
    /// Blocks that lie in the picture, and in a row of the frame's units.
    blocks: [usize; 2],
    stride: usize,
    /// How far the first scan came.
    reached: Reached,
    /// Which coefficients of a block are not zero; for progressive pictures only.
    known: Vec<u64>,
    prediction_codes: usize,
    other_codes: usize,
}

/// Units of a scan in rows, the first `done` of which were read.
#[derive(Clone, Copy)]
struct Reached {
    across: usize,
    unit_px: [usize; 2],
    done: usize,
}

/// What a scan brings of each coefficient.
#[derive(Clone, Copy)]
struct Band {
    first: usize,
    last: usize,
    is_first: bool,
    is_last: bool,
    progressive: bool,
}

/// `None` when the file is none that is counted here: of another kind, or without a frame.
pub(crate) fn coverage(bytes: &[u8]) -> Option<Coverage> {
    let frame = Frame::of(bytes)?;
    let is_counted = frame.bits == 8 && (0xC0..=0xC2).contains(&frame.marker) && frame.components.len() <= MOST_PLANES;
    if !is_counted || frame.width == 0 || frame.height == 0 {
        return None;
    }
    let mut count = Count::new(&frame)?;
    let mut at = 2;
    while let Some(segment) = next_segment(bytes, at) {
        at = segment.end();
        match segment.marker {
            0xC4 => count.take_codes(segment.content),
            0xDD => count.restart = usize::from(u16::from_be_bytes(segment.content.try_into().ok()?)),
            0xDA => at = count.scan(&segment, bytes),
            0xD9 => break,
            _ => {}
        }
    }
    Some(Coverage { missing: count.missing(&frame), detail: count.detail })
}

struct Count {
    planes: Vec<Plane>,
    /// Units of the whole frame, across and down, and one unit's size.
    units: [usize; 2],
    unit_px: [usize; 2],
    progressive: bool,
    prediction_codes: [Option<Codes>; 4],
    other_codes: [Option<Codes>; 4],
    /// Units from one restart marker to the next; 0 is none.
    restart: usize,
    detail: f64,
}

impl Count {
    fn new(frame: &Frame) -> Option<Self> {
        let most = |side: fn(&super::jpeg_headers::Component) -> usize| frame.components.iter().map(side).max();
        let (across, down) = (most(|component| component.across)?, most(|component| component.down)?);
        if frame.components.iter().any(|part| !(1..=4).contains(&part.across) || !(1..=4).contains(&part.down)) {
            return None;
        }
        let unit_px = [8 * across, 8 * down];
        let units = [frame.width.div_ceil(unit_px[0]), frame.height.div_ceil(unit_px[1])];
        let progressive = frame.marker == 0xC2;
        let planes = frame.components.iter().map(|part| {
            let stride = units[0] * part.across;
            Plane {
                id: part.id,
                across: part.across,
                down: part.down,
                blocks: [
                    (frame.width * part.across).div_ceil(unit_px[0]),
                    (frame.height * part.down).div_ceil(unit_px[1]),
                ],
                stride,
                reached: Reached { across: 1, unit_px, done: 0 },
                known: if progressive { vec![0; stride * units[1] * part.down] } else { Vec::new() },
                prediction_codes: 0,
                other_codes: 0,
            }
        });
        Some(Self {
            planes: planes.collect(),
            units,
            unit_px,
            progressive,
            prediction_codes: [const { None }; 4],
            other_codes: [const { None }; 4],
            restart: 0,
            detail: 0.0,
        })
    }

    fn take_codes(&mut self, mut content: &[u8]) {
        while let Some((head, rest)) = content.split_at_checked(17) {
            let size: usize = head[1..].iter().map(|count| usize::from(*count)).sum();
            let Some((values, rest)) = rest.split_at_checked(size) else { return };
            let tables = if head[0] < 16 { &mut self.prediction_codes } else { &mut self.other_codes };
            if let Some(table) = tables.get_mut(usize::from(head[0] & 15)) {
                *table = Codes::new(&head[1..], values);
            }
            content = rest;
        }
    }

    /// Counts one scan, and gives where the next marker is looked for.
    fn scan(&mut self, header: &Segment<'_>, bytes: &[u8]) -> usize {
        let mut bits = Bits::new(bytes, header.end());
        let Some((parts, band)) = self.scan_header(header.content) else { return header.end() };
        let alone = parts.len() == 1;
        let (across, total) = match parts.as_slice() {
            [part] => (self.planes[*part].blocks[0], self.planes[*part].blocks.iter().product()),
            _ => (self.units[0], self.units[0] * self.units[1]),
        };
        let mut predictions = Predictions { run: 0 };
        let mut done = 0;
        while done < total {
            let restarts = self.restart > 0 && done > 0 && done % self.restart == 0;
            if restarts {
                predictions.run = 0;
            }
            if restarts && bits.restart().is_none()
                || self.unit(&mut bits, &parts, (done % across, done / across), band, &mut predictions).is_none()
            {
                break;
            }
            done += 1;
        }
        self.note(&parts, band, Reached { across, unit_px: self.unit_px, done }, alone);
        let share = if total == 0 { 1.0 } else { done as f64 / total as f64 };
        if band.is_last {
            let blocks = |plane: &Plane| plane.blocks.iter().product::<usize>() as f64;
            let all: f64 = self.planes.iter().map(blocks).sum();
            let brought: f64 = parts.iter().map(|part| blocks(&self.planes[*part])).sum();
            self.detail += brought / all * share * (band.last + 1 - band.first) as f64 / COEFFICIENTS as f64;
        }
        bits.at()
    }

    fn note(&mut self, parts: &[usize], band: Band, reached: Reached, alone: bool) {
        if !band.is_first || band.first > 0 {
            return;
        }
        for part in parts {
            let plane = &mut self.planes[*part];
            plane.reached = reached;
            if alone {
                plane.reached.unit_px =
                    [reached.unit_px[0] / plane.across.max(1), reached.unit_px[1] / plane.down.max(1)];
            }
        }
    }

    fn scan_header(&mut self, content: &[u8]) -> Option<(Vec<usize>, Band)> {
        let count = usize::from(*content.first()?);
        let (parts, end) = content.get(1..)?.split_at_checked(count * 2)?;
        let mut found = Vec::new();
        for part in parts.chunks_exact(2) {
            let index = self.planes.iter().position(|plane| plane.id == part[0])?;
            let plane = &mut self.planes[index];
            (plane.prediction_codes, plane.other_codes) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            found.push(index);
        }
        let (first, last, high, low) = if self.progressive {
            (end.first()?, end.get(1)?, end.get(2)? >> 4, end.get(2)? & 15)
        } else {
            (&0, &63, 0, 0)
        };
        let band = Band {
            first: usize::from(*first),
            last: usize::from(*last),
            is_first: high == 0,
            is_last: low == 0,
            progressive: self.progressive,
        };
        let is_right = (1..=4).contains(&count) && band.first <= band.last && band.last < COEFFICIENTS;
        is_right.then_some((found, band))
    }

    fn unit(
        &mut self,
        bits: &mut Bits<'_>,
        parts: &[usize],
        (x, y): (usize, usize),
        band: Band,
        predictions: &mut Predictions,
    ) -> Option<()> {
        for part in parts {
            let plane = &mut self.planes[*part];
            let (across, down) = if parts.len() == 1 { (1, 1) } else { (plane.across, plane.down) };
            let prediction = self.prediction_codes.get(plane.prediction_codes).and_then(Option::as_ref);
            let other = self.other_codes.get(plane.other_codes).and_then(Option::as_ref);
            for block in 0..across * down {
                let place = (y * down + block / across) * plane.stride + x * across + block % across;
                if !band.progressive {
                    whole_block(bits, prediction?, other?)?;
                } else if band.first == 0 {
                    let count = if band.is_first { u32::from(bits.code(prediction?)?) } else { 1 };
                    bits.take(count.min(16))?;
                } else {
                    predictions.band(bits, other?, plane.known.get_mut(place)?, band)?;
                }
            }
        }
        Some(())
    }

    /// Where no scan came to. Of a progressive picture its brightness alone is asked for, as it has colours from the
    /// same scan; of another every colour.
    fn missing(&self, frame: &Frame) -> Option<MaskPlane> {
        let planes = if self.progressive { self.planes.get(..1)? } else { &self.planes[..] };
        let mut mask = MaskPlane::empty(frame.width as u32, frame.height as u32);
        for y in 0..frame.height {
            let row = mask.row_mut(y as u32);
            for reached in planes.iter().map(|plane| plane.reached) {
                let first = y / reached.unit_px[1] * reached.across;
                let missing_from = reached.done.saturating_sub(first).saturating_mul(reached.unit_px[0]);
                let end = reached.across.saturating_mul(reached.unit_px[0]);
                if missing_from < end {
                    row[missing_from.min(frame.width)..].fill(255);
                }
            }
        }
        (!mask.is_empty()).then_some(mask)
    }
}

/// The reader holds back rows whose colours it mixes with those below. Where these never came it left plain grey.
pub(super) fn add_unfinished_rows(missing: &mut MaskPlane, image: &image::DynamicImage, frame: &Frame) {
    const UNFINISHED: [u8; 4] = [128, 128, 128, 255];
    let down = frame.components.iter().map(|part| part.down).max().unwrap_or(1);
    let is_missing = |row: &[u8]| row.iter().all(|value| *value > 0);
    let first = (0..frame.height).find(|y| is_missing(missing.row(*y as u32))).unwrap_or(frame.height);
    if down == 1 || frame.marker == 0xC2 {
        return;
    }
    for y in (first.saturating_sub(8 * down)..first).rev() {
        let row = missing.row_mut(y as u32);
        let is_left = |x: usize| row[x] > 0 || image.get_pixel(x as u32, y as u32).0 == UNFINISHED;
        if !(0..frame.width).all(is_left) {
            return;
        }
        row.fill(255);
    }
}

/// One block of a picture that is not progressive.
fn whole_block(bits: &mut Bits<'_>, prediction: &Codes, other: &Codes) -> Option<()> {
    let count = bits.code(prediction)?;
    bits.take(u32::from(count.min(16)))?;
    let mut at = 1;
    while at < COEFFICIENTS {
        let code = bits.code(other)?;
        let (zeros, count) = (usize::from(code >> 4), u32::from(code & 15));
        if count == 0 && zeros < 15 {
            break;
        }
        bits.take(count)?;
        at += zeros + 1;
    }
    Some(())
}

/// What goes on from one block of a progressive scan to the next.
struct Predictions {
    /// So many blocks bring nothing new.
    run: u32,
}

impl Predictions {
    /// One block of coefficients without the first.
    fn band(&mut self, bits: &mut Bits<'_>, codes: &Codes, known: &mut u64, band: Band) -> Option<()> {
        let mut at = band.first;
        while self.run == 0 && at <= band.last {
            let code = bits.code(codes)?;
            let (mut zeros, count) = (usize::from(code >> 4), u32::from(code & 15));
            if count == 0 && zeros < 15 {
                self.run = (1 << zeros) + bits.take(zeros as u32)?;
                break;
            }
            bits.take(if band.is_first { count } else { count.min(1) })?;
            if band.is_first {
                at += zeros;
            } else {
                while at <= band.last {
                    if (*known >> at) & 1 == 1 {
                        bits.take(1)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    at += 1;
                }
            }
            if count > 0 && at < COEFFICIENTS {
                *known |= 1 << at;
            }
            at += 1;
        }
        if self.run > 0 {
            self.run -= 1;
            if !band.is_first {
                let again = (at..=band.last).filter(|at| (*known >> at) & 1 == 1).count();
                for _ in 0..again {
                    bits.take(1)?;
                }
            }
        }
        Some(())
    }
}
