//! The strip under the picture: the canvas, a line, then the session's results, and what to do with the shown one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::{Align, Id, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use crate::job::JobId;
use crate::ui::action::{Action, BranchAction, LiveAction, LookingAt, ResultsAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::candidate::{Candidate, Kind, Stage};
use crate::ui::results::{captions, picture_menu};
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::textures::stack_view::PAPER;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, MenuItem, TextButton, Tile, TileStage, paint};

const TILE: f32 = 80.0;
const TILE_SHORT: f32 = 56.0;
const WORDS_HEIGHT: f32 = 20.0;
const GAP: f32 = 8.0;
/// Of the bar that scrolls the tiles.
const BAR_HEIGHT: f32 = 6.0;
/// The chosen ring reaches out so far.
const RING: f32 = 4.0;
/// Before and behind the line between the canvas and the results.
const LINE_GAP: f32 = 15.0;
const ACTIONS_WIDTH: f32 = 160.0;
const ACTIONS_WIDTH_SHORT: f32 = 124.0;
/// A narrow picture gets a wider strip, in points.
const LEAST_WIDTH: f32 = 520.0;

/// `home` is where the picture lies when it fits: the strip is as wide.
pub(crate) fn show(
    ui: &mut Ui,
    home: Rect,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    if !state.shows_strip() {
        state.canvas.peek = None;
        return;
    }
    let area = strip_area(ui, home, layout);
    let actions_width = if layout.short { ACTIONS_WIDTH_SHORT + 32.0 } else { ACTIONS_WIDTH };
    if acts_on_something(state) {
        act(ui, paint::right_part(area, actions_width), layout, &offers(ui, state), actions);
    }
    let tiles = paint::between(area, -RING, actions_width + 24.0);
    let mut room = tiles.expand2(vec2(0.0, RING));
    // The bar lies under the words.
    room.max.y += BAR_HEIGHT;
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ScrollArea::horizontal().id_salt("candidates").auto_shrink([false, false]).show(ui, |ui| {
            let peek = strip(ui, state, textures, layout, actions);
            if peek != state.canvas.peek {
                state.canvas.peek = peek;
                ui.ctx().request_repaint();
            }
        });
    });
}

fn strip_area(ui: &Ui, home: Rect, layout: Layout) -> Rect {
    let area = ui.max_rect();
    let tile = tile_side(layout);
    if layout.short {
        let top = area.bottom() - 83.0 + 12.0;
        return Rect::from_min_max(pos2(area.left() + 16.0, top), pos2(area.right() - 16.0, top + tile));
    }
    let width = width(home, area.shrink2(vec2(20.0, 0.0)));
    let top = area.bottom() - 140.0 + 28.0;
    Rect::from_min_size(pos2(home.center().x - width / 2.0, top).round(), vec2(width, tile + WORDS_HEIGHT))
}

/// As wide as the picture where it fits, and never so narrow that the results have no room.
pub(crate) fn width(home: Rect, area: Rect) -> f32 {
    home.width().max(LEAST_WIDTH.min(area.width()))
}

fn tile_side(layout: Layout) -> f32 {
    if layout.short { TILE_SHORT } else { TILE }
}

/// The canvas (then both are disabled), a finished result, or a gallery picture.
fn acts_on_something(state: &AppState) -> bool {
    match &state.canvas.looking_at {
        LookingAt::Candidate(job) => state.candidates.get(*job).is_some_and(|candidate| candidate.made().is_some()),
        LookingAt::Canvas | LookingAt::Gallery(_) => true,
    }
}

/// What one of the two buttons does.
struct Offer {
    words: &'static str,
    icon: &'static str,
    key: String,
    action: Action,
    /// Why it cannot be done.
    reason: Option<&'static str>,
}

/// With the result that is looked at, or the live one.
fn offers(ui: &Ui, state: &AppState) -> [Offer; 2] {
    // While a field has the keyboard, these keys are the field's.
    let is_theirs = !ui.ctx().egui_wants_keyboard_input();
    let key = |command| if is_theirs { keymap::written(ui.ctx(), command) } else { String::new() };
    if state.live.is_on && !state.is_over_canvas() {
        let none = state.live_result().is_none().then_some("Nothing was drawn yet");
        let kept = state.live_result().is_some_and(|made| made.is_kept).then_some("It is kept already");
        return [
            Offer {
                words: "Keep",
                icon: icons::CHECK,
                key: key(Command::Accept),
                action: Action::Live(LiveAction::Keep),
                reason: none.or(kept),
            },
            Offer {
                words: "Use as input",
                icon: icons::ARROW_LINE_UP,
                key: keymap::written(ui.ctx(), Command::UseResult),
                action: Action::Live(LiveAction::UseAsInput),
                reason: none,
            },
        ];
    }
    let reason = (!state.is_over_canvas()).then_some("The canvas itself is shown: choose a result first");
    [
        Offer {
            words: "Accept",
            icon: icons::CHECK,
            key: key(Command::Accept),
            action: Action::Results(ResultsAction::Accept),
            reason,
        },
        Offer {
            words: "Set aside",
            icon: icons::X,
            key: key(Command::SetAside),
            action: Action::Results(ResultsAction::SetAside),
            reason,
        },
    ]
}

