//! The strip above the picture: the tools, the chosen tool's own options, and one step back or forth. What has no room
//! stands under "…".

mod colour_popup;
mod colours;
mod extend;
mod fit;
mod hsv;
mod menu;
mod options;
mod parts;

use egui::{CornerRadius, Id, Rect, Response, Ui, UiBuilder, pos2, vec2};

use self::fit::{Fitted, Goes, Piece, fit};
use self::options::Room;
use self::parts::{Button, Part, stands_for};
use crate::canvas::tools::Tool;
use crate::ui::action::Action;
use crate::ui::input::keymap;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::{IconButton, paint};

const TOOLS: [Tool; 9] = [
    Tool::Hand,
    Tool::Brush,
    Tool::Eraser,
    Tool::Lasso,
    Tool::Rectangle,
    Tool::Bucket,
    Tool::Select,
    Tool::Colour,
    Tool::Extend,
];
const BUTTON: f32 = theme::CONTROL_HEIGHT;
const MARGIN: f32 = 8.0;
const LIVE_WORD: &str = "Live";

pub(crate) fn show(ui: &mut Ui, strip: Rect, state: &mut AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(strip, CornerRadius::ZERO, tokens.panel);
    let seam = Rect::from_min_max(pos2(strip.left(), strip.bottom() - 1.0), strip.max);
    ui.painter().rect_filled(seam, CornerRadius::ZERO, tokens.edge);
    let inner = strip.shrink2(vec2(MARGIN, (strip.height() - BUTTON) / 2.0));

    // Shorter words before anything goes.
    let mut room = Room::Wide;
    let Fitted { placed, lines, folded } = loop {
        let pieces = pieces(ui, state, room);
        let fitted = fit(&pieces, inner);
        match room.narrower() {
            Some(narrower) if fitted.placed.len() < pieces.len() => room = narrower,
            _ => break fitted,
        }
    };
    for x in lines {
        let line = Rect::from_center_size(pos2(x, inner.center().y), vec2(1.0, 20.0));
        ui.painter().rect_filled(line, CornerRadius::ZERO, tokens.line);
    }
    let mut label = Id::NULL;
    let word = placed.iter().find(|(part, _)| *part == Part::LiveWord).map(|(_, rect)| *rect);
    for (part, rect) in placed {
        // The word belongs to the switch before it.
        let rect = if part == Part::Button(Button::Live) { rect.union(word.unwrap_or(rect)) } else { rect };
        // A child of its own: what it takes is its own place, whatever it holds.
        let mut child = ui.new_child(
            UiBuilder::new()
                .id_salt(("strip", format!("{part:?}")))
                .max_rect(rect)
                .layout(egui::Layout::left_to_right(egui::Align::Center)),
        );
        child.spacing_mut().item_spacing.x = 0.0;
        draw(&mut child, part, state, &folded, &mut label, actions);
    }
}

fn draw(ui: &mut Ui, part: Part, state: &mut AppState, folded: &[Part], label: &mut Id, actions: &mut Vec<Action>) {
    match part {
        Part::LiveWord => {}
        Part::Button(button) => {
            if icon_button(ui, button, state).clicked() {
                button.press(state, actions);
            }
        }
        Part::More => menu::show(ui, state, folded, actions),
        Part::Colour => colours::chosen(ui, state),
        Part::OtherColour => colours::other(ui, state),
        Part::ExtendNumbers => extend::button(ui, state, actions),
        other => options::draw(ui, other, state, label, actions),
    }
}

fn icon_button(ui: &mut Ui, button: Button, state: &AppState) -> Response {
    let shown = button.shown(state);
    let key = keymap::written(ui.ctx(), shown.command);
    let icon = IconButton::new(shown.icon, shown.name).key(&key).selected(shown.selected);
    let is_wide = button == Button::Live && ui.available_width() > 1.5 * BUTTON;
    let icon = if is_wide { icon.word(LIVE_WORD) } else { icon };
    ui.add_enabled(shown.enabled, icon).on_disabled_hover_text(shown.reason)
}

/// Everything that this tool has, in the strip's order, with what each takes. A rank says what stays longest: the
/// chosen tool, undo and redo, "…", its main option, the other tools, what can be done with the mask, the rest.
fn pieces(ui: &Ui, state: &AppState, room: Room) -> Vec<Piece<Part>> {
    let chosen = state.canvas.tool;
    let piece = |part, width, group, rank| Piece { part, width, group, rank, goes_to: Goes::ToMenu, at_end: false };
    let mut pieces = Vec::with_capacity(32);
    for (rank, tool) in (10..).zip(TOOLS) {
        let rank = if stands_for(tool, chosen) { 0 } else { rank };
        pieces.push(piece(Part::Button(Button::Tool(tool)), BUTTON, 0, rank));
    }
    options::pieces(ui, state, room, &mut pieces);
    if chosen.is_for_mask() {
        for (rank, button) in (40..).zip([Button::ShowMask, Button::InvertMask, Button::ClearMask]) {
            pieces.push(piece(Part::Button(button), BUTTON, 5, rank));
        }
    }
    pieces.push(piece(Part::More, BUTTON, 5, 1));
    let live = |part, width, rank| Piece { at_end: true, ..piece(part, width, 6, rank) };
    pieces.push(live(Part::Button(Button::Live), BUTTON, 5));
    pieces.push(Piece { goes_to: Goes::Away, ..live(Part::LiveWord, live_word_width(ui), 65) });
    if state.live.is_on {
        pieces.push(live(Part::Button(Button::LivePlace), BUTTON, 6));
    }
    for button in [Button::Undo, Button::Redo] {
        pieces.push(Piece { at_end: true, ..piece(Part::Button(button), BUTTON, 6, 1) });
    }
    pieces
}

/// With some room behind it.
fn live_word_width(ui: &Ui) -> f32 {
    let colour = theme::tokens(ui).text_2;
    paint::line(ui, LIVE_WORD, fonts::body(), colour, f32::INFINITY).size().x.ceil() + 8.0
}
