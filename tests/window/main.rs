//! The window without a screen: driven by labels, pointer and keys, and held against its pictures in `tests/snapshots`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

#[cfg(feature = "hub")]
mod about;
mod annotated;
mod arrivals;
mod branching;
mod cards;
mod colours;
mod compare;
mod figures;
mod gallery;
mod gallery_room;
mod gallery_view;
mod gallery_work;
mod grids;
mod hands;
mod layer_handles;
mod layer_list;
mod layer_masks;
mod layer_references;
mod layer_regions;
mod layers;
mod library;
mod library_looks;
mod live;
#[cfg(feature = "serve")]
mod machine;
mod menu_bar;
mod names;
mod painting;
mod palette;
mod poses;
mod programs;
mod projects;
mod queue;
mod scales;
mod selecting;
mod settings;
mod share;
mod slow_disk;
mod strip;
mod studio_bench;
mod tour;
mod whole;
mod words;
mod working_day;
