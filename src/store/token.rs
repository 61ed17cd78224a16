//! The hub's token in the system's keyring: never in a file of ours, never in a log.

use std::fmt;

#[cfg(feature = "keyring")]
const SERVICE: &str = "Inkwick";
#[cfg(feature = "keyring")]
const NAME: &str = "Hugging Face token";

/// Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// Why the keyring did not take it, for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TokenError(String);

/// The token that was kept, if the system has a keyring and it holds one. May wait for the keyring to be unlocked.
#[cfg(feature = "keyring")]
#[must_use]
pub fn load() -> Option<Token> {
    load_from(&keyring::Entry::new(SERVICE, NAME).ok()?)
}

/// May wait for the keyring to be unlocked.
///
/// # Errors
/// When there is no keyring, or it stays locked.
#[cfg(feature = "keyring")]
pub fn save(token: &Token) -> Result<(), TokenError> {
    keyring::Entry::new(SERVICE, NAME).map_err(|error| unanswered(&error)).and_then(|entry| save_to(&entry, token))
}

#[cfg(feature = "keyring")]
fn load_from(entry: &keyring::Entry) -> Option<Token> {
    entry.get_password().ok().filter(|token| !token.trim().is_empty()).map(Token)
}

#[cfg(feature = "keyring")]
fn save_to(entry: &keyring::Entry, token: &Token) -> Result<(), TokenError> {
    entry.set_password(&token.0).map_err(|error| unanswered(&error))
}

/// The first line of the error, never the debug form: that may hold what was to be kept.
#[cfg(feature = "keyring")]
fn unanswered(error: &keyring::Error) -> TokenError {
    let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
    TokenError(format!("the system's keyring does not answer ({reason})"))
}

/// Nothing is kept in this build.
#[cfg(not(feature = "keyring"))]
#[must_use]
pub(crate) fn load() -> Option<Token> {
    None
}

/// # Errors
/// Always: this build cannot.
#[cfg(not(feature = "keyring"))]
pub(crate) fn save(_token: &Token) -> Result<(), TokenError> {
    Err(TokenError("this build was made without the system's keyring".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        assert!(!format!("{:?}", Some(Token("hf_secret".into()))).contains("secret"));
    }

    #[cfg(feature = "keyring")]
    #[test]
    fn a_token_is_kept_and_a_keyring_that_stays_locked_is_one_sentence() {
        let store: std::sync::Arc<keyring_core::CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let entry = || keyring::Entry { inner: keyring_core::Entry::new_in_store(&store, SERVICE, NAME).unwrap() };
        assert_eq!(load_from(&entry()), None);
        save_to(&entry(), &Token("hf_secret".into())).unwrap();
        assert_eq!(load_from(&entry()), Some(Token("hf_secret".into())));
        let locked = entry();
        let mock: &keyring_core::mock::Cred = locked.inner.as_any().downcast_ref().unwrap();
        mock.set_error(keyring_core::Error::NoStorageAccess("it is locked\nhf_secret".into()));
        let sentence = save_to(&locked, &Token("hf_other".into())).unwrap_err().to_string();
        assert!(
            sentence.contains("does not answer") && !sentence.contains('\n') && !sentence.contains("hf_"),
            "{sentence}"
        );
        assert_eq!(load_from(&entry()), Some(Token("hf_secret".into())), "what was kept before stays");
    }
}
