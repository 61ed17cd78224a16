//! Why a download ended before its end: one sentence each.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("the download was stopped; the same command goes on where it ended")]
    Stopped,
    #[error("a repository is called OWNER/NAME, optionally with :FILE behind it, found {0}")]
    Name(String),
    #[error("there is no repository {0} on the hub; check its name")]
    NoRepository(String),
    #[error(
        "{0} is gated: accept its terms on its page, then set HF_TOKEN to a token of yours (or log in with the hub's own tool)"
    )]
    Gated(String),
    #[error(
        "{0} holds no Stable Diffusion model that Inkwick can draw with (safetensors files in diffusers' layout, or one checkpoint)"
    )]
    NothingUsable(String),
    #[error("{repository} holds several checkpoints; choose one with {repository}:FILE: {files}")]
    Several { repository: String, files: String },
    #[error("the hub cannot be reached ({0}); check the connection and try again, it goes on where it ended")]
    Unreachable(String),
    #[error("{file} came with another checksum than the hub lists; it was thrown away, try again")]
    Checksum { file: String },
    #[error("the model needs {needed_gb:.1} GB and {free_gb:.1} GB are free; make room in {}", folder.display())]
    DiskFull { needed_gb: f64, free_gb: f64, folder: PathBuf },
    #[error("there is a model of that name already; remove it first: {}", path.display())]
    Exists { path: PathBuf },
    #[error(
        "this build of Inkwick cannot download (it was made without the feature hub); fetch the model with the hub's own tool (hf download {repository}), and Inkwick finds it"
    )]
    WithoutNetwork { repository: String },
    #[error("a file cannot be written ({source}): {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}
