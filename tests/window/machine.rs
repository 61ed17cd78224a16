//! Another machine that computes: connected from the settings, its certificate asked about once, its models listed, kept.

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::{EngineHandle, FakeBackend, FakeScript};
use inkwick::service::remote::{Connection, Elsewhere, RemoteAddress, RoutedBackend};
use inkwick::service::{Service, ServiceOptions, Stop, serve};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use inkwick::store::preferences::KeptMachine;

use crate::studio_bench::Bench;

fn open(bench: &mut Bench) {
    bench.window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Comma);
    bench.frames(3);
    bench.with(|studio| studio.state.settings.search = "another machine".into());
    bench.frames(3);
}

fn write(bench: &mut Bench, field: &str, text: &str) {
    let role = egui::Role::TextInput;
    let find = |bench: &Bench| bench.window.query_all_by_label(field).count();
    assert!(find(bench) > 0, "there is no {field}");
    bench.with(|studio| match field {
        "Another machine" => studio.state.settings.machine.address.clear(),
        _ => studio.state.settings.machine.token.clear(),
    });
    bench.frames(1);
    if field == "Another machine" {
        bench.window.get_by_role_and_label(role, field).focus();
        bench.frames(2);
        bench.window.get_by_role_and_label(role, field).type_text(text);
    } else {
        let text = text.to_owned();
        bench.with(move |studio| studio.state.settings.machine.token = text);
    }
    bench.frames(3);
}

fn has(bench: &Bench, words: &str) -> bool {
    bench.window.query_all_by_label_contains(words).next().is_some()
}

fn kept(bench: &Bench) -> Option<KeptMachine> {
    bench.studio(|studio| studio.settings().preferences.machine)
}

#[test]
fn a_machine_is_connected_and_computes_until_it_is_let_go() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    write(&mut bench, "Another machine", "desk");
    bench.click("Connect");
    bench.wait("it", |bench| has(bench, "wants its token"));
    assert_eq!(kept(&bench), None);
    write(&mut bench, "Its token", "s3cret");
    bench.click("Connect");
    bench.wait("it", |bench| has(bench, "desk · CUDA computes"));
    assert_eq!(kept(&bench).unwrap().address, "http://desk:7860");
    assert_eq!(bench.studio(|studio| studio.state.device_text.clone()), "desk · CUDA");
    assert_eq!(bench.studio(|studio| studio.state.settings.machine.token.clone()), "", "it is not left lying about");
    let listed = |studio: &inkwick::ui::Studio| studio.state.models.iter().any(|model| model.name == "dream");
    bench.wait("it", |bench| bench.studio(listed));
    assert_eq!(bench.studio(|studio| studio.state.models.iter().filter(|model| model.name == "Built-in").count()), 1);
    bench.click("Compute here again");
    bench.wait("it", |bench| !bench.studio(listed));
    assert_eq!(kept(&bench), None);
    assert!(has(&bench, "Connect"));
}

#[test]
fn a_certificate_of_its_own_making_is_asked_about_once() {
    let mut bench = Bench::new(FakeScript::default());
    open(&mut bench);
    write(&mut bench, "Another machine", "https://own");
    bench.click("Connect");
    bench.wait("it", |bench| has(bench, "ab:cd:ef"));
    bench.click("Do not");
    bench.frames(2);
    assert!(has(&bench, "Connect") && kept(&bench).is_none());
    bench.click("Connect");
    bench.wait("it", |bench| has(bench, "ab:cd:ef"));
    bench.click("Trust it");
    bench.wait("it", |bench| has(bench, "computes; pictures are kept here"));
    assert_eq!(kept(&bench).unwrap().fingerprint.as_deref(), Some("ab:cd:ef"));
}

/// The other machine, with what it draws by.
struct Desk {
    stop: Stop,
    address: RemoteAddress,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
    _home: tempfile::TempDir,
}

impl Desk {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
        let engine = EngineHandle::start(|| FakeBackend::new(FakeScript::default()), saver, Arc::new(|| {})).unwrap();
        let service = Service::start(&engine, paths, ServiceOptions::default()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let stop = Stop::new();
        let asked = stop.clone();
        let thread = std::thread::spawn(move || serve(listener, &service, &asked));
        Self { stop, address, thread, _home: home }
    }
}

#[test]
fn a_mask_that_is_painted_here_is_filled_there() {
    let desk = Desk::start();
    let elsewhere = Elsewhere::default();
    elsewhere.set(Some(Arc::new(Connection::new(desk.address.clone(), None, None).unwrap())));
    // Whatever this machine would draw fails.
    let here = || FakeBackend::new(FakeScript { fail_word: "", ..FakeScript::default() });
    let mut bench = Bench::drawn_by(move || RoutedBackend::new(here(), elsewhere.clone()));
    bench.lay(300, 200);
    bench.window.key_press(egui::Key::B);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 50.0);
    bench.frames(1);
    bench.drag(&[(150.0, 100.0), (180.0, 100.0)], egui::Modifiers::NONE);
    bench.with(|studio| studio.state.prompt.prompt = "a red apple".into());
    bench.frames(1);
    bench.click("Fill mask");
    bench.wait("it is done", |bench| bench.done().len() == 1);
    let made = bench.done();
    let made = made[0].made().unwrap();
    assert!(made.file.is_file(), "it lies in the gallery here");
    let (before, mask) = bench.studio(|studio| {
        let document = &studio.state.canvas.document;
        (document.whole_picture().unwrap(), document.mask().plane().clone())
    });
    let mut painted = 0;
    for ((was, is), masked) in before.rgba().chunks(4).zip(made.picture.rgba().chunks(4)).zip(mask.values()) {
        assert!(*masked >= 128 || was == is, "what is not masked changed");
        painted += usize::from(was != is);
    }
    assert!(painted > 1000, "{painted} pixels were painted");
    desk.stop.ask();
    desk.thread.join().unwrap().unwrap();
}
