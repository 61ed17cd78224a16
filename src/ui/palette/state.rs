//! What the palette keeps while it is open.

#[derive(Debug)]
pub struct PaletteState {
    pub text: String,
    /// The line that Enter runs.
    pub chosen: usize,
    /// What was written when the line was chosen: other words begin at the top.
    pub searched: String,
    /// Puts the cursor into the field.
    pub wants_focus: bool,
}

impl Default for PaletteState {
    fn default() -> Self {
        Self { text: String::new(), chosen: 0, searched: String::new(), wants_focus: true }
    }
}
