//! `HEAD,key=value,…` behind one flag. It is cut only at a comma before a known key and its `=`: paths hold commas.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

/// What stands behind one flag.
#[derive(Debug, PartialEq)]
pub(super) struct Keyed<'a> {
    /// Before the first key.
    pub head: &'a str,
    /// In their order, each once.
    pub pairs: Vec<(&'a str, &'a str)>,
}

/// Cuts `text` at `keys`; `rest` is a key whose value takes all that follows and may be empty.
///
/// # Errors
/// When a key is there twice, or has no value.
pub(super) fn keyed<'a>(text: &'a str, keys: &[&'a str], rest: Option<&'a str>) -> Result<Keyed<'a>, String> {
    // A key may stand at the very beginning, with nothing before it.
    let find = |key: &'a str| {
        let first = text.starts_with(&format!("{key}=")).then_some((0, key.len() + 1, key));
        let later = text.match_indices(&format!(",{key}=")).map(|(at, cut)| (at, cut.len(), key)).collect::<Vec<_>>();
        first.into_iter().chain(later)
    };
    let mut cuts: Vec<(usize, usize, &str)> = keys.iter().copied().chain(rest).flat_map(find).collect();
    cuts.sort_unstable();
    if let Some(last) = cuts.iter().position(|(.., key)| Some(*key) == rest) {
        cuts.truncate(last + 1);
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (index, (at, length, key)) in cuts.iter().enumerate() {
        let end = cuts.get(index + 1).map_or(text.len(), |(next, ..)| *next);
        let value = &text[at + length..end];
        if pairs.iter().any(|(known, _)| known == key) {
            return Err(format!("{key}= is there twice"));
        }
        if value.is_empty() && Some(*key) != rest {
            return Err(format!("behind {key}= there is nothing"));
        }
        pairs.push((*key, value));
    }
    Ok(Keyed { head: cuts.first().map_or(text, |(at, ..)| &text[..*at]), pairs })
}

/// Why there is no file `path`, where a part of it looks like a key that is none of `keys`.
pub(super) fn unknown_key(path: &Path, keys: &[&str]) -> Option<String> {
    let text = path.to_str().filter(|_| !path.exists())?;
    let looks_like_a_key = |name: &&str| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase());
    let pairs = text.split(',').skip(1).filter_map(|part| part.split_once('='));
    let name = pairs.map(|(name, _)| name).find(looks_like_a_key)?;
    Some(format!("{name}= is not known here, and there is no file {text}; known are {}", keys.join(", ")))
}

/// A number in a range.
///
/// # Errors
/// Names the key, the value and what is allowed.
pub(super) fn number<T: FromStr + PartialOrd + Display>(
    key: &str,
    value: &str,
    (least, most): (T, T),
) -> Result<T, String> {
    let found = value.parse().ok().filter(|number: &T| *number >= least && *number <= most);
    found.ok_or_else(|| format!("{key}={value}: allowed is a number from {least} to {most}"))
}

/// One of several names.
///
/// # Errors
/// Names the key, the value and what is allowed.
pub(super) fn named<T>(
    key: &str,
    value: &str,
    names: &[&str],
    by_name: impl Fn(&str) -> Option<T>,
) -> Result<T, String> {
    by_name(value).ok_or_else(|| format!("{key}={value}: allowed are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_and_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = folder.path().join("a.png,foo=1");
        let sentence = unknown_key(&wrong, &["image", "mask"]).unwrap();
        assert!(sentence.starts_with("foo= is not known here") && sentence.ends_with("image, mask"), "{sentence}");
        assert_eq!(unknown_key(&folder.path().join("a, b.png"), &["image"]), None);
        std::fs::write(&wrong, b"").unwrap();
        assert_eq!(unknown_key(&wrong, &["image"]), None, "there is a file of that name");
    }

    #[test]
    fn only_known_keys_cut_and_the_last_takes_the_rest() {
        let found =
            keyed("a, b.png,weigh=1,weight=0.5,prompt=x, weight=2,prompt=y", &["weight"], Some("prompt")).unwrap();
        assert_eq!(found.head, "a, b.png,weigh=1");
        assert_eq!(found.pairs, [("weight", "0.5"), ("prompt", "x, weight=2,prompt=y")]);
        assert_eq!(keyed("prompt=", &["weight"], Some("prompt")).unwrap().pairs, [("prompt", "")]);
        assert_eq!(keyed("image=a,b", &["image"], None).unwrap(), Keyed { head: "", pairs: vec![("image", "a,b")] });
        assert!(keyed("a,image=x,image=y", &["image"], None).unwrap_err().contains("twice"));
        assert!(keyed("a,image=", &["image"], None).unwrap_err().contains("nothing"));
    }
}
