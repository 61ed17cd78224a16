//! The real program from outside: what it writes, prints and answers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the program with its files under `home` and its folder as the working directory.
fn inkwick(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments).current_dir(home).env("INKWICK_HOME", home.join("home")).output().unwrap()
}

fn generate(home: &Path, arguments: &[&str]) -> Output {
    inkwick(home, &[&["generate", "--out", "out.png"], arguments].concat())
}

/// The run failed with `code`, said one sentence with `words` in it, and left nothing behind.
#[track_caller]
fn assert_refused(home: &TempDir, output: &Output, code: i32, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} is not in: {message}");
    }
    let sentence = message.lines().last().unwrap_or_default();
    assert!(code == 2 || sentence.starts_with("inkwick: "), "{message}");
    let names = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains("out")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// A copy of the built-in model that a test may damage.
fn model_copy(home: &TempDir) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
            }
        }
    }
    let model = home.path().join("model");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/builtin/model"), &model);
    model
}

#[test]
fn a_picture_its_events_and_its_previews() {
    let home = TempDir::new().unwrap();
    let common = ["--prompt", "a red apple", "--steps", "3", "--width", "64", "--height", "96", "--json"];
    let output =
        generate(home.path(), &[&common[..], &["--seed", "7", "--previews", "steps", "--count", "2"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert_eq!(of("step").len(), 6);
    assert_eq!((&of("step")[2]["done"], &of("step")[2]["total"]), (&3.into(), &3.into()));
    assert!(!of("loading").is_empty() && of("decoded").len() == 2);
    let second = of("finished")[1];
    assert_eq!((&second["file"], &second["seed"]), (&"out-2.png".into(), &8.into()));
    assert_eq!((&second["width"], &second["height"]), (&64.into(), &96.into()));
    let pixels = |name: &str| image::open(home.path().join(name)).unwrap().to_rgba8();
    assert_eq!(pixels("out.png").dimensions(), (64, 96));
    assert!(home.path().join("steps/step-003.png").is_file());

    // The second picture of a batch is the one that its seed gives alone.
    let alone = generate(home.path(), &[&common[..], &["--seed", "8"]].concat());
    assert_eq!(alone.status.code(), Some(0));
    assert_eq!(pixels("out.png"), pixels("out-2.png"));
}

#[test]
fn a_wrong_value_names_the_flag_and_what_is_allowed() {
    let home = TempDir::new().unwrap();
    for (arguments, words) in [
        (&["--prompt", "x", "--steps", "0"][..], &["--steps", "0", "1..=1000"][..]),
        (&["--prompt", "x", "--scheduler", "best"], &["--scheduler", "best", "euler-a"]),
        (&["--prompt", "x", "--width", "9000"], &["--width", "9000", "8192"]),
        (&["--prompt", "x", "--device", "gpu"], &["--device", "gpu", "cuda"]),
        (&["--prompt", "x", "--guidance", "nan"], &["--guidance", "nan", "100"]),
        (&[], &["--prompt"]),
    ] {
        assert_refused(&home, &generate(home.path(), arguments), 2, words);
    }
}

#[test]
fn what_the_model_cannot_do_is_one_sentence() {
    let home = TempDir::new().unwrap();
    let long = "a very long prompt ".repeat(530);
    for (arguments, words) in [
        (&["--prompt", "x", "--width", "250"][..], &["width", "multiple of 8", "250", "248", "256"][..]),
        (&["--prompt", &long], &["tokens", "shorten"]),
        (&["--prompt", "x", "--model", "no/such/folder"], &["no/such/folder", "--model"]),
        (&["--prompt", "x", "--model", "."], &["model_index.json"]),
    ] {
        assert_refused(&home, &generate(home.path(), arguments), 1, words);
    }
}

#[test]
fn what_a_scheduler_cannot_do_is_said_before_a_model_is_read() {
    let home = TempDir::new().unwrap();
    for (arguments, words) in [
        // The built-in model's own scheduler is DDIM.
        (&["--sigmas", "karras"][..], ["sigmas karras", "ddim", "euler"]),
        (&["--scheduler", "euler-a", "--sigmas", "exponential"], ["sigmas exponential", "euler-a", "unipc"]),
        (&["--scheduler", "pndm", "--prediction", "sample"], ["predicts the sample", "pndm", "lcm"]),
        (&["--scheduler", "lcm", "--steps", "51"], ["from 1 to 50", "lcm", "51"]),
    ] {
        let output = generate(home.path(), &[&["--prompt", "x"], arguments].concat());
        assert_refused(&home, &output, 1, &words);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("loading"), "{arguments:?}");
    }
}

#[test]
fn every_scheduler_draws_and_so_do_the_finer_settings() {
    let home = TempDir::new().unwrap();
    let drawn = |arguments: &[&str]| {
        let common =
            ["--prompt", "a {red|blue} apple BREAK on grass", "--width", "64", "--height", "64", "--seed", "5"];
        let output = generate(home.path(), &[&common[..], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        image::open(home.path().join("out.png")).unwrap().to_rgba8().into_raw()
    };
    let names = "ddim ddpm pndm euler euler-a heun lms dpm2 dpm2-a dpm++-2s dpm++-2m dpm++-2m-sde unipc lcm";
    let pictures: Vec<_> = names.split(' ').map(|name| drawn(&["--steps", "4", "--scheduler", name])).collect();
    for (index, picture) in pictures.iter().enumerate() {
        assert!(!pictures[..index].contains(picture), "picture {index} came before");
    }
    let plain = drawn(&["--steps", "3"]);
    for finer in [
        &["--rng", "philox"][..],
        &["--variation-strength", "0.3", "--variation-seed", "9"],
        &["--guidance-rescale", "0.7"],
        &["--guidance-until", "0.5"],
        &["--clip-skip", "2"],
    ] {
        assert_ne!(drawn(&[&["--steps", "3"], finer].concat()), plain, "{finer:?} changes nothing");
    }
    assert_eq!(drawn(&["--steps", "3", "--variation-strength", "0", "--clip-skip", "1"]), plain);
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_any_work() {
    let home = TempDir::new().unwrap();
    for (out, word) in [("no/such/folder/out.png", "no/such/folder"), ("out.gif", ".png"), (".", ".")] {
        let output = inkwick(home.path(), &["generate", "--prompt", "x", "--out", out]);
        assert_refused(&home, &output, 1, &[word]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("step 1"));
    }
}

/// A photo with a part erased as the mask, and a photo that ends early: both are read, and both are said.
#[test]
fn what_of_a_picture_or_a_mask_is_read_otherwise_is_a_notice() {
    let home = TempDir::new().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/pictures");
    let photo =
        image::RgbaImage::from_fn(64, 48, |x, y| image::Rgba([200 + (x % 50) as u8, 180 + (y % 40) as u8, 190, 255]));
    let erased = |x: u32, y: u32| (20..44).contains(&x) && (8..40).contains(&y);
    let mask = image::RgbaImage::from_fn(64, 48, |x, y| {
        let image::Rgba([red, green, blue, _]) = *photo.get_pixel(x, y);
        image::Rgba([red, green, blue, if erased(x, y) { 0 } else { 255 }])
    });
    photo.save(home.path().join("photo.png")).unwrap();
    mask.save(home.path().join("mask.png")).unwrap();
    let common =
        ["--prompt", "x", "--steps", "1", "--init", "photo.png", "--mask", "mask.png", "--mask-blur", "0", "--json"];
    let painted = |arguments: &[&str]| {
        let output = generate(home.path(), &[&common[..], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let made = image::open(home.path().join("out.png")).unwrap().into_rgba8();
        let changed = |x: u32, y: u32| made.get_pixel(x, y) != photo.get_pixel(x, y);
        (changed(30, 20), changed(2, 2), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (inside, outside, events) = painted(&[]);
    assert!(inside && !outside && events.contains("\"notice\"") && events.contains("--mask-channel"), "{events}");
    let (inside, outside, events) = painted(&["--mask-channel", "inverted-alpha"]);
    assert!(inside && !outside && !events.contains("\"notice\""), "{events}");
    for channel in ["alpha", "luma"] {
        let (inside, outside, events) = painted(&["--mask-channel", channel]);
        assert!(!inside && outside && !events.contains("\"notice\""), "{channel}: {events}");
    }
    fs::remove_file(home.path().join("out.png")).unwrap();
    let whole = fs::read(data.join("progressive-420.jpg")).unwrap();
    fs::write(home.path().join("cut.jpg"), &whole[..whole.len() * 3 / 4]).unwrap();
    let output = generate(home.path(), &["--prompt", "x", "--steps", "1", "--init", "cut.jpg"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && message.contains("note: ") && message.contains("% of its detail is missing"),
        "{message}"
    );
    let refused =
        generate(home.path(), &["--prompt", "x", "--init", "photo.png", "--mask", "mask.png", "--mask-channel", "red"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("inverted-alpha"));
}

#[test]
fn every_place_is_looked_at_before_any_work() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("name-3.png")).unwrap();
    let common = ["--prompt", "x", "--steps", "1", "--width", "64", "--height", "64"];
    let (long, longer) = (format!("{}.png", "n".repeat(252)), format!("{}/a.png", "n".repeat(300)));
    let long_folder = "p".repeat(300);
    for (arguments, words) in [
        (&["--out", "name.png", "--count", "3"][..], ["name-3.png", "found a folder"]),
        (&["--out", &long], ["another name", "nnn"]),
        (&["--out", &longer], ["another name", "nnn"]),
        (&["--out", "name.png", "--previews", &long_folder], ["another name", "ppp"]),
    ] {
        let output = inkwick(home.path(), &[&["generate"], &common[..], arguments].concat());
        assert_refused(&home, &output, 1, &words);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!message.contains("loading") && !message.contains("step"), "{message}");
        assert!(!home.path().join("name.png").exists());
    }
}

#[test]
fn a_preview_that_cannot_be_written_is_a_notice_and_the_picture_comes() {
    let home = TempDir::new().unwrap();
    for step in ["step-001.png", "step-002.png"] {
        fs::create_dir_all(home.path().join("steps").join(step).join("inside")).unwrap();
    }
    let common = ["--prompt", "x", "--steps", "3", "--width", "64", "--height", "64", "--json", "--previews", "steps"];
    let output = generate(home.path(), &common);
    let events = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{events}");
    let notices: Vec<&str> = events.lines().filter(|line| line.contains("\"notice\"")).collect();
    assert!(notices.len() == 1 && notices[0].contains("step-001.png"), "{events}");
    assert!(home.path().join("out.png").is_file() && home.path().join("steps/step-003.png").is_file());
}

#[test]
fn a_scheduler_that_is_not_the_models_own_is_a_notice() {
    let home = TempDir::new().unwrap();
    let model = model_copy(&home);
    let file = model.join("scheduler/scheduler_config.json");
    let mut config: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    config["_class_name"] = "DPMSolverSDEScheduler".into();
    fs::write(&file, config.to_string()).unwrap();
    let common = ["--model", "model", "--prompt", "x", "--steps", "1", "--width", "64", "--height", "64", "--json"];
    let notices = |arguments: &[&str]| {
        let output = generate(home.path(), &[&common[..], arguments].concat());
        let events = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{events}");
        events.lines().filter(|line| line.contains("\"notice\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    let said = notices(&[]);
    assert!(said.len() == 1 && said[0].contains("DPMSolverSDEScheduler") && said[0].contains("dpm++-2m"), "{said:?}");
    // Whoever chose one got it.
    assert!(notices(&["--scheduler", "ddim"]).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_who_reads_and_a_full_disk_end_no_command_in_a_panic() {
    use std::process::Stdio;
    let home = TempDir::new().unwrap();
    let picture = ["--prompt", "x", "--steps", "1", "--width", "64", "--height", "64", "--json", "--out", "out.png"];
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/lora/moss.pt").display().to_string();
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for (arguments, when_full) in [
        (&["models", "list"][..], 1),
        (&["models", "pull"], 1),
        (&["models", "inspect", &file], 1),
        (&["doctor"], 1),
        (&[&["generate"], &picture[..]].concat(), 0),
    ] {
        let run = |stdout: Stdio, stderr: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
            command.args(arguments).current_dir(home.path()).env("INKWICK_HOME", home.path().join("home"));
            let output = command.stdout(stdout).stderr(stderr).spawn().unwrap().wait_with_output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (code, message) = run(closed(), Stdio::piped());
        assert!(code == Some(0) && !message.contains("panicked"), "{arguments:?}: {code:?}, {message}");
        let (code, message) = run(full(), Stdio::piped());
        assert!(code == Some(when_full) && message.contains("standard output"), "{arguments:?}: {code:?}, {message}");
        for stderr in [closed(), full()] {
            assert_eq!(run(Stdio::null(), stderr).0, Some(0), "{arguments:?}");
        }
    }
    // What is refused has only stderr to say it.
    for stderr in [closed(), full()] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        command.args(["-vvv", "models", "inspect", "nothing.here"]).env("INKWICK_HOME", home.path().join("home"));
        assert_eq!(command.stderr(stderr).status().unwrap().code(), Some(1));
    }
    assert!(home.path().join("out.png").is_file());
}

#[test]
fn a_damaged_model_is_named() {
    let home = TempDir::new().unwrap();
    let model = model_copy(&home);
    let refused = |words: &[&str]| {
        let output = generate(home.path(), &["--prompt", "x", "--model", &model.display().to_string()]);
        assert_refused(&home, &output, 1, words);
    };
    let weights = model.join("unet/diffusion_pytorch_model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    refused(&["damaged", "unet"]);
    fs::remove_file(&weights).unwrap();
    refused(&["missing", "unet"]);
    fs::write(&weights, &whole).unwrap();

    let config = model.join("unet/config.json");
    let text = fs::read_to_string(&config).unwrap();
    let with = |from: &str, to: &str| fs::write(&config, text.replacen(from, to, 1)).unwrap();
    with("CrossAttnDownBlock2D", "KAttnDownBlock2D");
    refused(&["down_block_types", "KAttnDownBlock2D", "config.json"]);
    with("\"layers_per_block\": 2", "\"layers_per_block\": 1");
    refused(&["not in the config", "unet"]);
    with("\"cross_attention_dim\": 256", "\"cross_attention_dim\": 128");
    refused(&["of another shape", "wanted"]);
}

#[test]
fn doctor_tells_devices_and_folders() {
    let home = TempDir::new().unwrap();
    let output = inkwick(home.path(), &["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for word in ["device", "CPU", "dtypes", "attention", "memory", "built-in", "settings.ron", "pictures"] {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[test]
fn a_failed_job_leaves_its_cause_in_the_log_and_nothing_of_what_was_asked() {
    let home = TempDir::new().unwrap();
    let model = model_copy(&home);
    fs::write(model.join("unet/diffusion_pytorch_model.safetensors"), [0; 4]).unwrap();
    let run = |arguments: &[&str], level: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        command.args(arguments).current_dir(home.path()).env("INKWICK_HOME", home.path().join("home"));
        command.env("INKWICK_LOG", level).env("HF_TOKEN", "hf_MARKEDTOKEN").output().unwrap()
    };
    let model = model.display().to_string();
    let arguments = ["generate", "--out", "out.png", "--prompt", "a MARKEDPROMPT", "--negative", "no MARKEDWORD"];
    let output = run(&[&arguments[..], &["--model", &model, "-vv"]].concat(), "");
    assert_refused(&home, &output, 1, &["diffusion_pytorch_model.safetensors"]);
    let doctor = String::from_utf8(run(&["doctor"], "loud").stdout).unwrap();
    let file = doctor.lines().find_map(|line| line.strip_prefix("log ")).unwrap().trim();
    let log = fs::read_to_string(file).unwrap();
    assert!(log.contains("failed (unreadable)") && log.contains("diffusion_pytorch_model.safetensors"), "{log}");
    assert!(log.contains("INKWICK_LOG is loud; allowed are error, warn, info, debug and trace"), "{log}");
    assert!(!log.contains("MARKED"), "{log}");
    // What the front shows is not shown a second time, unless somebody asks for more.
    let quiet = run(&[&arguments[..], &["--model", &model]].concat(), "");
    let shown = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("failed (unreadable)");
    assert!(shown(&output) && !shown(&quiet));
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_the_whole_batch() {
    use std::io::{BufRead, BufReader};
    let home = TempDir::new().unwrap();
    let arguments = "generate --prompt x --steps 1000 --width 64 --height 64 --count 3 --json --out out.png";
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments.split(' ')).current_dir(home.path()).env("INKWICK_HOME", home.path().join("home"));
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains(r#""event":"step""#)).expect("no step came");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let last = lines.last();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(last.as_deref(), Some(r#"{"event":"cancelled"}"#));
    assert!(!home.path().join("out.png").exists());
}

/// There are two: Windows has one without a console.
#[test]
fn cargo_run_knows_which_program_is_meant() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\ndefault-run = \"inkwick\"\n"));
}
