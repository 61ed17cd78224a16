//! What other programs and a second start bring: files and links, by whatever route, land in the same place.

use inkwick::engine::FakeScript;
use inkwick::system::instance;
use inkwick::ui::action::{Sheet, Tab};

use crate::studio_bench::Bench;

#[test]
fn a_second_start_and_a_link_bring_a_picture_to_the_canvas() {
    for by_link in [false, true] {
        let mut bench = Bench::new(FakeScript::default());
        let photo = bench.photo("a photo.png", 40, 30);
        let named = photo.to_str().unwrap();
        let open =
            if by_link { format!("inkwick://open?file={}", named.replace(' ', "%20")) } else { named.to_owned() };
        // As a second start of the program does it.
        assert!(instance::hand_over(&bench.paths.log_file(), &[open]));
        bench.wait("it lies on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    }
}

#[test]
fn a_model_in_a_link_is_offered_and_not_fetched() {
    let mut bench = Bench::new(FakeScript::default());
    bench.drop_file("inkwick://model/stabilityai/sdxl-turbo".into());
    bench.frames(2);
    bench.studio(|studio| {
        assert_eq!(studio.state.sheet, Some(Sheet::Library));
        assert_eq!(studio.state.library.tab, Tab::Download);
        assert_eq!(studio.state.library.repository_text, "stabilityai/sdxl-turbo");
        assert!(studio.state.library.downloads.is_empty(), "a person presses the button, not a link");
    });
}

#[test]
fn a_hostile_link_is_refused_in_a_sentence() {
    let long = format!("inkwick://model/a/{}", "b".repeat(9000));
    for link in ["inkwick://model/../etc", "inkwick://open?file=//server/x.png", "inkwick://run?file=/bin/sh", &long] {
        let mut bench = Bench::new(FakeScript::default());
        bench.drop_file(link.into());
        bench.frames(2);
        let toasts = bench.toasts();
        assert!(toasts.len() == 1 && toasts[0].starts_with("The link "), "{link}: {toasts:?}");
        bench.studio(|studio| assert_eq!(studio.state.sheet, None));
    }
}

#[test]
fn what_a_crash_left_is_offered_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("Inkwick");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("crash.txt"), "panic at src/somewhere.rs:1:1").unwrap();
    let mut bench = Bench::reopen(home, FakeScript::default());
    bench.frames(2);
    let offered = |bench: &Bench| bench.toasts().iter().any(|toast| toast.contains("a report says where"));
    assert!(offered(&bench));
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.frames(2);
    assert!(!offered(&bench), "once is enough");
}

#[test]
fn the_manual_shows_the_page_that_is_asked_for() {
    let mut bench = Bench::new(FakeScript::default());
    bench.click("Help");
    bench.click("Manual");
    // The sheet takes its place.
    bench.settle();
    assert!(bench.has_label_starting("Start Inkwick, type what you want to see"));
    bench.click("When something goes wrong");
    bench.frames(2);
    assert!(bench.has_label_starting("· A job that failed says why"));
}
