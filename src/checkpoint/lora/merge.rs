//! A layer with its change: added to it, with `DoRA`'s lengths, rotated, or scaled.

use candle_core::{Device, Error, Tensor};

use super::reader::{PatchError, Reader};
use super::roles::Role;
use super::rotation;

impl Reader<'_> {
    /// The layer's bias with the change times `weight`.
    ///
    /// # Errors
    /// When the shapes do not fit, or the file cannot be read.
    pub(super) fn apply_to_bias(&self, bias: &Tensor, weight: f64) -> Result<Tensor, PatchError> {
        let mut changed = bias.clone();
        if let Some(difference) = self.optional(Role::BiasDifference)? {
            changed = (changed + (difference.reshape(bias.shape())? * weight)?)?;
        }
        if let Some(up) = self.optional(Role::UpBias)? {
            let rank = self.change.shape_of(Role::Down).and_then(|shape| shape.first()).copied().unwrap_or(1);
            changed = (changed + (up.reshape(bias.shape())? * (self.scale(rank)? * weight))?)?;
        }
        if let Some(factor) = self.optional(Role::Ia3Factor)?
            && !self.is_input_factor(&factor, Some(bias.elem_count()), None)
        {
            changed = (&changed + (&changed * ((factor.reshape(bias.shape())? - 1.0)? * weight)?)?)?;
        }
        Ok(changed)
    }

    /// The layer's weight, in single precision, with the change times `weight`.
    ///
    /// # Errors
    /// As above.
    pub(super) fn apply(&self, base: &Tensor, weight: f64) -> Result<Tensor, PatchError> {
        let changed = self.changed(base, weight)?;
        // Some libraries scale outputs whatever the weight is; a weight of 0 means nothing here.
        Ok(if weight == 0.0 { base.clone() } else { changed })
    }

    fn changed(&self, base: &Tensor, weight: f64) -> Result<Tensor, PatchError> {
        if let Some(changed) = self.rotated(base, weight)? {
            return Ok(changed);
        }
        if let Some(changed) = self.factored(base, weight)? {
            return Ok(changed);
        }
        let magnitude = match self.optional(Role::OutputMagnitude)? {
            Some(magnitude) => Some((magnitude, true)),
            None => self.optional(Role::Magnitude)?.map(|magnitude| {
                let is_per_output = magnitude.dims().first() == base.dims().first();
                (magnitude, is_per_output)
            }),
        };
        let factor = if magnitude.is_some() { 1.0 } else { weight };
        let Some(difference) = self.difference(base, factor)? else { return Ok(base.clone()) };
        // A layer of another model may have as many numbers, and its sides exchanged.
        if difference.dims().first() != base.dims().first() {
            return Err(PatchError::Misfit(Error::Msg(format!("a change has {} rows", difference.dim(0)?))));
        }
        let difference = difference.reshape(base.shape())?;
        let Some((magnitude, is_per_output)) = magnitude else { return Ok((base + difference)?) };
        // The direction is the changed weight's, the length the magnitude's ("DoRA: Weight-Decomposed Low-Rank
        // Adaptation"); lengths are taken per output, or, where the file has one number per input, per input.
        let changed = (base + difference)?;
        let (outputs, inputs) = (base.dim(0)?, base.dim(1)?);
        let flat = if is_per_output {
            changed.reshape((outputs, ()))?
        } else {
            changed.transpose(0, 1)?.contiguous()?.reshape((inputs, ()))?
        };
        let length = (flat.sqr()?.sum_keepdim(1)?.sqrt()? + f64::from(f32::EPSILON))?;
        let factor = (magnitude.reshape(((), 1))? / length)?;
        let factor = factor.reshape(sides(base, usize::from(!is_per_output), factor.dim(0)?))?;
        let decomposed = changed.broadcast_mul(&factor)?;
        Ok((base + ((decomposed - base)? * weight)?)?)
    }

    /// OFT and BOFT.
    fn rotated(&self, base: &Tensor, weight: f64) -> Result<Option<Tensor>, PatchError> {
        let blocks = self.optional(Role::OutputBlocks)?;
        if let Some(blocks) = blocks.or(self.optional(Role::OutputRotation)?) {
            return self.outputs_rotated(&blocks, base, weight).map(Some);
        }
        let inputs = base.elem_count() / base.dim(0)?.max(1);
        let rows = base.reshape((base.dim(0)?, inputs))?.t()?.contiguous()?;
        let turned = if let Some(triangles) = self.optional(Role::InputTriangles)? {
            let mut skew = rotation::skew_of_triangles(&triangles, inputs)?;
            if let Some(limit) = self.settings.rotation_limit(self.network) {
                skew = rotation::limited_each(&skew, limit / (skew.dim(0)?.max(1) as f64).sqrt())?;
            }
            let blocks = match self.settings.series_terms(self.network) {
                Some(terms) => rotation::cayley_series(&skew, terms)?,
                // PEFT's exact form is (I − Q)(I + Q)⁻¹.
                None => rotation::cayley(&skew.neg()?)?,
            };
            rotation::turned(&blocks, &rows)?
        } else if let Some(blocks) = self.optional(Role::InputBlocks)? {
            let (stages, count, side, _) = blocks.dims4()?;
            self.fits(count.checked_mul(side), inputs)?;
            let mut turned = rows.clone();
            for stage in 0..stages {
                let skew = (rotation::skew(&blocks.get(stage)?)? * -0.5)?;
                let blocks = rotation::cayley(&skew)?;
                turned = if stages == 1 {
                    rotation::turned(&blocks, &turned)?
                } else {
                    rotation::turned_in_order(&blocks, &turned, &rotation::peft_order(inputs, side, stage as u32)?)?
                };
            }
            turned
        } else {
            return Ok(None);
        };
        let mut changed = turned.t()?.contiguous()?.reshape(base.shape())?;
        if let Some(scale) = self.optional(Role::InputBlocksScale)? {
            changed = changed.broadcast_mul(&scale.reshape(sides(base, 0, base.dim(0)?))?)?;
        }
        // PEFT knows no weight for these; what lies between is a straight line.
        Ok(Some((base + ((changed - base)? * weight)?)?))
    }

    fn outputs_rotated(&self, blocks: &Tensor, base: &Tensor, weight: f64) -> Result<Tensor, PatchError> {
        let outputs = base.dim(0)?;
        let rows = base.reshape((outputs, ()))?;
        let is_rotation = self.change.find(Role::OutputBlocks).is_none();
        let butterflies = if blocks.rank() == 4 { blocks.clone() } else { blocks.unsqueeze(0)? };
        let (stages, count, side, _) = butterflies.dims4()?;
        self.fits(count.checked_mul(side), outputs)?;
        let limit = if is_rotation { 0.0 } else { self.alpha()?.unwrap_or(0.0) * outputs as f64 };
        let turns = if is_rotation {
            butterflies.reshape((stages * count, side, side))?
        } else {
            let skew = rotation::skew(&butterflies.reshape((stages * count, side, side))?)?;
            rotation::cayley(&if limit > 0.0 { rotation::limited(&skew, limit)? } else { skew })?
        };
        let mut changed = if blocks.rank() == 4 {
            let turns = turns.reshape((stages, count, side, side))?;
            let identity = Tensor::eye(side, turns.dtype(), &Device::Cpu)?.unsqueeze(0)?;
            let mut changed = rows;
            for stage in 0..stages {
                // Each stage goes only so far as the weight says, not their whole.
                let turn = (turns.get(stage)? * weight)?.broadcast_add(&(&identity * (1.0 - weight))?)?;
                let reach = (side / 2).checked_shl(stage as u32).unwrap_or(0);
                changed = rotation::turned_in_order(&turn, &changed, &rotation::lycoris_order(outputs, reach)?)?;
            }
            changed
        } else {
            let turned = rotation::turned(&turns.transpose(1, 2)?, &rows)?;
            (&rows + ((turned - &rows)? * weight)?)?
        };
        if let Some(scale) = self.optional(Role::OutputScale)? {
            changed = changed.broadcast_mul(&scale.reshape((outputs, 1))?)?;
        }
        Ok(changed.reshape(base.shape())?)
    }

    /// IA3.
    fn factored(&self, base: &Tensor, weight: f64) -> Result<Option<Tensor>, PatchError> {
        let (outputs, inputs) = (base.dim(0)?, base.dim(1).unwrap_or(1));
        let (change, is_input) = if let Some(change) = self.optional(Role::Ia3Change)? {
            let on_input = self.optional(Role::Ia3OnInput)?;
            let on_input = on_input.map(|flag| flag.flatten_all()?.to_vec1::<f32>()).transpose()?;
            (change, on_input.and_then(|flag| flag.first().copied()).unwrap_or(0.0) != 0.0)
        } else if let Some(factor) = self.optional(Role::Ia3Factor)? {
            let is_input = self.is_input_factor(&factor, Some(outputs), Some(inputs));
            ((factor - 1.0)?, is_input)
        } else {
            return Ok(None);
        };
        let count = if is_input { inputs } else { outputs };
        let change = change.reshape(sides(base, usize::from(is_input), count))?;
        Ok(Some((base + base.broadcast_mul(&(change * weight)?)?)?))
    }

    /// Whether PEFT's factor is for a layer's inputs: `(1, inputs)` in a linear layer; in convolutions its count tells,
    /// and where that leaves it open, the settings.
    fn is_input_factor(&self, factor: &Tensor, outputs: Option<usize>, inputs: Option<usize>) -> bool {
        if let [rows, columns] = *factor.dims()
            && rows != columns
        {
            return rows == 1;
        }
        let count = factor.elem_count();
        let is_output = outputs == Some(count);
        if !is_output || inputs == Some(count) || inputs.is_none() {
            return !is_output || self.settings.scales_inputs(self.network, self.layer).unwrap_or(false);
        }
        false
    }
}

/// A shape that lies along one side of `base`.
fn sides(base: &Tensor, side: usize, count: usize) -> Vec<usize> {
    let mut shape = vec![1; base.rank()];
    if let Some(entry) = shape.get_mut(side) {
        *entry = count;
    }
    shape
}
