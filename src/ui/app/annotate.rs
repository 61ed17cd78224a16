//! Layers that networks make of pictures: asked for on the thread beside the engine, put over the canvas when they come.

use std::sync::Arc;

use super::studio::Studio;
use crate::canvas::Content;
use crate::engine::SelectEvent;
use crate::job::Annotator;
use crate::raster::Picture;
use crate::ui::action::{Action, LayerAction, Maker, Sheet};
use crate::ui::layers::annotating::Annotation;
use crate::ui::{canvas, words};

impl Studio {
    /// Of the canvas's picture, which takes longer to put together than a frame.
    pub(in crate::ui) fn annotate_canvas(&mut self, annotator: Annotator) {
        let Some(picture) = self.state.canvas.document.picture().cloned() else { return };
        self.background
            .queue(None, move || Some(Action::Layers(LayerAction::Annotate { annotator, picture: picture.whole() })));
    }

    pub(in crate::ui) fn annotate(&mut self, annotator: Annotator, picture: Arc<Picture>) {
        let ask = self.state.layers.annotating.ask(Annotation { annotator, picture: Arc::clone(&picture) });
        if !self.selector.annotate(ask, annotator, picture) {
            self.state.layers.annotating.take(ask);
            self.state.toasts.note("Too much waits to be made already; try it again in a moment.");
        }
    }

    pub(in crate::ui) fn fetch_annotator(&mut self) {
        let annotating = &mut self.state.layers.annotating;
        let Some(missing) = &annotating.missing else { return };
        annotating.fetched = self.selector.fetch_annotator(missing.annotator).then_some(0.0);
        if annotating.fetched.is_none() {
            self.state.toasts.note("Too much waits to be made already; try it again in a moment.");
        }
    }

    /// What the thread beside the engine reports.
    pub(super) fn take_from_selector(&mut self, event: SelectEvent) {
        let annotating = &mut self.state.layers.annotating;
        match event {
            SelectEvent::Annotated { ask, picture } => {
                let Some(asked) = annotating.take(ask) else { return };
                match picture {
                    Ok(picture) => self.add_annotation(asked.annotator, picture),
                    Err(error) => self.state.toasts.error(words::of_error(&error), None),
                }
            }
            SelectEvent::AnnotatorMissing { ask } => {
                let Some(asked) = annotating.take(ask) else { return };
                if annotating.fetched.is_none() {
                    annotating.missing = Some(asked);
                    self.state.sheet = Some(Sheet::Annotator);
                } else {
                    self.state.toasts.note("Weights are being fetched; ask again when they are here.");
                }
            }
            SelectEvent::AnnotatorFetching { fraction } => annotating.fetched = Some(fraction),
            SelectEvent::AnnotatorFetched(outcome) => {
                annotating.fetched = None;
                let missing = annotating.missing.take();
                match (outcome, missing) {
                    (Ok(()), Some(Annotation { annotator, picture })) => self.annotate(annotator, picture),
                    (Ok(()), None) => {}
                    (Err(error), _) => self.state.toasts.error(words::of_error(&error), None),
                }
            }
            event => canvas::select::take(&mut self.state, event),
        }
    }

    fn add_annotation(&mut self, annotator: Annotator, picture: Arc<Picture>) {
        let model = self.state.model().cloned();
        let maker = Maker::Network(annotator);
        let settings = self.state.layers.new_control(maker.name(), maker.shows(), model.as_ref());
        let settings = crate::canvas::LayerSettings { opacity: maker.opacity(), ..settings };
        let paper_px = [picture.width(), picture.height()];
        self.state.canvas.add_layer(settings, paper_px, move |canvas| {
            Some(Content::of_picture(picture, canvas.size_px().unwrap_or(paper_px)))
        });
        self.work_on_canvas();
    }
}
