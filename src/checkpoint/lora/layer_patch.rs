//! What a file changes in one layer: its tensors, and the form that they make.

use super::roles::Role;

/// The tensors of one layer, by the end of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerPatch {
    /// `(role, name in the file, shape)`
    pub tensors: Vec<(Role, String, Vec<usize>)>,
}

/// Any of the listed sets of tensors makes the form.
pub(super) type Alternatives = &'static [&'static [Role]];

/// What a change of a layer is called, and the tensors that it takes.
pub(super) const FORMS: [(&str, Alternatives); 10] = [
    ("LoRA", &[&[Role::Down, Role::Up], &[Role::EmbeddingDown, Role::EmbeddingUp]]),
    ("LoHa", &[&[Role::HadaW1A, Role::HadaW1B, Role::HadaW2A, Role::HadaW2B]]),
    (
        "LoKr",
        &[
            &[Role::KronW1, Role::KronW2],
            &[Role::KronW1, Role::KronW2A, Role::KronW2B],
            &[Role::KronW1A, Role::KronW1B, Role::KronW2],
            &[Role::KronW1A, Role::KronW1B, Role::KronW2A, Role::KronW2B],
        ],
    ),
    ("GLoRA", &[&[Role::GloraA1, Role::GloraA2, Role::GloraB1, Role::GloraB2]]),
    ("OFT", &[&[Role::OutputBlocks], &[Role::OutputRotation], &[Role::InputTriangles]]),
    ("BOFT", &[&[Role::InputBlocks]]),
    ("IA3", &[&[Role::Ia3Change, Role::Ia3OnInput], &[Role::Ia3Factor]]),
    ("whole differences", &[&[Role::Difference], &[Role::BiasDifference]]),
    // Only to be reported.
    ("a bias", &[&[Role::UpBias]]),
    ("DoRA", &[&[Role::Magnitude], &[Role::OutputMagnitude]]),
];

/// Forms that are none alone.
const ADDITIONS: [&str; 2] = ["a bias", "DoRA"];

impl LayerPatch {
    pub(super) fn find(&self, role: Role) -> Option<&str> {
        self.entry(role).map(|(_, name, _)| name.as_str())
    }

    /// The shape of the tensor in that role.
    #[must_use]
    pub(crate) fn shape_of(&self, role: Role) -> Option<&[usize]> {
        self.entry(role).map(|(_, _, shape)| shape.as_slice())
    }

    fn entry(&self, role: Role) -> Option<&(Role, String, Vec<usize>)> {
        self.tensors.iter().find(|(found, ..)| *found == role)
    }

    /// What the change is called, what comes with it included; empty where its tensors make nothing.
    #[must_use]
    pub(crate) fn forms(&self) -> Vec<&'static str> {
        let has = |set: &&[Role]| set.iter().all(|role| self.find(*role).is_some());
        let forms = FORMS.iter().filter(|(_, sets)| sets.iter().any(&has)).map(|(name, _)| *name);
        let butterflies = self.shape_of(Role::OutputBlocks).or(self.shape_of(Role::OutputRotation));
        let is_boft = butterflies.is_some_and(|shape| shape.len() == 4);
        let forms: Vec<_> = forms.map(|name| if name == "OFT" && is_boft { "BOFT" } else { name }).collect();
        if forms.iter().all(|form| ADDITIONS.contains(form)) { Vec::new() } else { forms }
    }

    /// The form in which its change is made smaller; `None` for whole differences, which come with any.
    pub(super) fn factors(&self) -> Option<&'static str> {
        self.forms().into_iter().find(|form| *form != "whole differences" && !ADDITIONS.contains(form))
    }

    /// The form that cannot be merged, if it is one.
    #[must_use]
    pub(crate) fn unmergeable(&self) -> Option<&'static str> {
        self.tensors.iter().find_map(|(role, ..)| if let Role::Unmergeable(form) = role { Some(*form) } else { None })
    }

    /// How many numbers the layer takes in, where that can be seen.
    #[must_use]
    pub(crate) fn inputs(&self) -> Option<usize> {
        let of = |role, side: usize| self.shape_of(role).and_then(|shape| shape.get(side)).copied();
        // Of two thin halves the one that widens is the inputs'.
        let hada = of(Role::HadaW1B, 1);
        let kron = |whole, half| of(whole, 1).or_else(|| of(half, 1));
        let kron = kron(Role::KronW1, Role::KronW1B).zip(kron(Role::KronW2, Role::KronW2B)).map(|(a, b)| a * b);
        let triangles = self.shape_of(Role::InputTriangles).filter(|shape| shape.len() == 2 && shape[0] > 1);
        let triangles = triangles.map(|shape| {
            let side = (1..=shape[1] + 1).find(|side| side * (side - 1) / 2 >= shape[1]).unwrap_or(1);
            shape[0].saturating_mul(side)
        });
        let blocks = self.shape_of(Role::InputBlocks).filter(|shape| shape.len() == 4);
        let blocks = blocks.map(|shape| shape[1].saturating_mul(shape[2]));
        let glora = of(Role::GloraB2, 1).zip(of(Role::GloraB1, 1)).map(|(new, old)| new.max(old));
        of(Role::Down, 1).or(of(Role::Difference, 1)).or(hada).or(kron).or(triangles).or(blocks).or(glora)
    }

    #[must_use]
    pub(crate) fn changes_bias(&self) -> bool {
        let is_output_factor = self.find(Role::Ia3Factor).is_some();
        is_output_factor || self.find(Role::BiasDifference).or(self.find(Role::UpBias)).is_some()
    }

    /// Whether a layer without a bias leaves something of the change unused.
    #[must_use]
    pub(crate) fn needs_bias(&self) -> bool {
        self.find(Role::BiasDifference).or(self.find(Role::UpBias)).is_some()
    }

    /// Its form, where a row's change follows from other rows of `rows` as well: a part of a joined matrix does not
    /// suffice for it.
    #[must_use]
    pub(crate) fn mixes_rows(&self, rows: usize) -> Option<&'static str> {
        if self.find(Role::OutputBlocks).or(self.find(Role::OutputRotation)).is_some() {
            return Some("OFT on joined matrices");
        }
        let is_per_input = self.shape_of(Role::Magnitude).is_some_and(|shape| shape.first() != Some(&rows));
        (is_per_input && self.find(Role::OutputMagnitude).is_none()).then_some("DoRA by inputs on joined matrices")
    }

    /// Whether more than the bias is changed.
    #[must_use]
    pub(crate) fn changes_weight(&self) -> bool {
        let is_bias = |role: &Role| matches!(role, Role::BiasDifference | Role::UpBias | Role::Alpha);
        !self.tensors.iter().all(|(role, ..)| is_bias(role))
    }
}
