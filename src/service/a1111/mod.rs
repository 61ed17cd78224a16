//! AUTOMATIC1111's interface under `/sdapi/v1/`, for the many programs that speak it: forgiving, and answered in full.
//!
//! What it says is translated into our own interface's fields (`dialect`), so that a picture is asked for in one place.
//! Unknown keys are passed over; what was asked and is not done is a notice in the answer's `info` and in the log.

mod controlnet;
mod dialect;
mod extras;
mod generate;
mod groups;
mod info;
mod inpaint;
mod lenient;
mod lists;
mod options;
mod progress;
mod refused;
mod routes;
mod sampler;
mod title;
mod unsupported;
mod untranslatable;

pub(super) use controlnet::routes as control_routes;
pub(super) use groups::Groups;
pub(super) use options::Options;
pub(super) use routes::routes;
