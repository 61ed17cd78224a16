//! What the actions on people do.

use crate::canvas::Content;
use crate::job::{ControlKind, Pose};
use crate::ui::action::PoseAction;
use crate::ui::app::studio::Studio;
use crate::ui::canvas::pose;

impl Studio {
    pub(super) fn apply_to_pose(&mut self, action: PoseAction) {
        let canvas = &mut self.state.canvas;
        match action {
            PoseAction::Take { person, point, at, whole } => pose::take(canvas, person, point, at, whole),
            PoseAction::MoveTo(at) => pose::move_to(canvas, at),
            PoseAction::Release => pose::release(canvas),
            PoseAction::Toggle { person, point } => {
                let Some(id) = canvas.chosen_layer().map(|layer| layer.id) else { return };
                pose::change(canvas, id, |pose| {
                    let found = pose.people.get_mut(person);
                    found.map(|person| person.toggle(point)).is_some()
                });
            }
            PoseAction::AddPerson(id) => pose::change(canvas, id, Pose::add_person),
            PoseAction::RemovePerson(id) => pose::remove_person(canvas, id),
        }
    }

    /// A layer with somebody who stands, to be moved.
    pub(super) fn add_pose(&mut self) {
        let model = self.state.model().cloned();
        let paper_px = self.state.prompt.size_px;
        let canvas = &mut self.state.canvas;
        let pose = Pose::standing(canvas.document.size_px().unwrap_or(paper_px));
        let mut settings = self.state.layers.new_control("Pose", Some(ControlKind::Pose), model.as_ref());
        settings.opacity = 0.5;
        if let Some(control) = settings.layer_use.control_mut() {
            control.pose = Some(pose.clone());
        }
        if !canvas.tool.is_for_mask() || canvas.tool == crate::canvas::tools::Tool::Select {
            canvas.tool = crate::canvas::tools::Tool::Brush;
        }
        canvas.add_layer(settings, paper_px, move |_| Some(Content::Picture(std::sync::Arc::new(pose.drawn()))));
    }
}
