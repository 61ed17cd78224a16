//! A window whose pictures another process computes: what is painted there is filled here, and a server that dies in the
//! middle of it is waited for.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use inkwick::store::preferences::KeptMachine;
use inkwick::store::settings::Settings;
use tempfile::TempDir;

use crate::desk::{Desk, Running, only_the_painted_part_changed, wait_for};

/// `inkwick serve` with a home folder of its own.
struct Server {
    process: Running,
    address: String,
}

impl Server {
    fn start(home: &TempDir, address: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        command.args(["serve", "--listen", address]).env("INKWICK_HOME", home.path()).env_remove("INKWICK_TOKEN");
        let mut process = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(address), "it listens: {line}");
        Self { process, address: address.to_owned() }
    }

    /// The list of its jobs, as it is served; empty while it does not answer.
    fn jobs(&self) -> String {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            write!(stream, "GET /v1/jobs HTTP/1.0\r\nhost: {}\r\n\r\n", self.address)?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        ask().unwrap_or_default()
    }
}

#[test]
fn a_painted_part_is_filled_by_another_process_that_dies_in_the_middle() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let far = TempDir::new().unwrap();
    let mut server = Server::start(&far, &address);
    let mut settings = Settings::default();
    settings.draft.request.prompt = "a red apple".into();
    // Long enough that it dies in the middle.
    settings.draft.request.steps = 100;
    settings.preferences.machine = Some(KeptMachine { address: format!("http://{address}"), fingerprint: None });
    let desk = Desk::with(Some(settings));
    let file = desk.home.path().join("photo.png");
    let photo = image::RgbImage::from_fn(480, 360, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, (x ^ y) as u8]));
    photo.save(&file).unwrap();
    let mut window = desk.open(&[&file.display().to_string()]);
    wait_for("the photo in the journal", || (desk.journal_bytes() > 500).then_some(()));
    desk.paint(&[(600, 330), (660, 360), (720, 330), (700, 380)]);
    desk.key("ctrl+Return");
    wait_for("the job on the other process", || server.jobs().contains("\"running\"").then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    assert!(desk.pictures().is_empty(), "it is not finished yet");
    server.process.0.kill().unwrap();
    server.process.0.wait().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(window.0.try_wait().unwrap().is_none(), "the window goes on");

    server = Server::start(&far, &address);
    let made = wait_for("the picture in the gallery here", || desk.pictures().pop());
    assert!(server.jobs().contains("\"complete\""), "the other process made it: {}", server.jobs());
    desk.key("ctrl+q");
    wait_for("the end", || window.0.try_wait().unwrap());
    only_the_painted_part_changed(&desk.kept_canvas(), &photo, &made);
    let said = fs::read_to_string(desk.home.path().join("said.txt")).unwrap();
    assert!(!said.contains("panicked"), "{said}");
}
