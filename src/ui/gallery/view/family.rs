//! Under the seen picture: what it was made from, itself, and what was made from it.

use std::path::Path;

use egui::{Align, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::facts::number;
use super::state::Family;
use crate::store::worker::Relative;
use crate::ui::action::{Action, GalleryView, LookingAt, ResultsAction};
use crate::ui::gallery::state::{Thumbnail, Thumbnails};
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{Tile, TileStage, paint};

const TILE: f32 = 80.0;
const TILE_SHORT: f32 = 56.0;
const HEADING: f32 = 28.0;
const WORDS: f32 = 20.0;
const GAP: f32 = 8.0;
/// Between the generations, with a caret in its middle.
const BETWEEN: f32 = 28.0;
const RING: f32 = 4.0;

/// What it takes.
#[must_use]
pub(super) fn height(short: bool) -> f32 {
    if short { TILE_SHORT + 16.0 } else { HEADING + TILE + WORDS + 16.0 }
}

pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    family: &Family,
    short: bool,
    thumbnails: &mut Thumbnails,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    let tokens = theme::tokens(ui);
    let side = if short { TILE_SHORT } else { TILE };
    let heading = if short { 0.0 } else { HEADING };
    if !short {
        let line = Rect::from_min_size(rect.min, vec2(rect.width(), HEADING));
        paint::text(ui, line, Align::Min, "Family", fonts::body(), tokens.text_2);
    }
    let area = Rect::from_min_max(pos2(rect.left() - RING, rect.top() + heading - RING), rect.max);
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::horizontal().id_salt("family").auto_shrink([false, false]).show(ui, |ui| {
            let parents = usize::from(family.from.is_some());
            let carets = parents + usize::from(!family.made.is_empty());
            let tiles = parents + 1 + family.made.len();
            let width = tiles as f32 * (side + GAP) + carets as f32 * BETWEEN + 2.0 * RING;
            let (rect, _) = ui.allocate_exact_size(vec2(width, side + WORDS + 2.0 * RING), egui::Sense::hover());
            let mut at = rect.min + vec2(RING, RING);
            let mut tile = |ui: &Ui, at: egui::Pos2, file: &Path, words: &str, is_this: bool| {
                let place = Rect::from_min_size(at, vec2(side, side));
                let (texture, size_px) = small(file, thumbnails, textures);
                let name = if is_this { "This picture".to_owned() } else { format!("Family: {words}") };
                let tile = Tile { name: &name, texture, size_px, stage: TileStage::Ready, chosen: is_this };
                let response = tile.show(ui, place, ui.scope_id().with(("family", file)));
                if response.clicked() && !is_this {
                    let view = GalleryView { file: file.to_path_buf(), picture: None };
                    actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Gallery(view))));
                }
                response.on_hover_text(words);
                if !short {
                    let below = Rect::from_min_size(place.left_bottom() + vec2(0.0, 5.0), vec2(side, WORDS));
                    let colour = if is_this { tokens.text_1 } else { tokens.text_2 };
                    paint::text(ui, below, Align::Center, words, fonts::body(), colour);
                }
            };
            let caret = |ui: &Ui, at: &mut egui::Pos2| {
                let place = Rect::from_min_size(*at - vec2(GAP / 2.0, 0.0), vec2(BETWEEN, side));
                paint::icon(ui, place, icons::CARET_RIGHT, theme::CARET_PT, tokens.text_3);
                at.x += BETWEEN;
            };
            if let Some(from) = &family.from {
                tile(ui, at, &from.file, &begun_from(from), false);
                at.x += side + GAP;
                caret(ui, &mut at);
            }
            tile(ui, at, &family.of, "this picture", true);
            at.x += side + GAP;
            if !family.made.is_empty() {
                caret(ui, &mut at);
            }
            for made in &family.made {
                tile(ui, at, &made.file, &came_of(made), false);
                at.x += side + GAP;
            }
        });
    });
}

fn small(file: &Path, thumbnails: &mut Thumbnails, textures: &mut Textures) -> (Option<egui::TextureId>, [u32; 2]) {
    match thumbnails.get(file) {
        Some(Thumbnail::Ready(small)) => (textures.small(small), [small.width(), small.height()]),
        Some(_) => (None, [1, 1]),
        None => {
            thumbnails.want(file);
            (None, [1, 1])
        }
    }
}

fn begun_from(relative: &Relative) -> String {
    let prompt = relative.request.as_ref().and_then(|request| request.prompt.lines().next());
    prompt.filter(|line| !line.trim().is_empty()).unwrap_or("made from").to_owned()
}

/// What was done, and how much of it.
fn came_of(relative: &Relative) -> String {
    match (relative.strength, &relative.request) {
        (Some(strength), _) => format!("edit, {}", number(strength)),
        (None, Some(request)) => format!("seed {}", request.seed),
        (None, None) => "made of it".to_owned(),
    }
}
