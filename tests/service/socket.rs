//! A client on a plain socket, as small as HTTP lets it be, and a server that it asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use inkwick::service::{ServiceOptions, Stop, serve};
use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene, apple};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Stop,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Server {
    pub(crate) fn start(scene: &Scene) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, service) = (Stop::new(), Arc::clone(&scene.service));
        let asked = stop.clone();
        let thread = std::thread::spawn(move || serve(listener, &service, &asked));
        Self { address, stop, thread: Some(thread) }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut reader = self.begin(method, path, body);
        let status = head_of(&mut reader);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        (status, text)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, String) {
        self.ask("POST", path, &body.to_string())
    }

    /// An answer of which nothing is read yet.
    pub(crate) fn begin(&self, method: &str, path: &str, body: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        // HTTP/1.0 gets its answer in one piece to the end.
        let head = format!("{method} {path} HTTP/1.0\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        BufReader::new(stream)
    }

    /// Waits for the end, which `stop` was asked for.
    pub(crate) fn join(mut self) {
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

/// Reads to the empty line; the status.
pub(crate) fn head_of(reader: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).expect("no status").parse().unwrap();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    status
}

pub(crate) fn id_in(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap()["job_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_picture_comes_over_a_socket_and_a_silent_stream_says_that_it_lives() {
    let options = ServiceOptions { keep_alive: std::time::Duration::from_millis(1), ..ServiceOptions::default() };
    let (scene, gate) = Scene::gated(options);
    let server = Server::start(&scene);
    let (status, text) = server.post("/v1/jobs", &apple(5));
    assert_eq!(status, 202, "{text}");
    let path = format!("/v1/jobs/{}/stream", id_in(&text));
    let mut reader = server.begin("GET", &path, "");
    assert_eq!(head_of(&mut reader), 200);
    // A comment comes although nothing happens.
    let mut line = String::new();
    while !line.starts_with(':') {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
    drop(gate);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("event: complete"));
    server.stop.ask();
    server.join();
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_what_runs_and_hands_back_what_waits() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    let ids: Vec<String> = (0..3).map(|seed| id_in(&server.post("/v1/jobs", &apple(seed)).1)).collect();
    scene.until("the first job", |scene| scene.state(&ids[0]) == "running");
    let mut readers: Vec<_> = ids.iter().map(|id| server.begin("GET", &format!("/v1/jobs/{id}/stream"), "")).collect();
    for reader in &mut readers {
        assert_eq!(head_of(reader), 200);
    }
    server.stop.ask();
    scene.until("the stop", |scene| scene.get("/ready").status == 503);
    let refused = scene.post("/v1/jobs", &apple(9));
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["kind"]), (503, &json!("stopped")));
    drop(gate);
    let outcomes: Vec<_> = readers
        .into_iter()
        .map(|mut reader| {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            let last = crate::scene::events_in(&text).pop().unwrap();
            (last.name, last.data["kind"].clone())
        })
        .collect();
    assert_eq!(outcomes[0].0, "complete");
    assert_eq!(outcomes[1..], [("error".to_owned(), json!("stopped")), ("error".into(), json!("stopped"))]);
    server.join();
}

#[test]
fn a_second_asking_cancels_what_runs() {
    let (scene, _gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    let id = id_in(&server.post("/v1/jobs", &apple(1)).1);
    scene.until("the job", |scene| scene.state(&id) == "running");
    let mut reader = server.begin("GET", &format!("/v1/jobs/{id}/stream"), "");
    assert_eq!(head_of(&mut reader), 200);
    server.stop.ask();
    server.stop.ask();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(text.contains("event: cancelled"), "{text}");
    server.join();
}
