//! What a picture must be made with so that it fits into what is free, the smallest change first. Foretold, before
//! anything is read.

use candle_core::DType;

use super::additions::Additions;
use super::budget;
use super::canvas::Canvas;
use super::cost::{CostModel, Costs, Drawing, Manner, scoring_of};
use super::load::{OwnGuidance, grid_of, vae_of};
use super::{Extras, PipelineError, Plan};
use crate::checkpoint::{ModelFiles, UnetConfig};
use crate::job::{AttentionMode, Compute, MemoryMode, Request, VaeTiling, WorkGrid};
use crate::model::{Execution, Operators, Scoring, Tiling};

/// Of what is free, decoding in one piece may take so much: what else runs wants some as well.
const UNTILED_SHARE: f64 = 0.6;

/// On a graphics card that does not say what is free, pictures of more pixels than this are decoded in tiles.
const UNTILED_PIXELS: usize = 1536 * 1536;

/// Left to other programs when memory is spent for speed.
const ROOM_BYTES: u64 = 512 << 20;

/// A step towards less memory, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    TiledAttention,
    VaeTiling,
    HalfPrecision,
    /// The passes of a guided step one after the other.
    RowsApart,
    OneAtATime,
}

impl Saving {
    const ALL: [Self; 5] =
        [Self::TiledAttention, Self::VaeTiling, Self::HalfPrecision, Self::RowsApart, Self::OneAtATime];

    /// What is done, as the end of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TiledAttention => "attention is computed in tiles",
            Self::VaeTiling => "the picture is decoded in tiles",
            Self::HalfPrecision => "weights are kept in half precision",
            Self::RowsApart => "the passes with and without the words come one after the other",
            Self::OneAtATime => "the networks are read one at a time",
        }
    }
}

/// What may be changed, and what there is.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Whether nobody asked for single precision.
    pub may_halve: bool,
    /// For the networks and what they hold; `None` where nobody says.
    pub bytes: Option<u64>,
}

/// How a picture is to be made.
#[derive(Clone, Debug)]
pub struct Fit {
    pub manner: Manner,
    pub one_at_a_time: bool,
    /// What was changed for it.
    pub savings: Vec<Saving>,
    pub costs: Costs,
    /// What there was for it.
    pub free_bytes: Option<u64>,
}

impl Fit {
    /// Of the whole process.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.costs.peak_bytes(self.one_at_a_time) as u64
    }

    /// The same without the program.
    #[must_use]
    pub fn drawing_bytes(&self) -> u64 {
        self.costs.drawing_bytes(self.one_at_a_time) as u64
    }

    fn exceeds(&self, room: &Room) -> bool {
        room.bytes.is_some_and(|free| self.drawing_bytes() > free)
    }
}

/// Whether encoding and decoding in one piece take too much of what is free, or of a card that does not say.
pub(super) fn wants_tiles(drawing: Drawing, costs: &Costs, free: Option<u64>) -> bool {
    match free {
        Some(free) => costs.decode_bytes.max(costs.encode_bytes) as f64 > free as f64 * UNTILED_SHARE,
        None => drawing.width * drawing.height > UNTILED_PIXELS,
    }
}

impl CostModel {
    /// The same for what an execution begins with, its weights kept as `dtype`.
    ///
    /// # Errors
    /// When the networks cannot draw this, or the device cannot do what is wanted.
    pub fn fit_on(
        &self,
        execution: &Execution,
        dtype: DType,
        drawing: Drawing,
        wanted: Compute,
        room: Room,
    ) -> Result<Fit, PipelineError> {
        let here = execution.with_dtype(dtype);
        let attention = self.settled_attention(wanted.attention, &drawing, here.operators(), room.bytes)?;
        let manner = Manner {
            scoring: scoring_of(attention),
            tiling: (wanted.vae_tiling == VaeTiling::On).then(Tiling::default),
            winograd: wanted.memory != MemoryMode::Low && here.operators().is_none(),
            dtype,
            card: here.operators().map(Operators::card),
            rows_apart: false,
        };
        self.fit(drawing, manner, wanted, room)
    }

