//! Contrast of every text and sign, and that both themes reach egui.

use super::*;

/// As WCAG defines it.
fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |colour: Color32| {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Letters and what they stand on, wherever the window has them; 4.5 is what WCAG asks for.
fn letters(tokens: &Tokens) -> Vec<(&'static str, Color32, Color32)> {
    let mut pairs = Vec::new();
    let grounds = [
        ("surround", tokens.surround),
        ("panel", tokens.panel),
        ("inset", tokens.inset),
        ("control", tokens.control),
        ("popup", tokens.popup),
    ];
    for (ground, colour) in grounds {
        for (text, ink) in [
            ("text 1", tokens.text_1),
            ("text 2", tokens.text_2),
            ("text 3", tokens.text_3),
            ("accent text", tokens.accent_text),
            ("danger", tokens.danger),
            ("warning", tokens.warning),
        ] {
            // Nothing but the picture's own words stand on the surround.
            if ground != "surround" || text.starts_with("text") {
                pairs.push((text, ink, colour));
            }
        }
    }
    pairs.extend([
        ("text 1 over hover", tokens.text_1, tokens.control_hover),
        ("text 1 over press", tokens.text_1, tokens.control_press),
        ("text 2 over hover", tokens.text_2, tokens.control_hover),
        ("the chosen segment", tokens.text_1, tokens.segment),
        ("on accent", tokens.on_accent, tokens.accent),
        ("on accent, hover", tokens.on_accent, tokens.accent_hover),
        ("on accent, press", tokens.on_accent, tokens.accent_press),
        ("on selected", tokens.on_selected, tokens.selected),
        ("success", tokens.success, tokens.panel),
        ("success in a popup", tokens.success, tokens.popup),
    ]);
    pairs
}

/// What carries meaning without being a letter; 3.
fn signs(tokens: &Tokens) -> Vec<(&'static str, Color32, Color32)> {
    vec![
        ("ring on the panel", tokens.accent_line, tokens.panel),
        ("ring on the surround", tokens.accent_line, tokens.surround),
        ("ring on a popup", tokens.accent_line, tokens.popup),
        ("ring on a field", tokens.accent_line, tokens.inset),
        ("progress on its rail", tokens.accent_line, tokens.panel),
        ("a slider's knob on its rail", tokens.knob, tokens.rail),
        ("a slider's knob", tokens.knob, tokens.panel),
        ("the filled rail", tokens.rail_fill, tokens.panel),
        ("icons", tokens.text_2, tokens.panel),
        ("icons over hover", tokens.text_2, tokens.control_hover),
        ("a region", tokens.regions[0], tokens.panel),
        ("a second region", tokens.regions[1], tokens.panel),
        ("a third region", tokens.regions[2], tokens.panel),
        ("a fourth region", tokens.regions[3], tokens.panel),
        ("the chosen tool", tokens.on_selected, tokens.selected),
        ("success over hover", tokens.success, tokens.control_hover),
    ]
}

#[test]
fn everything_can_be_read_in_both_themes_and_with_every_accent() {
    let mut poor = Vec::new();
    for (accent, both) in Accent::ALL.into_iter().zip(&accents::ALL) {
        for tokens in both {
            for (pairs, least) in [(letters(tokens), 4.5), (signs(tokens), 3.0)] {
                for (name, ink, ground) in pairs {
                    let found = contrast(ink, ground);
                    if found < least {
                        let theme = if tokens.is_dark { "dark" } else { "light" };
                        poor.push(format!("{accent:?} {theme}: {name} {found:.2}, {least} wanted, {ink:?} {ground:?}"));
                    }
                }
            }
        }
    }
    assert!(poor.is_empty(), "{}", poor.join("\n"));
    assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 0.01, "the measure itself");
}

#[test]
fn the_accent_goes_with_the_style() {
    let ctx = egui::Context::default();
    for (accent, both) in Accent::ALL.into_iter().zip(&accents::ALL) {
        apply_with(&ctx, accent, accent == Accent::Blue);
        for (theme, tokens) in [egui::Theme::Dark, egui::Theme::Light].into_iter().zip(both) {
            let style = ctx.style_of(theme);
            assert_eq!(accents::of_visuals(&style.visuals), tokens, "{accent:?}");
            assert_eq!(style.animation_time > 0.0, accent != Accent::Blue);
        }
    }
}

#[test]
fn both_themes_reach_the_context() {
    let ctx = egui::Context::default();
    apply(&ctx);
    assert_eq!(ctx.style_of(egui::Theme::Light).visuals.panel_fill, LIGHT.panel);
    assert_eq!(ctx.style_of(egui::Theme::Dark).visuals.window_fill, DARK.popup);
}
