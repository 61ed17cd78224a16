//! What can be asked for in the model library.

use std::path::PathBuf;

use super::state::{Column, Tab};
use crate::job::ModelRef;
use crate::store::token::Token;

#[derive(Clone, Debug, PartialEq)]
pub enum LibraryAction {
    /// Opens the library on this side.
    Open(Tab),
    Sort(Column),
    Favourite(ModelRef),
    /// Makes the model the one that draws.
    Use(ModelRef),
    /// Keeps the panel's size, steps, guidance and scheduler as the model's own.
    KeepDefaults(ModelRef),
    ForgetDefaults(ModelRef),
    Vae {
        model: ModelRef,
        file: Option<PathBuf>,
    },
    /// Looks no more through a folder; nothing in it changes.
    ForgetFolder(PathBuf),
    /// Begins a download, or goes on with it.
    Download(String),
    Pause(String),
    GiveUp(String),
    /// The written token is for the hub, from now on.
    KeepToken,
    /// Tells what is in a file.
    Inspect(PathBuf),
    Hash(PathBuf),
    Hashed {
        file: PathBuf,
        hash: Result<String, String>,
    },
    /// The keyring had one.
    TokenFound(Token),
    /// The keyring did not take it; why.
    TokenNotKept(String),
}
