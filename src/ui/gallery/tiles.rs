//! One picture of the gallery's grid: looked at, selected, with its star and its menu.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use egui::{CornerRadius, Key, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2};

use crate::store::pictures::gallery::GalleryPicture;
use crate::ui::action::{Action, GalleryAction, GalleryView, LookingAt, ResultsAction};
use crate::ui::gallery::rows::name_of;
use crate::ui::gallery::selection::Selection;
use crate::ui::gallery::state::{Thumbnail, Thumbnails};
use crate::ui::gallery::words::GalleryWords;
use crate::ui::results::candidate::Candidates;
use crate::ui::results::picture_menu;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::{Tile, TileStage, paint};

/// A smaller tile has no room for marks.
const LEAST_WITH_MARKS: f32 = 64.0;
const CHECK: f32 = 20.0;

/// What drawing a picture needs.
pub(super) struct Drawing<'a> {
    pub thumbnails: &'a mut Thumbnails,
    pub words: &'a GalleryWords,
    pub starred: &'a BTreeSet<PathBuf>,
    pub selection: &'a Selection,
    pub candidates: &'a Candidates,
    pub looking_at: &'a LookingAt,
    pub textures: &'a mut Textures,
    pub actions: &'a mut Vec<Action>,
    /// A click opens the picture, as in a window that has no room to show it beside.
    pub opens: bool,
}

impl Drawing<'_> {
    pub(super) fn picture(&mut self, ui: &Ui, rect: Rect, picture: &GalleryPicture) {
        let file = &picture.path;
        let (texture, size_px, stage) = self.seen(file);
        let chosen = matches!(self.looking_at, LookingAt::Gallery(shown) if shown.file == *file);
        let selected = self.selection.contains(file);
        let name = format!("Picture {}{}", name_of(file), if selected { ", selected" } else { "" });
        let tile = Tile { name: &name, texture, size_px, stage, chosen };
        let response = tile.show(ui, rect, ui.scope_id().with(file));
        self.pressed(ui, &response, file);
        let is_starred = self.starred.contains(file);
        if rect.width() > LEAST_WITH_MARKS {
            if is_starred {
                let corner = Rect::from_min_size(rect.right_top() + vec2(-22.0, 4.0), vec2(18.0, 18.0));
                ui.painter().rect_filled(corner, theme::RADIUS, egui::Color32::from_black_alpha(184));
                paint::icon(ui, corner, icons::STAR, theme::SMALL_ICON_PT, theme::DARK.accent_text);
            }
            if selected || !self.selection.is_empty() || response.contains_pointer() {
                self.check(ui, rect, file, selected);
            }
        }
        response.context_menu(|ui| picture_menu::show(ui, file, is_starred, self.actions));
        response.on_hover_ui(|ui| {
            ui.label(self.hover_text(file));
        });
    }

    fn seen(&mut self, file: &Path) -> (Option<egui::TextureId>, [u32; 2], TileStage) {
        match self.thumbnails.get(file) {
            Some(Thumbnail::Ready(small)) => {
                (self.textures.small(small), [small.width(), small.height()], TileStage::Ready)
            }
            Some(Thumbnail::Broken(_)) => (None, [1, 1], TileStage::Broken),
            Some(Thumbnail::Asked) => (None, [1, 1], TileStage::Ready),
            None => {
                self.thumbnails.want(file);
                (None, [1, 1], TileStage::Ready)
            }
        }
    }

    fn pressed(&mut self, ui: &Ui, response: &egui::Response, file: &Path) {
        let file = file.to_path_buf();
        let (modifiers, enter, space) =
            ui.input(|input| (input.modifiers, input.key_pressed(Key::Enter), input.key_pressed(Key::Space)));
        let has_focus = response.has_focus();
        let action = if has_focus && enter || response.double_clicked() {
            GalleryAction::OpenView(Some(file))
        } else if has_focus && space || response.clicked() && modifiers.command {
            GalleryAction::Toggle(file)
        } else if response.clicked() && modifiers.shift {
            GalleryAction::ExtendTo(file)
        } else if response.clicked() && self.opens {
            GalleryAction::OpenView(Some(file))
        } else if response.clicked() {
            let view = GalleryView { file, picture: None };
            self.actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Gallery(view))));
            return;
        } else {
            return;
        };
        self.actions.push(Action::Gallery(action));
    }

    /// The mark of what is selected; empty over what could be.
    fn check(&mut self, ui: &Ui, tile: Rect, file: &Path, selected: bool) {
        let rect = Rect::from_min_size(tile.min + Vec2::splat(4.0), Vec2::splat(CHECK));
        let response = ui.interact(rect, ui.scope_id().with(("select", file)), Sense::CLICK);
        let name = format!("Select {}", name_of(file));
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), selected, &name));
        let corners = CornerRadius::same(theme::RADIUS);
        if selected {
            ui.painter().rect_filled(rect, corners, theme::tokens(ui).accent);
            paint::icon(ui, rect, icons::CHECK, theme::SMALL_ICON_PT, theme::tokens(ui).on_accent);
        } else {
            ui.painter().rect_filled(rect, corners, egui::Color32::from_black_alpha(120));
            ui.painter().rect_stroke(rect, corners, Stroke::new(1.0, egui::Color32::WHITE), StrokeKind::Inside);
        }
        if response.clicked() {
            self.actions.push(Action::Gallery(GalleryAction::Toggle(file.to_path_buf())));
        }
    }

    /// The tooltip's text.
    fn hover_text(&self, file: &Path) -> String {
        if let Some(Thumbnail::Broken(problem)) = self.thumbnails.get(file) {
            return problem.clone();
        }
        if let Some(words) = self.words.of(file) {
            return format!("{}\n{}", words.prompt, words.facts);
        }
        let made_here = self.candidates.list.iter().find(|one| one.made().is_some_and(|made| made.file == file));
        made_here.map_or_else(|| name_of(file), |one| one.request.prompt.clone())
    }
}
