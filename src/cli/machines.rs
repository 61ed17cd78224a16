//! Other machines for the window: reached by what a person wrote, asked instead of this one, their tokens kept from others.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Backend;
use crate::job::JobError;
use crate::service::nearby::{self, Nearby};
use crate::service::remote::{Connection, Elsewhere, RemoteAddress, RoutedBackend, shown_fingerprint};
use crate::store::paths::Paths;
use crate::store::preferences::KeptMachine;
use crate::store::secret;
use crate::ui::{
    CountTokens, EstimatePicture, MachineChoice, MachineFound, MachineNearby, MachineProblem, Machines, TokenCount,
    TokenQuestion,
};

/// In which a machine on the same network answers.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whoever connects to other machines and lets them go.
pub(super) fn machines(elsewhere: &Elsewhere, paths: &Paths) -> Machines {
    let (connecting, its_paths) = (elsewhere.clone(), paths.clone());
    let (leaving, other_loras) = (elsewhere.clone(), paths.other_loras.clone());
    Machines {
        look: Arc::new(|| {
            let found = nearby::look(PATIENCE)?;
            Ok(found.into_iter().map(|Nearby { name, address }| MachineNearby { name, address }).collect())
        }),
        connect: Arc::new(move |choice| connect(choice, &connecting, &its_paths)),
        leave: Arc::new(move || {
            leaving.set(None);
            other_loras.set(Vec::new());
        }),
    }
}

fn connect(choice: &MachineChoice, elsewhere: &Elsewhere, paths: &Paths) -> Result<MachineFound, MachineProblem> {
    let address: RemoteAddress = choice.address.parse().map_err(MachineProblem::Failed)?;
    let token_file = paths.machine_token_file();
    let kept = || std::fs::read_to_string(&token_file).ok().and_then(|text| token_for(&text, &address));
    let token = Some(choice.token.trim().to_owned()).filter(|token| !token.is_empty()).or_else(kept);
    let fingerprint = choice.fingerprint.as_deref();
    let failed = |error: &JobError| MachineProblem::Failed(error.to_string());
    let connection = Connection::new(address.clone(), token.clone(), fingerprint).map_err(|error| failed(&error))?;
    let connection = Arc::new(connection);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| MachineProblem::Failed(format!("the system gives no thread ({error})")))?;
    let connected = match runtime.block_on(connection.connect()) {
        Ok(connected) => connected,
        // It may be there, and only its certificate unknown.
        Err(error) if address.is_secure() && fingerprint.is_none() => match shown_fingerprint(&address) {
            Ok(fingerprint) => return Err(MachineProblem::Unknown { fingerprint }),
            Err(_) => return Err(failed(&error)),
        },
        Err(error) => return Err(failed(&error)),
    };
    if let Some(token) = &token {
        let text = format!("{address}\n{token}\n");
        if let Err(error) = secret::write(&token_file, text.as_bytes()) {
            tracing::warn!("the token is not kept for the next start: {error}");
        }
    }
    let notice = connection.shows_its_token().then(|| {
        "The token and all pictures go over the network unencrypted: start the other machine with TLS and connect by https.".to_owned()
    });
    paths.other_loras.set(connected.loras);
    elsewhere.set(Some(connection));
    let fingerprint = choice.fingerprint.clone();
    Ok(MachineFound {
        address: address.to_string(),
        fingerprint,
        label: connected.label,
        models: connected.models,
        notice,
    })
}

/// Kept for one machine, and given to no other.
fn token_for(text: &str, address: &RemoteAddress) -> Option<String> {
    let (of, token) = text.split_once('\n')?;
    (of == address.to_string()).then(|| token.trim().to_owned()).filter(|token| !token.is_empty())
}

/// The machine that computed when the window was closed: no picture is computed here because it has not answered yet.
pub(super) fn as_kept(kept: Option<&KeptMachine>, paths: &Paths) -> Elsewhere {
    let elsewhere = Elsewhere::default();
    let connection = kept.and_then(|KeptMachine { address, fingerprint }| {
        let address: RemoteAddress = address.parse().ok()?;
        let token =
            std::fs::read_to_string(paths.machine_token_file()).ok().and_then(|text| token_for(&text, &address));
        Connection::new(address, token, fingerprint.as_deref()).ok()
    });
    elsewhere.set(connection.map(Arc::new));
    elsewhere
}

/// Draws here or there.
pub(super) fn routed<B: Backend>(
    elsewhere: &Elsewhere,
    here: impl Fn(usize) -> B + Send + Sync + 'static,
) -> impl Fn(usize) -> RoutedBackend<B> + Send + Sync + 'static {
    let elsewhere = elsewhere.clone();
    move |number| RoutedBackend::new(here(number), elsewhere.clone())
}

/// Asks the machine that computes.
pub(super) fn estimate_by(elsewhere: &Elsewhere, here: EstimatePicture) -> EstimatePicture {
    let elsewhere = elsewhere.clone();
    Arc::new(move |question| match elsewhere.get() {
        None => here(question),
        Some(_) => elsewhere.ask(async |connection| connection.estimate(question).await.ok()),
    })
}

/// As [`estimate_by`].
pub(super) fn count_by(elsewhere: &Elsewhere, here: CountTokens) -> CountTokens {
    let elsewhere = elsewhere.clone();
    Arc::new(move |question| {
        if elsewhere.get().is_none() {
            return here(question);
        }
        let TokenQuestion { model, prompt } = question;
        let counted = elsewhere.ask(async |connection| connection.tokens(model, prompt).await.ok());
        counted.map(|(windows, room)| TokenCount { windows, room })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_given_to_the_machine_that_it_is_of_alone() {
        let text = "https://desk:7860\ns3cret\n";
        assert_eq!(token_for(text, &"https://desk".parse().unwrap()), Some("s3cret".into()));
        for other in ["http://desk", "https://desk:1", "https://desk.evil"] {
            assert_eq!(token_for(text, &other.parse().unwrap()), None, "{other}");
        }
        assert_eq!(token_for("", &"https://desk".parse().unwrap()), None);
    }
}
