//! The gallery's sheets in front of the window: an export, and tags and collections.

use egui::{Context, Frame, Id, Margin, Modal, RichText, ScrollArea, Ui};

use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{Action, Sheet, WindowAction};
use crate::ui::gallery::{export_sheet, labels_sheet};
use crate::ui::state::AppState;
use crate::ui::theme::fonts;

const WIDTH: f32 = 460.0;
/// Of the frame around it, and between it and the window's edge.
const MARGIN: i8 = 24;
const AROUND: f32 = 16.0;
/// Its heading, and its foot.
const HEAD_AND_FOOT: f32 = 112.0;

pub(crate) fn show(ctx: &Context, sheet: Sheet, state: &mut AppState, actions: &mut Vec<Action>) {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(MARGIN));
    let most = ctx.content_rect().size() - egui::Vec2::splat(2.0 * (f32::from(MARGIN) + AROUND));
    let title = match (sheet, state.gallery.labelling.kind) {
        (Sheet::Export, _) => "Export pictures",
        (_, LabelKind::Tag) => "Tags",
        (_, LabelKind::Collection) => "Collections",
    };
    let modal = Modal::new(Id::unique(("gallery sheet", sheet))).frame(frame).show(ctx, |ui| {
        ui.set_width(most.x.min(WIDTH));
        ui.label(RichText::new(title).font(fonts::strong(fonts::HEADING_PT)));
        ui.add_space(8.0);
        let area = ScrollArea::vertical().max_height((most.y - HEAD_AND_FOOT).max(64.0)).auto_shrink([false, true]);
        area.show(ui, |ui| {
            if sheet == Sheet::Export {
                export_sheet::show(ui, state, actions);
            } else {
                labels_sheet::show(ui, &mut state.gallery, actions);
            }
        });
        ui.add_space(16.0);
        foot(ui, |ui| {
            if sheet == Sheet::Export {
                export_sheet::foot(ui, state, actions);
            } else {
                labels_sheet::foot(ui, actions);
            }
        });
    });
    if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}

fn foot(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), content));
}
