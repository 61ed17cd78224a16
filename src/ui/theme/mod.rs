//! Colours, measures and type of the window: every token in one place, and egui's style made of them.
//!
//! Greys are neutral so that a picture's colours are judged rightly. Amber, the lit wick, is the one accent.

mod accents;
pub mod fonts;
pub mod icons;

use egui::style::{ScrollStyle, Selection, TextCursorStyle, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, FontId, Margin, Shadow, Stroke, Style, TextStyle, Ui, Visuals, vec2};

use crate::store::preferences::Accent;

/// Half a step of the grid.
pub const HALF: f32 = 4.0;
/// The grid.
pub const GRID: f32 = 8.0;
/// Inside of the side panels.
pub const PANEL_PADDING: i8 = 16;
/// Width of the labels before the fields.
pub const LABEL_WIDTH: f32 = 80.0;
pub const CONTROL_HEIGHT: f32 = 28.0;
pub const PRIMARY_HEIGHT: f32 = 40.0;
/// The strip's buttons and the example prompts.
pub const TALL_BUTTON_HEIGHT: f32 = 36.0;
pub const SECTION_HEIGHT: f32 = 32.0;
pub const TOOL_STRIP_HEIGHT: f32 = 40.0;
pub const NUMBER_WIDTH: f32 = 56.0;
/// Where the window is narrow.
pub const NUMBER_WIDTH_NARROW: f32 = 50.0;
/// Corners of controls and thumbnails.
pub const RADIUS: u8 = 4;
/// Corners of popups and of the primary button.
pub const RADIUS_LARGE: u8 = 6;
/// Corners of a segment inside its trough.
pub const RADIUS_SMALL: u8 = 3;
/// Focus and chosen rings.
pub const RING_WIDTH: f32 = 2.0;
pub const ICON_PT: f32 = 18.0;
pub const MENU_ICON_PT: f32 = 16.0;
pub const SMALL_ICON_PT: f32 = 14.0;
pub const CARET_PT: f32 = 12.0;

/// The colours of one theme. The names are those of the design; what carries each stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    /// Around the picture.
    pub surround: Color32,
    pub panel: Color32,
    /// Prompt, numbers, the trough of segments.
    pub inset: Color32,
    pub control: Color32,
    pub control_hover: Color32,
    pub control_press: Color32,
    /// The chosen one.
    pub segment: Color32,
    pub popup: Color32,
    /// Between panels, and around the picture.
    pub edge: Color32,
    /// Between sections.
    pub line: Color32,
    pub stroke: Color32,
    pub stroke_hover: Color32,
    pub rail: Color32,
    pub rail_fill: Color32,
    pub knob: Color32,
    pub text_1: Color32,
    /// Labels, icons, status.
    pub text_2: Color32,
    /// Hints, summaries, counts.
    pub text_3: Color32,
    pub accent: Color32,
    pub accent_hover: Color32,
    pub accent_press: Color32,
    pub on_accent: Color32,
    /// Rings, progress, a slider that is dragged. Not for text.
    pub accent_line: Color32,
    /// Links, "Undo".
    pub accent_text: Color32,
    pub selected: Color32,
    pub on_selected: Color32,
    pub danger: Color32,
    pub success: Color32,
    /// Always with its icon.
    pub warning: Color32,
    /// Shown at 55 %; a hue that skies, skin and leaves lack.
    pub mask: Color32,
    /// Areas with words of their own, told from each other; on pictures always the dark theme's.
    pub regions: [Color32; 4],
    /// A list's line under the pointer.
    pub row_hover: Color32,
    /// A tile whose picture has not begun.
    pub slot: Color32,
    /// The two greys under a transparent picture.
    pub checker: [Color32; 2],
    pub shadow_alpha: u8,
    pub is_dark: bool,
}

const fn grey(level: u8) -> Color32 {
    Color32::from_gray(level)
}

const fn rgb(red: u8, green: u8, blue: u8) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

