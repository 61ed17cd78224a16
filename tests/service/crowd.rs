//! Many clients at once, of every kind: each job ends in exactly one outcome.

use std::io::Read;
use std::sync::Mutex;
use std::time::Duration;

use inkwick::engine::{FakeBackend, FakeScript};
use inkwick::service::ServiceOptions;
use serde_json::Value;

use crate::scene::{Scene, apple, events_in};
use crate::socket::{Server, head_of, id_in};

const CLIENTS: u64 = 64;
const JOBS_EACH: u64 = 5;

/// Taken at last, however often the queue is full.
fn submitted(server: &Server, body: &Value) -> String {
    loop {
        let (status, text) = server.post("/v1/jobs", body);
        match status {
            202 => return id_in(&text),
            429 => std::thread::sleep(Duration::from_millis(3)),
            other => panic!("{other}: {text}"),
        }
    }
}

#[test]
fn every_job_of_a_crowd_ends_in_exactly_one_outcome() {
    let script = FakeScript { step_duration: Duration::from_micros(200), preview_side_px: 16, ..FakeScript::default() };
    let scene = Scene::by(move || FakeBackend::new(script), ServiceOptions::default());
    let server = Server::start(&scene);
    let all: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, all) = (&server, &all);
            scope.spawn(move || {
                for job in 0..JOBS_EACH {
                    let id = submitted(server, &apple(client * 100 + job));
                    all.lock().unwrap().push(id.clone());
                    let path = format!("/v1/jobs/{id}/stream");
                    match (client + job) % 4 {
                        // Takes its job back.
                        0 => assert!([202, 204].contains(&server.ask("DELETE", &format!("/v1/jobs/{id}"), "").0)),
                        // Goes away in the middle of an answer.
                        1 => drop(server.begin("GET", &path, "")),
                        // Reads a little and then nothing for a while.
                        2 => {
                            let mut reader = server.begin("GET", &path, "");
                            assert_eq!(head_of(&mut reader), 200);
                            std::thread::sleep(Duration::from_millis(10));
                            let mut text = String::new();
                            reader.read_to_string(&mut text).unwrap();
                            assert!(outcomes(&text) == 1, "{text}");
                        }
                        _ => {
                            let (_, text) = server.ask("GET", &path, "");
                            assert!(outcomes(&text) == 1, "{text}");
                        }
                    }
                }
            });
        }
    });
    let ids = all.into_inner().unwrap();
    assert_eq!(ids.len() as u64, CLIENTS * JOBS_EACH);
    let mut gone = 0;
    for id in &ids {
        let (status, text) = server.ask("GET", &format!("/v1/jobs/{id}/stream"), "");
        if status == 404 {
            // Deleted after its end.
            gone += 1;
        } else {
            assert_eq!(outcomes(&text), 1, "{id}: {text}");
        }
    }
    let metrics = scene.get("/metrics").text();
    let number = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(&format!("inkwick_{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let ended: u64 = ["complete", "cancelled", "failed"]
        .map(|name| number(&format!("jobs_ended_total{{outcome=\"{name}\"}}")))
        .iter()
        .sum();
    assert_eq!(
        (number("jobs_submitted_total"), ended),
        (CLIENTS * JOBS_EACH, CLIENTS * JOBS_EACH),
        "{gone} were let go"
    );
    assert_eq!((number("jobs_waiting"), number("jobs_running")), (0, 0));
    server.stop.ask();
    server.join();
}

fn outcomes(text: &str) -> usize {
    events_in(text).iter().filter(|event| ["complete", "cancelled", "error"].contains(&event.name.as_str())).count()
}
