//! The real program: where it listens, whom it lets in, what it says, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::scene::{PATIENCE, decoded, events_in, pixels};

pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    pub(crate) home: TempDir,
}

fn command(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.arg("serve").args(arguments).env("INKWICK_HOME", home.path()).env_remove("INKWICK_TOKEN");
    command
}

impl Program {
    pub(crate) fn start(arguments: &[&str], token: Option<&str>) -> Self {
        Self::start_in(TempDir::new().unwrap(), arguments, token)
    }

    pub(crate) fn start_in(home: TempDir, arguments: &[&str], token: Option<&str>) -> Self {
        let anywhere: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut command = command(&home, &[anywhere, arguments].concat());
        if let Some(token) = token {
            command.env("INKWICK_TOKEN", token);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = line.trim().strip_prefix("listening on http").expect("it says where it listens");
        let address = said.trim_start_matches('s').trim_start_matches("://").to_owned();
        Self { child, address, home }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.0\r\nhost: {}\r\n{headers}content-length: {length}\r\n\r\n", self.address);
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// As a power cut or the system's own killer ends it.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.home, TempDir::new().unwrap())
    }

    /// The same, for who wants to start it again.
    pub(crate) fn ask_to_stop(mut self) -> TempDir {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.home, TempDir::new().unwrap())
    }

    /// As systemd and Ctrl+C end it.
    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(arguments: &[&str]) -> Output {
    let home = TempDir::new().unwrap();
    command(&home, arguments).output().unwrap()
}

#[test]
fn a_picture_is_made_as_the_readme_shows_and_the_program_ends_when_asked() {
    let program = Program::start(&[], None);
    let body = r#"{"prompt": "a red apple", "seed": 7, "steps": 2, "width": 64, "height": 64}"#;
    let (status, text) = program.ask("POST", "/v1/jobs", "", body);
    assert_eq!(status, 202, "{text}");
    let job: Value = serde_json::from_str(&text).unwrap();
    let (status, text) = program.ask("GET", job["sse_url"].as_str().unwrap(), "", "");
    assert_eq!(status, 200);
    let last = events_in(&text).pop().unwrap();
    assert_eq!(last.name, "complete", "{text}");
    assert_eq!(pixels(&decoded(last.data["image"].as_str().unwrap())).dimensions(), (64, 64));
    assert!(!program.home.path().join("pictures").exists(), "what others ask for is not kept here");
    assert_eq!(program.end("-TERM").0, Some(0));
}

#[test]
fn the_built_in_model_draws_for_other_programs_clients() {
    let program = Program::start(&[], None);
    let body = r#"{"prompt": "a red apple", "seed": 7, "steps": 2, "width": 64, "height": 64, "cfg_scale": 4}"#;
    let (status, text) = program.ask("POST", "/sdapi/v1/txt2img", "", body);
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let by_a1111 = pixels(&decoded(answer["images"][0].as_str().unwrap()));
    let body = r#"{"prompt": "a red apple", "seed": 7, "steps": 2, "size": "64x64", "guidance_scale": 4,
        "negative_prompt": ""}"#;
    let (status, text) = program.ask("POST", "/v1/images/generations", "", body);
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let by_openai = pixels(&decoded(answer["data"][0]["b64_json"].as_str().unwrap()));
    assert_eq!(by_a1111.dimensions(), (64, 64));
    assert_eq!(by_a1111.as_raw(), by_openai.as_raw(), "the same words and seed are the same picture, whoever asks");
    let colours: std::collections::BTreeSet<[u8; 4]> = by_a1111.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 50, "a picture, not a colour");
}

#[test]
fn a_token_comes_from_a_file_or_the_environment_and_one_in_the_arguments_is_warned_of() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").unwrap();
    let by_file = Program::start(&["--token-file", file.to_str().unwrap()], None);
    let by_environment = Program::start(&[], Some("s3cret"));
    let by_argument = Program::start(&["--token", "s3cret"], None);
    for program in [&by_file, &by_environment, &by_argument] {
        assert_eq!(program.ask("GET", "/v1/jobs", "", "").0, 401);
        assert_eq!(program.ask("GET", "/v1/jobs", "authorization: Bearer s3cret\r\n", "").0, 200);
    }
    // Others can read it, as the umask has it.
    let said = by_file.end("-INT").1;
    assert!(!said.contains("process lists") && said.contains("chmod 600"), "{said}");
    assert!(by_argument.end("-INT").1.contains("process lists"));
}

#[test]
fn what_would_let_everybody_in_is_refused() {
    for (arguments, word) in [
        (&["--listen", "0.0.0.0:0"][..], "--token-file"),
        (&["--listen", "[::]:0"], "--token-file"),
        (&["--token", " "], "empty token"),
        (&["--token-file", "/nowhere/token"], "/nowhere/token"),
    ] {
        let output = refused(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert_eq!(refused(&["--listen", "everywhere"]).status.code(), Some(2));
}
