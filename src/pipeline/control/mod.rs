//! Pictures that steer, and reference pictures through adapters (`images`): which networks they need (`uses`), what that
//! costs (`load`, `image_load`), the networks as they are kept (`networks`), the pictures as they are seen (`pictures`),
//! and what is added at each step (`steering`).

pub(super) mod image_load;
pub(super) mod images;
pub(super) mod load;
pub(super) mod networks;
pub(super) mod pictures;
pub(super) mod steering;
pub(super) mod uses;
