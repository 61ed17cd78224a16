//! Pictures that the prompt speaks of: for models that read such, or through an IP-Adapter, by its name.

use std::path::PathBuf;
use std::sync::Arc;

use super::model::unknown;
use crate::job::{Notice, Reference, ReferenceAdapter, ReferenceUse, Request};
use crate::service::catalogue::Catalogue;
use crate::service::fields::{FieldError, Fields};
use crate::service::options::ServiceOptions;
use crate::service::pictures::{mask_of, picture_of};
use crate::store::models::extras::find_image_adapter;
use crate::store::pictures::mask_file::MaskChannel;

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    (catalogue, options): (&Catalogue, &ServiceOptions),
    notices: &mut Vec<Notice>,
) -> Result<(), FieldError> {
    for (place, given) in fields.objects("references", Reference::MOST, read)? {
        request.references.push(given.reference(&place, catalogue, options, notices)?);
    }
    Ok(())
}

/// A reference's fields, each by itself.
struct Given {
    image: Option<String>,
    adapter: Option<String>,
    mask: Option<String>,
    channel: MaskChannel,
    /// The first one that is given and is an adapter's alone.
    of_adapters: Option<&'static str>,
    /// Without adapter and pictures.
    settings: Reference,
}

fn read(fields: &mut Fields) -> Result<Given, FieldError> {
    let own = Reference::default();
    let image = fields.text("image")?;
    let adapter = fields.text("adapter")?;
    let mask = fields.text("mask")?;
    let channels = MaskChannel::ALL.map(MaskChannel::id);
    let channel = fields.one_of("mask_channel", &channels, MaskChannel::from_id)?.unwrap_or_default();
    let uses = ReferenceUse::ALL.map(ReferenceUse::id);
    let weight = fields.number("weight", -Reference::MAX_WEIGHT, Reference::MAX_WEIGHT)?;
    let (from, to) = (fields.number("from", 0.0, 1.0)?, fields.number("to", 0.0, 1.0)?);
    let used = fields.one_of("use", &uses, ReferenceUse::from_id)?;
    let given = [
        ("mask", mask.is_some()),
        ("weight", weight.is_some()),
        ("from", from.is_some()),
        ("to", to.is_some()),
        ("use", used.is_some()),
    ];
    Ok(Given {
        image,
        adapter,
        mask,
        channel,
        of_adapters: given.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name),
        settings: Reference {
            weight: weight.unwrap_or(own.weight),
            from: from.unwrap_or(own.from),
            to: to.unwrap_or(own.to),
            used: used.unwrap_or_default(),
            ..own
        },
    })
}

impl Given {
    fn reference(
        self,
        place: &str,
        catalogue: &Catalogue,
        options: &ServiceOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Reference, FieldError> {
        let field = |name: &str| format!("{place}{name}");
        let image = self.image.ok_or_else(|| {
            let field = field("image");
            FieldError::new(field.clone(), format!("{field} must be given: the base64 of a picture's file"))
        })?;
        if let (None, Some(name)) = (&self.adapter, self.of_adapters) {
            let field = field(name);
            let sentence = format!("{field} is for adapters; name one in adapter, or leave it out");
            return Err(FieldError::new(field, sentence));
        }
        let adapter = match &self.adapter {
            Some(name) => Some(adapter_called(&field("adapter"), name, catalogue)?),
            None => None,
        };
        let most = options.max_picture_pixels;
        let picture = picture_of(&field("image"), &image, most, notices)?;
        let mask = match &self.mask {
            Some(text) => Some(Arc::new(mask_of(&field("mask"), text, most, self.channel, notices)?)),
            None => None,
        };
        let reference = Reference { adapter, picture: Some(Arc::new(picture)), mask, ..self.settings };
        reference.validate().map_err(|error| FieldError::new(place.trim_end_matches('.'), error.to_string()))?;
        Ok(reference)
    }
}

/// One of the models folder.
fn adapter_called(field: &str, name: &str, catalogue: &Catalogue) -> Result<ReferenceAdapter, FieldError> {
    let found = find_image_adapter(name, catalogue.paths());
    let adapter = |file: PathBuf| ReferenceAdapter { file, encoder: None };
    found.map(adapter).ok_or_else(|| unknown(field, name, catalogue.image_adapters(), "/v1/adapters"))
}
