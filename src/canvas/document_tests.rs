//! Whatever is done to a canvas can be taken back to the byte, done again, and made once more from its records.

use std::sync::Arc;

use super::*;
use crate::canvas::{BaseSettings, Content, Ink, Layer, LayerSettings, TILE_PX};
use crate::mask::{Brush, BrushPoint};
use crate::raster::Extension;

type LookOfLayer = (LayerId, LayerSettings, Arc<Picture>, Option<Vec<u8>>);
type Look = (Option<(u32, u32, Vec<u8>)>, Vec<u8>, Origin, BaseSettings, Vec<LookOfLayer>);

fn look(document: &Document) -> Look {
    let picture = document.whole_picture().map(|p| (p.width(), p.height(), p.rgba().to_vec()));
    let stack = document.stack();
    let mask = |layer: &Layer| layer.mask.as_ref().map(|mask| mask.plane().values().to_vec());
    let layer = |layer: &Layer| (layer.id, layer.settings.clone(), layer.content.seen(), mask(layer));
    let layers = stack.layers().iter().map(layer).collect();
    (picture, document.mask().plane().values().to_vec(), document.origin().clone(), *stack.base(), layers)
}

fn noise(width: u32, height: u32, seed: u32) -> Arc<Picture> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let rgba = (0..width * height * 4).map(|_| next()).collect();
    Arc::new(Picture::from_rgba(width, height, rgba).unwrap())
}

/// A small generator of its own: what a hand might do, by number.
struct Hand(u64);

impl Hand {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % end.max(1)
    }

    fn point(&mut self) -> BrushPoint {
        let mut side = || self.below(500) as f32 - 80.0;
        BrushPoint::at(side(), side())
    }

    fn act(&mut self, document: &mut Document) {
        let ink = [Ink::Mask, Ink::Eraser, Ink::Colour([200, 30, 90])][self.below(3) as usize];
        let brush = Brush { diameter_px: 1.0 + self.below(60) as f32, hardness: 0.5, opacity: 0.6 };
        let layers: Vec<LayerId> = document.stack().layers().iter().map(|layer| layer.id).collect();
        let layer = layers.get(self.below(layers.len() as u32 + 1) as usize).copied();
        let part = layer.map(|id| [LayerPart::Drawing(id), LayerPart::Mask(id)][self.below(2) as usize]);
        match self.below(22) {
            0..=4 => {
                document.begin_stroke_on(part, ink, brush);
                for _ in 0..=self.below(4) {
                    document.stroke_to(self.point());
                }
                document.end_stroke();
            }
            5 => {
                let corners: Vec<_> = (0..5).map(|_| self.point()).map(|p| [p.x, p.y]).collect();
                let [width, height] = document.size_px().unwrap_or_default();
                document.fill_shape(part, ink, 0.8, &crate::mask::shape::polygon(&corners, width, height));
            }
            6 => {
                let inverted = document.mask().plane().values().iter().map(|value| 255 - value).collect();
                let (width, height) = (document.mask().plane().width(), document.mask().plane().height());
                document.set_mask(MaskPlane::from_values(width, height, inverted).unwrap());
            }
            7 => {
                let plane = document.mask().plane();
                document.set_mask(MaskPlane::empty(plane.width(), plane.height()));
            }
            8 => {
                let (x, y) = (self.below(300), self.below(200));
                document.change(|canvas| canvas.flooded(x, y));
            }
            9 if document.size_px().is_none_or(|[width, _]| width < 400) => {
                let sides = Extension { left: self.below(9), top: 0, right: self.below(40), bottom: self.below(5) };
                document.change(|canvas| canvas.extended(sides));
            }
            10 => {
                let picture = noise(100 + self.below(200), 90 + self.below(150), self.below(1000));
                document.replace(Some((picture, Origin { file: Some("a.png".into()), made_here: true })));
            }
            11 if self.below(4) == 0 => document.replace(None),
            12..=14 => {
                let drawing = self.below(2) == 0;
                let content = match document.size_px().filter(|_| drawing) {
                    Some(size_px) => Content::empty_drawing(size_px),
                    None => Content::Picture(noise(20 + self.below(30), 20, self.below(99))),
                };
                let settings = LayerSettings { name: format!("{}", self.below(99)), ..LayerSettings::default() };
                document.change(|canvas| Some(canvas.with_layer(settings, content, layer, [90, 60])));
            }
            15 => {
                let (from, to) = (self.below(9) as usize, self.below(9) as usize);
                document.change_stack(|stack| {
                    let count = stack.layers.len();
                    if count < 2 || from % count == to % count {
                        return false;
                    }
                    let moved = stack.layers.remove(from % count);
                    stack.layers.insert(to % count, moved);
                    true
                });
            }
            16 => {
                document.change_stack(|stack| {
                    let count = stack.layers.len();
                    stack.layers.retain(|state| Some(state.id) != layer);
                    stack.layers.len() != count
                });
            }
            17 => {
                // A slider on its way, and back to where it was: no step.
                let before = document.stack().base().picture_opacity;
                for opacity in [0.1, 0.7, if self.below(2) == 0 { before } else { before * 0.9 }] {
                    document.edit_stack(|stack| stack.base.picture_opacity = opacity);
                }
                document.end_editing();
            }
            18 if layer.is_some() => {
                document.change(|canvas| canvas.with_content(layer.unwrap(), |content| Some(content.inverted())));
            }
            19 if layer.is_some() => {
                let keeps = self.below(3) > 0;
                document.change(|canvas| canvas.with_layer_mask(layer.unwrap(), |plane| keeps.then_some(plane)));
            }
            20 if layer.is_some() => {
                document.change(|canvas| canvas.merged_down(layer.unwrap()));
            }
            _ => {
                document.undo();
            }
        }
    }
}

