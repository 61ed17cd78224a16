//! The second program, which computes on NVIDIA's cards. This one runs on every machine, and has that one take over where it
//! can run: candle links CUDA's libraries, and what is linked to them does not even start where one is missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::ExitStatus;
use std::process::{Command, ExitCode, Stdio};

use crate::system::nvidia;

/// Names another program than the one beside this, or, by `off`, none.
const VARIABLE: &str = "INKWICK_CUDA_PROGRAM";
const DRIVERS: &str = "https://www.nvidia.com/drivers";
const TOOLKIT: &str = "https://developer.nvidia.com/cuda-downloads";

/// What there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CudaProgram {
    /// It is this one.
    This,
    /// A person wants none.
    Off,
    NoDriver,
    /// There is a driver alone.
    Missing,
    DoesNotStart {
        program: PathBuf,
        /// As the system says it, one line.
        reason: String,
    },
    OtherVersion {
        program: PathBuf,
        version: String,
    },
    Ready(PathBuf),
}

/// All that the choice depends on.
struct Surroundings<'a> {
    /// What [`VARIABLE`] says.
    asked: Option<OsString>,
    beside: Option<PathBuf>,
    has_driver: bool,
    /// What a program answers to `--version`, or why it does not.
    version_of: &'a dyn Fn(&Path) -> Result<String, String>,
}

impl CudaProgram {
    /// Starts the other program for a moment where there is one.
    pub(super) fn look() -> Self {
        if cfg!(feature = "cuda") {
            return Self::This;
        }
        let places = std::env::current_exe().map(|program| places(&program)).unwrap_or_default();
        Self::choose(&Surroundings {
            asked: std::env::var_os(VARIABLE).filter(|asked| !asked.is_empty()),
            beside: places.into_iter().find(|place| place.is_file()),
            has_driver: nvidia::has_driver(),
            version_of: &version_of,
        })
    }

    fn choose(around: &Surroundings<'_>) -> Self {
        let program = match &around.asked {
            Some(asked) if asked == "off" => return Self::Off,
            // Whoever names one knows of a driver.
            Some(asked) => PathBuf::from(asked),
            None if !around.has_driver => return Self::NoDriver,
            None => match &around.beside {
                Some(program) => program.clone(),
                None => return Self::Missing,
            },
        };
        match (around.version_of)(&program) {
            Ok(version) if version == own_version() => Self::Ready(program),
            Ok(version) => Self::OtherVersion { program, version },
            Err(reason) => Self::DoesNotStart { program, reason },
        }
    }

    /// Why this program computes without NVIDIA's cards, and what helps.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::This => "this program computes on NVIDIA's cards".to_owned(),
            Self::Off => format!("left out by {VARIABLE}"),
            Self::NoDriver if cfg!(target_os = "macos") => "not on a Mac".to_owned(),
            Self::NoDriver => format!("no NVIDIA driver on this machine; {DRIVERS} has the one for its card"),
            Self::Missing => {
                let name = places(Path::new("inkwick"))[0].display().to_string();
                format!(
                    "a driver is here, and the program for it is not: put {name} beside this one, as releases have it"
                )
            }
            Self::DoesNotStart { program, reason } => {
                let help = missing(reason).unwrap_or_else(|| format!("a driver of 2025 or later may help ({DRIVERS})"));
                format!("{} does not start ({reason}); {help}", program.display())
            }
            Self::OtherVersion { program, version } => {
                format!("{} is {version}, and this is {}; take both of one release", program.display(), own_version())
            }
            Self::Ready(program) => format!("by {}", program.display()),
        }
    }
}

/// Has the other program do all that this one was started for, where it can run; its exit code. On Unix it takes this
/// one's place, with its number and its terminal.
pub(super) fn take_over() -> Option<ExitCode> {
    match CudaProgram::look() {
        CudaProgram::Ready(program) => start(&program),
        found @ (CudaProgram::DoesNotStart { .. } | CudaProgram::OtherVersion { .. }) => {
            tracing::warn!("NVIDIA's cards are not used: {}", found.sentence());
            None
        }
        CudaProgram::This | CudaProgram::Off | CudaProgram::NoDriver | CudaProgram::Missing => None,
    }
}

fn start(program: &Path) -> Option<ExitCode> {
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1));
    #[cfg(unix)]
    let ended: std::io::Result<ExitStatus> = Err(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    let ended = command.status();
    match ended {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Err(error) => {
            tracing::warn!("NVIDIA's cards are not used: {} could not be started ({error})", program.display());
            None
        }
    }
}

/// Where it may lie: beside this program, or where packages put what is no command of its own.
fn places(program: &Path) -> [PathBuf; 2] {
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}-cuda{}", std::env::consts::EXE_SUFFIX);
    let package = Path::new("..").join("lib").join("inkwick").join(&name);
    [program.with_file_name(&name), program.with_file_name(package)]
}

