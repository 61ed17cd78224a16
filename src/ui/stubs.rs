pub mod textures {
    pub struct Textures;
    impl Textures {
        pub fn new(_: &egui::Context) -> Self {
            Self
        }
    }
}
pub mod canvas {
    use super::super::{action::Action, layout::Layout, state::AppState};
    pub fn show(
        ui: &mut egui::Ui,
        _: &mut AppState,
        _: &mut super::textures::Textures,
        _: Layout,
        _: &mut Vec<Action>,
    ) -> egui::Rect {
        ui.max_rect()
    }
}
pub mod candidates {
    use super::super::{action::Action, layout::Layout, state::AppState};
    pub fn show(
        _: &mut egui::Ui,
        _: egui::Rect,
        _: &mut AppState,
        _: &mut super::textures::Textures,
        _: Layout,
        _: &mut Vec<Action>,
    ) {
    }
}
pub mod gallery_panel {
    use super::super::{action::Action, layout::Layout, state::AppState};
    pub fn show(
        _: &mut egui::Ui,
        _: &mut AppState,
        _: &mut super::textures::Textures,
        _: Layout,
        _: &mut Vec<Action>,
    ) {
    }
}
