//! Jobs from the asking to the picture: events, readers, cancel, order, what is kept.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::engine::device::{DeviceChoice, DtypeChoice};
use inkwick::engine::{CandleBackend, EngineHandle};
use inkwick::sampling::SchedulerName;
use inkwick::service::ServiceOptions;
use serde_json::{Value, json};

use crate::scene::{Scene, apple, decoded, events_in, names, pixels, png};

#[test]
fn a_job_is_followed_to_its_picture() {
    let scene = Scene::new();
    let answer = scene.post("/v1/jobs", &apple(7));
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let accepted = answer.json();
    let id = accepted["job_id"].as_str().unwrap();
    assert_eq!(accepted["sse_url"], format!("/v1/jobs/{id}/stream"));
    let events = scene.events(id);
    let found = names(&events);
    assert_eq!((found[0], *found.last().unwrap()), ("queued", "complete"), "{found:?}");
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "{events:?}");
    let progress: Vec<&Value> =
        events.iter().filter(|event| event.name == "progress").map(|event| &event.data).collect();
    assert_eq!(progress.iter().map(|data| data["step"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((&progress[2]["total"], &progress[2]["percent"]), (&json!(3), &json!(100.0)));
    assert!(progress[0]["seconds_per_step"].is_number() && progress[0]["seconds_left"].is_number());
    let complete = &events.last().unwrap().data;
    assert_eq!(complete["seed"], 7);
    assert_eq!((&complete["metadata"]["width"], &complete["metadata"]["height"]), (&json!(64), &json!(48)));
    assert!(complete["metadata"]["parameters"].as_str().unwrap().starts_with("a red apple\nSteps: 3"));
    let file = decoded(complete["image"].as_str().unwrap());
    assert_eq!(pixels(&file).dimensions(), (64, 48));

    let image = scene.get(&format!("/v1/jobs/{id}/image"));
    assert_eq!((image.headers["content-type"].to_str().unwrap(), &image.body[..]), ("image/png", &file[..]));
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("parameters") && text.contains("Seed: 7"), "the picture carries its settings");
    let view = scene.get(&format!("/v1/jobs/{id}")).json();
    assert_eq!((&view["state"], &view["seed"]), (&json!("complete"), &json!(7)));
}

#[test]
fn a_count_makes_so_many_jobs_that_count_the_seed_up() {
    let scene = Scene::new();
    let mut body = apple(u64::from(u32::MAX));
    body["count"] = 3.into();
    let answer = scene.post("/v1/jobs", &body).json();
    let ids: Vec<String> =
        answer["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), answer["job_id"].as_str()), (3, Some(ids[0].as_str())));
    let seeds: Vec<u64> =
        ids.iter().map(|id| scene.events(id).last().unwrap().data["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001]);
    assert_eq!(scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().len(), 3);
}

#[test]
fn a_reader_goes_on_where_it_broke_and_a_late_one_gets_the_outcome() {
    let scene = Scene::new();
    let id = scene.submit(&apple(1));
    let all = scene.events(&id);
    let late = scene.events(&id);
    assert_eq!(late.last().unwrap().name, "complete");
    let path = format!("/v1/jobs/{id}/stream");
    let from = |number: &str| {
        let request = Request::get(&path).header("last-event-id", number).body(Body::empty()).unwrap();
        scene.ask(request)
    };
    let broken = late.iter().find(|event| event.name == "progress").unwrap().id;
    let rest = crate::scene::events_in(&from(&broken.to_string()).text());
    let wanted: Vec<u64> = late.iter().map(|event| event.id).filter(|id| *id > broken).collect();
    assert_eq!(rest.iter().map(|event| event.id).collect::<Vec<_>>(), wanted);
    // Who has read the outcome has read everything.
    for number in [all.last().unwrap().id.to_string(), "99999".into()] {
        assert_eq!(from(&number).status, StatusCode::NO_CONTENT, "{number}");
    }
    for number in ["-1", "x", ""] {
        assert_eq!(from(number).status, StatusCode::BAD_REQUEST, "{number}");
    }
}

#[test]
fn jobs_are_cancelled_wherever_they_are() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let (running, waiting) = (scene.submit(&apple(1)), scene.submit(&apple(2)));
    scene.until("the first job", |scene| scene.state(&running) == "running");
    assert_eq!(scene.get(&format!("/v1/jobs/{running}/image")).status, StatusCode::CONFLICT);
    for id in [&waiting, &running] {
        assert_eq!(scene.delete(&format!("/v1/jobs/{id}")).status, StatusCode::ACCEPTED);
        assert_eq!(names(&scene.events(id)).last(), Some(&"cancelled"));
        assert_eq!(scene.get(&format!("/v1/jobs/{id}/image")).status, StatusCode::GONE);
        assert_eq!(scene.delete(&format!("/v1/jobs/{id}")).status, StatusCode::NO_CONTENT, "it is let go");
        assert_eq!(scene.get(&format!("/v1/jobs/{id}")).status, StatusCode::NOT_FOUND);
    }
    drop(gate);
    let next = scene.submit(&apple(3));
    assert_eq!(names(&scene.events(&next)).last(), Some(&"complete"), "the engine goes on");
}

#[test]
fn a_job_is_moved_and_its_readers_are_told() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let ids: Vec<String> = (0..4).map(|seed| scene.submit(&apple(seed))).collect();
    scene.until("the first job", |scene| scene.state(&ids[0]) == "running");
    let moved = scene.post(&format!("/v1/jobs/{}/move", ids[3]), &json!({"position": 0}));
    assert_eq!((moved.status, &moved.json()["position"]), (StatusCode::OK, &json!(0)));
    let position = |id: &str| scene.get(&format!("/v1/jobs/{id}")).json()["position"].clone();
    assert_eq!([position(&ids[1]), position(&ids[2])], [json!(1), json!(2)]);
    let wrong = scene.post(&format!("/v1/jobs/{}/move", ids[0]), &json!({"position": 0}));
    assert_eq!(wrong.status, StatusCode::CONFLICT, "it runs already");
    drop(gate);
    let queued: Vec<_> = scene.events(&ids[3]).into_iter().filter(|event| event.name == "queued").collect();
    assert_eq!(queued.last().unwrap().data["position"], 0);
    // The one that was moved ended before those that it passed.
    let order: Vec<String> = ids.iter().map(|id| names(&scene.events(id)).last().unwrap().to_string()).collect();
    assert_eq!(order, ["complete"; 4]);
}

#[test]
fn failures_and_panics_are_told_with_their_kind_and_the_engine_goes_on() {
    let scene = Scene::new();
    for (prompt, kind, status) in [
        ("this must fail", "request", StatusCode::BAD_REQUEST),
        ("a panic please", "internal", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let id = scene.submit(&json!({"prompt": prompt}));
        let last = scene.events(&id).pop().unwrap();
        assert_eq!((last.name.as_str(), &last.data["kind"]), ("error", &json!(kind)));
        assert!(!last.data["message"].as_str().unwrap().is_empty());
        assert_eq!(scene.get(&format!("/v1/jobs/{id}/image")).status, status);
    }
    let id = scene.submit(&apple(1));
    assert_eq!(names(&scene.events(&id)).last(), Some(&"complete"));
}

#[test]
fn a_masked_picture_keeps_what_is_not_masked() {
    let scene = Scene::new();
    let body = json!({
        "operation": "image_inpaint", "prompt": "a tree", "seed": 1, "steps": 2,
        "init_image": png(16, 8, [10, 20, 30, 255]),
        "mask_image": format!("data:image/png;base64,{}", png(16, 8, [255; 4])),
        "inpaint_area": "masked", "masked_content": "#a0c8ff", "mask_grow": -1,
    });
    let id = scene.submit(&body);
    let complete = scene.events(&id).pop().unwrap().data;
    assert_eq!(pixels(&decoded(complete["image"].as_str().unwrap())).dimensions(), (16, 8));
    assert_eq!(complete["metadata"]["settings"]["strength"], 1.0, "{complete}");
    assert_eq!(complete["metadata"]["settings"]["inpaint"]["area"], "masked");
}

#[test]
fn no_previews_are_made_where_none_are_wanted() {
    let scene = Scene::new();
    let mut body = apple(1);
    body["previews"] = false.into();
    let id = scene.submit(&body);
    assert!(!names(&scene.events(&id)).contains(&"preview"));
}

#[test]
fn a_full_queue_says_when_to_come_again_and_takes_all_of_a_batch_or_nothing() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let first = scene.submit(&apple(0));
    scene.until("the first job", |scene| scene.state(&first) == "running");
    let most = EngineHandle::QUEUE_LENGTH;
    let mut batch = apple(1);
    batch["count"] = (most - 1).into();
    scene.submit(&batch);
    batch["count"] = 2.into();
    let refused = scene.post("/v1/jobs", &batch);
    assert_eq!((refused.status, &refused.json()["error"]["kind"]), (StatusCode::TOO_MANY_REQUESTS, &json!("busy")));
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(scene.engine.waiting().len(), most - 1, "nothing of the batch was taken");
    assert_eq!(scene.get("/ready").json()["status"], "ready");
    scene.submit(&apple(9));
    let full = scene.get("/ready");
    assert_eq!((full.status, &full.json()["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("full")));
    drop(gate);
    scene.until("the end", |scene| {
        scene.get("/metrics").text().contains(&format!("outcome=\"complete\"}} {}", most + 1))
    });
}

#[test]
fn the_pictures_of_waiting_jobs_are_bounded() {
    let options = ServiceOptions { max_waiting_picture_bytes: 3 * 64 * 64 * 4, ..ServiceOptions::default() };
    let (scene, gate) = Scene::gated(options);
    let body = json!({"prompt": "a tree", "init_image": png(64, 64, [9; 4]), "count": 5});
    scene.submit(&body);
    scene.submit(&body);
    scene.submit(&body);
    assert_eq!(scene.post("/v1/jobs", &body).status, StatusCode::TOO_MANY_REQUESTS, "a batch's picture counts once");
    drop(gate);
    scene.until("room", |scene| scene.post("/v1/jobs", &body).status == StatusCode::ACCEPTED);
}

#[test]
fn ended_jobs_are_let_go_but_a_reader_gets_its_outcome() {
    let options = ServiceOptions { max_ended_bytes: 0, ..ServiceOptions::default() };
    let (scene, gate) = Scene::gated(options);
    let id = scene.submit(&apple(1));
    let request = Request::get(format!("/v1/jobs/{id}/stream")).body(Body::empty()).unwrap();
    let reader = scene.begin(request);
    drop(gate);
    assert_eq!(names(&events_in(&scene.finish(reader).text())).last(), Some(&"complete"));
    scene.until("its going", |scene| scene.get(&format!("/v1/jobs/{id}")).status == StatusCode::NOT_FOUND);
}

#[test]
fn lists_and_questions_are_answered() {
    let scene = Scene::new();
    let models = scene.get("/v1/models").json();
    assert_eq!((&models["object"], &models["data"][0]["id"]), (&json!("list"), &json!("Built-in")));
    assert_eq!(models["data"][0]["defaults"]["width"], 256);
    assert_eq!(scene.get("/v1/schedulers").json()["schedulers"].as_array().unwrap().len(), SchedulerName::ALL.len());
    for (path, key) in [("/v1/embeddings", "embeddings"), ("/v1/vaes", "vaes")] {
        assert_eq!(scene.get(path).json()[key], json!([]), "{path}");
    }
    let loras = scene.get("/v1/loras").json();
    assert!(
        loras["loras"].to_string().contains("flat-icon") && loras["loras"].as_array().unwrap().len() == 2,
        "{loras}"
    );
    let devices = scene.get("/v1/devices").json();
    assert_eq!((&devices["devices"][0]["id"], &devices["devices"][0]["available"]), (&json!("cpu"), &json!(true)));
    let tokens = scene.post("/v1/tokens", &json!({"prompt": "a red apple"})).json();
    assert_eq!((&tokens["tokens"], &tokens["window_room"]), (&json!(3), &json!(75)));
    let estimate = scene.post("/v1/estimate", &apple(1)).json();
    assert_eq!((&estimate["width"], &estimate["calls"]), (&json!(64), &json!(3)));
    assert!(estimate["peak_bytes"].as_u64().unwrap() > 1_000_000 && estimate["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(scene.get("/health").json()["status"], "ok");
    assert_eq!(scene.get("/ready").json()["status"], "ready");
    let metrics = scene.get("/metrics").text();
    assert!(
        metrics.contains("# TYPE inkwick_jobs_submitted_total counter\ninkwick_jobs_submitted_total 0\n"),
        "{metrics}"
    );
    assert_eq!(scene.get("/nothing").status, StatusCode::NOT_FOUND);
    assert_eq!(scene.delete("/v1/models").status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn the_built_in_model_draws_what_the_command_line_draws() {
    let backend = || CandleBackend::new(DeviceChoice::Cpu, DtypeChoice::Auto);
    let scene = Scene::by(backend, ServiceOptions::default());
    let body = json!({"prompt": "a red apple", "steps": 2, "seed": 7, "width": 64, "height": 64, "memory": "low"});
    let events = scene.events(&scene.submit(&body));
    let found = names(&events);
    assert!(found.contains(&"loading") && found.contains(&"progress"), "{found:?}");
    let served = pixels(&decoded(events.last().unwrap().data["image"].as_str().unwrap()));
    let file = scene.home.path().join("apple.png");
    // How weights are held rounds, and `auto` holds them otherwise for one picture than for many.
    let words = "generate --steps 2 --seed 7 --width 64 --height 64 --memory low --prompt";
    let arguments = words.split(' ').chain(["a red apple"]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments).arg("--out").arg(&file).env("INKWICK_HOME", scene.home.path());
    assert!(command.output().unwrap().status.success());
    assert_eq!(served, image::open(file).unwrap().to_rgba8());
}
