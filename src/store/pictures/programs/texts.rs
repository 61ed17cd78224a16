//! All that a picture file says in words, by the names of its fields.

/// EXIF's and other standards' fields, by the names that they have here; PNG's texts keep their keywords.
pub(crate) const USER_COMMENT: &str = "exif:UserComment";
pub(crate) const DESCRIPTION: &str = "exif:ImageDescription";
pub(crate) const MAKE: &str = "exif:Make";
pub(crate) const CAMERA: &str = "exif:Model";
pub(crate) const SOFTWARE: &str = "exif:Software";
pub(crate) const XMP: &str = "xmp";
pub(crate) const CAPTION: &str = "iptc:Caption-Abstract";

/// The texts of one picture, in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<(String, String)>);

impl Texts {
    /// Adds one, unless it says nothing.
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

    /// The first of any of these names.
    #[must_use]
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }
}
