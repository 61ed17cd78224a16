//! The real program in a real window on a virtual screen: type words, press the keys, paint, find the picture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests
#![cfg(target_os = "linux")]

mod desk;
#[cfg(feature = "serve")]
mod elsewhere;

use std::fs;
use std::time::Duration;

use inkwick::store::settings::Settings;

use crate::desk::{Desk, only_the_painted_part_changed, until, wait_for};

#[test]
fn typing_words_and_pressing_the_keys_makes_a_picture() {
    let desk = Desk::new();
    let mut window = desk.open(&[]);
    // The prompt has the keyboard from the start.
    desk.xdotool(&["type", "--delay", "30", "a red apple"]);
    let file = desk.generate();
    let picture = image::open(&file).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (256, 256));
    let mean = |channel: usize| {
        let values = picture.pixels().skip(256 * 128 + 64).take(128).map(|pixel| u64::from(pixel[channel]));
        values.sum::<u64>() / 128
    };
    assert!(mean(0) > mean(1) + 40 && mean(0) > mean(2) + 20, "in the middle of the apple it is red");

    desk.xdotool(&["key", "ctrl+q"]);
    let status = wait_for("the end", || window.0.try_wait().unwrap());
    assert!(status.success());
    let settings = fs::read_to_string(desk.home.path().join("settings.ron")).unwrap();
    assert!(settings.contains("a red apple"), "the prompt is there again tomorrow");
}

