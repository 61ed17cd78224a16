//! What can be asked for in the model library.

use std::path::PathBuf;

use crate::hub::Offer;
use crate::job::ModelRef;
use crate::store::models::file::Shelf;
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
    /// What the hub says of a model that a link named.
    Offered {
        name: String,
        offer: Result<Offer, String>,
    },
    /// The written token is for the hub, from now on.
    KeepToken,
    /// Tells what is in a file.
    Inspect(PathBuf),
    /// Files it as what somebody says it is.
    FileAs(PathBuf, Shelf),
    Hash(PathBuf),
    Hashed {
        file: PathBuf,
        hash: Result<String, String>,
    },
    /// The keyring had one.
    TokenFound(Token),
    /// The keyring did not take it; why.
    TokenNotKept(String),
    /// Looks what models there are now.
    ListModels,
    AddModelDialog,
    /// The same for a checkpoint, LoRA, VAE or embedding file.
    AddModelFileDialog,
    AddModel(PathBuf),
    /// Takes a model off the list; its files stay.
    ForgetModel(PathBuf),
    /// Fetches what selects by a click.
    FetchSelector,
    OpenSelectorFolder,
    /// Fetches what makes a layer of a picture: the weights that were asked for last.
    FetchAnnotator,
    OpenAnnotatorFolder,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Models,
    /// LoRAs, embeddings, VAEs and IP-Adapters.
    AddOns,
    Download,
}

/// A column of the table that can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    #[default]
    Name,
    Family,
    Size,
    Precision,
    Licence,
    LastUsed,
}

impl Column {
    pub const ALL: [Self; 6] = [Self::Name, Self::Family, Self::Size, Self::Precision, Self::Licence, Self::LastUsed];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Family => "Family",
            Self::Size => "Size",
            Self::Precision => "Precision",
            Self::Licence => "Licence",
            Self::LastUsed => "Last used",
        }
    }
}
