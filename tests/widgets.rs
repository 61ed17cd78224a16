//! The sheet of all controls in all states, as a picture, in both themes.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use egui::{Align, Rect, Role, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_kittest::{Harness, SnapshotResults};
use inkwick::raster::Picture;
use inkwick::ui::textures::Textures;
use inkwick::ui::theme;
use inkwick::ui::theme::{fonts, icons};
use inkwick::ui::widgets::fields;
use inkwick::ui::widgets::fields::Number;
use inkwick::ui::widgets::look::Look;
use inkwick::ui::widgets::{
    IconButton, MenuItem, PrimaryButton, Segment, Segments, TextButton, Tile, TileStage, paint,
};

const LOOKS: [(&str, Look); 5] = [
    ("rest", Look::Rest),
    ("hover", Look::Hover),
    ("press", Look::Press),
    ("focus", Look::Focus),
    ("disabled", Look::Rest),
];
const ROW: f32 = 52.0;

struct Sheet {
    textures: Textures,
    picture: Arc<Picture>,
    numbers: [f64; 2],
    open: bool,
}

#[test]
fn every_state_of_every_control() {
    let mut results = SnapshotResults::new();
    for (name, theme) in [("states_dark", egui::Theme::Dark), ("states_light", egui::Theme::Light)] {
        let mut harness = Harness::builder().with_size(vec2(760.0, 784.0)).with_theme(theme).build_ui_state(
            |ui, sheet: &mut Option<Sheet>| {
                let sheet = sheet.get_or_insert_with(|| {
                    fonts::install(ui.ctx());
                    theme::apply(ui.ctx());
                    let picture = Arc::new(gradient());
                    Sheet { textures: Textures::new(ui.ctx()), picture, numbers: [32.0, 0.45], open: false }
                });
                let whole = ui.ctx().content_rect();
                ui.painter().rect_filled(whole, 0.0, theme::tokens(ui).panel);
                draw(ui, sheet);
            },
            None,
        );
        harness.run_steps(4);
        results.add(harness.try_snapshot(name));
    }
}

fn draw(ui: &mut Ui, sheet: &mut Sheet) {
    let rows = ["Primary", "Button", "Icon", "Menu box", "Number", "Slider", "Segments", "Picture"];
    for (column, (name, _)) in LOOKS.iter().enumerate() {
        let rect = cell(column, 0.0);
        paint::text(ui, rect, Align::Min, name, fonts::body(), theme::tokens(ui).text_2);
    }
    for (row, name) in rows.iter().enumerate() {
        let y = (row + 1) as f32 * ROW;
        let label = Rect::from_min_size(pos2(24.0, y + 16.0), vec2(80.0, 28.0));
        paint::text(ui, label, Align::Min, name, fonts::body(), theme::tokens(ui).text_2);
        for (column, (state, look)) in LOOKS.iter().enumerate() {
            ui.scope_builder(UiBuilder::new().max_rect(cell(column, y)).id_salt((row, column)), |ui| {
                if *state == "disabled" {
                    ui.disable();
                }
                look.show_all(ui, |ui| control(ui, name, column, sheet));
            });
        }
    }
    let menu = Rect::from_min_size(pos2(24.0, 580.0), vec2(264.0, 160.0));
    ui.scope_builder(UiBuilder::new().max_rect(menu), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            Look::Hover.show_all(ui, |ui| ui.add(MenuItem::new("Accept").icon(icons::CHECK).key("⏎")));
            ui.add(MenuItem::new("Use as input").icon(icons::IMAGE_SQUARE).key("⌘ I"));
            ui.add(MenuItem::new("Set aside").icon(icons::X).key("Esc"));
            ui.add(MenuItem::new("Move to Trash").icon(icons::TRASH).key("⌫").danger());
        });
    });
    let right = Rect::from_min_size(pos2(320.0, 580.0), vec2(320.0, 180.0));
    ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
        PrimaryButton::new("Generate").key("⌘ ⏎").caret("More ways").show(ui);
        PrimaryButton::new("Queue next").key("⌘ ⏎").quiet(true).caret("More queues").show(ui);
        fields::section(ui, "Sampling", "DPM++ 2M, 20 steps", &mut sheet.open);
        let hint = "Open or drop a picture";
        let segments = ["Create", "Edit", "Fill"].map(|text| Segment { text, hint });
        Segments::new("Mode", &segments, 0).fixed().show(ui);
    });
}

fn control(ui: &mut Ui, name: &str, column: usize, sheet: &mut Sheet) {
    let label = ui.scope_id().with(name);
    let named = ui.interact(Rect::from_min_size(ui.max_rect().min, vec2(1.0, 1.0)), label, egui::Sense::hover());
    named.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
    match name {
        "Primary" => {
            PrimaryButton::new("Generate").enabled(ui.is_enabled()).show(ui);
        }
        "Button" => {
            ui.add(TextButton::new("Accept").key("⏎").width(96.0));
        }
        "Icon" => {
            ui.horizontal(|ui| {
                ui.add(IconButton::new(icons::PAINT_BRUSH, "Brush").key("B"));
                ui.add(IconButton::new(icons::PAINT_BRUSH, "Chosen brush").selected(true));
            });
        }
        "Menu box" => fields::menu_box(ui, label, 96.0, "Built-in", "", |_| ()),
        "Number" => Number::new(1.0, 0.0..=100.0).show(ui, label, theme::NUMBER_WIDTH, &mut sheet.numbers[0]),
        "Slider" => {
            let number = Number::new(0.01, 0.0..=1.0).default(0.3).decimals(2);
            ui.horizontal(|ui| number.show_with_slider(ui, label, 40.0, &mut sheet.numbers[1]));
        }
        "Segments" => {
            let segments = ["On", "Off"].map(|text| Segment { text, hint: "" });
            Segments::new("Switch", &segments, 0).show(ui);
        }
        _ => {
            let stage =
                [TileStage::Ready, TileStage::Ready, TileStage::Ready, TileStage::Running(0.6), TileStage::Waiting];
            let stage = stage[column];
            let texture = if stage == TileStage::Waiting { None } else { sheet.textures.small(&sheet.picture) };
            let tile = Tile { name: "Penguin", texture, size_px: [96, 64], stage, chosen: column == 2 };
            let rect = Rect::from_min_size(ui.max_rect().min, vec2(80.0, 80.0));
            let _ = tile.show(ui, rect, label.with("tile"));
        }
    }
}

fn cell(column: usize, y: f32) -> Rect {
    Rect::from_min_size(pos2(112.0 + 124.0 * column as f32, y + 16.0), vec2(104.0, 28.0))
}

/// Something to look at that is the same on every machine.
fn gradient() -> Picture {
    let pixels = (0..96 * 64u32).flat_map(|index| [(index % 96 * 2) as u8, (index / 96 * 3) as u8, 120, 255]);
    Picture::from_rgba(96, 64, pixels.collect()).unwrap()
}
