//! The canvas's tools and what each was set to.

use serde::{Deserialize, Serialize};

use super::Ink;
use crate::mask::Brush;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tool {
    /// Moves the picture about.
    #[default]
    Hand,
    Brush,
    Eraser,
    Rectangle,
    Lasso,
    Polygon,
    /// Masks what an outline encloses.
    Bucket,
    /// Masks the thing that is clicked on, or that a box is drawn around.
    Select,
    /// Paints on the picture itself.
    Colour,
    /// Makes the canvas larger.
    Extend,
}

impl Tool {
    pub const ALL: [Self; 10] = [
        Self::Hand,
        Self::Brush,
        Self::Eraser,
        Self::Rectangle,
        Self::Lasso,
        Self::Polygon,
        Self::Bucket,
        Self::Select,
        Self::Colour,
        Self::Extend,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hand => "Move the picture",
            Self::Brush => "Mask brush",
            Self::Eraser => "Mask eraser",
            Self::Rectangle => "Mask a rectangle",
            Self::Lasso => "Mask with a lasso",
            Self::Polygon => "Mask a polygon",
            Self::Bucket => "Fill an outline",
            Self::Select => "Select a thing by a click",
            Self::Colour => "Colour brush",
            Self::Extend => "Extend the canvas",
        }
    }

    /// Whether it has a size and an outline.
    #[must_use]
    pub fn is_brush(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser | Self::Colour)
    }

    /// Whether it marks an area.
    #[must_use]
    pub fn is_shape(self) -> bool {
        matches!(self, Self::Rectangle | Self::Lasso | Self::Polygon)
    }

    /// Whether it works on the mask.
    #[must_use]
    pub fn is_for_mask(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser | Self::Bucket | Self::Select) || self.is_shape()
    }
}

/// A brush and how a pen's pressure works on it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrushSettings {
    pub diameter_px: f32,
    /// Whether that is the default for the picture, and changes with its size: nobody has chosen another.
    pub follows_picture: bool,
    /// 0 to 1.
    pub hardness: f32,
    /// 0 to 1.
    pub opacity: f32,
    pub pressure_to_size: bool,
    pub pressure_to_opacity: bool,
}

impl BrushSettings {
    /// Without a picture.
    pub const DEFAULT_DIAMETER_PX: f32 = 10.0;
    /// Under it one would hardly see what was painted.
    const LEAST_DEFAULT_PX: f32 = 4.0;
    pub const DEFAULT_HARDNESS: f32 = 0.8;

    /// Of a picture's shorter side.
    pub const SHARE: f32 = 0.02;
    pub const SHARE_OF_REGIONS: f32 = 0.15;

    /// For a picture of this size: such a share of its shorter side.
    #[must_use]
    pub fn default_diameter_px([width, height]: [u32; 2], share: f32) -> f32 {
        (width.min(height) as f32 * share).round().clamp(Self::LEAST_DEFAULT_PX, Brush::MAX_DIAMETER_PX)
    }

    /// Takes the default for a picture, where nobody has chosen a size.
    pub fn fit(&mut self, size_px: [u32; 2], share: f32) {
        if self.follows_picture {
            self.diameter_px = Self::default_diameter_px(size_px, share);
        }
    }

    /// A size that somebody chose, kept within what a brush can have.
    pub fn choose_diameter(&mut self, diameter_px: f32) {
        self.diameter_px = diameter_px.clamp(1.0, Brush::MAX_DIAMETER_PX);
        self.follows_picture = false;
    }

    #[must_use]
    pub fn brush(&self) -> Brush {
        Brush { diameter_px: self.diameter_px, hardness: self.hardness, opacity: self.opacity }
    }
}

impl Default for BrushSettings {
    fn default() -> Self {
        Self {
            diameter_px: Self::DEFAULT_DIAMETER_PX,
            follows_picture: true,
            hardness: Self::DEFAULT_HARDNESS,
            opacity: 1.0,
            pressure_to_size: true,
            pressure_to_opacity: false,
        }
    }
}

/// What is kept for the next start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolSettings {
    /// For masks, and for lines that steer.
    pub mask_brush: BrushSettings,
    /// For areas, which are larger.
    pub region_brush: BrushSettings,
    pub colour_brush: BrushSettings,
    /// RGB.
    pub colour: [u8; 3],
    /// What X brings back.
    pub other_colour: [u8; 3],
    pub palette: Vec<[u8; 3]>,
    /// Of the mask's tint, 0 to 1.
    pub mask_opacity: f32,
}

