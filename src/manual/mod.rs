//! The manual inside the program: the pages of `assets/manual` and the licences, for the command line and the window.

mod licences;

pub use licences::{Component, Licences};

/// One page, in the little Markdown that both show: a title, paragraphs, lists, indented code, `code` in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// As `inkwick help` takes it.
    pub topic: &'static str,
    pub text: &'static str,
}

macro_rules! pages {
    ($($topic:literal),* $(,)?) => {
        [$(Page { topic: $topic, text: include_str!(concat!("../../assets/manual/src/", $topic, ".md")) }),*]
    };
}

/// In the order in which one reads them.
pub const PAGES: [Page; 10] = pages![
    "first-picture",
    "masks",
    "layers",
    "models",
    "prompts",
    "memory",
    "gallery",
    "service",
    "install",
    "trouble"
];

impl Page {
    /// The page of this topic, in any case.
    #[must_use]
    pub fn find(topic: &str) -> Option<Self> {
        PAGES.into_iter().find(|page| page.topic.eq_ignore_ascii_case(topic))
    }

    /// Its heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// All below the heading, by what empty lines stand between. Pictures are the book's alone: here the window is at hand.
    pub fn blocks(self) -> impl Iterator<Item = &'static str> {
        let body = self.text.split_once('\n').map_or("", |(_, body)| body);
        let blocks = body.split("\n\n").map(|block| block.trim_matches('\n'));
        blocks.filter(|block| !block.is_empty() && !block.starts_with("!["))
    }

    /// All of it as text.
    #[must_use]
    pub fn plain(self) -> String {
        let heading = self.text.lines().next().unwrap_or_default();
        std::iter::once(heading).chain(self.blocks()).collect::<Vec<_>>().join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_lists_every_page_by_its_title() {
        let summary = include_str!("../../assets/manual/src/SUMMARY.md");
        let listed: Vec<&str> = summary.lines().filter(|line| line.starts_with("- ")).collect();
        let pages: Vec<String> = PAGES.map(|page| format!("- [{}]({}.md)", page.title(), page.topic)).to_vec();
        assert_eq!(listed, pages);
        for page in PAGES {
            let plain = page.plain();
            assert!(plain.len() > 200 && !plain.contains("!["), "{}", page.topic);
            assert!(plain.starts_with(&format!("# {}\n\n", page.title())), "{}", page.topic);
            // Every picture is there.
            for picture in page.text.lines().filter_map(|line| line.strip_prefix("![")) {
                let file = picture.split_once("](").unwrap().1.trim_end_matches(')');
                let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/manual/src");
                assert!(folder.join(file).is_file(), "{}: {file}", page.topic);
            }
        }
    }
}
