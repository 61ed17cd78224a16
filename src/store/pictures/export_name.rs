//! Names of exported files, by a pattern: "{date} {words}".

use chrono::{DateTime, Local};
use std::path::Path;
use std::time::SystemTime;

use crate::job::Request;
use crate::store::pictures::saving::{NAME_PARTS, as_name};

/// Longer names are trouble on some disks. Room for an ending and a number is left.
const LONGEST_BYTES: usize = 180;

/// What a pattern may have besides what names of new pictures have ([`NAME_PARTS`]), and what it stands for.
const MORE_PARTS: [(&str, &str); 2] = [("{name}", "the file's name now"), ("{date}", "the day it was made")];

/// All that a pattern may have, and what it stands for.
pub fn parts() -> impl Iterator<Item = (&'static str, &'static str)> {
    MORE_PARTS.into_iter().chain(NAME_PARTS.iter().copied())
}

/// What is known of a picture that is named.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub file: &'a Path,
    pub modified: SystemTime,
    /// From 1.
    pub number: usize,
    pub size_px: Option<[u32; 2]>,
    pub request: Option<&'a Request>,
    pub model: &'a str,
}

/// The file's name without an ending. What is not known of a picture is left out.
///
/// # Errors
/// The word in braces that stands for nothing.
pub fn of(pattern: &str, named: &Named<'_>) -> Result<String, String> {
    let mut name = String::new();
    let mut rest = pattern;
    while let Some((before, inside)) = rest.split_once('{') {
        let Some((word, after)) = inside.split_once('}') else { return Err(inside.to_owned()) };
        name.push_str(before);
        name.push_str(&value(word, named).ok_or_else(|| word.to_owned())?);
        rest = after;
    }
    name.push_str(rest);
    Ok(clean(&name))
}

fn value(word: &str, named: &Named<'_>) -> Option<String> {
    let made = DateTime::<Local>::from(named.modified);
    Some(match word.trim().to_lowercase().as_str() {
        "name" => named.file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        "date" => made.date_naive().to_string(),
        "time" => made.format("%H%M%S").to_string(),
        "number" => format!("{:05}", named.number),
        "words" => named.request.map(|request| as_name(&request.prompt)).unwrap_or_default(),
        "seed" => named.request.map(|request| request.seed.to_string()).unwrap_or_default(),
        "model" => named.model.to_owned(),
        "size" => named.size_px.map(|[width, height]| format!("{width}x{height}")).unwrap_or_default(),
        _ => return None,
    })
}

/// A name that every system takes.
fn clean(name: &str) -> String {
    let is_sign = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
    let spaced: String = name.chars().map(|letter| if is_sign(letter) { ' ' } else { letter }).collect();
    let mut name = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    while name.len() > LONGEST_BYTES {
        name.pop();
    }
    let name = name.trim_matches(|letter: char| letter == '.' || letter == ' ' || letter == '-');
    // Names of Windows' devices, whatever their ending.
    let first = name.split('.').next().unwrap_or_default().trim().to_uppercase();
    let is_numbered = |kind: &str| first.strip_prefix(kind).is_some_and(|end| end.chars().count() == 1 && end != "0");
    let is_device = matches!(first.as_str(), "CON" | "PRN" | "AUX" | "NUL") || is_numbered("COM") || is_numbered("LPT");
    match name {
        "" => "picture".to_owned(),
        name if is_device => format!("{name} picture"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pattern: &str, prompt: &str) -> Result<String, String> {
        let request = Request { prompt: prompt.into(), seed: 42, ..Request::default() };
        let named = Named {
            file: Path::new("/p/00007-42.png"),
            modified: SystemTime::now(),
            number: 3,
            size_px: Some([512, 768]),
            request: Some(&request),
            model: "dream",
        };
        of(pattern, &named)
    }

    #[test]
    fn a_pattern_is_filled_in_and_a_wrong_word_is_named() {
        assert_eq!(name("{name}_{seed} {size} {number} {model}", "").unwrap(), "00007-42_42 512x768 00003 dream");
        assert_eq!(name("{date}", "").unwrap(), Local::now().date_naive().to_string());
        assert_eq!(name("{Words}", "a fox: \"red\"\nin <snow>").unwrap(), "a-fox-red-in-snow");
        for (part, _) in parts() {
            assert!(name(part, "a fox").is_ok_and(|name| !name.contains('{')), "{part}");
        }
        assert_eq!(name("{who}", ""), Err("who".into()));
        assert_eq!(name("{name", ""), Err("name".into()));
    }

    #[test]
    fn every_system_takes_the_names() {
        for (pattern, wanted) in [
            ("", "picture"),
            ("..", "picture"),
            ("../../etc/passwd", "etc passwd"),
            ("CON", "CON picture"),
            ("lpt1.x", "lpt1.x picture"),
            ("a/b\\c", "a b c"),
            ("end. ", "end"),
        ] {
            assert_eq!(name(pattern, "").unwrap(), wanted, "{pattern}");
        }
        let long = name(&"赤い".repeat(100), "").unwrap();
        assert!(long.len() <= LONGEST_BYTES && !long.is_empty());
    }
}
