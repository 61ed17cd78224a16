//! Pictures over one or two settings: what is written for each axis, the request of each cell, and the order in which
//! they are drawn.

mod axis;
mod error;
mod numbers;

pub use axis::{GridAxis, GridModel, GridParameter, GridValue, quoted, schedule_label};
pub use error::GridError;

use super::Request;

/// One axis across, and perhaps one down.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub across: GridAxis,
    pub down: Option<GridAxis>,
}

impl Grid {
    /// How many across, and how many down.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.across.values.len(), self.down.as_ref().map_or(1, |axis| axis.values.len())]
    }

    #[must_use]
    pub fn count(&self) -> usize {
        let [across, down] = self.size();
        across * down
    }

    /// The place of each cell (across, down) in the order in which they are drawn: a model, and weights that are merged
    /// into it, are changed as seldom as can be.
    #[must_use]
    pub fn order(&self) -> Vec<[usize; 2]> {
        let [columns, rows] = self.size();
        let mut cells: Vec<[usize; 2]> = (0..rows).flat_map(|y| (0..columns).map(move |x| [x, y])).collect();
        let place = |parameter: GridParameter, [x, y]: [usize; 2]| {
            if self.across.parameter == parameter {
                x
            } else if self.down.as_ref().is_some_and(|axis| axis.parameter == parameter) {
                y
            } else {
                0
            }
        };
        cells.sort_by_key(|cell| (place(GridParameter::Model, *cell), place(GridParameter::Lora, *cell)));
        cells
    }

    /// The request of one cell.
    #[must_use]
    pub fn request(&self, base: &Request, [x, y]: [usize; 2]) -> Request {
        let mut request = base.clone();
        for (axis, index) in std::iter::once((&self.across, x)).chain(self.down.as_ref().map(|axis| (axis, y))) {
            if let Some(value) = axis.values.get(index) {
                value.apply(&mut request);
            }
        }
        request
    }

    /// Whether an axis goes over this setting.
    #[must_use]
    pub fn goes_over(&self, parameter: GridParameter) -> bool {
        std::iter::once(&self.across).chain(&self.down).any(|axis| axis.parameter == parameter)
    }

    /// "grid 3 × 2".
    #[must_use]
    pub fn words(&self) -> String {
        let [across, down] = self.size();
        format!("grid {across} × {down}")
    }

    /// Whether every cell can be drawn.
    ///
    /// # Errors
    /// Names what is in the way: words that are not in the prompt, a strength without a picture, two axes of one
    /// setting, a value that the engine does not take.
    pub fn check(&self, base: &Request, has_picture: bool) -> Result<(), GridError> {
        if self.down.as_ref().is_some_and(|down| down.parameter == self.across.parameter) {
            return Err(GridError::Same { name: self.across.parameter.label() });
        }
        for axis in std::iter::once(&self.across).chain(&self.down) {
            axis.check(base, has_picture)?;
        }
        for cell in self.order() {
            self.request(base, cell).validate().map_err(|error| GridError::Cell { reason: error.to_string() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::ModelRef;

    fn models() -> [GridModel; 2] {
        ["one", "two"].map(|name| GridModel {
            name: name.to_owned(),
            reference: ModelRef::File(format!("/{name}.safetensors").into()),
            vae: Some(format!("/{name}.vae").into()),
        })
    }

    fn axis(parameter: GridParameter, text: &str) -> GridAxis {
        GridAxis::read(parameter, text, &models(), Some("/l/ink.safetensors".into())).unwrap()
    }

    #[test]
    fn every_cell_is_drawn_once_and_each_model_is_read_once() {
        let base = Request { prompt: "a red fox".into(), seed: 5, ..Request::default() };
        for (across, down) in
            [(GridParameter::Model, GridParameter::Steps), (GridParameter::Steps, GridParameter::Model)]
        {
            let text = |parameter| if parameter == GridParameter::Model { "one, two" } else { "10, 20, 30" };
            let grid = Grid { across: axis(across, text(across)), down: Some(axis(down, text(down))) };
            let order = grid.order();
            let models: Vec<ModelRef> = order.iter().map(|cell| grid.request(&base, *cell).model).collect();
            let changes = models.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert_eq!((order.len(), changes, grid.count()), (6, 1, 6));
            let with_its_own = |cell: &[usize; 2]| {
                let request = grid.request(&base, *cell);
                request.model.path().map(|path| path.with_extension("vae")) == request.vae
            };
            assert!(order.iter().all(with_its_own), "a model's own VAE is no other one's");
            let mut cells = order.clone();
            cells.sort_unstable();
            cells.dedup();
            assert_eq!(cells.len(), 6);
        }
    }

    #[test]
    fn a_cell_has_both_its_values_and_all_the_rest() {
        let base =
            Request { prompt: "a red fox, red".into(), negative: Some("red".into()), seed: 5, ..Request::default() };
        let grid = Grid {
            across: axis(GridParameter::Words, "red, blue"),
            down: Some(axis(GridParameter::Lora, "0, 0.5-1 (+0.5)")),
        };
        let request = grid.request(&base, [1, 2]);
        assert_eq!((request.prompt.as_str(), request.negative.as_deref()), ("a blue fox, blue", Some("blue")));
        assert_eq!((request.loras.len(), request.loras[0].weight, request.seed), (1, 1.0, 5));
        assert_eq!(grid.request(&base, [0, 0]).loras, [], "a LoRA that weighs nothing is not read");
        assert_eq!(grid.check(&base, false), Ok(()));
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let base = Request { prompt: "a fox".into(), ..Request::default() };
        let check = |across: GridAxis, down: Option<GridAxis>| {
            Grid { across, down }.check(&base, false).map_err(|error| error.to_string())
        };
        let words = check(axis(GridParameter::Words, "red, blue"), None).unwrap_err();
        assert!(words.contains("“red”"), "{words}");
        let strength = check(axis(GridParameter::Strength, "0.5"), None).unwrap_err();
        assert!(strength.contains("picture"), "{strength}");
        let same = check(axis(GridParameter::Seed, "1"), Some(axis(GridParameter::Seed, "2"))).unwrap_err();
        assert!(same.contains("Seed"), "{same}");
        let steps = check(axis(GridParameter::Steps, "0, 10"), None).unwrap_err();
        assert!(steps.contains("steps must be"), "{steps}");
    }
}