/// The second is only an icon where there is little room.
fn act(ui: &mut Ui, rect: Rect, layout: Layout, offers: &[Offer; 2], actions: &mut Vec<Action>) {
    let width = if layout.short { ACTIONS_WIDTH_SHORT } else { ACTIONS_WIDTH };
    let height = if layout.short { theme::CONTROL_HEIGHT } else { theme::TALL_BUTTON_HEIGHT };
    let top = if layout.short { rect.center().y - height / 2.0 } else { rect.top() };
    let accept_rect = Rect::from_min_size(pos2(rect.left(), top), vec2(width, height));
    let aside_at = if layout.short { pos2(rect.right() - height, top) } else { pos2(rect.left(), top + height + GAP) };
    let aside_size = if layout.short { vec2(height, height) } else { vec2(width, height) };
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        for (offer, at, size, is_icon) in
            [(&offers[0], accept_rect.min, accept_rect.size(), false), (&offers[1], aside_at, aside_size, layout.short)]
        {
            let Offer { words, icon, key, action, reason } = offer;
            let place = Rect::from_min_size(at, size);
            let response = ui.add_enabled_ui(reason.is_none(), |ui| {
                if is_icon {
                    ui.put(place, IconButton::new(icon, words).key(key).framed())
                } else {
                    ui.put(place, TextButton::new(words).key(key).width(size.x).height(size.y).on_surround())
                }
            });
            if response.inner.on_disabled_hover_text(reason.unwrap_or_default()).clicked() {
                actions.push(action.clone());
            }
        }
    });
}

/// Returns what the pointer rests on: that is shown meanwhile. Over the chosen one it is the canvas, to compare.
fn strip(
    ui: &mut Ui,
    state: &AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> Option<LookingAt> {
    let mut peek = None;
    let side = tile_side(layout);
    let at_canvas = state.canvas.looking_at == LookingAt::Canvas;
    let lead = if state.canvas.has_picture() { side + 2.0 * LINE_GAP + 1.0 } else { 0.0 };
    let count = state.candidates.list.len() as f32;
    let size = vec2(2.0 * RING + lead + count * (side + GAP), side + WORDS_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let tile_at = |x: f32| Rect::from_min_size(pos2(rect.left() + RING + x, rect.top() + RING), vec2(side, side));

    if let Some(base) = state.canvas.base() {
        let tile = Tile {
            name: "Canvas picture",
            texture: textures.small(base),
            size_px: [base.width(), base.height()],
            stage: TileStage::Ready,
            chosen: at_canvas,
        };
        let rect = tile_at(0.0);
        let response = tile.show(ui, rect, ui.scope_id().with("canvas tile"));
        paint_layers(ui, rect, state, textures);
        if response.hovered() {
            peek = Some(LookingAt::Canvas);
        }
        if response.clicked() {
            actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Canvas)));
        }
        caption(ui, rect, "canvas", at_canvas, layout);
        let stroke = egui::Stroke::new(1.0, theme::tokens(ui).line);
        ui.painter().vline(rect.right() + LINE_GAP + 0.5, rect.y_range(), stroke);
    }
    let captions = captions::of(&state.candidates.list);
    for (index, (candidate, words)) in state.candidates.list.iter().zip(&captions).enumerate() {
        let rect = tile_at(lead + index as f32 * (side + GAP));
        let chosen = state.canvas.looking_at == LookingAt::Candidate(candidate.job);
        if chosen {
            follow(ui, rect, candidate.job);
        }
        if ui.is_rect_visible(rect.expand(RING)) {
            let job = candidate.job;
            let is_pointed = one(ui, rect, candidate, chosen, &state.gallery.starred, textures, actions);
            if let Some(place) = state.candidates.place_among_chosen(job) {
                number(ui, rect, place + 1);
            }
            let just_clicked = is_just_clicked(ui, job, is_pointed);
            if is_pointed && candidate.made().is_some() && !just_clicked {
                let compared = chosen && state.canvas.has_picture();
                peek = Some(if compared { LookingAt::Canvas } else { LookingAt::Candidate(job) });
            }
            let words = if let Kind::Grid(words) = &candidate.kind { &**words } else { &**words };
            caption(ui, rect, words, chosen, layout);
        }
    }
    peek
}

/// Paint and mask over the canvas's tile, which shows the middle square of the picture.
fn paint_layers(ui: &Ui, tile: Rect, state: &AppState, textures: &mut Textures) {
    let Some([width, height]) = state.canvas.document.size_px() else { return };
    let size = vec2(width as f32, height as f32);
    let picture = Rect::from_center_size(tile.center(), size * (tile.width() / size.min_elem()));
    let tint = theme::tokens(ui).mask.gamma_multiply(state.canvas.tools.mask_opacity);
    let painter = ui.painter().with_clip_rect(tile.intersect(ui.clip_rect()));
    if state.canvas.document.stack().base().picture_is_off {
        painter.rect_filled(picture, 0.0, PAPER);
    } else {
        textures.layers.paint_strokes(&painter, picture);
    }
    textures.layers.paint_mask(&painter, picture, tint);
    let document = &state.canvas.document;
    textures.paint_stack(&painter, picture, document.size_px().unwrap_or_default(), document.stack());
}

