//! `OWNER/NAME` or `OWNER/NAME:FILE`: what a person asks the hub for.

use super::DownloadError;

/// A repository, or one file of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    pub owner: &'a str,
    pub name: &'a str,
    pub file: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, DownloadError> {
        let (repository, file) = text.split_once(':').map_or((text, None), |(name, file)| (name, Some(file)));
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        match repository.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => Ok(Self { owner, name, file }),
            _ => Err(DownloadError::Name(text.to_owned())),
        }
    }

    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}
