//! How the model library looks: many models with long names, downloads in every state, and what a file is told to be.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use inkwick::engine::FakeScript;
use inkwick::hub::{DownloadState, Hub};
use inkwick::job::ModelRef;
use inkwick::store::hub_cache::CachedRepository;
use inkwick::store::models::entry::ModelEntry;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, LibraryAction, Tab};

use crate::studio_bench::Bench;

const FAMILIES: [(&str, u64); 4] = [
    ("Stable Diffusion 1", 2_132_000_000),
    ("Stable Diffusion XL", 6_938_000_000),
    ("Stable Diffusion 1 for inpainting", 4_265_000_000),
    ("Stable Diffusion 2", 2_580_000_000),
];
const LICENCES: [&str; 4] = ["creativeml-openrail-m", "openrail++", "", "Fair AI Public License 1.0-SD"];

/// As people have them: many, and some with names of a whole line.
fn models(count: usize) -> Vec<ModelEntry> {
    let made = (0..count).map(|number| {
        let long = if number % 9 == 4 { "-inpainting-pruned-emaonly-fp16-noVAE-baked-by-somebody" } else { "" };
        let (family, bytes) = FAMILIES[number % 4];
        let mut entry = ModelEntry::built_in();
        entry.name = format!("dreamer {:03}{long}", number + 1);
        entry.reference = ModelRef::File(format!("/models/Stable-diffusion/{}.safetensors", entry.name).into());
        entry.kind = format!("{family}, made for 512×512 pixels, F16.");
        entry.facts.family = family.into();
        entry.facts.bytes = bytes + number as u64 * 1_000_000;
        entry.facts.licence = LICENCES[number % 4].into();
        entry
    });
    std::iter::once(ModelEntry::built_in()).chain(made).collect()
}

fn library(size: [f32; 2], theme: Theme, count: usize) -> Bench {
    let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
    bench.act(Action::Library(LibraryAction::Open(Tab::Models)));
    bench.settle();
    let chosen = models(count)[5.min(count)].reference.clone();
    bench.with(|studio| {
        studio.state.library.chosen = Some(chosen.clone());
        let note = studio.state.library.note_mut(&chosen);
        (note.favourite, note.last_used) = (true, Some(1_760_011_200));
        note.words = "portraits, wants \"film grain\"".into();
    });
    // The store, which looks again every few seconds, knows nothing of them.
    for _ in 0..20 {
        bench.with(|studio| studio.state.models = models(count));
        bench.frames(3);
        if bench.studio(|studio| studio.state.models.len()) == count + 1 {
            break;
        }
    }
    bench
}

#[test]
fn many_models_with_long_names_have_their_place() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in [
        ("library_light", [1440.0, 900.0], Theme::Light),
        ("library_dark", [1440.0, 900.0], Theme::Dark),
        ("library_small", [853.0, 533.0], Theme::Light),
    ] {
        let mut bench = library(size, theme, 500);
        results.add(bench.window.try_snapshot(name));
    }
}

/// Answers everything with one status.
fn refusing(status: u16) -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let mut hub = Hub::new(&format!("http://{address}"), None);
    hub.first_wait = Duration::from_millis(1);
    hub
}

/// As a run that was ended leaves it.
pub(crate) fn leave_unfinished(home: &Path, name: &str, done: u64, total: u64) {
    let (notes, repository) = (home.join("models/.unfinished"), CachedRepository::new(&home.join("hub"), name));
    let part = repository.incomplete("0a1b");
    for folder in [notes.as_path(), part.parent().unwrap()] {
        fs::create_dir_all(folder).unwrap();
    }
    let file = serde_json::json!({"name": "unet/model.safetensors", "bytes": total, "checksum": "0a1b"});
    let note =
        serde_json::json!({"name": name, "repository": name, "revision": "main", "bytes_there": 0, "missing": [file]});
    fs::write(notes.join(format!("{}.json", name.replace('/', "--"))), note.to_string()).unwrap();
    fs::File::create(part).unwrap().set_len(done).unwrap();
}

#[test]
fn every_state_of_a_download_has_its_place() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in [
        ("downloads_light", [1440.0, 900.0], Theme::Light),
        ("downloads_dark", [1440.0, 900.0], Theme::Dark),
        ("downloads_small", [853.0, 533.0], Theme::Light),
    ] {
        let home = tempfile::tempdir().unwrap();
        leave_unfinished(
            &home.path().join("Inkwick"),
            "somebody/a-model-with-a-long-name-v2.1",
            512_000_000,
            1_887_000_000,
        );
        let mut bench = Bench::reopen_sized(home, FakeScript::default(), size, theme);
        bench.wait("what was left is found", |bench| bench.studio(|studio| studio.downloads.list().len() == 1));
        bench.with(|studio| {
            studio.downloads.start("gated/model-3.5-medium", || refusing(401));
            studio.downloads.start("somebody/busy", || refusing(400));
        });
        bench.wait("both are refused", |bench| {
            let states: Vec<_> = bench.studio(|studio| studio.downloads.list()).into_iter().map(|d| d.state).collect();
            matches!(states[..], [DownloadState::Paused, DownloadState::NeedsToken, DownloadState::Failed(_)])
        });
        bench.act(Action::Library(LibraryAction::Open(Tab::Download)));
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
