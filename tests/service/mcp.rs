//! The Model Context Protocol at /mcp, by its own messages: tools, pictures by their ids, progress, refusals.

use std::io::{BufRead, BufReader, Write};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::service::{AccessToken, ServiceOptions};
use serde_json::{Value, json};

use crate::scene::{Scene, decoded, pixels, png};

const VERSION: &str = "2025-06-18";

struct Conversation<'a> {
    scene: &'a Scene,
    session: Option<String>,
}

impl<'a> Conversation<'a> {
    fn begin(scene: &'a Scene) -> Self {
        let mut conversation = Self { scene, session: None };
        let about =
            json!({"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let (messages, session) =
            conversation.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about}));
        let info = &messages.last().unwrap()["result"];
        assert_eq!((&info["serverInfo"]["name"], &info["protocolVersion"]), (&json!("inkwick"), &json!(VERSION)));
        assert!(info["instructions"].as_str().unwrap().contains("Stable Diffusion"));
        conversation.session = session;
        conversation.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        conversation
    }

    fn request(&self, message: &Value) -> Request<Body> {
        let request = Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream");
        let request = match &self.session {
            Some(session) => request.header("mcp-session-id", session).header("mcp-protocol-version", VERSION),
            None => request,
        };
        request.body(Body::from(message.to_string())).unwrap()
    }

    /// All messages that come back, and the session's id.
    fn send(&self, message: &Value) -> (Vec<Value>, Option<String>) {
        let answer = self.scene.ask(self.request(message));
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
        let session = answer.headers.get("mcp-session-id").map(|id| id.to_str().unwrap().to_owned());
        let text = answer.text();
        let lines =
            text.lines().filter_map(|line| line.strip_prefix("data:").map(str::trim).filter(|data| !data.is_empty()));
        let mut messages: Vec<Value> = lines.map(|data| serde_json::from_str(data).unwrap()).collect();
        if messages.is_empty() && !text.is_empty() {
            messages.push(answer.json());
        }
        (messages, session)
    }

    /// The result of a call, and the progress on the way.
    fn call(&self, tool: &str, arguments: &Value) -> (Value, Vec<Value>) {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}});
        let (mut messages, _) =
            self.send(&json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}));
        let last = messages.pop().unwrap();
        assert_eq!(last["id"], 7, "{last}");
        let progress = messages.into_iter().map(|message| {
            assert_eq!(
                (&message["method"], &message["params"]["progressToken"]),
                (&json!("notifications/progress"), &json!("p"))
            );
            message["params"].clone()
        });
        let progress = progress.collect();
        (if last["result"].is_null() { last["error"].clone() } else { last["result"].clone() }, progress)
    }

    #[track_caller]
    fn refused(&self, tool: &str, arguments: &Value) -> String {
        let (result, _) = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{arguments}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

/// The picture's bytes and its id.
#[track_caller]
fn made(result: &Value) -> (Vec<u8>, String) {
    assert_eq!((&result["isError"], &result["content"][0]["type"]), (&json!(false), &json!("image")), "{result}");
    assert_eq!(result["content"][0]["mimeType"], "image/png");
    let picture = decoded(result["content"][0]["data"].as_str().unwrap());
    (picture, result["structuredContent"]["pictures"][0]["id"].as_str().unwrap().to_owned())
}

#[test]
fn a_language_model_finds_tools_and_goes_on_with_what_it_made() {
    let scene = Scene::new();
    let conversation = Conversation::begin(&scene);
    let (listed, _) = conversation.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let tools = listed.last().unwrap()["result"]["tools"].clone();
    let names: Vec<&str> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["generate", "edit", "inpaint", "models"]);
    assert_eq!(tools[2]["inputSchema"]["required"], json!(["prompt", "image"]));
    assert_eq!(tools[0]["inputSchema"]["properties"]["steps"]["maximum"], 1000);
    let (models, _) = conversation.call("models", &json!({}));
    assert_eq!(models["structuredContent"]["models"][0]["id"], "Built-in");

    let apple = json!({"prompt": "an apple", "steps": 4, "seed": 3, "width": 64, "height": 48, "count": 2});
    let (result, progress) = conversation.call("generate", &apple);
    let done: Vec<f64> = progress.iter().map(|one| one["progress"].as_f64().unwrap()).collect();
    assert!(done.is_sorted_by(|a, b| a < b) && done.last() == Some(&2.0), "{done:?}");
    assert!(progress.iter().all(|one| one["total"] == 2.0), "{progress:?}");
    assert_eq!(result["structuredContent"]["pictures"][1]["seed"], 4);
    let (picture, id) = made(&result);
    assert_eq!(pixels(&picture).dimensions(), (64, 48));

    let empty = conversation.refused("edit", &json!({"prompt": "a pear", "image": ""}));
    assert!(empty.contains("image must be") && !empty.contains("init_image"), "{empty}");
    // By its id, in a rectangle.
    let part = json!({"prompt": "a pear", "image": id, "area": [0, 0, 16, 48], "steps": 2, "seed": 9});
    let (painted, _) = made(&conversation.call("inpaint", &part).0);
    let (before, after) = (pixels(&picture), pixels(&painted));
    assert_eq!(after.dimensions(), (64, 48));
    assert_eq!(after.get_pixel(60, 5), before.get_pixel(60, 5), "outside of the area");
    assert_ne!(after.get_pixel(4, 5), before.get_pixel(4, 5), "inside of the area");
    // By what is sent, with a mask of another size.
    let sent = json!({
        "prompt": "a pear", "image": png(64, 48, [1, 2, 3, 255]), "mask": png(8, 6, [255; 4]), "steps": 2,
    });
    assert_ne!(pixels(&made(&conversation.call("inpaint", &sent).0).0).get_pixel(9, 9).0, [1, 2, 3, 255]);
    let whole = json!({"prompt": "a pear", "image": id, "steps": 2, "strength": 0.5});
    assert_eq!(pixels(&made(&conversation.call("edit", &whole).0).0).dimensions(), (64, 48));
}

