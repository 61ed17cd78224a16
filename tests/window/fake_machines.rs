//! Other machines as the window's tests have them: a desk that is known, one with a certificate of its own, nobody else.
//! This one has two cards.

use std::sync::Arc;

use inkwick::engine::device::Card;
use inkwick::job::{Family, ModelRef};
use inkwick::store::models::entry::ModelEntry;
use inkwick::ui::{MachineChoice, MachineFound, MachineProblem, Machines};

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
    Machines { connect: Arc::new(connect), leave: Arc::new(|| {}) }
}

pub(crate) fn cards() -> Vec<Card> {
    let card = |number: usize, name: &str| {
        let (name, capability) = (name.to_owned(), Some("9.0".to_owned()));
        Card { number, name, capability, total_bytes: Some(24_000_000_000), free_bytes: None }
    };
    vec![card(0, "NVIDIA Large"), card(1, "NVIDIA Small")]
}
