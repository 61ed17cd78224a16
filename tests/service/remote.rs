//! Another machine's engine as a backend of this one's queue: pictures, masks, cancels, failures, lost connections.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inkwick::engine::{EngineHandle, FakeBackend, FakeScript, JobHandle};
use inkwick::job::{
    Destination, ErrorKind, EventKind, Finished, InitPicture, InpaintMask, JobError, LoraRef, ModelRef, Outcome,
    Progress, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::raster::Picture;
use inkwick::sampling::SchedulerName;
use inkwick::service::remote::{Connection, Elsewhere, RemoteAddress, RoutedBackend};
use inkwick::service::{AccessToken, ServiceOptions};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use tempfile::TempDir;

use crate::scene::{PATIENCE, Scene};
use crate::socket::Server;

/// The machine at which a person sits.
struct Laptop {
    engine: EngineHandle,
    elsewhere: Elsewhere,
    home: TempDir,
}

impl Laptop {
    fn new() -> Self {
        let (home, elsewhere) = (TempDir::new().unwrap(), Elsewhere::default());
        let saver = Arc::new(PictureSaver::new(Gallery::new(&Paths::under(home.path()))));
        let routed = elsewhere.clone();
        // What is drawn here is told by its failing.
        let script = FakeScript { fail_word: "", ..FakeScript::default() };
        let backend = move || RoutedBackend::new(FakeBackend::new(script), routed);
        let engine = EngineHandle::start(backend, saver, Arc::new(|| {})).unwrap();
        Self { engine, elsewhere, home }
    }

    fn of(server: &Server) -> Self {
        let laptop = Self::new();
        laptop.elsewhere.set(Some(connection(server, None)));
        laptop
    }

    fn submit(&self, request: Request) -> JobHandle {
        self.engine.submit(request, Destination::Gallery).unwrap()
    }
}

fn address(server: &Server) -> RemoteAddress {
    format!("http://{}", server.address).parse().unwrap()
}

fn connection(server: &Server, token: Option<&str>) -> Arc<Connection> {
    Arc::new(Connection::new(address(server), token.map(str::to_owned), None).unwrap())
}

fn apple() -> Request {
    Request { prompt: "an apple".into(), steps: 4, seed: 7, width: Some(64), height: Some(48), ..Request::default() }
}

#[track_caller]
fn finished(job: &JobHandle) -> Arc<Finished> {
    match job.wait() {
        Outcome::Finished(finished) => finished,
        Outcome::Failed(error) => panic!("{error}"),
        Outcome::Cancelled => panic!("cancelled"),
    }
}

#[track_caller]
fn failed(job: &JobHandle) -> JobError {
    match job.wait() {
        Outcome::Failed(error) => error,
        Outcome::Finished(_) => panic!("a picture came"),
        Outcome::Cancelled => panic!("cancelled"),
    }
}

/// All that was reported.
fn progress(job: &JobHandle) -> Vec<Progress> {
    std::iter::from_fn(|| job.try_recv())
        .filter_map(|event| if let EventKind::Progress(progress) = event.kind { Some(progress) } else { None })
        .collect()
}

#[test]
fn a_picture_is_computed_there_and_lands_in_the_gallery_here() {
    let scene = Scene::new();
    let server = Server::start(&scene);
    let laptop = Laptop::of(&server);
    let job = laptop.submit(apple());
    let finished = finished(&job);
    assert_eq!((finished.picture.width(), finished.picture.height()), (64, 48));
    assert!(finished.file.starts_with(laptop.home.path()) && finished.file.is_file());
    // What the other machine chose is noted here.
    assert_eq!((finished.request.scheduler, finished.request.guidance), (Some(SchedulerName::Ddim), Some(4.0)));
    let steps: Vec<(u32, bool)> = progress(&job)
        .into_iter()
        .filter_map(|progress| match progress {
            Progress::Step { done, total: 4, preview, .. } => Some((done, preview.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(steps.iter().map(|(done, _)| *done).collect::<Vec<_>>(), [1, 2, 3, 4], "{steps:?}");
    // The same as by that engine itself.
    let there = scene.engine.submit(apple(), Destination::Front).unwrap();
    assert_eq!(self::finished(&there).picture.rgba(), finished.picture.rgba());
    // From the next picture on it is this machine's again.
    laptop.elsewhere.set(None);
    assert!(failed(&laptop.submit(apple())).to_string().contains("always fails here"));
    server.stop.ask();
    server.join();
}

#[test]
fn what_is_not_painted_comes_back_byte_for_byte() {
    let scene = Scene::new();
    let server = Server::start(&scene);
    let laptop = Laptop::of(&server);
    let rgba: Vec<u8> = (0..64 * 32).flat_map(|at: u32| [(at % 251) as u8, (at % 13) as u8, 7, 255]).collect();
    let photo = Picture::from_rgba(64, 32, rgba).unwrap();
    let values = (0..64 * 32).map(|at| if at % 64 < 16 { 255 } else { 0 }).collect();
    let mask = MaskPlane::from_values(64, 32, values).unwrap();
    let request = Request {
        init: Some(InitPicture { picture: Arc::new(photo.clone()), strength: 0.8 }),
        mask: Some(InpaintMask { plane: Arc::new(mask) }),
        width: None,
        height: None,
        ..apple()
    };
    let picture = Arc::clone(&finished(&laptop.submit(request)).picture);
    for (at, (made, was)) in picture.rgba().chunks(4).zip(photo.rgba().chunks(4)).enumerate() {
        assert_eq!(made != was, at % 64 < 16, "pixel {at}");
    }
    server.stop.ask();
    server.join();
}

#[test]
fn a_cancel_here_ends_the_job_there() {
    let (scene, _gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    let laptop = Laptop::of(&server);
    let job = laptop.submit(apple());
    scene.until("the job", |scene| scene.get("/metrics").text().contains("jobs_running 1"));
    job.cancel();
    assert!(matches!(job.wait(), Outcome::Cancelled));
    scene.until("its end", |scene| scene.get("/metrics").text().contains("outcome=\"cancelled\"} 1"));
    server.stop.ask();
    server.join();
}

#[test]
fn what_fails_there_is_said_here_in_one_sentence() {
    let scene = Scene::with(ServiceOptions { token: AccessToken::new("s3cret"), ..ServiceOptions::default() });
    let server = Server::start(&scene);
    let laptop = Laptop::new();
    let by = |token| laptop.elsewhere.set(Some(connection(&server, token)));
    by(Some("s3cret"));
    for (request, kind, word) in [
        (Request { prompt: "this must fail".into(), ..apple() }, ErrorKind::Request, "always fails here"),
        (Request { model: ModelRef::File("/here/dream.safetensors".into()), ..apple() }, ErrorKind::Request, "dream"),
        (Request { loras: vec![LoraRef::new("/here/ink.safetensors", 1.0)], ..apple() }, ErrorKind::Request, "ink"),
        (Request { vae: Some("/here/soft.pt".into()), ..apple() }, ErrorKind::Request, "soft"),
    ] {
        let error = failed(&laptop.submit(request));
        assert!(error.kind == kind && error.to_string().contains(word), "{word}: {error:?}");
        assert!(!error.to_string().contains("/here"), "where this machine keeps its files is not told: {error}");
    }
    for token in [None, Some("other")] {
        by(token);
        assert!(failed(&laptop.submit(apple())).to_string().contains("check the token"));
    }
    server.stop.ask();
    server.join();
    let nobody: RemoteAddress =
        format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()).parse().unwrap();
    laptop.elsewhere.set(Some(Arc::new(Connection::new(nobody, None, None).unwrap())));
    let error = failed(&laptop.submit(apple()));
    assert!(
        error.to_string().contains("cannot be reached") && error.to_string().contains("compute on this machine"),
        "{error}"
    );
}

#[test]
fn a_full_queue_is_waited_for() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    let mut full = Vec::new();
    // The one that runs has left its place to another.
    while scene.engine.running().is_none() || scene.engine.room() > 0 {
        full.extend(scene.engine.submit(apple(), Destination::Front).ok());
    }
    let laptop = Laptop::of(&server);
    let job = laptop.submit(apple());
    let said = loop {
        let event = job.recv_timeout(PATIENCE).expect("it says why it waits");
        if let EventKind::Progress(Progress::Notice(notice)) = event.kind {
            break notice.message;
        }
    };
    assert!(said.contains("full queue"), "{said}");
    drop(gate);
    finished(&job);
    server.stop.ask();
    server.join();
}

/// Hands connections on until it is told to cut them.
struct Wire {
    address: std::net::SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(target: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, open) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let kept = Arc::clone(&open);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(target) else { continue };
                kept.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                let (mut near_in, mut far_out) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut near_in, &mut far_out));
                let (mut far_in, mut near_out) = (far, near);
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut far_in, &mut near_out);
                    let _ = near_out.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { address, open }
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

#[test]
fn a_lost_connection_is_said_and_the_picture_comes_all_the_same() {
    let (scene, gate) = Scene::stepped(ServiceOptions::default());
    let server = Server::start(&scene);
    let wire = Wire::to(server.address);
    let laptop = Laptop::new();
    let address = format!("http://{}", wire.address).parse().unwrap();
    laptop.elsewhere.set(Some(Arc::new(Connection::new(address, None, None).unwrap())));
    let job = laptop.submit(apple());
    let mut seen = Vec::new();
    let mut wait_for = |wanted: &dyn Fn(&Progress) -> bool| loop {
        let event = job.recv_timeout(PATIENCE).expect("nothing more came");
        if let EventKind::Progress(progress) = event.kind {
            let is_it = wanted(&progress);
            seen.push(progress);
            if is_it {
                break;
            }
        }
    };
    gate.send(()).unwrap();
    wait_for(&|progress| matches!(progress, Progress::Step { done: 1, .. }));
    wire.cut();
    wait_for(&|progress| matches!(progress, Progress::Notice(notice) if notice.message.contains("lost")));
    drop(gate);
    let finished = finished(&job);
    assert_eq!(finished.picture.width(), 64);
    seen.extend(progress(&job));
    let mut steps: Vec<u32> =
        seen.iter().filter_map(|one| if let Progress::Step { done, .. } = one { Some(*done) } else { None }).collect();
    let all = steps.len();
    steps.dedup();
    assert_eq!((steps.as_slice(), all), (&[1, 2, 3, 4][..], 4), "each step once: it went on where it broke");
    assert!(scene.get("/metrics").text().contains("jobs_submitted_total 1\n"), "nothing was made twice");
    server.stop.ask();
    server.join();
}

#[test]
#[cfg(unix)] // it is ended by a signal
fn a_machine_that_is_started_again_in_mid_job_is_asked_anew() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let first = crate::program::Program::start(&["--listen", &listen], None);
    let laptop = Laptop::new();
    let address = format!("http://{listen}").parse().unwrap();
    laptop.elsewhere.set(Some(Arc::new(Connection::new(address, None, None).unwrap())));
    let request = Request {
        prompt: "a red apple".into(),
        steps: 60,
        seed: 7,
        width: Some(64),
        height: Some(64),
        ..Request::default()
    };
    let job = laptop.submit(request);
    loop {
        let event = job.recv_timeout(PATIENCE).expect("it never began");
        if matches!(event.kind, EventKind::Progress(Progress::Step { .. })) {
            break;
        }
    }
    first.end("-KILL");
    std::thread::sleep(Duration::from_millis(100));
    let _second = crate::program::Program::start(&["--listen", &listen], None);
    let finished = finished(&job);
    assert_eq!(finished.picture.width(), 64);
    let said: Vec<String> = progress(&job)
        .into_iter()
        .filter_map(|one| if let Progress::Notice(notice) = one { Some(notice.message) } else { None })
        .collect();
    assert!(said.iter().any(|notice| notice.contains("lost")), "{said:?}");
}

#[test]
fn what_a_window_asks_is_answered_by_the_other_machine() {
    use inkwick::job::{EstimateQuestion, Family};
    let scene = Scene::new();
    let server = Server::start(&scene);
    let connection = connection(&server, None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connected = runtime.block_on(connection.connect()).unwrap();
    assert!(connected.label.starts_with("127.0.0.1 · "), "{connected:?}");
    assert_eq!((connected.models.len(), &connected.models[0].reference), (2, &ModelRef::BuiltIn));
    assert_eq!(connected.loras, ["flat-icon", "pixel-art"], "those that are built in");
    let (windows, room) = runtime.block_on(connection.tokens(&ModelRef::BuiltIn, "a red apple")).unwrap();
    assert_eq!((windows[0].tokens, room), (3, 75));
    let question = EstimateQuestion::of(&apple(), &Family::BuiltIn.defaults(), None);
    let estimate = runtime.block_on(connection.estimate(&question)).unwrap();
    assert!(estimate.peak_bytes > 1 << 20 && estimate.calls == 4 && estimate.by_attention.len() == 3, "{estimate:?}");
    let foreign = EstimateQuestion { model: ModelRef::File("/here/dream.safetensors".into()), ..question };
    let error = runtime.block_on(connection.estimate(&foreign)).unwrap_err().to_string();
    assert!(error.contains("dream") && !error.contains("/here"), "{error}");
    server.stop.ask();
    server.join();
}
