//! Clients that exist, against the real program, and schemathesis against its document.
//!
//! They are Python packages: `tests/clients/requirements.txt` lists them, and `INKWICK_CLIENTS` names their Python. Without it these tests
//! say what they leave out.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use inkwick::engine::{Backend, BackendError, FakeBackend, FakeScript};
use inkwick::job::{CancelToken, Drawn, Progress, Request, Task, UpscaleRequest};
use inkwick::service::ServiceOptions;

use crate::program::Program;
use crate::scene::Scene;
use crate::socket::Server;

const VARIABLE: &str = "INKWICK_CLIENTS";

/// The Python that has the packages; where there is none, what is left out is said.
fn python(what: &str) -> Option<String> {
    let python = std::env::var(VARIABLE).ok().filter(|python| !python.is_empty());
    if python.is_none() {
        // Tests that pass have what they print swallowed, but for this.
        let _ = writeln!(
            std::io::stderr(),
            "left out: {what} (see tests/clients; {VARIABLE} names the Python that has it)"
        );
    }
    python
}

#[track_caller]
fn passes(mut command: Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}\n{said}");
}

fn script(python: &str, name: &str, program: &Program) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name);
    let mut command = Command::new(python);
    command.arg(script).arg(format!("http://{}", program.address)).arg(env!("CARGO_BIN_EXE_inkwick"));
    command.env("INKWICK_HOME", program.home.path());
    command
}

#[test]
fn the_package_of_openai() {
    let Some(python) = python("OpenAI's package") else { return };
    passes(script(&python, "openai_package.py", &Program::start(&[], None)));
}

#[test]
fn the_package_webuiapi() {
    let Some(python) = python("webuiapi") else { return };
    passes(script(&python, "webuiapi_package.py", &Program::start(&[], None)));
}

#[test]
fn the_sdk_of_the_model_context_protocol() {
    let Some(python) = python("the Model Context Protocol's SDK") else { return };
    passes(script(&python, "mcp_package.py", &Program::start(&[], None)));
}

/// Draws whatever is asked for as large as a stamp: hundreds of pictures of the largest size would be what takes the time.
struct Stamps(FakeBackend);

impl Backend for Stamps {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let task = match task {
            Task::Generate(asked) => {
                let steps = asked.steps.min(3);
                Request { steps, width: Some(64), height: Some(64), ..(**asked).clone() }.into()
            }
            Task::Upscale(asked) => UpscaleRequest { scale: Some(1.0), ..(**asked).clone() }.into(),
        };
        self.0.run(&task, cancel, progress)
    }

    fn reset(&mut self) {}
}

/// Every address with values of every kind: no failure of the server, no answer that the document does not name.
#[test]
fn schemathesis_finds_no_answer_that_is_not_described() {
    let Some(python) = python("schemathesis") else { return };
    let script = FakeScript { preview_side_px: 8, ..FakeScript::default() };
    let scene = Scene::by(move || Stamps(FakeBackend::new(script)), ServiceOptions::default());
    let server = Server::start(&scene);
    let mut command = Command::new(python);
    // It keeps what it found beside itself.
    command.current_dir(scene.home.path());
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    command.args(["-m", "schemathesis.cli", "run", "--checks", checks, "--seed", "1", "--no-color"]);
    command.args(["--max-examples", "10", "--max-time", "120", "--request-timeout", "60"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--generation-database", "none"]);
    // What the guard refuses before a route is asked is tried in guard.rs.
    command.args(["--suppress-health-check", "all"]);
    command.arg(format!("http://{}/openapi.json", server.address));
    passes(command);
    server.stop.ask();
    server.join();
}
