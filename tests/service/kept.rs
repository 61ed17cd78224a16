//! What outlives the server: jobs that wait, what became of the others, and what is let go.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use axum::http::StatusCode;
use inkwick::engine::{Backend, BackendError, FakeBackend, FakeScript};
use inkwick::job::{CancelToken, Drawn, Progress, Task};
use inkwick::service::ServiceOptions;
use serde_json::json;

use crate::scene::{Scene, apple, names};

fn ungated() -> FakeBackend {
    FakeBackend::new(FakeScript::default())
}

/// The files of one kind under the service's folder.
fn files(scene: &Scene, ending: &str) -> usize {
    let folders = ["queue", "done"].map(|name| scene.home.path().join("service").join(name));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    files.filter(|file| file.path().extension().is_some_and(|found| found == ending)).count()
}

#[test]
fn what_waited_goes_on_and_what_was_finished_is_there_until_it_expires() {
    let (scene, gate) = Scene::keeping_gated();
    let ids: Vec<String> = (1..=4).map(|seed| scene.submit(&apple(seed))).collect();
    gate.send(()).unwrap();
    scene.until("the first is done", |scene| scene.state(&ids[0]) == "complete");
    assert_eq!(scene.delete(&format!("/v1/jobs/{}", ids[2])).status, StatusCode::ACCEPTED);
    scene.until("the third is cancelled", |scene| scene.state(&ids[2]) == "cancelled");
    let picture = scene.get(&format!("/v1/jobs/{}/image", ids[0])).body;
    let home = scene.end();
    drop(gate);
    let scene = Scene::keeping(home, ungated, ServiceOptions::default());
    // By the ids that their clients know, and in their order.
    assert_eq!(scene.get(&format!("/v1/jobs/{}/image", ids[0])).body, picture);
    assert_eq!(scene.state(&ids[2]), "cancelled");
    for id in [&ids[1], &ids[3]] {
        let events = scene.events(id);
        assert_eq!(names(&events).last(), Some(&"complete"), "{events:?}");
    }
    assert_eq!(scene.events(&ids[0]).last().unwrap().data["seed"], 1);
    assert_eq!(scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().len(), 4);
    scene.until("nothing waits on the disk", |scene| files(scene, "job") == 0);
    assert_eq!(files(&scene, "done"), 4);
    // Nothing is made twice by another start.
    let scene = Scene::keeping(scene.end(), ungated, ServiceOptions::default());
    assert_eq!(scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().len(), 4);
    assert_eq!(scene.get("/health").status, StatusCode::OK);
    let options = ServiceOptions { keep_ended: Duration::ZERO, ..ServiceOptions::default() };
    let scene = Scene::keeping(scene.end(), ungated, options);
    // Outcomes have whole seconds.
    scene.until("all have expired", |scene| scene.get("/v1/jobs").json()["jobs"] == json!([]));
    assert_eq!(files(&scene, "done"), 0);
}

/// Ends when it is let go, long after it was cancelled.
struct Slow(Receiver<()>);

impl Backend for Slow {
    fn run(&mut self, _: &Task, _: &CancelToken, _: &mut dyn FnMut(Progress)) -> Result<Drawn, BackendError> {
        let _ = self.0.recv();
        Err(BackendError::Cancelled)
    }

    fn reset(&mut self) {}
}

#[test]
fn a_job_that_is_cancelled_is_noted_before_it_has_ended() {
    let (let_go, gate) = channel();
    let scene = Scene::keeping(tempfile::TempDir::new().unwrap(), || Slow(gate), ServiceOptions::default());
    let id = scene.submit(&apple(1));
    scene.until("it runs", |scene| scene.state(&id) == "running");
    assert_eq!((files(&scene, "job"), files(&scene, "done")), (1, 0));
    assert_eq!(scene.delete(&format!("/v1/jobs/{id}")).status, StatusCode::ACCEPTED);
    scene.until("it is noted", |scene| (files(scene, "job"), files(scene, "done")) == (0, 1));
    assert_eq!(scene.state(&id), "running", "it has not ended");
    drop(let_go);
    scene.until("it has ended", |scene| scene.state(&id) == "cancelled");
}

#[test]
fn where_a_job_cannot_be_written_down_its_client_is_told() {
    let (scene, gate) = Scene::keeping_gated();
    let queue = scene.home.path().join("service/queue");
    std::fs::remove_dir_all(&queue).unwrap();
    let notices = scene.post("/v1/jobs", &apple(1)).json()["notices"].to_string();
    assert!(notices.contains("cannot be kept for the next start"), "{notices}");
    assert!(!notices.contains(&*queue.to_string_lossy()), "{notices}");
    drop(gate);
}

#[test]
fn a_failure_and_its_notices_are_there_after_a_restart() {
    let scene = Scene::keeping(tempfile::TempDir::new().unwrap(), ungated, ServiceOptions::default());
    let mut body = apple(1);
    body["prompt"] = "this will fail".into();
    let id = scene.submit(&body);
    let before = scene.events(&id).last().unwrap().data.clone();
    assert!(before["message"].as_str().unwrap().contains("always fails"), "{before}");
    let scene = Scene::keeping(scene.end(), ungated, ServiceOptions::default());
    assert_eq!(scene.events(&id).last().unwrap().data, before);
}
