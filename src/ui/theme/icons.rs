//! The icons, one constant each: signs of Phosphor's font (MIT), as `assets/fonts/cut.py` prints them.
//!
//! To be drawn with `fonts::icon(size)`: 18 points in a button, 16 in menus, 14 on thumbnails, carets 12.

pub const ARROWS_OUT: &str = "\u{e0a2}";
pub const ARROW_CLOCKWISE: &str = "\u{e036}";
pub const ARROW_SQUARE_OUT: &str = "\u{e5de}";
pub const ARROW_U_UP_LEFT: &str = "\u{e08a}";
pub const ARROW_U_UP_RIGHT: &str = "\u{e08c}";
pub const CARET_DOWN: &str = "\u{e136}";
pub const CARET_LEFT: &str = "\u{e138}";
pub const CARET_RIGHT: &str = "\u{e13a}";
pub const CARET_UP: &str = "\u{e13c}";
pub const CHECK: &str = "\u{e182}";
pub const CHECK_CIRCLE: &str = "\u{e184}";
pub const CIRCLE_HALF_TILT: &str = "\u{e18e}";
pub const CLOCK: &str = "\u{e19a}";
pub const COPY: &str = "\u{e1ca}";
pub const CORNERS_OUT: &str = "\u{e1d0}";
pub const CUBE: &str = "\u{e1da}";
pub const DICE_FIVE: &str = "\u{e1ee}";
pub const DOTS_THREE: &str = "\u{e1fe}";
pub const DOWNLOAD_SIMPLE: &str = "\u{e20c}";
pub const ERASER: &str = "\u{e21e}";
pub const EYE: &str = "\u{e220}";
pub const EYEDROPPER: &str = "\u{e568}";
pub const EYE_SLASH: &str = "\u{e224}";
pub const FEATHER: &str = "\u{e9c0}";
pub const FLOPPY_DISK: &str = "\u{e248}";
pub const FOLDER_OPEN: &str = "\u{e256}";
pub const FRAME_CORNERS: &str = "\u{e626}";
pub const GEAR_SIX: &str = "\u{e272}";
pub const HAND: &str = "\u{e298}";
pub const IMAGES: &str = "\u{e836}";
pub const IMAGE_SQUARE: &str = "\u{e2cc}";
pub const INFO: &str = "\u{e2ce}";
pub const KEYBOARD: &str = "\u{e2d8}";
pub const LASSO: &str = "\u{edc6}";
pub const LIST: &str = "\u{e2f0}";
pub const LOCK: &str = "\u{e2fa}";
pub const LOCK_OPEN: &str = "\u{e306}";
pub const MAGIC_WAND: &str = "\u{e6b6}";
pub const MAGNIFYING_GLASS: &str = "\u{e30c}";
pub const MINUS: &str = "\u{e32a}";
pub const MOON: &str = "\u{e330}";
pub const PAINT_BRUSH: &str = "\u{e6f0}";
pub const PAINT_BRUSH_BROAD: &str = "\u{e590}";
pub const PAINT_BUCKET: &str = "\u{e392}";
pub const PALETTE: &str = "\u{e6c8}";
pub const PLUS: &str = "\u{e3d4}";
pub const POLYGON: &str = "\u{e6d0}";
pub const SCAN: &str = "\u{ebb6}";
pub const SELECTION: &str = "\u{e69a}";
pub const SELECTION_INVERSE: &str = "\u{e744}";
pub const SIDEBAR_SIMPLE: &str = "\u{ec24}";
pub const SLIDERS_HORIZONTAL: &str = "\u{e434}";
pub const SORT_DESCENDING: &str = "\u{e446}";
pub const STAR: &str = "\u{e46a}";
pub const STOP: &str = "\u{e46c}";
pub const SUN: &str = "\u{e472}";
pub const SWAP: &str = "\u{e83c}";
pub const TRASH: &str = "\u{e4a6}";
pub const WARNING: &str = "\u{e4e0}";
pub const WARNING_CIRCLE: &str = "\u{e4e2}";
pub const X: &str = "\u{e4f6}";

/// Every one of them.
pub const ALL: &[&str] = &[
    ARROWS_OUT,
    ARROW_CLOCKWISE,
    ARROW_SQUARE_OUT,
    ARROW_U_UP_LEFT,
    ARROW_U_UP_RIGHT,
    CARET_DOWN,
    CARET_LEFT,
    CARET_RIGHT,
    CARET_UP,
    CHECK,
    CHECK_CIRCLE,
    CIRCLE_HALF_TILT,
    CLOCK,
    COPY,
    CORNERS_OUT,
    CUBE,
    DICE_FIVE,
    DOTS_THREE,
    DOWNLOAD_SIMPLE,
    ERASER,
    EYE,
    EYEDROPPER,
    EYE_SLASH,
    FEATHER,
    FLOPPY_DISK,
    FOLDER_OPEN,
    FRAME_CORNERS,
    GEAR_SIX,
    HAND,
    IMAGES,
    IMAGE_SQUARE,
    INFO,
    KEYBOARD,
    LASSO,
    LIST,
    LOCK,
    LOCK_OPEN,
    MAGIC_WAND,
    MAGNIFYING_GLASS,
    MINUS,
    MOON,
    PAINT_BRUSH,
    PAINT_BRUSH_BROAD,
    PAINT_BUCKET,
    PALETTE,
    PLUS,
    POLYGON,
    SCAN,
    SELECTION,
    SELECTION_INVERSE,
    SIDEBAR_SIMPLE,
    SLIDERS_HORIZONTAL,
    SORT_DESCENDING,
    STAR,
    STOP,
    SUN,
    SWAP,
    TRASH,
    WARNING,
    WARNING_CIRCLE,
    X,
];
