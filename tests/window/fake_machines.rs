//! Other machines as the window tests have them: a desk that is known, one with a certificate of its own, nobody else; and
//! this one, with two cards, shared with a laptop.

use std::sync::{Arc, Mutex};

use inkwick::engine::device::Card;
use inkwick::job::{Family, ModelRef};
use inkwick::store::models::entry::ModelEntry;
use inkwick::store::preferences::Sharing;
use inkwick::ui::{
    MachineChoice, MachineFound, MachineNearby, MachineProblem, Machines, Share, ShareGuest, Shared, TokenChoice,
};

pub(crate) fn machines() -> Machines {
    let connect = |choice: &MachineChoice| {
        let MachineChoice { address, token, fingerprint } = choice.clone();
        let model = |name: &str| ModelEntry {
            reference: ModelRef::File(name.into()),
            name: name.to_owned(),
            kind: "On the desk".into(),
            defaults: Family::BuiltIn.defaults(),
            examples: Vec::new(),
            draws_emoji: false,
            ..ModelEntry::built_in()
        };
        let found = |address: &str, fingerprint| {
            let (label, address) = ("desk · CUDA".to_owned(), address.to_owned());
            Ok(MachineFound {
                address,
                fingerprint,
                label,
                models: vec![ModelEntry::built_in(), model("dream")],
                notice: None,
            })
        };
        match (address.as_str(), fingerprint) {
            ("desk", None) if token == "s3cret" => found("http://desk:7860", None),
            ("desk", None) => Err(MachineProblem::Failed("http://desk:7860 wants its token; check the token".into())),
            ("http://desk:7860", None) => found("http://desk:7860", None),
            ("https://own", None) => Err(MachineProblem::Unknown { fingerprint: "ab:cd:ef".into() }),
            ("https://own", Some(fingerprint)) => found("https://own:7860", Some(fingerprint)),
            _ => Err(MachineProblem::Failed(format!("{address} cannot be reached"))),
        }
    };
    let nearby = || MachineNearby { name: "desk".into(), address: "https://192.168.1.5:7860".into() };
    Machines { look: Arc::new(move || Ok(vec![nearby()])), connect: Arc::new(connect), leave: Arc::new(|| {}) }
}

/// A laptop asks as soon as it is shared.
pub(crate) fn share() -> Share {
    let shared = Arc::<Mutex<bool>>::default();
    let (begun, ended) = (Arc::clone(&shared), Arc::clone(&shared));
    let begin = move |sharing: Sharing, token: TokenChoice| {
        *begun.lock().unwrap() = true;
        let scheme = if sharing.is_encrypted { "https" } else { "http" };
        Ok(Shared {
            addresses: vec![format!("{scheme}://192.168.1.7:7860")],
            token: if token == TokenChoice::New { "the-new-token" } else { "0a1b2c-3d4e5f-607182-93a4b5" }.to_owned(),
            fingerprint: sharing.is_encrypted.then(|| vec!["ab"; 32].join(":")),
            notice: sharing
                .is_announced
                .then(|| "others cannot find this machine by themselves (no network)".to_owned()),
        })
    };
    let guest = || ShareGuest { machine: "192.168.1.9".into(), program: "Inkwick/0.1.0".into(), seconds_ago: 3 };
    Share {
        begin: Arc::new(begin),
        end: Arc::new(move || *ended.lock().unwrap() = false),
        guests: Arc::new(move || if *shared.lock().unwrap() { vec![guest()] } else { Vec::new() }),
    }
}

pub(crate) fn cards() -> Vec<Card> {
    let card = |number: usize, name: &str| {
        let (name, capability) = (name.to_owned(), Some("9.0".to_owned()));
        Card { number, name, capability, total_bytes: Some(24_000_000_000), free_bytes: None }
    };
    vec![card(0, "NVIDIA Large"), card(1, "NVIDIA Small")]
}
