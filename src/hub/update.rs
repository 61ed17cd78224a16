//! Whether there is a newer Inkwick: what the newest release is called, and nothing else. Asked only by who was asked for it.

use std::time::Duration;

/// Of the repository on GitHub that Cargo.toml names.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
/// More is no description of a release.
const MOST_BYTES: usize = 1 << 20;

/// Who is asked, and how long.
#[derive(Clone, Debug)]
pub struct Releases {
    url: String,
    /// From the question to the last byte of the answer.
    pub patience: Duration,
}

impl Releases {
    /// At this address; it answers as GitHub's `releases/latest`: <https://docs.github.com/en/rest/releases/releases>.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), patience: Duration::from_secs(20) }
    }

    /// Inkwick's own.
    #[must_use]
    pub fn of_inkwick() -> Self {
        Self::at(&latest_release_of(REPOSITORY))
    }

    /// What is asked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The newest version where it is newer than `running`. That nobody answers, or nothing sensible, is for the log
    /// alone. Waits for the answer: call it on a thread that may.
    #[must_use]
    pub fn newer_than(&self, running: &str) -> Option<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let answer = match runtime {
            Ok(runtime) => runtime.block_on(self.ask()),
            Err(error) => Err(error.to_string()),
        };
        match answer {
            Ok(newest) => is_newer(&newest, running).then_some(newest),
            Err(reason) => {
                tracing::debug!("whether there is a newer version is not known: {reason}");
                None
            }
        }
    }

    async fn ask(&self) -> Result<String, String> {
        let said = |error: reqwest::Error| super::stream::reason_of(&error);
        let client = super::http::client().timeout(self.patience);
        let client = client.redirect(reqwest::redirect::Policy::custom(super::http::stay_on_host)).build();
        let request = client.map_err(said)?.get(&self.url).header("accept", "application/vnd.github+json");
        let mut response = request.send().await.map_err(said)?;
        if !response.status().is_success() {
            return Err(format!("it answers with status {}", response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(more) = response.chunk().await.map_err(said)? {
            bytes.extend_from_slice(&more);
            if bytes.len() > MOST_BYTES {
                return Err("its answer has no end".to_owned());
            }
        }
        version_of(&bytes).ok_or_else(|| "its answer names no version".to_owned())
    }
}

/// GitHub's address for the newest release of a repository.
fn latest_release_of(repository: &str) -> String {
    format!("{}/releases/latest", repository.replacen("https://github.com/", "https://api.github.com/repos/", 1))
}

/// The version in a description of a release, `0.2.0`; drafts and trials are none.
fn version_of(answer: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    if answer["draft"] == true || answer["prerelease"] == true {
        return None;
    }
    let tag = answer["tag_name"].as_str()?;
    let [major, minor, patch] = numbers(tag.strip_prefix('v').unwrap_or(tag))?;
    // Written anew, so that nothing of a stranger's text is shown.
    Some(format!("{major}.{minor}.{patch}"))
}

fn is_newer(newest: &str, running: &str) -> bool {
    // A trial (`0.2.0-rc.1`) is older than what it is for.
    let (released, is_trial) = running.split_once('-').map_or((running, false), |(released, _)| (released, true));
    match (numbers(newest), numbers(released)) {
        (Some(newest), Some(running)) => newest > running || (is_trial && newest == running),
        _ => false,
    }
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (newest, running, is) in [
            ("0.2.0", "0.1.0", true),
            ("0.10.0", "0.9.9", true),
            ("1.0.0", "0.99.0", true),
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.1.1", false),
            ("0.2.0", "0.2.0-rc.1", true),
            ("0.2.0", "0.3.0-rc.1", false),
            ("0.2", "0.1.0", false),
            ("0.2.0", "somebody's", false),
        ] {
            assert_eq!(is_newer(newest, running), is, "{newest} {running}");
        }
    }

    #[test]
    fn only_a_release_counts() {
        let version = |answer: &str| version_of(answer.as_bytes());
        assert_eq!(version(r#"{"tag_name": "v1.2.3", "draft": false, "prerelease": false}"#), Some("1.2.3".into()));
        assert_eq!(version(r#"{"tag_name": "1.2.3"}"#), Some("1.2.3".into()));
        for answer in [
            r#"{"tag_name": "v1.2.3", "prerelease": true}"#,
            r#"{"tag_name": "v1.2.3", "draft": true}"#,
            r#"{"tag_name": "v1.2.3-rc.1"}"#,
            r#"{"tag_name": "nightly"}"#,
            r#"{"tag_name": "v1.2.3 <b>"}"#,
            r#"{"tag_name": "v99999999999.0.0"}"#,
            r#"{"tag_name": 7}"#,
            r#"{"message": "Not Found"}"#,
            "[]",
            "<html>",
            "",
        ] {
            assert_eq!(version(answer), None, "{answer}");
        }
    }

    #[test]
    fn github_is_asked_about_the_repository_that_the_manifest_names() {
        let url = latest_release_of("https://github.com/somebody/something");
        assert_eq!(url, "https://api.github.com/repos/somebody/something/releases/latest");
        assert!(Releases::of_inkwick().url().starts_with("https://api.github.com/repos/"), "{REPOSITORY}");
    }
}
