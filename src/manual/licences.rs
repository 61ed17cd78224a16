//! What Inkwick is made of and on which terms: the list that `packaging/licences` writes, compressed in the program.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde::Deserialize;

/// A crate, a font, or what the built-in model learnt from.
#[derive(Debug, Deserialize)]
pub struct Component {
    pub name: String,
    /// "" where it has none.
    pub version: String,
    /// As SPDX writes it: `MIT OR Apache-2.0`.
    pub licence: String,
    /// Places in [`Licences::texts`].
    texts: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Licences {
    /// What is no crate first, then by name.
    pub components: Vec<Component>,
    /// Each once: many share one.
    pub texts: Vec<String>,
}

static SHIPPED: LazyLock<Licences> = LazyLock::new(|| {
    let mut json = String::new();
    let read = GzDecoder::new(&include_bytes!("../../assets/licences.json.gz")[..]).read_to_string(&mut json);
    // A test reads it, so that this cannot fail in a program that was tested.
    read.ok().and_then(|_| serde_json::from_str(&json).ok()).unwrap_or_default()
});

impl Licences {
    /// Of this program; read at the first call, in some milliseconds.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The texts of one of the components.
    pub fn texts_of<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a str> {
        component.texts.iter().filter_map(|text| self.texts.get(*text)).map(String::as_str)
    }

    /// All of it: the list, then each text below those whose it is.
    #[must_use]
    pub fn whole(&self) -> String {
        let mut whole = "# Third-party licences\n\n".to_owned();
        for component in &self.components {
            whole.push_str(&component.title());
            whole.push_str(": ");
            whole.push_str(&component.licence);
            whole.push('\n');
        }
        for (place, text) in self.texts.iter().enumerate() {
            let its = self.components.iter().filter(|component| component.texts.contains(&place));
            let names: Vec<String> = its.map(Component::title).collect();
            whole.push_str("\n----\n");
            whole.push_str(&names.join(", "));
            whole.push_str("\n\n");
            whole.push_str(text);
            whole.push('\n');
        }
        whole
    }
}

impl Component {
    /// `serde 1.0.228`.
    #[must_use]
    pub fn title(&self) -> String {
        let Self { name, version, .. } = self;
        if version.is_empty() { name.clone() } else { format!("{name} {version}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_shipped_has_its_terms() {
        let licences = Licences::shipped();
        for component in &licences.components {
            let texts: Vec<&str> = licences.texts_of(component).collect();
            assert!(!texts.is_empty() && texts.len() == component.texts.len(), "{}", component.title());
            assert!(texts.iter().all(|text| text.len() > 100), "{}", component.title());
        }
        let used = |place| licences.components.iter().any(|component| component.texts.contains(&place));
        assert!((0..licences.texts.len()).all(used), "a text is nobody's");
        let terms = |name: &str| {
            let found = licences.components.iter().find(|component| component.name == name);
            found.map_or_else(String::new, |found| licences.texts_of(found).collect::<Vec<_>>().join("\n"))
        };
        for (name, words) in [
            ("candle-core", "Apache License"),
            ("egui", "Permission is hereby granted, free of charge"),
            ("epaint_default_fonts", "SIL OPEN FONT LICENSE"),
            ("Inter (letters)", "SIL OPEN FONT LICENSE"),
            ("option-ext", "Mozilla Public License"),
            ("libsqlite3-sys", "Permission is hereby granted"),
        ] {
            assert!(terms(name).contains(words), "{name}");
        }
        // What only tests need is not shipped.
        assert!(!licences.components.iter().any(|component| component.name == "egui_kittest"));
    }

    #[test]
    fn the_whole_list_names_each_component_and_quotes_each_text_once() {
        let licences = Licences::shipped();
        let whole = licences.whole();
        for component in &licences.components {
            assert!(whole.contains(&format!("\n{}: {}\n", component.title(), component.licence)));
        }
        assert_eq!(whole.matches("\n----\n").count(), licences.texts.len());
    }
}