#[test]
fn undo_restores_every_byte_and_redo_brings_it_back() {
    for seed in 0..12 {
        let mut hand = Hand(seed);
        let mut document = Document::default();
        document.replace(Some((noise(2 * TILE_PX + 30, TILE_PX + 9, 1), Origin::default())));
        let mut looks = vec![look(&document)];
        while looks.len() < 40 {
            let steps = document.history.undo_count();
            hand.act(&mut document);
            match document.history.undo_count() {
                more if more > steps => looks.push(look(&document)),
                fewer if fewer < steps => {
                    looks.pop();
                    if looks.is_empty() {
                        document.redo();
                        looks.push(look(&document));
                    }
                }
                _ => assert_eq!(Some(&look(&document)), looks.last(), "no step, yet something changed"),
            }
        }
        for wanted in looks.iter().rev() {
            assert!(look(&document) == *wanted, "seed {seed}");
            document.undo();
        }
        assert!(document.picture().is_none(), "at last the empty canvas");
        for wanted in &looks {
            document.redo();
            assert!(look(&document) == *wanted, "seed {seed}, forth again");
        }
    }
}

#[test]
fn the_records_make_the_same_canvas_with_the_same_steps() {
    for seed in 20..26 {
        let mut hand = Hand(seed);
        let mut document = Document::default();
        let mut records = Vec::new();
        document.replace(Some((noise(200, 150, 3), Origin::default())));
        for _ in 0..30 {
            hand.act(&mut document);
            records.append(&mut document.take_records());
        }
        let mut again = Document::default();
        for record in records {
            again.replay(record);
        }
        let condensed = again.condensed();
        let mut third = Document::default();
        for record in condensed {
            third.replay(record);
        }
        loop {
            assert!(look(&again) == look(&document) && look(&third) == look(&document), "seed {seed}");
            assert_eq!(third.history.redo_count(), document.history.redo_count());
            if !document.can_undo() {
                break;
            }
            document.undo();
            again.undo();
            third.undo();
        }
    }
}

#[test]
fn a_stroke_covers_once_and_a_stroke_beside_the_canvas_is_no_step() {
    let mut document = Document::default();
    document.replace(Some((noise(60, 60, 5), Origin::default())));
    document.begin_stroke(Ink::Mask, Brush { diameter_px: 10.0, hardness: 1.0, opacity: 0.5 });
    for x in [10.0, 40.0, 10.0, 40.0] {
        document.stroke_to(BrushPoint::at(x, 30.0));
    }
    document.end_stroke();
    assert_eq!(document.mask().plane().row(30)[20], 128);
    assert_eq!(document.history.undo_count(), 2);
    document.begin_stroke(Ink::Mask, Brush { diameter_px: 10.0, hardness: 1.0, opacity: 1.0 });
    document.stroke_to(BrushPoint::at(-50.0, -50.0));
    document.end_stroke();
    assert_eq!(document.history.undo_count(), 2);
}

#[test]
fn paint_covers_and_takes_nothing_of_what_lies_beside_it() {
    let mut document = Document::default();
    let before = noise(300, 40, 9);
    document.replace(Some((Arc::clone(&before), Origin::default())));
    document.begin_stroke(Ink::Colour([255, 0, 0]), Brush { diameter_px: 12.0, hardness: 1.0, opacity: 1.0 });
    document.stroke_to(BrushPoint::at(100.0, 20.0));
    document.stroke_to(BrushPoint::at(160.0, 20.0));
    document.end_stroke();
    let after = document.whole_picture().unwrap();
    let pixel = |picture: &Picture, x: usize, y: usize| picture.rgba()[(y * 300 + x) * 4..][..4].to_vec();
    assert_eq!(pixel(&after, 130, 20), [255, 0, 0, 255]);
    assert_eq!(document.picture().unwrap().pixel(130, 20), Some([255, 0, 0, 255]));
    for (x, y) in [(0, 0), (130, 10), (130, 30), (290, 20)] {
        assert_eq!(pixel(&after, x, y), pixel(&before, x, y));
    }
}

