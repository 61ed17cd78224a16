//! The accents that one can choose, for both themes. Amber's are the design's own and stand with the other tokens.

// Colours as the web writes them.
#![allow(clippy::unreadable_literal)]

use egui::{Color32, Visuals};

use super::{DARK, LIGHT, Tokens};
use crate::store::preferences::Accent;

/// What differs from accent to accent.
#[derive(Clone, Copy)]
struct Tint {
    accent: u32,
    hover: u32,
    press: u32,
    on_accent: u32,
    line: u32,
    text: u32,
    selected: u32,
    on_selected: u32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const fn tinted(base: &Tokens, tint: Tint) -> Tokens {
    Tokens {
        accent: rgb(tint.accent),
        accent_hover: rgb(tint.hover),
        accent_press: rgb(tint.press),
        on_accent: rgb(tint.on_accent),
        accent_line: rgb(tint.line),
        accent_text: rgb(tint.text),
        selected: rgb(tint.selected),
        on_selected: rgb(tint.on_selected),
        ..*base
    }
}

const fn tint(colours: [u32; 8]) -> Tint {
    let [accent, hover, press, on_accent, line, text, selected, on_selected] = colours;
    Tint { accent, hover, press, on_accent, line, text, selected, on_selected }
}

const ROSE: [Tint; 2] = [
    tint([0xf28ba8, 0xf6a2ba, 0xdd7593, 0x2b0612, 0xf28ba8, 0xf6a5bc, 0x4d2531, 0xfbc4d3]),
    tint([0xe8809e, 0xee97b0, 0xd66d8c, 0x2b0612, 0xb8335d, 0x9c2449, 0xfbdce5, 0x6d1230]),
];
const VIOLET: [Tint; 2] = [
    tint([0xb39dff, 0xc3b1ff, 0x9f87f0, 0x140a33, 0xb39dff, 0xc4b3ff, 0x352b57, 0xd9cdff]),
    tint([0xa48bf5, 0xb4a0f8, 0x9277e8, 0x140a33, 0x6b46d1, 0x5835b8, 0xe4dbfd, 0x3d2191]),
];
const BLUE: [Tint; 2] = [
    tint([0x6ea8fe, 0x8abaff, 0x5a96ee, 0x06142b, 0x6ea8fe, 0x8fbcff, 0x1f3350, 0xb5d3ff]),
    tint([0x5b9bf5, 0x74abf8, 0x4785e0, 0x06142b, 0x2866c8, 0x1f57ad, 0xd6e6fd, 0x12397a]),
];
const GREEN: [Tint; 2] = [
    tint([0x5fc48a, 0x78d09e, 0x4caf76, 0x04190d, 0x5fc48a, 0x7dd3a2, 0x1d3f2c, 0xa9e8c3]),
    tint([0x4fb87c, 0x67c590, 0x3fa269, 0x04190d, 0x1b7f4b, 0x14683c, 0xcfeedd, 0x0d4a29]),
];

/// Dark and light of each, in the order of [`Accent::ALL`].
pub(crate) static ALL: [[Tokens; 2]; Accent::ALL.len()] = [
    [DARK, LIGHT],
    [tinted(&DARK, ROSE[0]), tinted(&LIGHT, ROSE[1])],
    [tinted(&DARK, VIOLET[0]), tinted(&LIGHT, VIOLET[1])],
    [tinted(&DARK, BLUE[0]), tinted(&LIGHT, BLUE[1])],
    [tinted(&DARK, GREEN[0]), tinted(&LIGHT, GREEN[1])],
];

/// Dark and light.
#[must_use]
pub(super) fn of(accent: Accent) -> &'static [Tokens; 2] {
    &ALL[accent as usize]
}

/// Those that a style was made of: egui hands the style to every part of the window, and the accent goes with it.
#[must_use]
pub(super) fn of_visuals(visuals: &Visuals) -> &'static Tokens {
    let theme = usize::from(!visuals.dark_mode);
    let same = ALL.iter().find(|both| both[theme].accent_text == visuals.hyperlink_color);
    &same.unwrap_or(&ALL[0])[theme]
}
