//! The programs whose pictures are read, by the names that people write.

/// Which program made a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Program {
    Inkwick,
    /// Also whoever writes its text without a name of its own.
    #[default]
    Automatic1111,
    Forge,
    SdNext,
    ComfyUi,
    InvokeAi,
    Fooocus,
    SwarmUi,
    NovelAi,
    DrawThings,
    Mochi,
    StableDiffusionCpp,
    /// Its plugin for image generation.
    Krita,
}

impl Program {
    pub const ALL: [Self; 13] = [
        Self::Inkwick,
        Self::Automatic1111,
        Self::Forge,
        Self::SdNext,
        Self::ComfyUi,
        Self::InvokeAi,
        Self::Fooocus,
        Self::SwarmUi,
        Self::NovelAi,
        Self::DrawThings,
        Self::Mochi,
        Self::StableDiffusionCpp,
        Self::Krita,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inkwick => "Inkwick",
            Self::Automatic1111 => "AUTOMATIC1111",
            Self::Forge => "Forge",
            Self::SdNext => "SD.Next",
            Self::ComfyUi => "ComfyUI",
            Self::InvokeAi => "InvokeAI",
            Self::Fooocus => "Fooocus",
            Self::SwarmUi => "SwarmUI",
            Self::NovelAi => "NovelAI",
            Self::DrawThings => "Draw Things",
            Self::Mochi => "Mochi Diffusion",
            Self::StableDiffusionCpp => "stable-diffusion.cpp",
            Self::Krita => "Krita",
        }
    }
}
