//! The short list of models that a newcomer may begin with.

/// A model that a newcomer may begin with.
#[derive(Clone, Copy, Debug)]
pub struct Starter {
    pub repository: &'static str,
    pub size_gb: f64,
    pub licence: &'static str,
    pub what: &'static str,
}

/// The short list that `models pull` prints without a name.
pub const STARTERS: [Starter; 4] = [
    Starter {
        repository: "stable-diffusion-v1-5/stable-diffusion-v1-5",
        size_gb: 2.1,
        licence: "CreativeML Open RAIL-M",
        what: "Stable Diffusion 1.5, 512×512: small, and most LoRAs are made for it",
    },
    Starter {
        repository: "stable-diffusion-v1-5/stable-diffusion-inpainting",
        size_gb: 2.1,
        licence: "CreativeML Open RAIL-M",
        what: "Stable Diffusion 1.5 for inpainting, 512×512",
    },
    Starter {
        repository: "stabilityai/sd-turbo",
        size_gb: 2.6,
        licence: "Stability AI Community",
        what: "SD Turbo, 512×512: one to four steps a picture",
    },
    Starter {
        repository: "stabilityai/stable-diffusion-xl-base-1.0",
        size_gb: 6.9,
        licence: "CreativeML Open RAIL++-M",
        what: "Stable Diffusion XL, 1024×1024: better pictures, wants 8 GB and more",
    },
];
