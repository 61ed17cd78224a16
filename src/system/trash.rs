//! What is thrown away goes where the system keeps such things, so that a person can have it back.

use std::path::Path;

use trash::Error;

/// Why the system did not take it, as a phrase.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrashError(String);

/// # Errors
/// When the system refuses; then the file or folder is still in its place.
pub fn move_to_trash(path: &Path) -> Result<(), TrashError> {
    trash::delete(path).map_err(|error| TrashError(phrase(error)))
}

/// Without the names of Rust's types, which the crate's own sentences end with.
fn phrase(error: Error) -> String {
    match error {
        Error::Unknown { description } | Error::Os { description, .. } if !description.trim().is_empty() => {
            description.trim().trim_end_matches('.').to_owned()
        }
        #[cfg(all(unix, not(target_os = "macos")))]
        Error::FileSystem { source, .. } => source.to_string(),
        Error::CouldNotAccess { .. } | Error::CanonicalizePath { .. } => {
            "it is not there, or may not be touched".to_owned()
        }
        _ => "the system has no trash for it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_phrase_and_nothing_of_rust() {
        let refused = Error::Os { code: 120, description: " Not implemented.\r\n".to_owned() };
        assert_eq!(phrase(refused), "Not implemented");
        assert_eq!(phrase(Error::Unknown { description: String::new() }), "the system has no trash for it");
        let folder = tempfile::tempdir().unwrap();
        let error = move_to_trash(&folder.path().join("nothing")).unwrap_err();
        assert!(!error.to_string().contains(['{', '`']), "{error}");
    }
}
