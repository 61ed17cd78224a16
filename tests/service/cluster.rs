//! Nodes that share a queue in a real nats-server: nothing is lost and nothing done twice, whichever of them dies.
//!
//! `nats-server` is a package of its own (Debian has one). Where there is none, these tests say what they leave out.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use inkwick::engine::{FakeBackend, FakeScript};
use inkwick::service::ServiceOptions;
use inkwick::service::cluster::{Link, Node, NodeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::{PATIENCE, Scene, apple, decoded, names, pixels, png};

/// So long that a machine which is busy with other tests does not lose its jobs by it.
const LEASE: Duration = Duration::from_secs(4);
const SERVERS: &str = "INKWICK_TEST_NATS";

/// A server with nothing in it.
struct Nats {
    child: Child,
    servers: String,
    folder: TempDir,
}

impl Nats {
    /// `None` where there is no nats-server: that is said.
    fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("nats-server");
        command.args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(folder.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(child) = child else {
            // Tests that pass have what they print swallowed, but for this.
            let _ = writeln!(std::io::stderr(), "left out: nodes that share a queue (nats-server is not installed)");
            return None;
        };
        let nats = Self { child, servers: format!("nats://127.0.0.1:{port}"), folder };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "nats-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(nats)
    }

    fn options(&self, works: bool) -> NodeOptions {
        NodeOptions { servers: self.servers.clone(), works, lease: LEASE }
    }

    fn front(&self) -> (Scene, Node) {
        self.node(FakeScript::default(), false)
    }

    fn node(&self, script: FakeScript, works: bool) -> (Scene, Node) {
        let scene = Scene::by(move || FakeBackend::new(script), ServiceOptions::default());
        let node = Node::join(&scene.service, &self.options(works)).unwrap();
        (scene, node)
    }

    /// Outcomes that are there, outcomes ever published, jobs set aside, jobs in the queue.
    fn counts(&self) -> [u64; 4] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let link = Link::open(&self.servers, LEASE).await.unwrap();
            let [done, ever, aside] = link.counts().await.unwrap();
            [done, ever, aside, link.open_jobs().await.unwrap()]
        })
    }

    /// A worker that is a process of its own: it works until it is killed.
    fn worker(&self) -> Worker {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "cluster::work_for_ever", "--test-threads", "1"]);
        // What one that is killed leaves behind goes with the server's folder.
        command.env("TMPDIR", self.folder.path()).env("TMP", self.folder.path());
        command.env(SERVERS, &self.servers).stdout(Stdio::null()).stderr(Stdio::null());
        Worker(command.spawn().unwrap())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "it works until it is killed: tests start it"]
fn work_for_ever() {
    let Ok(servers) = std::env::var(SERVERS) else { return };
    let script = FakeScript { step_duration: Duration::from_millis(15), ..FakeScript::default() };
    let scene = Scene::by(move || FakeBackend::new(script), ServiceOptions::default());
    let _node = Node::join(&scene.service, &NodeOptions { servers, works: true, lease: LEASE }).unwrap();
    // Whoever started it may be gone.
    std::thread::sleep(PATIENCE * 5);
}

#[test]
fn workers_killed_at_random_lose_nothing_and_finish_nothing_twice() {
    const JOBS: u64 = 200;
    let Some(nats) = Nats::start() else { return };
    let (scene, _node) = nats.front();
    let mut workers: Vec<Worker> = (0..4).map(|_| nats.worker()).collect();
    let order =
        |seed| json!({"prompt": "an apple", "steps": 10, "seed": seed, "width": 64, "height": 64, "previews": false});
    let ids: Vec<String> = (0..JOBS).map(|seed| scene.submit(&order(seed))).collect();
    let is_open = |id: &String| matches!(scene.state(id).as_str(), "queued" | "running");
    let mut kills = 0_u64;
    let begun = Instant::now();
    while let Some(at) = ids.iter().position(is_open) {
        assert!(
            begun.elapsed() < PATIENCE * 4,
            "job {at} of {JOBS} does not end: {}",
            scene.get(&format!("/v1/jobs/{}", ids[at])).text()
        );
        // As far apart as jobs are long, so that each kill meets another part of one.
        std::thread::sleep(Duration::from_millis(350 + kills * 67 % 300));
        if kills < 12 {
            let unlucky = (kills * 7 % 4) as usize;
            // Replaced when it is dead.
            drop(std::mem::replace(&mut workers[unlucky], nats.worker()));
            kills += 1;
        }
    }
    assert!(kills >= 5, "{kills} kills are no test");
    for (seed, id) in ids.iter().enumerate() {
        let view = scene.get(&format!("/v1/jobs/{id}")).json();
        assert_eq!((view["state"].as_str(), view["seed"].as_u64()), (Some("complete"), Some(seed as u64)), "{view}");
    }
    // One that was killed behind its outcome had no time to take its job out of the queue.
    scene.until("the queue is empty", |_| nats.counts()[3] == 0);
    assert_eq!(nats.counts(), [JOBS, JOBS, 0, 0], "each ended once, and none is left");
}

