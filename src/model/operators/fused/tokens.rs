//! What transformers ask of fused kernels besides layers and attention.

use candle_core::DType;

use super::super::super::ModelError;
use super::super::{Array, Made, Operator, Operators};
use super::layers::PIECE;
use crate::kernels::RotaryPairs;

impl Operators {
    /// As the cosines and sines of heads of twice `half` channels are kept: in single precision where a kernel turns them.
    pub(in super::super::super) fn for_angles(&self, half: usize) -> Self {
        let turns = self.fused().is_some() && half.is_multiple_of(PIECE);
        if turns { self.with_dtype(DType::F32) } else { self.clone() }
    }
}

impl Array {
    /// As [`Array::rotated`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_rotated(
        &self,
        angles: [&Self; 2],
        pairs: RotaryPairs,
    ) -> Result<Option<Self>, ModelError> {
        let half = angles[0].dims().last().copied().unwrap_or(1);
        let Some(fused) = self.fused().filter(|_| half.is_multiple_of(PIECE)) else { return Ok(None) };
        let (_, tokens, channels) = self.dims3()?;
        let fits = |angles: &Self| angles.dims() == [tokens, half] && angles.dtype() == DType::F32;
        if !angles.iter().all(|angles| fits(angles)) || !channels.is_multiple_of(2 * half) {
            return Err(ModelError::Misfit(format!("{:?} cannot turn {:?}", angles[0].dims(), self.dims())));
        }
        angles.iter().try_for_each(|angles| self.with(angles))?;
        let (x, angles) = (self.contiguous()?, [angles[0].contiguous()?, angles[1].contiguous()?]);
        let made = Made::passing(self.shape().clone(), self.dtype());
        let out = self.on().make(Operator::Rotate, self.dtype(), made, || {
            fused.real()?.rotate(x.real()?, [angles[0].real()?, angles[1].real()?], pairs)
        })?;
        Ok(Some(out))
    }

    /// As [`Array::scaled_onto`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_scaled_onto(
        &self,
        factors: &Self,
        residual: &Self,
    ) -> Result<Option<Self>, ModelError> {
        let channels = self.dims().last().copied().unwrap_or(1);
        let fits = self.dims() == residual.dims() && factors.dims() == [channels] && channels.is_multiple_of(PIECE);
        let Some(fused) = self.fused().filter(|_| fits) else { return Ok(None) };
        self.with(residual)?;
        self.with(factors)?;
        let (x, factors, residual) = (self.contiguous()?, factors.contiguous()?, residual.contiguous()?);
        let made = Made::passing(self.shape().clone(), self.dtype());
        let out = self.on().make(Operator::Add, self.dtype(), made, || {
            fused.real()?.scale_onto(x.real()?, factors.real()?, residual.real()?)
        })?;
        Ok(Some(out))
    }
}
