//! Notes and errors in the window's corner: one sentence each, and a fold with details or a way back.

use crate::ui::action::Action;

/// What a toast is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// Goes away by itself, unless it has details.
    Note,
    /// Stays until it is closed.
    Error,
}

#[derive(Clone, Debug)]
pub struct Toast {
    pub id: u64,
    pub kind: ToastKind,
    pub text: String,
    pub details: Option<String>,
    pub details_open: bool,
    /// What it offers: "Undo".
    pub action: Option<(&'static str, Action)>,
    /// `egui`'s time at which it was first shown, in seconds.
    pub shown_at: Option<f64>,
}

/// Oldest first.
#[derive(Default)]
pub struct Toasts {
    pub list: Vec<Toast>,
    next_id: u64,
}

impl Toasts {
    /// How long a note stays, in seconds.
    pub const NOTE_SECONDS: f64 = 6.0;
    const MOST: usize = 4;

    pub fn note(&mut self, text: impl Into<String>) {
        self.push(ToastKind::Note, text.into(), None, None);
    }

    /// A note that stays, because there is more to read in it.
    pub fn note_in_detail(&mut self, text: impl Into<String>, details: String) {
        self.push(ToastKind::Note, text.into(), Some(details), None);
    }

    pub fn error(&mut self, text: impl Into<String>, details: Option<String>) {
        self.push(ToastKind::Error, text.into(), details, None);
    }

    /// A note with something that can be done about it. Returns its number.
    pub fn offer(&mut self, text: impl Into<String>, words: &'static str, action: Action) -> u64 {
        self.push(ToastKind::Note, text.into(), None, Some((words, action)));
        self.next_id
    }

    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.list.iter().any(|toast| toast.id == id)
    }

    pub fn close(&mut self, id: u64) {
        self.list.retain(|toast| toast.id != id);
    }

    fn push(&mut self, kind: ToastKind, text: String, details: Option<String>, action: Option<(&'static str, Action)>) {
        self.next_id += 1;
        // The same error again does not pile up.
        self.list.retain(|toast| toast.text != text);
        self.list.push(Toast { id: self.next_id, kind, text, details, details_open: false, action, shown_at: None });
        let surplus = self.list.len().saturating_sub(Self::MOST);
        self.list.drain(..surplus);
    }
}