#[test]
fn a_job_goes_to_another_machine_with_its_pictures_and_comes_back_with_progress() {
    let Some(nats) = Nats::start() else { return };
    let (front, _front_node) = nats.front();
    let (_worker, _node) =
        nats.node(FakeScript { step_duration: Duration::from_millis(30), ..FakeScript::default() }, true);
    // Larger than a message may be, so that it lies in the bucket.
    let noise: Vec<u8> = (0..4 * 640 * 480_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let mut photo = image::RgbaImage::from_raw(640, 480, noise).unwrap();
    photo.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
    let mut bytes = std::io::Cursor::new(Vec::new());
    photo.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let mut mask = image::RgbaImage::from_pixel(640, 480, image::Rgba([0, 0, 0, 255]));
    image::imageops::replace(&mut mask, &image::RgbaImage::from_pixel(100, 480, image::Rgba([255; 4])), 0, 0);
    let mut masked = std::io::Cursor::new(Vec::new());
    mask.write_to(&mut masked, image::ImageFormat::Png).unwrap();
    let encoded = |bytes: std::io::Cursor<Vec<u8>>| {
        use base64::Engine as _;
        base64::prelude::BASE64_STANDARD.encode(bytes.into_inner())
    };
    let body = json!({"prompt": "a blue sky", "steps": 5, "seed": 3, "init_image": encoded(bytes), "mask_image": encoded(masked)});
    let id = front.submit(&body);
    let events = front.events(&id);
    let told = names(&events);
    assert_eq!(told.last(), Some(&"complete"), "{told:?}");
    assert!(told.contains(&"progress") && told.contains(&"preview"), "{told:?}");
    let complete = &events.last().unwrap().data;
    let made = pixels(&decoded(complete["image"].as_str().unwrap()));
    assert_eq!(made.get_pixel(300, 200), photo.get_pixel(300, 200), "outside of the mask");
    assert_ne!(made.get_pixel(50, 200), photo.get_pixel(50, 200), "inside of the mask");
    assert_eq!(complete["metadata"]["settings"]["seed"], 3, "{}", complete["metadata"]);
    assert_eq!(front.get(&format!("/v1/jobs/{id}/image")).body, decoded(complete["image"].as_str().unwrap()));
    assert_eq!(nats.counts()[3], 0);
}

#[test]
fn every_node_can_be_asked_about_a_job_and_a_front_that_is_gone_took_nothing_along() {
    let Some(nats) = Nats::start() else { return };
    let (first, first_node) = nats.front();
    let ids = [first.submit(&apple(1)), first.submit(&apple(2))];
    let behind = first.get(&format!("/v1/jobs/{}", ids[1])).json();
    assert_eq!(behind["state"], "queued", "nobody works yet: {behind}");
    drop((first_node, first));
    let (second, _second_node) = nats.front();
    assert_eq!(second.state(&ids[0]), "queued");
    let (_worker, _node) = nats.node(FakeScript::default(), true);
    for id in &ids {
        assert_eq!(names(&second.events(id)).last(), Some(&"complete"));
    }
    let (third, _third_node) = nats.front();
    assert_eq!(third.get(&format!("/v1/jobs/{}/image", ids[0])).status, StatusCode::OK);
    assert_eq!(third.get("/v1/jobs/nobody-1").status, StatusCode::NOT_FOUND);
}

#[test]
fn a_job_is_taken_back_wherever_it_stands() {
    let Some(nats) = Nats::start() else { return };
    let (front, _front_node) = nats.front();
    let slow = FakeScript { step_duration: Duration::from_millis(20), ..FakeScript::default() };
    let (_worker, _node) = nats.node(slow, true);
    let mut long = apple(1);
    long["steps"] = 900.into();
    let ids = [front.submit(&long), front.submit(&apple(2)), front.submit(&apple(3))];
    front.until("the first runs", |front| front.state(&ids[0]) == "running");
    front
        .until("the third knows its place", |front| front.get(&format!("/v1/jobs/{}", ids[2])).json()["position"] == 1);
    for id in &ids[..2] {
        assert_eq!(front.delete(&format!("/v1/jobs/{id}")).status, StatusCode::ACCEPTED);
    }
    for id in &ids[..2] {
        assert_eq!(names(&front.events(id)).last(), Some(&"cancelled"));
    }
    // At once: the long one was stopped.
    assert_eq!(names(&front.events(&ids[2])).last(), Some(&"complete"));
    front.until("the queue is empty", |_| nats.counts()[3] == 0);
    assert_eq!(nats.counts()[..3], [3, 3, 0]);
}

#[test]
fn what_no_node_can_do_is_set_aside_and_what_everyone_would_refuse_fails_at_once() {
    let Some(nats) = Nats::start() else { return };
    let (front, _front_node) = nats.front();
    let (_worker, _node) = nats.node(FakeScript::default(), true);
    let mut refused = apple(1);
    refused["prompt"] = "this will fail".into();
    let mut breaks = apple(2);
    breaks["prompt"] = "panic".into();
    let (refused, breaks) = (front.submit(&refused), front.submit(&breaks));
    let last = front.events(&refused).pop().unwrap();
    assert_eq!((last.name.as_str(), &last.data["kind"]), ("error", &json!("request")), "{}", last.data);
    let events = front.events(&breaks);
    let last = events.last().unwrap();
    assert!(last.name == "error" && last.data["message"].as_str().unwrap().contains("set aside"), "{}", last.data);
    assert!(
        names(&events).iter().filter(|name| **name == "notice").count() >= 2,
        "each failure is told of: {events:?}"
    );
    front.until("the queue is empty", |_| nats.counts()[3] == 0);
    assert_eq!(nats.counts()[..3], [2, 2, 1]);
    // And the next one is done.
    assert_eq!(names(&front.events(&front.submit(&apple(3)))).last(), Some(&"complete"));
}

#[test]
fn a_node_that_leaves_ends_what_it_works_on() {
    let Some(nats) = Nats::start() else { return };
    let (front, _front_node) = nats.front();
    let slow = FakeScript { step_duration: Duration::from_millis(20), ..FakeScript::default() };
    let (worker, node) = nats.node(slow, true);
    let mut long = apple(1);
    long["steps"] = 40.into();
    let ids = [front.submit(&long), front.submit(&apple(2))];
    front.until("the first runs", |front| front.state(&ids[0]) == "running");
    let server = crate::socket::Server::start(&worker);
    server.stop.ask();
    server.join();
    node.leave();
    assert_eq!(names(&front.events(&ids[0])).last(), Some(&"complete"));
    assert_eq!(front.state(&ids[1]), "queued");
    let (_other, _other_node) = nats.node(FakeScript::default(), true);
    assert_eq!(names(&front.events(&ids[1])).last(), Some(&"complete"));
}

#[test]
fn other_programs_clients_draw_in_the_shared_queue_too() {
    let Some(nats) = Nats::start() else { return };
    let (front, _front_node) = nats.front();
    let (_worker, _node) = nats.node(FakeScript::default(), true);
    let body = json!({"prompt": "an apple", "steps": 4, "seed": 5, "width": 64, "height": 64});
    let answer = front.post("/sdapi/v1/txt2img", &body);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let by_a1111 = pixels(&decoded(answer.json()["images"][0].as_str().unwrap()));
    let body = json!({"prompt": "an apple", "steps": 4, "seed": 5, "size": "64x64", "n": 2});
    let answer = front.post("/v1/images/generations", &body);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let data: Value = answer.json()["data"].clone();
    assert_eq!(data.as_array().unwrap().len(), 2);
    assert_eq!(pixels(&decoded(data[0]["b64_json"].as_str().unwrap())), by_a1111);
    let body =
        json!({"prompt": "an apple", "steps": 1, "width": 64, "height": 48, "init_images": [png(64, 48, [9; 4])]});
    assert_eq!(front.post("/sdapi/v1/img2img", &body).status, StatusCode::OK);
}

#[test]
fn a_worker_without_a_server_is_told_so() {
    let scene = Scene::new();
    let options = NodeOptions { servers: "nats://127.0.0.1:1".into(), works: true, lease: LEASE };
    let Err(sentence) = Node::join(&scene.service, &options) else { panic!("nobody listens there") };
    assert!(sentence.contains("nats-server"), "{sentence}");
}
