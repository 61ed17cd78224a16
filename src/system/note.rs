//! A note of the desktop's own, for who looks elsewhere while a long picture is made.

/// Shows it, on a thread of its own: a desktop may take its time, or have no place for notes, and then nothing happens.
pub(crate) fn show(title: &str, words: &str) {
    let (title, words) = (title.to_owned(), words.to_owned());
    let shown = std::thread::Builder::new().name("inkwick-note".into()).spawn(move || send(&title, &words));
    if let Err(error) = shown {
        tracing::debug!("no note could be shown: {error}");
    }
}

#[cfg(target_os = "linux")]
fn send(title: &str, words: &str) {
    let note = notify_rust::Notification::new().appname("Inkwick").icon("inkwick").summary(title).body(words).show();
    if let Err(error) = note {
        tracing::debug!("the desktop shows no notes: {error}");
    }
}

/// Other systems have notes for programs that were installed in their own ways.
#[cfg(not(target_os = "linux"))]
fn send(_: &str, _: &str) {}