    /// How `drawing` is made so that it fits, with what `wanted` leaves open; as wanted where nothing helps.
    ///
    /// # Errors
    /// When the networks cannot draw this.
    pub fn fit(&self, drawing: Drawing, mut manner: Manner, wanted: Compute, room: Room) -> Result<Fit, PipelineError> {
        let is_auto = wanted.memory == MemoryMode::Auto;
        if let Some(free) = room.bytes.filter(|_| is_auto && manner.winograd) {
            manner.winograd = self.has_room_for_speed(manner, free)?;
        }
        let one_at_a_time = wanted.memory == MemoryMode::Low && manner.card.is_some();
        let mut fit = Fit {
            manner,
            one_at_a_time,
            savings: Vec::new(),
            costs: self.costs(drawing, manner)?,
            free_bytes: room.bytes,
        };
        for saving in Saving::ALL {
            let manner = fit.manner;
            let held = if fit.one_at_a_time { fit.costs.weights[2] } else { fit.costs.weight_bytes() } as u64;
            let helps = match saving {
                Saving::TiledAttention => {
                    let holds_scores = !matches!(manner.scoring, Scoring::Tiled | Scoring::Flash);
                    wanted.attention == AttentionMode::Auto && holds_scores && fit.exceeds(&room)
                }
                Saving::VaeTiling => {
                    let free = room.bytes.map(|free| free.saturating_sub(held));
                    let wants = wants_tiles(drawing, &fit.costs, free);
                    wanted.vae_tiling == VaeTiling::Auto && manner.tiling.is_none() && wants
                }
                Saving::HalfPrecision => is_auto && room.may_halve && manner.dtype == DType::F32 && fit.exceeds(&room),
                // The kernels hold little besides the weights.
                Saving::RowsApart => {
                    wanted.memory != MemoryMode::High && manner.card.is_some() && drawing.rows > 1 && fit.exceeds(&room)
                }
                Saving::OneAtATime => is_auto && !fit.one_at_a_time && fit.exceeds(&room),
            };
            if !helps {
                continue;
            }
            match saving {
                Saving::TiledAttention => fit.manner.scoring = Scoring::Tiled,
                Saving::VaeTiling => fit.manner.tiling = Some(Tiling::default()),
                Saving::HalfPrecision => fit.manner.dtype = DType::F16,
                Saving::RowsApart => fit.manner.rows_apart = true,
                Saving::OneAtATime => fit.one_at_a_time = true,
            }
            fit.savings.push(saving);
            fit.costs = self.costs(drawing, fit.manner)?;
        }
        Ok(fit)
    }

    /// Whether memory can be spent for speed, by what a picture of the model's own size will take.
    pub(super) fn has_room_for_speed(&self, manner: Manner, free: u64) -> Result<bool, PipelineError> {
        let manner = Manner { scoring: Scoring::Tiled, tiling: Some(Tiling::default()), winograd: true, ..manner };
        Ok(self.costs(self.native_drawing(), manner)?.peak_bytes(false) as u64 + ROOM_BYTES <= free)
    }
}

/// What must be known of a model to foretell its pictures.
#[derive(Clone)]
pub struct Foresight {
    pub(super) costs: CostModel,
    pub(super) grid: WorkGrid,
    pub(super) extras: Extras,
    pub(super) own_guidance: OwnGuidance,
}

impl Foresight {
    /// From a model's small files.
    ///
    /// # Errors
    /// When they are missing or unreadable.
    pub fn read(files: &ModelFiles, request: &Request) -> Result<Self, PipelineError> {
        let unet = UnetConfig::read(files)?;
        let (_, vae) = vae_of(files, &Additions::of(request), unet.added.is_some())?;
        Ok(Self {
            grid: grid_of(&unet, &vae),
            extras: Extras::of(unet.in_channels, vae.latent_channels).unwrap_or(Extras::Nothing),
            own_guidance: OwnGuidance::of(files, &unet),
            costs: CostModel::read_with(files, vae)?,
        })
    }

    /// How a request is made on a device, with weights of `dtype` if nothing forces others.
    ///
    /// `held_bytes` of weights are there already and can be used again.
    ///
    /// # Errors
    /// When the model cannot draw this.
    pub fn fit(
        &self,
        request: &Request,
        (execution, dtype): (&Execution, DType),
        may_halve: bool,
        held_bytes: u64,
    ) -> Result<Fit, PipelineError> {
        let frame = Canvas::frame_of(request, self.grid)?;
        let plan = Plan::new(request, frame, self.grid, self.own_guidance)?;
        let drawing = plan.drawing(self.extras, frame.is_some());
        let bytes = budget::free_bytes(execution).map(|free| free + held_bytes);
        self.costs.fit_on(execution, dtype, drawing, request.compute, Room { may_halve, bytes })
    }
}
