//! Links of the form `inkwick://`, which other programs and pages open: a file for the canvas, or a model of the Hugging
//! Face Hub that a person is asked about first. Nothing else can be asked for by a link. Desktops name files as `file:`.

use std::path::PathBuf;

/// How every link begins.
const SCHEME: &str = "inkwick://";
/// How a desktop names a file of this machine.
const FILE: &str = "file:///";
/// Longer ones are nobody's link.
const MOST_BYTES: usize = 4096;
/// Of an owner's or a model's name on the Hub.
const MOST_NAME_BYTES: usize = 96;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// `file:///PATH`, as a desktop names what a person chose there.
    File(PathBuf),
    /// `inkwick://open?file=PATH`: a file of this machine, named by anybody.
    Open(PathBuf),
    /// `inkwick://model/OWNER/NAME[?file=FILE]`, as the downloads name it: `OWNER/NAME` or `OWNER/NAME:FILE`.
    Model(String),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LinkError {
    #[error("the link is not one of Inkwick's; it knows inkwick://open?file=… and inkwick://model/OWNER/NAME")]
    Unknown,
    #[error("the link names no file of this machine by its whole path, such as /home/ann/photo.png")]
    NoPath,
    #[error(
        "the link names no model of the Hugging Face Hub; a model is OWNER/NAME in letters, digits, dots and dashes"
    )]
    NoModel,
    #[error("the link is longer than any that Inkwick knows")]
    TooLong,
}

/// Whether `text` is a link rather than a path.
#[must_use]
pub fn is_link(text: &str) -> bool {
    let begins = |with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    begins(SCHEME) || begins(FILE)
}

impl Link {
    /// Reads a link.
    ///
    /// # Errors
    /// When it is too long, damaged, or asks for something else than a local file or a model of the Hub.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text.len() > MOST_BYTES {
            return Err(LinkError::TooLong);
        }
        if !is_link(text) {
            return Err(LinkError::Unknown);
        }
        if !text[..1].eq_ignore_ascii_case("i") {
            // A drive's letter stands behind the slash.
            let from = if cfg!(windows) { FILE.len() } else { FILE.len() - 1 };
            return local_file(decoded(&text[from..])).map(Self::File);
        }
        let rest = &text[SCHEME.len()..];
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parts = path.trim_end_matches('/').split('/');
        let file = parameter(query)?;
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("open"), None, ..) => local_file(file).map(Self::Open),
            (Some("model"), Some(owner), Some(name), None) if is_name(owner) && is_name(name) => match file {
                None => Ok(Self::Model(format!("{owner}/{name}"))),
                Some(file) if file.split('/').all(is_name) => Ok(Self::Model(format!("{owner}/{name}:{file}"))),
                Some(_) => Err(LinkError::NoModel),
            },
            (Some("model"), ..) => Err(LinkError::NoModel),
            _ => Err(LinkError::Unknown),
        }
    }
}

/// Whether a path names another machine's folder, which would be asked for this person's password.
#[must_use]
pub(crate) fn is_share(path: &str) -> bool {
    path.starts_with("\\\\") || path.starts_with("//")
}

fn local_file(path: Option<String>) -> Result<PathBuf, LinkError> {
    let path = path.filter(|path| !path.contains('\0')).ok_or(LinkError::NoPath)?;
    let is_share = is_share(&path);
    let path = PathBuf::from(path);
    if path.is_absolute() && !is_share { Ok(path) } else { Err(LinkError::NoPath) }
}

/// The value of `file`, which is all that a link may say.
fn parameter(query: &str) -> Result<Option<String>, LinkError> {
    if query.is_empty() {
        return Ok(None);
    }
    let value = query.strip_prefix("file=").filter(|value| !value.contains('&')).ok_or(LinkError::Unknown)?;
    decoded(value).filter(|value| !value.contains('\0')).map(Some).ok_or(LinkError::Unknown)
}

/// `%20` and its kin as what they stand for; a plus stays one.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// As the Hub writes the names of owners, models and files.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    !name.is_empty() && name.len() <= MOST_NAME_BYTES && !name.starts_with('.') && name.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_models_are_read() {
        let file = if cfg!(windows) { "C:/my photos/ä.png" } else { "/my photos/ä.png" };
        let link = format!("inkwick://open?file={}", file.replace(' ', "%20").replace('ä', "%c3%A4"));
        assert_eq!(Link::parse(&link), Ok(Link::Open(file.into())));
        assert_eq!(Link::parse(&format!("INKWICK://open/?file={file}")), Ok(Link::Open(file.into())));
        let url = if cfg!(windows) { "file:///C:/my%20photos/ä.png" } else { "file:///my%20photos/ä.png" };
        assert_eq!(Link::parse(url), Ok(Link::File(file.into())));
        let model = |text: &str| Ok(Link::Model(text.to_owned()));
        assert_eq!(Link::parse("inkwick://model/stabilityai/sdxl-turbo"), model("stabilityai/sdxl-turbo"));
        let file = "inkwick://model/a/b_c?file=unet%2Fx-1.0.safetensors";
        assert_eq!(Link::parse(file), model("a/b_c:unet/x-1.0.safetensors"));
    }

    #[test]
    fn everything_else_is_refused_for_what_it_is() {
        let long = format!("inkwick://model/a/{}", "b".repeat(5000));
        let wide = format!("inkwick://model/{}/b", "a".repeat(97));
        for (link, error) in [
            ("", LinkError::Unknown),
            ("https://example.org/model/a/b", LinkError::Unknown),
            ("inkwick://delete?file=/etc/passwd", LinkError::Unknown),
            ("inkwick://open?url=http://x/y.png", LinkError::Unknown),
            ("inkwick://open?file=/a.png&then=run", LinkError::Unknown),
            ("inkwick://open?file=/a%0", LinkError::Unknown),
            ("inkwick://open?file=/a%+f", LinkError::Unknown),
            ("inkwick://open?file=/a%00.png", LinkError::Unknown),
            ("inkwick://open?file=/%ff%fe", LinkError::Unknown),
            ("inkwick://open", LinkError::NoPath),
            ("inkwick://open?file=relative/../a.png", LinkError::NoPath),
            ("inkwick://open?file=//server/share/a.png", LinkError::NoPath),
            ("inkwick://open?file=%5C%5Cserver%5Cshare%5Ca.png", LinkError::NoPath),
            ("inkwick://open?file=http://server/a.png", LinkError::NoPath),
            ("inkwick://model/a", LinkError::NoModel),
            ("inkwick://model/a/b/c", LinkError::NoModel),
            ("inkwick://model/../b", LinkError::NoModel),
            ("inkwick://model/a/b:c", LinkError::NoModel),
            ("inkwick://model/a/b?file=../../x", LinkError::NoModel),
            ("inkwick://model/a/b?file=/etc/passwd", LinkError::NoModel),
            ("inkwick://model/ä/b", LinkError::NoModel),
            (&wide, LinkError::NoModel),
            (&long, LinkError::TooLong),
            ("inkwick:/é", LinkError::Unknown),
            ("file://server/a.png", LinkError::Unknown),
            ("file:////server/a.png", LinkError::NoPath),
            ("file:///a%00.png", LinkError::NoPath),
        ] {
            assert_eq!(Link::parse(link), Err(error), "{link}");
        }
    }
}
