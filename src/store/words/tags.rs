//! A list of tags with how often each was used, as `a1111-sd-webui-tagcomplete` has it: `name,category,count,"aliases"`,
//! with commas or tabs, a hundred thousand of them. Also `name,count`, as ComfyUI's extensions have it.

use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use csv::{ByteRecord, ReaderBuilder};

use crate::store::models::scan::{files_in, is_root};
use crate::store::paths::Paths;

/// Where other programs and their extensions keep theirs.
const ELSEWHERE: [&str; 4] = [
    "extensions/a1111-sd-webui-tagcomplete/tags/danbooru.csv",
    "tags/danbooru.csv",
    "custom_nodes/ComfyUI-Custom-Scripts/user/autocomplete.txt",
    "user/default/pysssss/autocomplete.txt",
];
const ENDINGS: [&str; 3] = ["csv", "tsv", "txt"];
/// A list is read as far as this.
const MOST_BYTES: u64 = 64 << 20;
/// From so many letters on, they may stand anywhere in a tag.
const ANYWHERE_FROM: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// As it is in the list, with underscores.
    pub name: String,
    pub category: Option<u32>,
    /// Pictures that have it.
    pub count: u64,
    /// In lower case, with underscores, a line feed between two.
    aliases: String,
}

#[derive(Debug)]
pub(crate) struct TagFile {
    path: PathBuf,
    tags: Vec<Tag>,
}

/// How well a tag fits; the least is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    AliasBeginning,
    WordBeginning,
    Anywhere,
}

impl TagFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> usize {
        self.tags.len()
    }

    /// At most `most` tags for what was written: those that begin so before those that have it somewhere, the most used
    /// first; with the alias that was meant, where it was one.
    pub(crate) fn find(&self, written: &str, most: usize) -> Vec<(&Tag, Option<&str>)> {
        let wanted = key(written);
        // The worst of the best on top.
        let mut best = BinaryHeap::with_capacity(most + 1);
        for (index, tag) in self.tags.iter().enumerate() {
            if let Some(fit) = fit(tag, &wanted) {
                best.push((fit, std::cmp::Reverse(tag.count), index));
                if best.len() > most {
                    best.pop();
                }
            }
        }
        let found = best.into_sorted_vec().into_iter().map(|(fit, _, index)| {
            let tag = &self.tags[index];
            let alias = tag.aliases.split('\n').find(|alias| alias.starts_with(&wanted));
            (tag, alias.filter(|_| fit == Fit::AliasBeginning))
        });
        found.collect()
    }
}

/// Tags are written with spaces or underscores, and brackets with a backslash.
fn key(written: &str) -> String {
    written.trim().to_lowercase().replace(' ', "_").replace('\\', "")
}

fn fit(tag: &Tag, wanted: &str) -> Option<Fit> {
    let name = tag.name.as_str();
    if let Some(rest) = name.strip_prefix(wanted) {
        return Some(if rest.is_empty() { Fit::Whole } else { Fit::Beginning });
    }
    if tag.aliases.split('\n').any(|alias| alias.starts_with(wanted)) {
        return Some(Fit::AliasBeginning);
    }
    let at = name.find(wanted)?;
    let begins = |at: usize| at > 0 && matches!(name.as_bytes()[at - 1], b'_' | b'(' | b'-' | b'/');
    if begins(at) || name.match_indices(wanted).any(|(at, _)| begins(at)) {
        return Some(Fit::WordBeginning);
    }
    (wanted.chars().count() >= ANYWHERE_FROM).then_some(Fit::Anywhere)
}

fn parsed(bytes: &[u8]) -> Vec<Tag> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first_line.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let mut tags = Vec::new();
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row).is_ok_and(|is_there| is_there) {
        let cell = |at: usize| row.get(at).map(|cell| String::from_utf8_lossy(cell).trim().to_lowercase());
        let number = |at: usize| cell(at).and_then(|cell| cell.parse::<u64>().ok());
        let name = cell(0).unwrap_or_default().replace(' ', "_");
        let is_heading = tags.is_empty() && number(1).is_none() && number(2).is_none() && row.len() > 1;
        if name.is_empty() || is_heading {
            continue;
        }
        let (category, count, aliases) = match (number(1), number(2)) {
            (category, Some(count)) => (category, count, cell(3)),
            (count, None) => (None, count.unwrap_or(0), cell(2)),
        };
        let aliases = aliases.unwrap_or_default();
        let aliases: Vec<String> =
            aliases.split(',').map(|alias| alias.trim().replace(' ', "_")).filter(|alias| !alias.is_empty()).collect();
        let category = category.and_then(|category| u32::try_from(category).ok());
        tags.push(Tag { name, category, count, aliases: aliases.join("\n") });
    }
    tags
}

/// The list that was read last, to be read again only when its file has changed.
#[derive(Debug, Default)]
pub(crate) struct TagFiles {
    last: Option<(u64, Option<SystemTime>, Arc<TagFile>)>,
}

