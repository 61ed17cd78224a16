//! All texts of a picture file, by the names of their fields.

/// The text of AUTOMATIC1111 and its kin.
pub(crate) const PARAMETERS: &str = "parameters";
/// EXIF's and other standards' fields, by the names that they have here; PNG's texts keep their keywords.
pub(crate) const USER_COMMENT: &str = "exif:UserComment";
pub(crate) const DESCRIPTION: &str = "exif:ImageDescription";
pub(crate) const MAKE: &str = "exif:Make";
pub(crate) const CAMERA: &str = "exif:Model";
pub(crate) const SOFTWARE: &str = "exif:Software";
pub(crate) const WINDOWS_COMMENT: &str = "exif:XPComment";
pub(crate) const WINDOWS_TITLE: &str = "exif:XPTitle";
pub(crate) const CAPTION: &str = "iptc:Caption-Abstract";

/// The texts of one picture, in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<(String, String)>);

impl Texts {
    /// Adds one, unless it is empty.
    pub fn add(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.trim_matches(['\0', ' ']).is_empty() {
            self.0.push((name.to_owned(), text));
        }
    }

    /// The first of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// All of that name: EXIF and XMP may both have it.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The first of any of these names.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }
}