pub const DARK: Tokens = Tokens {
    surround: grey(0x19),
    panel: grey(0x23),
    inset: grey(0x1a),
    control: grey(0x30),
    control_hover: grey(0x3a),
    control_press: grey(0x46),
    segment: grey(0x4a),
    popup: grey(0x2b),
    edge: grey(0x13),
    line: grey(0x33),
    stroke: grey(0x40),
    stroke_hover: grey(0x6a),
    rail: grey(0x47),
    rail_fill: grey(0x8c),
    knob: grey(0xdc),
    text_1: grey(0xe8),
    text_2: grey(0xad),
    text_3: grey(0x9b),
    accent: rgb(0xe8, 0xa3, 0x3d),
    accent_hover: rgb(0xf0, 0xb2, 0x5a),
    accent_press: rgb(0xd4, 0x90, 0x2a),
    on_accent: rgb(0x1c, 0x12, 0x03),
    accent_line: rgb(0xe8, 0xa3, 0x3d),
    accent_text: rgb(0xed, 0xb3, 0x58),
    selected: rgb(0x4a, 0x3a, 0x1f),
    on_selected: rgb(0xf4, 0xc9, 0x88),
    danger: rgb(0xff, 0x8a, 0x80),
    success: rgb(0x6f, 0xc9, 0x8f),
    warning: rgb(0xe3, 0xc9, 0x4f),
    mask: rgb(0xff, 0x2d, 0x9b),
    regions: [rgb(0x3f, 0xd6, 0xc2), rgb(0xb7, 0x9b, 0xff), rgb(0x6f, 0xb1, 0xff), rgb(0xb5, 0xd9, 0x4c)],
    row_hover: grey(0x2b),
    slot: grey(0x26),
    checker: [grey(0x3a), grey(0x4a)],
    shadow_alpha: 115,
    is_dark: true,
};

pub const LIGHT: Tokens = Tokens {
    surround: grey(0xdc),
    panel: grey(0xf3),
    inset: grey(0xff),
    control: grey(0xe7),
    control_hover: grey(0xdc),
    control_press: grey(0xce),
    segment: grey(0xff),
    popup: grey(0xfb),
    edge: grey(0xc6),
    line: grey(0xde),
    stroke: grey(0xc4),
    stroke_hover: grey(0x8a),
    rail: grey(0xc9),
    rail_fill: grey(0x7c),
    knob: grey(0x4a),
    text_1: grey(0x1c),
    text_2: grey(0x4f),
    text_3: grey(0x60),
    accent: rgb(0xe3, 0x9b, 0x2e),
    accent_hover: rgb(0xeb, 0xa9, 0x46),
    accent_press: rgb(0xcd, 0x86, 0x1b),
    on_accent: rgb(0x1c, 0x12, 0x03),
    accent_line: rgb(0xb3, 0x6b, 0x00),
    accent_text: rgb(0x87, 0x51, 0x00),
    selected: rgb(0xf7, 0xe0, 0xb8),
    on_selected: rgb(0x5c, 0x37, 0x00),
    danger: rgb(0xb3, 0x26, 0x1e),
    success: rgb(0x1b, 0x74, 0x43),
    warning: rgb(0x7a, 0x5d, 0x00),
    mask: rgb(0xe0, 0x00, 0x7f),
    regions: [rgb(0x0e, 0x7d, 0x71), rgb(0x7a, 0x52, 0xd6), rgb(0x2f, 0x6f, 0xd0), rgb(0x5a, 0x7a, 0x0e)],
    row_hover: grey(0xe9),
    slot: grey(0xd2),
    checker: [grey(0xff), grey(0xe4)],
    shadow_alpha: 41,
    is_dark: false,
};

/// The colours that hold in this part of the window.
#[must_use]
pub fn tokens(ui: &Ui) -> &'static Tokens {
    accents::of_visuals(ui.visuals())
}

/// The colours that hold in the whole window.
#[must_use]
pub fn tokens_of(ctx: &egui::Context) -> &'static Tokens {
    accents::of_visuals(&ctx.style_of(ctx.theme()).visuals)
}

/// The text style of the prompt and of nothing else.
#[must_use]
pub fn prompt_text_style() -> TextStyle {
    TextStyle::Name("prompt".into())
}

/// The accent's own colour, for a swatch.
#[must_use]
pub(crate) fn colour_of(accent: Accent, is_dark: bool) -> Color32 {
    accents::of(accent)[usize::from(!is_dark)].accent
}

