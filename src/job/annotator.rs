//! Networks that make pictures that steer of other pictures, and where their weights are published.

/// A file of weights that a person may fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightSource {
    /// On the Hugging Face Hub.
    pub repository: &'static str,
    pub file: &'static str,
    /// In megabytes (10⁶ bytes).
    pub megabytes: u32,
    /// As its publishers name it.
    pub licence: &'static str,
    /// Other names under which the same network is taken where a person put it there.
    pub by_hand: &'static [&'static str],
}

impl WeightSource {
    /// `OWNER/NAME:FILE`, as `inkwick models pull` takes it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository, self.file)
    }

    /// The name under which a person puts the weights into the models folder: the published file's own, where that says
    /// what it is.
    #[must_use]
    pub fn by_hand_name(&self) -> &'static str {
        let says_nothing = self.file == "model.safetensors";
        self.by_hand.first().copied().filter(|_| says_nothing).unwrap_or(self.file)
    }
}

/// What a network makes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Annotator {
    /// Soft white edges on black (HED, as ControlNet 1.1 was trained on it).
    SoftEdge,
    /// A pencil drawing, white on black ("realistic" in ControlNet's words).
    LineDrawing,
    /// The same with fewer and bolder lines.
    CoarseDrawing,
    /// How near each pixel is, white the nearest (Depth Anything V2).
    Depth,
    /// Where surfaces face, worked out from the depth.
    Normal,
}

impl Annotator {
    pub const ALL: [Self; 5] = [Self::Depth, Self::Normal, Self::SoftEdge, Self::LineDrawing, Self::CoarseDrawing];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SoftEdge => "soft-edge",
            Self::LineDrawing => "lineart-realistic",
            Self::CoarseDrawing => "lineart-coarse",
            Self::Depth => "depth",
            Self::Normal => "normal",
        }
    }

    /// By that name, or one that other programs have for it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        match id {
            "softedge" | "hed" | "softedge_hed" => Some(Self::SoftEdge),
            "lineart_realistic" => Some(Self::LineDrawing),
            "lineart_coarse" => Some(Self::CoarseDrawing),
            "depth_anything_v2" => Some(Self::Depth),
            "normals" => Some(Self::Normal),
            _ => Self::ALL.into_iter().find(|annotator| annotator.id() == id),
        }
    }

    /// The weights that it needs.
    #[must_use]
    pub fn weights(self) -> &'static WeightSource {
        match self {
            Self::SoftEdge => &SOFT_EDGE,
            Self::LineDrawing => &LINE_DRAWING,
            Self::CoarseDrawing => &COARSE_DRAWING,
            Self::Depth | Self::Normal => &DEPTH,
        }
    }
}

const SOFT_EDGE: WeightSource = WeightSource {
    repository: "lllyasviel/Annotators",
    file: "ControlNetHED.pth",
    megabytes: 29,
    licence: "Apache-2.0",
    by_hand: &["ControlNetHED.safetensors"],
};
const LINE_DRAWING: WeightSource = WeightSource {
    repository: "lllyasviel/Annotators",
    file: "sk_model.pth",
    megabytes: 17,
    licence: "MIT",
    by_hand: &["sk_model.safetensors"],
};
const COARSE_DRAWING: WeightSource =
    WeightSource { file: "sk_model2.pth", by_hand: &["sk_model2.safetensors"], ..LINE_DRAWING };
const DEPTH: WeightSource = WeightSource {
    repository: "depth-anything/Depth-Anything-V2-Small-hf",
    file: "model.safetensors",
    megabytes: 99,
    licence: "Apache-2.0",
    by_hand: &["depth_anything_v2_vits.pth", "depth_anything_v2_vits.safetensors"],
};