/// Returns whether the pointer is over it.
fn one(
    ui: &Ui,
    rect: Rect,
    candidate: &Candidate,
    chosen: bool,
    starred: &BTreeSet<PathBuf>,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) -> bool {
    let job = candidate.job;
    let (texture, stage) = match &candidate.stage {
        Stage::Waiting => (None, TileStage::Waiting),
        Stage::Loading { .. } => (None, TileStage::Running(0.0)),
        Stage::Running(progress) => {
            let texture = progress.preview.as_ref().and_then(|preview| textures.preview(job, preview));
            (texture, TileStage::Running(progress.fraction()))
        }
        Stage::Done(made) => (textures.small(&made.picture), TileStage::Ready),
    };
    let picture = candidate.newest_picture();
    let size_px = picture.map_or([1, 1], |picture| [picture.width(), picture.height()]);
    let name = format!("Result: {}", candidate.request.prompt);
    let response = Tile { name: &name, texture, size_px, stage, chosen }.show(ui, rect, ui.scope_id().with(job));
    if response.clicked() {
        // With Ctrl it is chosen beside others, to compare them.
        let is_beside = ui.input(|input| input.modifiers.command);
        let looked_at = ResultsAction::LookAt(LookingAt::Candidate(job));
        if !is_beside {
            ui.data_mut(|data| data.insert_temp(clicked_id(), job));
        }
        actions.push(Action::Results(if is_beside { ResultsAction::Choose(job) } else { looked_at }));
    }
    response.context_menu(|ui| {
        if let Some(made) = candidate.made() {
            picture_menu::show(ui, &made.file, starred.contains(&made.file), actions);
            ui.separator();
            let key = keymap::written(ui.ctx(), Command::Steps);
            if ui.add(MenuItem::new("Go on from a step…").icon(icons::ARROW_BEND_UP_LEFT).key(&key)).clicked() {
                actions.push(Action::Branch(BranchAction::Open(job)));
                ui.close();
            }
            if ui.add(MenuItem::new("Choose, to compare").icon(icons::CHECK).key("Ctrl+click")).clicked() {
                actions.push(Action::Results(ResultsAction::Choose(job)));
                ui.close();
            }
            return;
        }
        ui.set_width(picture_menu::WIDTH);
        if ui.add(MenuItem::new("Cancel this picture").icon(icons::X)).clicked() {
            actions.push(Action::Results(ResultsAction::Cancel(job)));
            ui.close();
        }
    });
    let hovered = response.hovered();
    response.on_hover_text(&candidate.request.prompt);
    hovered
}

/// Whether the pointer still rests where this one was clicked: what was chosen stays in sight until the pointer leaves its
/// tile, and only the next time it rests there the canvas is shown in its place.
fn is_just_clicked(ui: &Ui, job: JobId, is_pointed: bool) -> bool {
    let was_clicked = ui.data(|data| data.get_temp(clicked_id())) == Some(job);
    if was_clicked && !is_pointed {
        ui.data_mut(|data| data.remove::<JobId>(clicked_id()));
    }
    was_clicked && is_pointed
}

fn clicked_id() -> Id {
    Id::unique("clicked candidate")
}

/// In which order it was chosen beside others.
fn number(ui: &Ui, tile: Rect, number: usize) {
    let tokens = theme::tokens(ui);
    let rect = Rect::from_min_size(tile.min + vec2(4.0, 4.0), vec2(20.0, 20.0));
    ui.painter().rect_filled(rect, theme::RADIUS, tokens.accent);
    paint::text(ui, rect, Align::Center, &number.to_string(), fonts::strong(fonts::BODY_PT), tokens.on_accent);
}

fn caption(ui: &Ui, tile: Rect, words: &str, chosen: bool, layout: Layout) {
    if layout.short {
        return;
    }
    let tokens = theme::tokens(ui);
    let rect = Rect::from_min_size(tile.left_bottom() + vec2(0.0, 5.0), vec2(tile.width(), WORDS_HEIGHT));
    let colour = if chosen { tokens.text_1 } else { tokens.text_2 };
    paint::text(ui, rect, Align::Center, words, fonts::body(), colour);
}

/// Brings a newly chosen tile into sight, once.
fn follow(ui: &Ui, rect: Rect, job: JobId) {
    let id = Id::unique("followed candidate");
    if ui.data(|data| data.get_temp::<JobId>(id)) != Some(job) {
        ui.data_mut(|data| data.insert_temp(id, job));
        ui.scroll_to_rect(rect.expand(2.0 * GAP), None);
    }
}
