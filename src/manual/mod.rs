//! The manual inside the program: the pages of `assets/manual`, for the command line and the window.

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

    /// All below the heading.
    #[must_use]
    pub fn body(self) -> &'static str {
        self.text.split_once('\n').map_or("", |(_, body)| body.trim())
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
            assert!(page.body().len() > 200, "{}", page.topic);
        }
    }
}