#[test]
fn what_a_language_model_gets_wrong_is_told_to_it() {
    let scene = Scene::new();
    let conversation = Conversation::begin(&scene);
    let photo = png(8, 8, [1; 4]);
    for (tool, arguments, word) in [
        ("generate", json!({}), "prompt must be given"),
        ("generate", json!({"prompt": "a", "steps": 0}), "steps must be"),
        ("generate", json!({"prompt": "a", "model": "/etc/passwd"}), "Built-in"),
        ("generate", json!({"prompt": "a", "style": "oil"}), "there is no field style"),
        ("generate", json!({"prompt": "this must fail"}), "always fails here"),
        ("edit", json!({"prompt": "a"}), "image must be given"),
        ("edit", json!({"prompt": "a", "image": "apple.png"}), "base64"),
        ("edit", json!({"prompt": "a", "image": 7}), "image must be a text"),
        ("inpaint", json!({"prompt": "a", "image": photo}), "one of mask and area"),
        (
            "inpaint",
            json!({"prompt": "a", "image": photo, "mask": photo, "area": [0, 0, 1, 1]}),
            "one of mask and area",
        ),
        ("inpaint", json!({"prompt": "a", "image": photo, "area": [8, 0, 1, 1]}), "8×8"),
        ("inpaint", json!({"prompt": "a", "image": photo, "area": [0, 0, 0, 1]}), "inside"),
        ("inpaint", json!({"prompt": "a", "image": photo, "area": [0, 0, -1, 1]}), "four whole numbers"),
        ("inpaint", json!({"prompt": "a", "image": photo, "area": "left"}), "four whole numbers"),
    ] {
        let said = conversation.refused(tool, &arguments);
        assert!(said.contains(word), "{tool} {arguments}: {said}");
    }
    let (error, _) = conversation.call("paint", &json!({}));
    assert!(error["message"].as_str().unwrap().contains("generate, edit, inpaint, models"), "{error}");
    assert_eq!(scene.get("/metrics").text().matches("jobs_submitted_total 1\n").count(), 1, "only the one that failed");
}

#[test]
fn a_call_that_is_given_up_takes_its_job_along() {
    let (scene, _gate) = Scene::gated(ServiceOptions::default());
    let conversation = Conversation::begin(&scene);
    let params = json!({"name": "generate", "arguments": {"prompt": "a", "count": 3}});
    let call = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
    let answer = scene.begin(conversation.request(&call));
    assert_eq!(answer.status(), StatusCode::OK);
    scene.until("its jobs", |scene| scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().len() == 3);
    let given_up = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}});
    conversation.send(&given_up);
    scene.until("their end", |scene| scene.get("/metrics").text().contains("outcome=\"cancelled\"} 3"));
}

#[test]
fn nobody_comes_in_without_the_token_or_by_a_foreign_name() {
    let scene = Scene::with(ServiceOptions { token: AccessToken::new("s3cret"), ..ServiceOptions::default() });
    let ask = |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(Request::post("/mcp"), |request, (name, value)| request.header(*name, *value));
        scene.ask(request.body(Body::from("{}")).unwrap()).status
    };
    assert_eq!(ask(&[]), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&[("host", "evil.example")]), StatusCode::FORBIDDEN);
    assert_eq!(ask(&[("host", "127.0.0.1"), ("origin", "https://evil.example")]), StatusCode::FORBIDDEN);
    assert!(ask(&[("authorization", "Bearer s3cret")]) != StatusCode::UNAUTHORIZED);
}

#[test]
fn a_program_that_starts_inkwick_itself_speaks_over_its_input_and_output() {
    let home = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.arg("mcp").env("INKWICK_HOME", home.path());
    let pipes = || std::process::Stdio::piped();
    let mut child = command.stdin(pipes()).stdout(pipes()).stderr(pipes()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut send = |message: Value| writeln!(input, "{message}").unwrap();
    let about = json!({"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    send(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about}));
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let arguments = json!({"prompt": "a red apple", "steps": 2, "width": 64, "height": 64, "seed": 7});
    send(
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "generate", "arguments": arguments}}),
    );
    let mut messages = Vec::new();
    while messages.len() < 2 {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended: {messages:?}");
        messages.push(serde_json::from_str::<Value>(&line).expect("nothing but messages on standard output"));
    }
    assert_eq!(pixels(&made(&messages[1]["result"]).0).dimensions(), (64, 64));
    // A client that goes away ends it.
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
