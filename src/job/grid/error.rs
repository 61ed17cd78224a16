//! Why a grid cannot be made.

/// Of one axis: more than anyone looks at.
pub(super) const MOST_VALUES: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    #[error("write the values, with commas between them")]
    Empty,
    #[error("“{text}” is no number and no range; write for example 10, 20, 30 or 10-30 (+5) or 1-2 [5]")]
    Number { text: String },
    #[error("“{text}” is none of them: {known}")]
    Name { text: String, known: String },
    #[error("there is no LoRA to weigh; put one on the shelf first")]
    NoLora,
    #[error("the prompt does not have “{words}”; the first words are those that the others replace")]
    NoWords { words: String },
    #[error("the strength counts where a picture is painted anew; put one on the canvas first")]
    NoPicture,
    #[error("both axes go over one setting ({name}); choose another one for the second")]
    Same { name: &'static str },
    #[error("{reason}")]
    Cell { reason: String },
    #[error("{found} values are more than a grid takes ({most}); write fewer")]
    TooMany { found: usize, most: usize },
}
