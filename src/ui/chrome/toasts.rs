//! Notes and errors in the window's corner: one sentence each, and a fold with details.

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
        self.push(ToastKind::Note, text.into(), None);
    }

    /// A note that stays, because there is more to read in it.
    pub fn note_in_detail(&mut self, text: impl Into<String>, details: String) {
        self.push(ToastKind::Note, text.into(), Some(details));
    }

    pub fn error(&mut self, text: impl Into<String>, details: Option<String>) {
        self.push(ToastKind::Error, text.into(), details);
    }

    pub fn close(&mut self, id: u64) {
        self.list.retain(|toast| toast.id != id);
    }

    fn push(&mut self, kind: ToastKind, text: String, details: Option<String>) {
        self.next_id += 1;
        // The same error again does not pile up.
        self.list.retain(|toast| toast.text != text);
        self.list.push(Toast { id: self.next_id, kind, text, details, details_open: false, shown_at: None });
        let surplus = self.list.len().saturating_sub(Self::MOST);
        self.list.drain(..surplus);
    }
}
