//! What other programs and a second start bring: files and links, by whatever route, land in the same place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkwick::engine::FakeScript;
use inkwick::system::instance;
use inkwick::ui::action::{Sheet, Tab};

use crate::studio_bench::{ARGUMENTS, Bench};

/// Ways by which a file comes to the window.
#[derive(Clone, Copy, Debug)]
enum Route {
    /// On the command line, which is also how Windows and most desktops open a file with a program.
    Argument,
    /// The same as the desktops write that take links (`%U`).
    DesktopLink,
    SecondStart,
    /// On the window.
    Drop,
    /// Of another program.
    Link,
    LinkToSecondStart,
}

impl Route {
    const ALL: [Self; 6] =
        [Self::Argument, Self::DesktopLink, Self::SecondStart, Self::Drop, Self::Link, Self::LinkToSecondStart];

    /// A window to which the file came.
    fn bring(self, file: &Path, home: tempfile::TempDir) -> Bench {
        let plain = file.to_str().unwrap().to_owned();
        let quoted = plain.replace(' ', "%20").replace('ä', "%C3%A4");
        let link = format!("inkwick://open?file={quoted}");
        let slash = if cfg!(windows) { "/" } else { "" };
        let argument = match self {
            Self::Argument => plain.clone(),
            Self::DesktopLink => format!("file://{slash}{quoted}"),
            Self::Link => link.clone(),
            Self::SecondStart | Self::Drop | Self::LinkToSecondStart => String::new(),
        };
        std::fs::write(home.path().join(ARGUMENTS), argument).unwrap();
        let mut bench = Bench::reopen(home, FakeScript::default());
        match self {
            Self::SecondStart => assert!(instance::hand_over(&bench.paths.log_file(), &[plain])),
            Self::LinkToSecondStart => assert!(instance::hand_over(&bench.paths.log_file(), &[link])),
            Self::Drop => bench.window.input_mut().dropped_files.push(Arc::new(Dropped(file.to_owned()))),
            Self::Argument | Self::DesktopLink | Self::Link => {}
        }
        bench.frames(2);
        bench
    }
}

/// A file in the hand of a person.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn a_picture_comes_to_the_canvas_by_every_route() {
    for route in Route::ALL {
        let home = tempfile::tempdir().unwrap();
        let photo = home.path().join("a photo of a käfer.png");
        image::RgbImage::from_pixel(40, 30, image::Rgb([9, 8, 7])).save(&photo).unwrap();
        let mut bench = route.bring(&photo, home);
        bench.wait(&format!("it lies on the canvas by {route:?}"), |bench| {
            bench.studio(|studio| studio.state.canvas.has_picture())
        });
        bench.studio(|studio| {
            assert_eq!(studio.state.canvas.document.origin().file.as_deref(), Some(&*photo), "{route:?}");
            assert_eq!(studio.state.sheet, None, "{route:?}");
        });
        assert!(bench.toasts().is_empty(), "{route:?}: {:?}", bench.toasts());
    }
}

#[test]
fn a_file_of_weights_is_looked_at_by_every_route() {
    let lora = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/lora/sdxl-kohya.safetensors");
    for route in Route::ALL {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my own.safetensors");
        std::fs::copy(&lora, &file).unwrap();
        let mut bench = route.bring(&file, home);
        bench.wait(&format!("it is told what it is by {route:?}"), |bench| {
            bench.studio(|studio| studio.state.sheet == Some(Sheet::Inspection))
        });
        bench.frames(2);
        assert!(bench.has_label_starting("my own is a LoRA and is filed as one"), "{route:?}");
    }
}

#[test]
fn a_file_that_is_gone_is_said_by_every_route() {
    for route in Route::ALL {
        let home = tempfile::tempdir().unwrap();
        let mut bench = route.bring(&home.path().join("gone.png"), home);
        bench.wait(&format!("that is said by {route:?}"), |bench| !bench.toasts().is_empty());
        assert!(bench.toasts()[0].contains("could not be opened"), "{route:?}: {:?}", bench.toasts());
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
    // How much it is and on which terms is said before.
    bench.wait("the hub has answered", |bench| bench.has_label_starting("It is 6.9 GB in 18 files; licence sai-nc-c"));
    bench.drop_file("inkwick://model/nobody/nothing".into());
    bench.wait("that is said too", |bench| bench.has_label_starting("nobody/nothing is not there; check the name"));
    assert!(!bench.has_label_starting("It is 6.9 GB"), "that was another model");
    bench.studio(|studio| assert!(studio.state.library.downloads.is_empty()));
}

#[test]
fn a_hostile_link_is_refused_in_a_sentence() {
    let long = format!("inkwick://model/a/{}", "b".repeat(9000));
    for link in [
        "inkwick://model/../etc",
        "inkwick://model/evil.example/a/b",
        "inkwick://model/a/b?file=../../.ssh/config",
        "inkwick://open?file=//server/x.png",
        "inkwick://open?file=https://evil.example/x.png",
        "inkwick://open?file=photo.png",
        "inkwick://run?file=/bin/sh",
        "inkwick://",
        &long,
        // No folder is looked through because of a link, and nothing read that is neither picture nor model.
        "inkwick://open?file=/",
        "inkwick://open?file=/home",
        "inkwick://open?file=/etc/passwd",
        "inkwick://open?file=/dev/zero",
        "inkwick://open?file=C:/Windows",
    ] {
        let mut bench = Bench::new(FakeScript::default());
        bench.drop_file(link.into());
        bench.settle();
        let toasts = bench.toasts();
        assert!(toasts.len() == 1 && toasts[0].starts_with("The link "), "{link}: {toasts:?}");
        bench.studio(|studio| {
            assert_eq!(studio.state.sheet, None, "{link}");
            assert!(studio.settings().known_models.is_empty(), "{link}");
        });
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_holds_nobody_up() {
    let mut bench = Bench::new(FakeScript::default());
    let pipe = bench.photo("photo.png", 20, 20).with_file_name("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let device = pipe.with_file_name("device.png");
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    for path in [pipe.clone(), device] {
        bench.with(|studio| studio.state.toasts.list.clear());
        bench.drop_file(path);
        bench.wait("that is said", |bench| !bench.toasts().is_empty());
        assert!(bench.toasts()[0].contains("a pipe or a device"), "{:?}", bench.toasts());
    }
    // Who reads files still does.
    bench.drop_file(pipe.with_file_name("photo.png"));
    bench.wait("a photo is opened", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
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
