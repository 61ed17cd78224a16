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

/// Why the keyring did not take it, in a few words for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(String);

/// The token that was kept, if the system has a keyring and it holds one. May wait for the keyring to be unlocked.
#[cfg(feature = "keyring")]
#[must_use]
pub fn load() -> Option<Token> {
    let entry = keyring::Entry::new(SERVICE, NAME).ok()?;
    entry.get_password().ok().filter(|token| !token.trim().is_empty()).map(Token)
}

/// May wait for the keyring to be unlocked.
///
/// # Errors
/// When there is no keyring, or it stays locked.
#[cfg(feature = "keyring")]
pub fn save(token: &Token) -> Result<(), TokenError> {
    let kept = keyring::Entry::new(SERVICE, NAME).and_then(|entry| entry.set_password(&token.0));
    // The first line of what a person is told, never the debug form: that may hold what was to be kept.
    kept.map_err(|error| {
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        TokenError(format!("the system's keyring does not answer ({reason})"))
    })
}

/// Nothing is kept in this build.
#[cfg(not(feature = "keyring"))]
#[must_use]
pub fn load() -> Option<Token> {
    None
}

/// # Errors
/// Always: this build cannot.
#[cfg(not(feature = "keyring"))]
pub fn save(_token: &Token) -> Result<(), TokenError> {
    Err(TokenError("this build was made without the system's keyring".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        assert!(!format!("{:?}", Some(Token("hf_secret".into()))).contains("secret"));
    }
}