#[test]
fn the_mask_is_never_lost() {
    let mut document = Document::default();
    document.replace(Some((noise(100, 100, 1), Origin::default())));
    document.begin_stroke(Ink::Mask, Brush { diameter_px: 20.0, hardness: 1.0, opacity: 1.0 });
    document.stroke_to(BrushPoint::at(50.0, 50.0));
    document.replace(Some((noise(100, 100, 2), Origin::default())));
    assert_eq!(document.mask().bounds(), Some(PixelRect::new(40, 40, 60, 60)));
    document.replace(Some((noise(200, 50, 2), Origin::default())));
    assert_eq!(document.mask().plane().row(25)[100], 255);
    document.undo();
    assert_eq!(document.mask().bounds(), Some(PixelRect::new(40, 40, 60, 60)));
}

#[test]
fn history_has_ends() {
    let mut document = Document::default();
    document.replace(Some((noise(64, 64, 1), Origin::default())));
    for step in 0..100u8 {
        document.set_mask(MaskPlane::from_values(64, 64, vec![step + 1; 64 * 64]).unwrap());
    }
    assert_eq!(document.history.undo_count(), History::MAX_STEPS);
    for _ in 0..8 {
        document.replace(Some((Arc::new(Picture::filled(4096, 4096, [0; 4])), Origin::default())));
    }
    assert!(document.history.undo_count() <= 4, "{}", document.history.undo_count());
}

/// What the window's thread does at a frame: nothing of a mask or a drawing is copied or packed there, however large.
#[test]
fn pixels_are_shared_with_steps_and_with_what_is_written() {
    let mut document = Document::default();
    document.replace(Some((noise(300, 200, 1), Origin::default())));
    document.set_mask(MaskPlane::from_values(300, 200, vec![9; 300 * 200]).unwrap());
    let is_shared = |a: &MaskLayer, b: &MaskLayer| Arc::ptr_eq(&a.shared(), &b.shared());
    let (first, before) = (document.mask().clone(), document.snapshot());
    document.take_records();
    document.replace(Some((noise(300, 200, 2), Origin::default())));
    assert!(is_shared(document.mask(), &first), "the mask stays with another picture");
    document.replace(Some((noise(150, 100, 3), Origin::default())));
    let small = document.mask().clone();
    for (back, wanted) in [(true, &first), (false, &small), (true, &first), (true, &first)] {
        if back {
            document.undo()
        } else {
            document.redo()
        };
        assert!(is_shared(document.mask(), wanted));
    }
    // What the journal is to write, and what a project is.
    let sheets = document.take_records().into_iter().filter_map(|record| match record {
        Record::Sheet(sheet) => Some(sheet.mask),
        _ => None,
    });
    let sheets: Vec<MaskLayer> = sheets.collect();
    assert!(sheets.len() == 2 && is_shared(&sheets[0], &first) && is_shared(&sheets[1], &small));
    assert!(is_shared(&document.snapshot().mask, &first));
    // Another project takes the canvas's place as it was read.
    document.replace(None);
    assert!(document.change(|now| Some(now.opened(before))));
    assert!(is_shared(document.mask(), &first));
    assert!(
        document
            .condensed()
            .iter()
            .any(|record| matches!(record, Record::Sheet(sheet) if is_shared(&sheet.mask, &first)))
    );
}

#[test]
fn a_prepared_step_is_put_in_place_only_while_nothing_has_changed() {
    let mut document = Document::default();
    document.replace(Some((noise(300, 200, 1), Origin::default())));
    let snapshot = document.snapshot();
    let (flood, extension) =
        (snapshot.flooded(5, 5).unwrap(), snapshot.extended(Extension { left: 8, ..Extension::default() }));
    let stale = extension.unwrap();
    assert!(document.put(flood));
    assert!(document.mask().plane().values().iter().all(|value| *value == 255));
    assert!(!document.put(stale), "the mask is another by now");
    assert_eq!(document.size_px(), Some([300, 200]));
    let kept = document.mask().shared();
    document.undo();
    assert!(document.mask().is_empty() && document.mask().plane().is_empty(), "one step");
    assert!(kept.values().iter().all(|value| *value == 255), "what was shared stays as it was");
}
