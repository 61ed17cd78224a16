//! The pages of the settings.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    #[default]
    Appearance,
    Pictures,
    Canvas,
    Models,
    Device,
    Keys,
    Network,
    Privacy,
}

impl Section {
    pub const ALL: [Self; 8] = [
        Self::Appearance,
        Self::Pictures,
        Self::Canvas,
        Self::Models,
        Self::Device,
        Self::Keys,
        Self::Network,
        Self::Privacy,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Appearance => "Appearance",
            Self::Pictures => "Pictures and files",
            Self::Canvas => "Canvas and brush",
            Self::Models => "Models",
            Self::Device => "Device and memory",
            Self::Keys => "Keys",
            Self::Network => "Network",
            Self::Privacy => "Privacy",
        }
    }
}
