//! Pictures of every kind from files: what kind it is, its pixels as far as they go, its colours and inks.

pub(crate) mod colour_profile;
pub(crate) mod cut_short;
pub(crate) mod inks;
pub(crate) mod jpeg_codes;
pub(crate) mod jpeg_coverage;
pub(crate) mod jpeg_headers;
pub(crate) mod lab;
pub mod picture_formats;
pub(crate) mod picture_kind;
pub(crate) mod reading;
pub(crate) mod tiff_fields;
pub(crate) mod tiff_kinds;