impl TagFiles {
    /// The chosen list, else the first that lies where lists do; `None` where there is none.
    ///
    /// # Errors
    /// A sentence: the list cannot be read, or holds no tags.
    pub(crate) fn read(&mut self, paths: &Paths, chosen: Option<&Path>) -> Result<Option<Arc<TagFile>>, String> {
        let Some(path) = chosen.map(Path::to_path_buf).or_else(|| found(paths)) else { return Ok(None) };
        let failed = |reason: &str| {
            format!("The list of tags could not be read ({reason}); choose another one: {}.", path.display())
        };
        let stat = fs::metadata(&path).map_err(|error| failed(&error.to_string()))?;
        let (length, time) = (stat.len(), stat.modified().ok());
        if let Some((old_length, old_time, list)) = &self.last
            && (*old_length, *old_time, list.path()) == (length, time, path.as_path())
        {
            return Ok(Some(Arc::clone(list)));
        }
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        read.map_err(|error| failed(&error.to_string()))?;
        let tags = parsed(&bytes);
        if tags.is_empty() {
            return Err(failed("there is no tag in it"));
        }
        let list = Arc::new(TagFile { path, tags });
        self.last = Some((length, time, Arc::clone(&list)));
        Ok(Some(list))
    }
}

fn found(paths: &Paths) -> Option<PathBuf> {
    let own = files_in(&paths.tags_folder(), &ENDINGS);
    let is_danbooru = |file: &&PathBuf| file.file_stem().is_some_and(|name| name == "danbooru");
    if let Some(file) = own.iter().find(is_danbooru).or(own.first()) {
        return Some(file.clone());
    }
    let folders =
        std::iter::once(&paths.models_folder).chain(paths.other_folders.iter().filter(|folder| is_root(folder)));
    let beside =
        folders.flat_map(|folder| std::iter::once("danbooru.csv").chain(ELSEWHERE).map(|name| folder.join(name)));
    beside.into_iter().find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> TagFile {
        TagFile { path: PathBuf::new(), tags: parsed(text.as_bytes()) }
    }

    fn names(list: &TagFile, written: &str) -> Vec<String> {
        list.find(written, 8).into_iter().map(|(tag, _)| tag.name.clone()).collect()
    }

    #[test]
    fn the_best_fit_comes_first_and_then_the_most_used() {
        let list = list(
            "1girl,0,5000000,\"1girls,sole_female\"\nlong_hair,0,4000000,longhair\nvery_long_hair,0,900000,\n\
             long_sleeves,0,2000000,\"long sleeve\"\nsaber_(fate),4,90000,\noblong,0,10,\nlong,0,5,\n",
        );
        assert_eq!(names(&list, "long"), ["long", "long_hair", "long_sleeves", "very_long_hair", "oblong"]);
        assert_eq!(names(&list, "Long ha"), ["long_hair", "very_long_hair"]);
        assert_eq!(names(&list, "saber_\\(fa"), ["saber_(fate)"]);
        assert_eq!(names(&list, "fate"), ["saber_(fate)"]);
        let by_alias = list.find("sole", 8);
        assert_eq!((by_alias[0].0.name.as_str(), by_alias[0].1), ("1girl", Some("sole_female")));
        assert_eq!(names(&list, "lo").len(), 4, "two letters count at the beginning of words alone");
        assert_eq!(list.find("l", 2).len(), 2);
    }

    #[test]
    fn lists_are_read_with_commas_tabs_headings_and_two_columns() {
        let both = [
            "\u{FEFF}tag,category,count,aliases\r\ncat_ears,0,12,\"nekomimi,cat ear\"\r\n",
            "cat_ears\t0\t12\tnekomimi,cat ear\n",
            "cat ears,12\n",
        ];
        for text in both {
            let list = list(text);
            let found = list.find("cat", 8);
            assert_eq!((found.len(), found[0].0.name.as_str(), found[0].0.count), (1, "cat_ears", 12), "{text}");
        }
        assert_eq!(list(both[1]).find("nekom", 8)[0].1, Some("nekomimi"));
        let damaged = list("good,0,1,\n,,,\n\u{0}\u{1},x\nbroken,\"0,2\n");
        assert!(!damaged.find("good", 8).is_empty());
    }

    #[test]
    fn a_list_is_read_again_when_it_has_changed() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let mut files = TagFiles::default();
        assert!(files.read(&paths, None).unwrap().is_none());
        let file = paths.tags_folder().join("danbooru.csv");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "cat,0,1,\n").unwrap();
        let first = files.read(&paths, None).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &files.read(&paths, None).unwrap().unwrap()));
        fs::write(&file, "cat,0,1,\ndog,0,1,\n").unwrap();
        assert_eq!(files.read(&paths, None).unwrap().unwrap().len(), 2);
        assert!(files.read(&paths, Some(Path::new("/no/such/list.csv"))).is_err());
        let empty = home.path().join("empty.csv");
        fs::write(&empty, "\n").unwrap();
        assert!(files.read(&paths, Some(&empty)).unwrap_err().contains("no tag"));
    }
}
