//! Pictures that steer: which networks they are shown to, by name, and what is made of them before.

use std::sync::Arc;

use serde_json::Value;

use super::model::unknown;
use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef, Notice, Request};
use crate::raster::{PreprocessSettings, Preprocessor, ResizeMode};
use crate::service::catalogue::Catalogue;
use crate::service::fields::{FieldError, Fields};
use crate::service::options::ServiceOptions;
use crate::service::pictures::{mask_of, picture_of};
use crate::store::models::extras::find_control;
use crate::store::pictures::mask_file::MaskChannel;

/// More than a picture bears.
const MOST: usize = 16;
/// Of Canny's thresholds: the strongest edge that there is.
const MOST_EDGE: u32 = 2_000;
const MOST_RADIUS_PX: f64 = 256.0;

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    (catalogue, options): (&Catalogue, &ServiceOptions),
    notices: &mut Vec<Notice>,
) -> Result<(), FieldError> {
    for (place, given) in fields.objects("controls", MOST, read)? {
        request.controls.push(given.control(&place, catalogue, options, notices)?);
    }
    Ok(())
}

/// A control's fields, each by itself.
struct Given {
    network: Option<String>,
    image: Option<String>,
    mask: Option<String>,
    channel: MaskChannel,
    preprocess: Option<(Preprocessor, PreprocessSettings)>,
    /// Without network and pictures.
    settings: Control,
}

fn read(fields: &mut Fields) -> Result<Given, FieldError> {
    let own = Control::default();
    let usual = PreprocessSettings::default();
    let network = fields.text("network")?;
    let image = fields.text("image")?;
    let mask = fields.text("mask")?;
    let channels = MaskChannel::ALL.map(MaskChannel::id);
    let channel = fields.one_of("mask_channel", &channels, MaskChannel::from_id)?.unwrap_or_default();
    let kinds = Preprocessor::ALL.map(Preprocessor::id);
    let kind = fields.one_of("preprocess", &kinds, Preprocessor::from_id)?;
    let settings = PreprocessSettings {
        low: fields.small("low", 0, MOST_EDGE)?.unwrap_or(usual.low),
        high: fields.small("high", 0, MOST_EDGE)?.unwrap_or(usual.high),
        radius_px: fields.number("radius", 0.0, MOST_RADIUS_PX)?.map_or(usual.radius_px, |radius| radius as f32),
    };
    let modes = ControlMode::ALL.map(ControlMode::id);
    let types = ControlKind::ALL.map(ControlKind::id);
    let resizes = ResizeMode::ALL.map(ResizeMode::id);
    Ok(Given {
        network,
        image,
        mask,
        channel,
        preprocess: kind.map(|kind| (kind, settings)),
        settings: Control {
            weight: fields.number("weight", -Control::MAX_WEIGHT, Control::MAX_WEIGHT)?.unwrap_or(own.weight),
            from: fields.number("from", 0.0, 1.0)?.unwrap_or(own.from),
            to: fields.number("to", 0.0, 1.0)?.unwrap_or(own.to),
            kind: fields.one_of("type", &types, ControlKind::from_id)?,
            mode: fields.one_of("mode", &modes, ControlMode::from_id)?.unwrap_or_default(),
            resize: fields.one_of("resize", &resizes, ResizeMode::from_id)?,
            ..own
        },
    })
}

impl Given {
    fn control(
        self,
        place: &str,
        catalogue: &Catalogue,
        options: &ServiceOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Control, FieldError> {
        let field = |name: &str| format!("{place}{name}");
        let missing = |name: &str, what: &str| FieldError::new(field(name), format!("{} must be {what}", field(name)));
        let network = self.network.ok_or_else(|| missing("network", "given: a name; GET /v1/controls lists them"))?;
        let network = network_called(&field("network"), &network, catalogue)?;
        let image = self.image.ok_or_else(|| missing("image", "given: the base64 of a picture's file"))?;
        let most = options.max_picture_pixels;
        let picture = picture_of(&field("image"), &image, most, notices)?;
        let mask = match &self.mask {
            Some(text) => Some(mask_of(&field("mask"), text, most, self.channel, notices)?),
            None => None,
        };
        // What is left open of the picture, and where it counts, are two uses of one mask.
        let picture = match self.preprocess {
            Some((kind, settings)) => kind.made_of(&picture, settings, mask.as_ref()),
            None => picture,
        };
        let is_hole = matches!(self.preprocess, Some((Preprocessor::Inpaint, _)));
        let mask = mask.filter(|_| !is_hole).map(Arc::new);
        let control = Control { network, picture: Some(Arc::new(picture)), mask, ..self.settings };
        control.validate().map_err(|error| FieldError::new(place.trim_end_matches('.'), error.to_string()))?;
        Ok(control)
    }
}

/// `scribble`, or one of the models folder.
fn network_called(field: &str, name: &str, catalogue: &Catalogue) -> Result<ControlNetworkRef, FieldError> {
    if name.eq_ignore_ascii_case(ControlNetworkRef::SCRIBBLE) {
        return Ok(ControlNetworkRef::Scribble);
    }
    let found = find_control(name, catalogue.paths());
    found.map(ControlNetworkRef::Path).ok_or_else(|| unknown(field, name, catalogue.controls(), "/v1/controls"))
}

/// A preprocessor's picture by itself, for who asks for nothing else.
///
/// # Errors
/// Names `field` when it is no picture.
pub(in crate::service) fn preprocessed(
    field: &str,
    image: &Value,
    kind: Preprocessor,
    settings: PreprocessSettings,
    options: &ServiceOptions,
) -> Result<crate::raster::Picture, FieldError> {
    let text = image.as_str().unwrap_or_default();
    let picture = picture_of(field, text, options.max_picture_pixels, &mut Vec::new())?;
    Ok(kind.made_of(&picture, settings, None))
}
