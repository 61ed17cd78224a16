//! The window without a screen: driven by labels, pointer and keys, and held against its pictures in `tests/snapshots`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod arrivals;
mod gallery;
mod gallery_work;
mod hands;
mod library;
mod library_looks;
mod painting;
mod programs;
mod queue;
mod selecting;
mod slow_disk;
mod strip;
mod studio_bench;
mod whole;
mod working_day;
