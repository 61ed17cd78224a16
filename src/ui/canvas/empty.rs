//! The empty canvas teaches: a frame where the picture will come, words to try, and the two other ways to begin.

use egui::{Align, Rect, Shape, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::store::models::entry::BUILT_IN_EXAMPLES as EXAMPLES;
use crate::ui::action::{Action, FilesAction, LibraryAction, PromptAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{TextButton, paint};

const BUTTON_WIDTH: f32 = 248.0;
/// Under this the longest example would be cut.
const LEAST_BUTTON_WIDTH: f32 = 216.0;
/// A frame narrower than this is too narrow for words, and they stand over it.
const LEAST_WIDTH: f32 = 336.0;
const MARGIN: f32 = 20.0;
const GAP: f32 = 8.0;
const HEADING_HEIGHT: f32 = 28.0;
const HINT_HEIGHT: f32 = 32.0;
const SPACE_ABOVE_BUTTONS: f32 = 24.0;
const FOOT_SPACE: f32 = 24.0;

/// `frame` is where the next picture will lie.
pub(crate) fn show(ui: &mut Ui, viewport: Rect, frame: Rect, state: &AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let corners = [frame.left_top(), frame.right_top(), frame.right_bottom(), frame.left_bottom(), frame.left_top()];
    let stroke = Stroke::new(1.0, tokens.stroke_hover.gamma_multiply(0.8));
    ui.painter().extend(Shape::dashed_line(&corners, stroke, 6.0, 6.0));

    // Inside the frame, in one column where it is narrow.
    let width = (2.0 * BUTTON_WIDTH + GAP).min(frame.width().max(LEAST_WIDTH) - 2.0 * MARGIN);
    let columns = if width < 2.0 * LEAST_BUTTON_WIDTH { 1 } else { 2 };
    let narrow = columns == 1;
    let button = vec2((width - GAP * (columns - 1) as f32) / columns as f32, theme::TALL_BUTTON_HEIGHT);
    let fixed = HEADING_HEIGHT + HINT_HEIGHT + SPACE_ABOVE_BUTTONS + FOOT_SPACE + theme::CONTROL_HEIGHT;
    let most_rows = ((viewport.height() - fixed) / (button.y + GAP)).floor().max(1.0) as usize;
    let rows = most_rows.min(EXAMPLES.len() / 2);
    let height = fixed + rows as f32 * (button.y + GAP) - GAP;
    let block = Rect::from_center_size(viewport.center(), vec2(width, height));

    let mut top = block.top();
    let mut line = |height: f32| {
        let rect = Rect::from_min_size(pos2(block.left(), top), vec2(width, height));
        top += height;
        rect
    };
    let heading = fonts::strong(if narrow { fonts::LARGE_PT } else { fonts::HEADING_PT });
    paint::text(ui, line(HEADING_HEIGHT), Align::Center, "Type a prompt, or drop a photo here", heading, tokens.text_1);
    let draws_emoji = state.model().is_none_or(|model| model.draws_emoji);
    let hint =
        if draws_emoji && !narrow { "The built-in model paints emoji-like scenes. Try one:" } else { "Try one:" };
    paint::text(ui, line(HINT_HEIGHT), Align::Center, hint, fonts::body(), tokens.text_2);
    line(SPACE_ABOVE_BUTTONS);
    for pair in EXAMPLES.chunks(columns).take(rows) {
        let row = line(button.y);
        for (index, example) in pair.iter().enumerate() {
            let at = row.min + vec2((button.x + GAP) * index as f32, 0.0);
            let words = TextButton::new(example).on_surround().height(button.y).width(button.x);
            if ui.put(Rect::from_min_size(at, button), words).clicked() {
                actions.push(Action::Prompt(PromptAction::StartExample(example)));
            }
        }
        line(GAP);
    }
    line(FOOT_SPACE - GAP);
    foot(ui, line(theme::CONTROL_HEIGHT), actions);
}

fn foot(ui: &mut Ui, rect: Rect, actions: &mut Vec<Action>) {
    let key = keymap::written(ui.ctx(), Command::OpenPicture);
    let open = TextButton::new("Open a picture").icon(icons::FOLDER_OPEN).key(&key).bare();
    let add = TextButton::new("Add a model").icon(icons::CUBE).bare();
    let widths = [open.natural_width(ui), add.natural_width(ui)];
    let left = rect.center().x - f32::midpoint(widths[0], widths[1]);
    let start = Rect::from_min_max(pos2(left, rect.top()), rect.max);
    ui.scope_builder(UiBuilder::new().max_rect(start).layout(egui::Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        if ui.add(open).clicked() {
            actions.push(Action::Files(FilesAction::OpenPictureDialog));
        }
        if ui.add(add).clicked() {
            actions.push(Action::Library(LibraryAction::AddModelDialog));
        }
    });
}