impl ToolSettings {
    /// Issue and field agree on three quarters.
    pub const DEFAULT_MASK_OPACITY: f32 = 0.75;
    pub const MAX_PALETTE: usize = 24;

    /// Puts a colour in front of the palette, once.
    pub fn remember(&mut self, colour: [u8; 3]) {
        if !self.palette.contains(&colour) {
            self.palette.push(colour);
            if self.palette.len() > Self::MAX_PALETTE {
                self.palette.remove(STARTING_PALETTE.len().min(Self::MAX_PALETTE - 1));
            }
        }
    }
}

/// White to black, then once around.
pub const STARTING_PALETTE: [[u8; 3]; 12] = [
    [255, 255, 255],
    [160, 160, 160],
    [20, 20, 20],
    [214, 40, 40],
    [240, 130, 40],
    [250, 210, 70],
    [96, 180, 70],
    [40, 130, 90],
    [80, 170, 230],
    [50, 80, 190],
    [140, 80, 190],
    [150, 95, 60],
];

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            mask_brush: BrushSettings::default(),
            region_brush: BrushSettings::default(),
            colour_brush: BrushSettings { hardness: 0.9, ..BrushSettings::default() },
            colour: [214, 40, 40],
            other_colour: [255, 255, 255],
            palette: STARTING_PALETTE.to_vec(),
            mask_opacity: Self::DEFAULT_MASK_OPACITY,
        }
    }
}

impl ToolSettings {
    /// A hand-edited brush of no size would paint nothing and say nothing.
    #[must_use]
    pub fn in_range(mut self) -> Self {
        let within = |value: f32, least: f32, most: f32, default: f32| {
            if value.is_finite() { value.clamp(least, most) } else { default }
        };
        for brush in [&mut self.mask_brush, &mut self.region_brush, &mut self.colour_brush] {
            let default = BrushSettings::default();
            brush.diameter_px = within(brush.diameter_px, 1.0, Brush::MAX_DIAMETER_PX, default.diameter_px);
            brush.hardness = within(brush.hardness, 0.0, 1.0, default.hardness);
            brush.opacity = within(brush.opacity, 0.01, 1.0, default.opacity);
        }
        self.mask_opacity = within(self.mask_opacity, 0.1, 1.0, Self::DEFAULT_MASK_OPACITY);
        self.palette.truncate(Self::MAX_PALETTE);
        self
    }

    /// Brushes of no chosen size take the one for a picture of this size.
    pub fn fit(&mut self, size_px: [u32; 2]) {
        self.mask_brush.fit(size_px, BrushSettings::SHARE);
        self.region_brush.fit(size_px, BrushSettings::SHARE_OF_REGIONS);
        self.colour_brush.fit(size_px, BrushSettings::SHARE);
    }

    /// The brush that a tool paints with, on a region or elsewhere.
    #[must_use]
    pub fn brush(&self, tool: Tool, on_region: bool) -> &BrushSettings {
        match tool {
            Tool::Colour => &self.colour_brush,
            _ if on_region => &self.region_brush,
            _ => &self.mask_brush,
        }
    }

    pub fn brush_mut(&mut self, tool: Tool, on_region: bool) -> &mut BrushSettings {
        match tool {
            Tool::Colour => &mut self.colour_brush,
            _ if on_region => &mut self.region_brush,
            _ => &mut self.mask_brush,
        }
    }

    /// What a tool leaves behind; `reversed` is the eraser's side of a brush, and takes a shape away.
    #[must_use]
    pub fn ink(&self, tool: Tool, reversed: bool) -> Ink {
        match tool {
            Tool::Colour => Ink::Colour(self.colour),
            Tool::Eraser if !reversed => Ink::Eraser,
            Tool::Eraser => Ink::Mask,
            _ if reversed => Ink::Eraser,
            _ => Ink::Mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brush_follows_the_picture_until_somebody_chooses_a_size() {
        let mut brush = BrushSettings::default();
        for (size_px, wanted) in [([512, 768], 10.0), ([4000, 3000], 60.0), ([64, 64], 4.0)] {
            brush.fit(size_px, BrushSettings::SHARE);
            assert!((brush.diameter_px - wanted).abs() < 1e-6, "{size_px:?}: {}", brush.diameter_px);
        }
        brush.choose_diameter(33.0);
        brush.fit([512, 512], BrushSettings::SHARE);
        assert!((brush.diameter_px - 33.0).abs() < 1e-6);
    }
}
