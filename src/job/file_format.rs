//! A format or form of files that is read, as the tables of the readers list them and `FORMATS.md` shows them.

/// One row of a reader's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFormat {
    /// As the field calls it.
    pub name: &'static str,
    /// How such files end, without the dot; empty where a form has no ending of its own.
    pub endings: &'static [&'static str],
    /// How it is told and what of it is read, in a few words.
    pub note: &'static str,
}
