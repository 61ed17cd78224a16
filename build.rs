//! Compiles the kernels for NVIDIA's cards where the feature `cuda` asks for them, and gives a program for Windows its
//! icon and manifest; everywhere else it does nothing.

#![allow(clippy::expect_used, clippy::panic)] // A build script says what is wrong by ending.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Where the kernels stand, and their names.
const FOLDER: &str = "src/model/operators/cuda/kernels";
const KERNELS: [&str; 6] = ["product", "hopper", "attention", "hopper_attention", "norm", "elementwise"];

/// Cards for which machine code is made, by capability: Turing, Ampere, Ada, Hopper and Blackwell. Others of the same
/// major number run that of the next smaller one.
const CAPABILITIES: &str = "75,80,86,89,90,120";

/// What later cards' drivers compile on their own.
const PORTABLE: &str = "90";

/// Where CUDA's libraries are looked for besides the system's own places: beside the program, as releases have them, and
/// where NVIDIA and distributions put them.
const LIBRARIES: &str = "$ORIGIN/cuda:$ORIGIN/../lib/inkwick/cuda:/usr/local/cuda/lib64:/opt/cuda/lib64";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows") {
        describe_to_windows();
    }
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed={FOLDER}");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{LIBRARIES}");
    }
    for name in ["INKWICK_CUDA_CAPABILITIES", "NVCC", "CUDA_HOME", "CUDA_PATH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let capabilities = env::var("INKWICK_CUDA_CAPABILITIES").unwrap_or_else(|_| CAPABILITIES.to_owned());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    let running: Vec<(&str, Child)> =
        KERNELS.into_iter().map(|name| (name, compile(name, &capabilities, &out))).collect();
    for (name, mut child) in running {
        let status = child.wait().expect("a compiler that was started ends");
        assert!(status.success(), "nvcc could not compile {FOLDER}/{name}.cu: see its words above");
    }
}

fn describe_to_windows() {
    const ICON: &str = "assets/icon/inkwick.ico";
    const MANIFEST: &str = "packaging/windows/inkwick.exe.manifest";
    for file in [ICON, MANIFEST] {
        println!("cargo::rerun-if-changed={file}");
    }
    let described = winresource::WindowsResource::new().set_icon(ICON).set_manifest_file(MANIFEST).compile();
    described.expect("Windows' resource compiler (rc or windres) is there");
}

fn compile(name: &str, capabilities: &str, out: &Path) -> Child {
    let mut command = Command::new(nvcc());
    command.args(["-std=c++17", "-O3", "--fatbin"]);
    let mut target = |architecture: &str, code: &str| {
        command.arg("-gencode").arg(format!("arch=compute_{architecture},code={code}"));
    };
    if name.starts_with("hopper") {
        // Instructions that no other card has, older or newer.
        target("90a", "sm_90a");
    } else {
        for capability in capabilities.split(',').map(str::trim) {
            target(capability, &format!("sm_{capability}"));
        }
        target(PORTABLE, &format!("compute_{PORTABLE}"));
    }
    command.arg("-o").arg(out.join(format!("{name}.fatbin"))).arg(format!("{FOLDER}/{name}.cu"));
    command.spawn().unwrap_or_else(|error| panic!("the feature `cuda` needs NVIDIA's compiler nvcc: {error}"))
}

/// As candle's build finds it.
fn nvcc() -> OsString {
    if let Some(nvcc) = env::var_os("NVCC") {
        return nvcc;
    }
    let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(env::var_os);
    let mut places = homes.map(|home| PathBuf::from(home).join("bin").join("nvcc"));
    places.find(|place| place.exists()).map_or_else(|| OsString::from("nvcc"), PathBuf::into_os_string)
}