#[test]
fn a_painted_mask_survives_the_programs_sudden_end() {
    let desk = Desk::new();
    let photo = desk.home.path().join("photo.png");
    image::RgbImage::from_fn(256, 256, |x, y| image::Rgb([x as u8, y as u8, 90])).save(&photo).unwrap();
    let mut window = desk.open(&[&photo.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    desk.paint(&[(620, 380), (660, 400), (720, 380)]);
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let kept = desk.kept_canvas();
    let mask = kept.mask().plane().clone();
    assert_eq!(kept.size_px(), Some([256, 256]));
    assert_eq!(kept.picture().and_then(|picture| picture.pixel(30, 200)), Some([30, 200, 90, 255]));
    let painted = kept.mask().bounds().expect("the stroke is there");
    assert!(painted.width() > painted.height() && painted.width() < 120, "{painted:?}");
    drop(kept);

    // Killed again at once, in the middle of the next stroke: the one that ended stays.
    let mut window = desk.open(&[]);
    std::thread::sleep(Duration::from_secs(1));
    desk.xdotool(&["mousemove", "600", "300", "mousedown", "1", "mousemove", "640", "320"]);
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let again = desk.kept_canvas();
    assert!(*again.mask().plane() == mask, "the same canvas");
    assert!(again.can_undo());
}

#[test]
fn a_painted_part_is_made_anew_and_every_other_pixel_stays() {
    let desk = Desk::new();
    let file = desk.home.path().join("photo.png");
    let photo = image::RgbImage::from_fn(480, 360, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, (x ^ y) as u8]));
    photo.save(&file).unwrap();
    let mut window = desk.open(&[&file.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    // On a photo the keys are the canvas's, until the prompt is asked for.
    desk.xdotool(&["key", "ctrl+p"]);
    std::thread::sleep(Duration::from_millis(500));
    desk.xdotool(&["type", "--delay", "30", "a red apple"]);
    desk.paint(&[(600, 330), (660, 360), (720, 330), (700, 380)]);
    let made = desk.generate();
    desk.xdotool(&["key", "ctrl+q"]);
    wait_for("the end", || window.0.try_wait().unwrap());

    only_the_painted_part_changed(&desk.kept_canvas(), &photo, &made);
}

/// Everything by keys: words, a picture, accepting it, another one of it, the palette, a copy in a file.
#[test]
fn a_newcomer_gets_along_with_the_keyboard_alone() {
    let desk = Desk::of_a_newcomer();
    let mut window = desk.open(&[]);
    // The tour is there, and in nobody's way.
    desk.write("a red apple");
    let first = desk.generate();
    assert_eq!(image::open(&first).unwrap().to_rgb8().dimensions(), (256, 256));
    // The first Escape ends the tour, the next one leaves the prompt; then Enter accepts what is shown.
    desk.key("Escape");
    desk.key("Escape");
    until("the accepted picture in the journal", || desk.key("Return"), || (desk.journal_bytes() > 500).then_some(()));
    until("the repainted one", || desk.key("ctrl+Return"), || (desk.pictures().len() == 2).then_some(()));

    // The palette runs an action by its name.
    desk.key("ctrl+k");
    desk.write("mask everything");
    let before = desk.journal_bytes();
    desk.key("Return");
    wait_for("the mask in the journal", || (desk.journal_bytes() > before).then_some(()));

    // No desktop portal answers here: the window asks for the path itself.
    let copy = desk.home.path().join("my picture.png");
    desk.key("ctrl+shift+s");
    std::thread::sleep(Duration::from_secs(2));
    desk.key("ctrl+a");
    desk.write(&copy.display().to_string());
    desk.key("Return");
    wait_for("the copy", || copy.exists().then_some(()));

    desk.key("ctrl+q");
    let status = wait_for("the end", || window.0.try_wait().unwrap());
    assert!(status.success());
    assert!(!Settings::load(&desk.home.path().join("settings.ron")).is_first_start, "no tour tomorrow");
    let kept = desk.kept_canvas();
    assert_eq!(kept.size_px(), Some([256, 256]));
    assert_eq!(kept.mask().bounds().map(|all| (all.width(), all.height())), Some((256, 256)));
}

/// Everything by the pointer: tools, strokes, the button, the strip's Accept, a step back.
#[test]
fn an_artist_gets_along_with_the_pointer_alone() {
    let mut settings = Settings::default();
    settings.draft.request.prompt = "a red apple".into();
    let desk = Desk::with(Some(settings));
    let file = desk.home.path().join("photo.png");
    image::RgbImage::from_fn(480, 360, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, 90])).save(&file).unwrap();
    let mut window = desk.open(&[&file.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    let before = desk.journal_bytes();
    // The strip's second button is the brush.
    let brush = (320 + 8 + 28 + 2 + 14, 32 + 20);
    let stroke = || {
        desk.click(brush);
        desk.drag(&[(600, 330), (660, 360), (720, 330), (700, 380)]);
    };
    until("the stroke in the journal", stroke, || (desk.journal_bytes() > before).then_some(()));
    // The filled button at the foot of the panel.
    let generate = || desk.click((120, 800 - 28 - 36));
    until("the picture", generate, || desk.pictures().pop());
    let painted = desk.journal_bytes();
    std::thread::sleep(Duration::from_secs(1));
    // Accept stands at the right end of the strip below the picture.
    let accept = || {
        for x in (880..=1000).step_by(40) {
            desk.click((x, 800 - 28 - 140 + 24 + 18));
            if desk.journal_bytes() > painted {
                break;
            }
        }
    };
    until("what was accepted", accept, || (desk.journal_bytes() > painted).then_some(()));
    // The gear opens the settings, a click beside them closes them; the strip's last two take a step back and forth.
    desk.click((1280 - 8 - 14, 16));
    desk.click((40, 400));
    let accepted = desk.journal_bytes();
    let undo = || desk.click((1280 - 260 - 8 - 28 - 2 - 14, 32 + 20));
    until("the step back", undo, || (desk.journal_bytes() > accepted).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    window.0.kill().unwrap();
    window.0.wait().unwrap();
    let kept = desk.kept_canvas();
    assert_eq!(kept.size_px(), Some([480, 360]));
    assert!(kept.can_redo(), "the step back is kept, too");
    assert_eq!(kept.picture().and_then(|picture| picture.pixel(30, 30)), Some([15, 15, 90, 255]));
}