fn own_version() -> String {
    format!("inkwick {}", env!("CARGO_PKG_VERSION"))
}

/// A program of ours answers before it asks any driver.
fn version_of(program: &Path) -> Result<String, String> {
    let output =
        Command::new(program).arg("--version").stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let first = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned();
    if output.status.success() {
        return Ok(first(&output.stdout));
    }
    let said = first(&output.stderr);
    // The loader begins with the program's own name.
    let said = said.strip_prefix(&format!("{}: ", program.display())).unwrap_or(&said).to_owned();
    Err(if said.is_empty() { output.status.to_string() } else { said })
}

/// Which of NVIDIA's libraries is not there, and where it is to be had.
fn missing(reason: &str) -> Option<String> {
    const LIBRARIES: [(&str, &str); 6] = [
        ("cublasLt", "cuBLASLt"),
        ("cublas", "cuBLAS"),
        ("curand", "cuRAND"),
        ("nvrtc", "NVRTC"),
        ("cudart", "the CUDA runtime"),
        ("libcuda.so", "the driver's own library"),
    ];
    let (file, name) = LIBRARIES.iter().find(|(file, _)| reason.contains(file))?;
    if *file == "libcuda.so" {
        return Some(format!("{name} is missing: {DRIVERS} has drivers"));
    }
    Some(format!(
        "{name} is missing: it comes with CUDA 13 ({TOOLKIT}), or lies in a folder `cuda` beside the program, as releases have it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a driver, a program beside it, and what it answers.
    fn around(version_of: &dyn Fn(&Path) -> Result<String, String>) -> Surroundings<'_> {
        Surroundings { asked: None, beside: Some("inkwick-cuda".into()), has_driver: true, version_of }
    }

    #[test]
    fn it_takes_over_only_with_a_driver_and_in_the_same_version() {
        let same = |_: &Path| Ok(own_version());
        let ready = CudaProgram::Ready("inkwick-cuda".into());
        assert_eq!(CudaProgram::choose(&around(&same)), ready);
        // Without a driver nothing is started.
        let never = |path: &Path| panic!("{} was started", path.display());
        let choose = |around: Surroundings<'_>| CudaProgram::choose(&around);
        assert_eq!(choose(Surroundings { has_driver: false, ..around(&never) }), CudaProgram::NoDriver);
        assert_eq!(choose(Surroundings { beside: None, ..around(&never) }), CudaProgram::Missing);
        assert_eq!(choose(Surroundings { asked: Some("off".into()), ..around(&never) }), CudaProgram::Off);
        let older = |_: &Path| Ok("inkwick 0.0.9".to_owned());
        assert!(CudaProgram::choose(&around(&older)).sentence().contains("is inkwick 0.0.9, and this is inkwick"));
    }

    #[test]
    fn one_that_is_named_needs_no_driver_and_no_neighbour() {
        let same = |path: &Path| if path == Path::new("/opt/ink") { Ok(own_version()) } else { Err("no".to_owned()) };
        let asked = Some("/opt/ink".into());
        let named = Surroundings { asked, beside: None, has_driver: false, version_of: &same };
        assert_eq!(CudaProgram::choose(&named), CudaProgram::Ready("/opt/ink".into()));
    }

    #[test]
    fn what_does_not_start_says_which_library_is_missing_and_where_it_is_to_be_had() {
        for (file, name) in [
            ("libcublasLt.so.13", "cuBLASLt"),
            ("libcublas.so.13", "cuBLAS"),
            ("libcurand.so.10", "cuRAND"),
            ("libnvrtc.so.13", "NVRTC"),
            ("libcudart.so.13", "the CUDA runtime"),
            ("libcuda.so.1", "the driver's own library"),
        ] {
            let fails = move |_: &Path| {
                Err(format!("error while loading shared libraries: {file}: cannot open shared object file"))
            };
            let sentence = CudaProgram::choose(&around(&fails)).sentence();
            assert!(sentence.contains(&format!("{name} is missing: ")) && sentence.contains("https://"), "{sentence}");
        }
        let fails = |_: &Path| Err("signal: 11 (SIGSEGV)".to_owned());
        assert!(CudaProgram::choose(&around(&fails)).sentence().contains(DRIVERS));
    }

    #[test]
    fn it_is_looked_for_beside_the_program_and_where_packages_put_it() {
        let [beside, package] = places(Path::new("/usr/bin/inkwick"));
        assert_eq!(beside.file_stem().unwrap(), "inkwick-cuda");
        assert!(package.parent().unwrap().ends_with("bin/../lib/inkwick"), "{}", package.display());
    }
}
