//! Which model draws: one that comes with the program, a folder, or a file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Which model draws.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelRef {
    /// The small model that comes with the program.
    #[default]
    BuiltIn,
    /// The same with the LoRA that lets it draw in four steps.
    BuiltInFourSteps,
    /// A folder in diffusers' layout.
    Folder(PathBuf),
    /// A checkpoint in one file.
    File(PathBuf),
}

/// The models that come with the program: as lists call them, and by a name without spaces.
const BUILT_IN: [(ModelRef, &str, &str); 2] = [
    (ModelRef::BuiltIn, "Built-in", "built-in"),
    (ModelRef::BuiltInFourSteps, "Built-in, 4 steps", "built-in-4-steps"),
];

impl ModelRef {
    /// One that comes with the program, by either of its names, in any case.
    #[must_use]
    pub fn built_in_called(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("builtin") {
            return Some(Self::BuiltIn);
        }
        let is_it = |known: &str| known.eq_ignore_ascii_case(name);
        BUILT_IN.into_iter().find(|(_, title, id)| is_it(title) || is_it(id)).map(|(model, ..)| model)
    }

    /// As lists call one that comes with the program; `None` for all others.
    #[must_use]
    pub fn built_in_name(&self) -> Option<&'static str> {
        BUILT_IN.into_iter().find(|(model, ..)| model == self).map(|(_, name, _)| name)
    }

    /// The same without spaces, as the command line takes it and files keep it.
    #[must_use]
    pub fn built_in_id(&self) -> Option<&'static str> {
        BUILT_IN.into_iter().find(|(model, ..)| model == self).map(|(.., id)| id)
    }

    /// The folder or file of one that lies on a disk.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn | Self::BuiltInFourSteps => None,
            Self::Folder(path) | Self::File(path) => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_program_is_found_by_its_names() {
        for (model, name, id) in BUILT_IN {
            for said in [name, id, &name.to_uppercase()] {
                assert_eq!(ModelRef::built_in_called(said), Some(model.clone()), "{said}");
            }
            assert_eq!((model.built_in_name(), model.built_in_id(), model.path()), (Some(name), Some(id), None));
        }
        assert_eq!(ModelRef::built_in_called("built"), None);
        assert_eq!(ModelRef::File("a".into()).built_in_name(), None);
    }
}
