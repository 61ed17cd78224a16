//! What the sheet asks for, and the grids that are being drawn.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::{Grid, GridAxis, GridError, GridModel, GridParameter, Request};
use crate::raster::Picture;
use crate::ui::action::Press;

/// An axis as it is written.
#[derive(Clone, Debug, Default)]
pub struct AxisText {
    pub parameter: GridParameter,
    pub text: String,
}

/// A grid on its way: a row of the queue.
pub(crate) struct GridRun {
    pub press: Press,
    pub grid: Grid,
    /// With which all its cells begin, without the canvas.
    pub base: Request,
    /// Row by row; nothing where a picture is not drawn yet, failed or was cancelled.
    cells: Vec<Option<Arc<Picture>>>,
    /// Whether its cells were asked for.
    is_asked: bool,
    is_composed: bool,
    /// All of them as one, until it is kept.
    pub picture: Option<Arc<Picture>>,
}

/// All pictures of a grid that are there.
pub(crate) struct WholeGrid {
    pub press: Press,
    pub cells: Vec<Option<Arc<Picture>>>,
    pub across: Vec<String>,
    pub down: Vec<String>,
}

#[derive(Default)]
pub struct GridState {
    pub across: AxisText,
    /// Nothing for a single row.
    pub down: Option<AxisText>,
    /// Whose weight an axis goes over; the first of the shelf where none is chosen.
    pub lora: Option<PathBuf>,
    runs: Vec<GridRun>,
}

impl GridState {
    /// What is written, read.
    ///
    /// # Errors
    /// Names the first value that cannot be read.
    pub fn read(&self, models: &[GridModel], shelf: &[PathBuf]) -> Result<Grid, GridError> {
        let lora = self.lora.as_ref().filter(|lora| shelf.contains(lora)).or(shelf.first());
        let axis = |axis: &AxisText| GridAxis::read(axis.parameter, &axis.text, models, lora.cloned());
        Ok(Grid { across: axis(&self.across)?, down: self.down.as_ref().map(axis).transpose()? })
    }

    pub(crate) fn begin(&mut self, press: Press, grid: Grid, base: Request) {
        let cells = vec![None; grid.count()];
        self.runs.push(GridRun { press, grid, base, cells, is_asked: false, is_composed: false, picture: None });
    }

    /// Its cells are asked for, with the canvas in the request that all of them begin with. In the order in which they shall
    /// be drawn.
    pub(crate) fn ask(&mut self, press: Press, base: &Request) -> Vec<([usize; 2], Request)> {
        let Some(run) = self.runs.iter_mut().find(|run| run.press == press) else { return Vec::new() };
        run.is_asked = true;
        run.grid.order().into_iter().map(|cell| (cell, run.grid.request(base, cell))).collect()
    }

    #[must_use]
    pub(crate) fn run(&self, press: Press) -> Option<&GridRun> {
        self.runs.iter().find(|run| run.press == press)
    }

    pub(crate) fn take(&mut self, press: Press) -> Option<GridRun> {
        let index = self.runs.iter().position(|run| run.press == press)?;
        Some(self.runs.remove(index))
    }

    /// The cell at (across, down) is drawn.
    pub(crate) fn drawn(&mut self, press: Press, [x, y]: [usize; 2], picture: &Arc<Picture>) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.press == press) {
            let index = y * run.grid.size()[0] + x;
            if let Some(cell) = run.cells.get_mut(index) {
                *cell = Some(Arc::clone(picture));
            }
        }
    }

    /// All cells are on one picture.
    pub(crate) fn compose(&mut self, press: Press, picture: Arc<Picture>) -> Option<&GridRun> {
        let run = self.runs.iter_mut().find(|run| run.press == press)?;
        run.picture = Some(picture);
        Some(run)
    }

    /// Those whose cells were not asked for yet.
    pub(crate) fn cancel_begun(&mut self) {
        self.runs.retain(|run| run.is_asked);
    }

    /// A grid that has no cell on its way any more, to be put together, once. One without a picture is dropped.
    pub(crate) fn next_whole(&mut self, is_on_its_way: impl Fn(Press) -> bool) -> Option<WholeGrid> {
        let has_ended = |run: &GridRun| run.is_asked && !is_on_its_way(run.press);
        self.runs.retain(|run| !(has_ended(run) && run.cells.iter().all(Option::is_none)));
        let run = self.runs.iter_mut().find(|run| !run.is_composed && has_ended(run))?;
        run.is_composed = true;
        let down = run.grid.down.as_ref().map(GridAxis::labels).unwrap_or_default();
        Some(WholeGrid { press: run.press, cells: run.cells.clone(), across: run.grid.across.labels(), down })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> GridState {
        let across = AxisText { parameter: GridParameter::Steps, text: "10, 20".into() };
        let mut state = GridState { across, ..GridState::default() };
        let grid = state.read(&[], &[]).unwrap();
        state.begin(7, grid, Request::default());
        state
    }

    #[test]
    fn a_grid_is_whole_when_none_of_its_cells_is_on_its_way() {
        let mut state = begun();
        assert!(state.next_whole(|_| false).is_none(), "it was not asked for yet");
        let asked = state.ask(7, &Request { seed: 3, ..Request::default() });
        assert_eq!(
            asked.iter().map(|(cell, one)| (*cell, one.steps, one.seed)).collect::<Vec<_>>(),
            [([0, 0], 10, 3), ([1, 0], 20, 3)]
        );
        let picture = Arc::new(Picture::filled(2, 2, [0; 4]));
        state.drawn(7, [1, 0], &picture);
        assert!(state.next_whole(|press| press == 7).is_none());
        let whole = state.next_whole(|_| false).unwrap();
        assert_eq!(whole.cells.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
        assert_eq!((whole.across, whole.down), (vec!["10 steps".into(), "20 steps".into()], Vec::<String>::new()));
        assert!(state.next_whole(|_| false).is_none(), "it is put together once");
        assert!(state.take(7).is_some());
    }

    #[test]
    fn a_grid_that_is_cancelled_leaves_nothing() {
        let mut state = begun();
        state.ask(7, &Request::default());
        assert!(state.next_whole(|_| false).is_none() && state.run(7).is_none());
        let mut state = begun();
        state.cancel_begun();
        assert!(state.ask(7, &Request::default()).is_empty());
    }
}