/// Gives the context both themes; which one holds is `ctx.set_theme`'s business.
pub fn apply(ctx: &egui::Context) {
    apply_with(ctx, Accent::default(), false);
}

/// The same as a person has chosen.
pub fn apply_with(ctx: &egui::Context, accent: Accent, less_motion: bool) {
    let [dark, light] = accents::of(accent);
    for (theme, tokens) in [(egui::Theme::Dark, dark), (egui::Theme::Light, light)] {
        ctx.set_style_of(theme, style(tokens, less_motion));
    }
}

fn style(tokens: &Tokens, less_motion: bool) -> Style {
    let mut style = Style {
        text_styles: [
            (TextStyle::Small, fonts::body()),
            (TextStyle::Body, fonts::body()),
            (TextStyle::Button, fonts::body()),
            (prompt_text_style(), fonts::regular(fonts::LARGE_PT)),
            (TextStyle::Heading, fonts::strong(fonts::HEADING_PT)),
            (TextStyle::Monospace, FontId::monospace(fonts::BODY_PT)),
        ]
        .into(),
        animation_time: if less_motion { 0.0 } else { 0.1 },
        visuals: visuals(tokens),
        ..Style::default()
    };
    style.interaction.tooltip_delay = 0.4;
    style.interaction.selectable_labels = false;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(GRID, GRID);
    spacing.button_padding = vec2(10.0, 5.0);
    spacing.interact_size = vec2(CONTROL_HEIGHT, CONTROL_HEIGHT);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 12.0;
    spacing.slider_rail_height = HALF;
    spacing.menu_margin = Margin::same(4);
    spacing.window_margin = Margin::same(PANEL_PADDING);
    spacing.indent = 0.0;
    spacing.scroll = ScrollStyle {
        floating_width: HALF,
        bar_width: GRID,
        // A cut edge shows that there is more below without painting over the pictures.
        fade: egui::style::ScrollFadeStyle { strength: 0.0, size: 0.0 },
        ..ScrollStyle::floating()
    };
    style
}

fn visuals(tokens: &Tokens) -> Visuals {
    let base = if tokens.is_dark { Visuals::dark() } else { Visuals::light() };
    let shadow = Shadow { offset: [0, 6], blur: 16, spread: 0, color: Color32::from_black_alpha(tokens.shadow_alpha) };
    Visuals {
        weak_text_color: Some(tokens.text_3),
        widgets: widgets(tokens),
        selection: Selection { bg_fill: tokens.selected, stroke: Stroke::new(1.0, tokens.on_selected) },
        hyperlink_color: tokens.accent_text,
        faint_bg_color: tokens.control,
        extreme_bg_color: tokens.inset,
        text_edit_bg_color: Some(tokens.inset),
        code_bg_color: tokens.control,
        warn_fg_color: tokens.warning,
        error_fg_color: tokens.danger,
        window_corner_radius: CornerRadius::same(RADIUS_LARGE),
        menu_corner_radius: CornerRadius::same(RADIUS_LARGE),
        window_shadow: shadow,
        popup_shadow: shadow,
        window_fill: tokens.popup,
        window_stroke: Stroke::new(1.0, tokens.stroke),
        panel_fill: tokens.panel,
        text_cursor: TextCursorStyle { stroke: Stroke::new(1.0, tokens.text_1), ..base.text_cursor.clone() },
        indent_has_left_vline: false,
        disabled_alpha: 0.5,
        ..base
    }
}

fn widgets(tokens: &Tokens) -> Widgets {
    let state = |fill: Color32, bg_stroke: Stroke| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke,
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, tokens.text_1),
        // egui's own grows on hover: the layout would seem to jump.
        expansion: 0.0,
    };
    Widgets {
        noninteractive: state(tokens.panel, Stroke::new(1.0, tokens.line)),
        inactive: state(tokens.control, Stroke::NONE),
        hovered: state(tokens.control_hover, Stroke::NONE),
        active: state(tokens.control_press, Stroke::NONE),
        open: state(tokens.control_hover, Stroke::NONE),
    }
}

#[cfg(test)]
mod tests;
