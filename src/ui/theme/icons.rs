//! The icons, one constant each: signs of Phosphor's font (MIT), as `assets/fonts/cut.py` prints them.
//!
//! To be drawn with `fonts::icon(size)`: 18 points in a button, 16 in menus, 14 on thumbnails, carets 12.

pub const ARROWS_LEFT_RIGHT: &str = "\u{e0a0}";
pub const ARROWS_OUT: &str = "\u{e0a2}";
pub const ARROW_BEND_UP_LEFT: &str = "\u{e024}";
pub const ARROW_CLOCKWISE: &str = "\u{e036}";
pub const ARROW_COUNTER_CLOCKWISE: &str = "\u{e038}";
pub const ARROW_LEFT: &str = "\u{e058}";
pub const ARROW_LINE_UP: &str = "\u{e066}";
pub const ARROW_SQUARE_OUT: &str = "\u{e5de}";
pub const ARROW_U_UP_LEFT: &str = "\u{e08a}";
pub const ARROW_U_UP_RIGHT: &str = "\u{e08c}";
pub const CARET_DOWN: &str = "\u{e136}";
pub const CARET_LEFT: &str = "\u{e138}";
pub const CARET_RIGHT: &str = "\u{e13a}";
pub const CARET_UP: &str = "\u{e13c}";
pub const CHECK: &str = "\u{e182}";
pub const CHECK_CIRCLE: &str = "\u{e184}";
pub const CIRCLE_HALF: &str = "\u{e18c}";
pub const CIRCLE_HALF_TILT: &str = "\u{e18e}";
pub const CLOCK: &str = "\u{e19a}";
pub const COPY: &str = "\u{e1ca}";
pub const CORNERS_OUT: &str = "\u{e1d0}";
pub const CUBE: &str = "\u{e1da}";
pub const DICE_FIVE: &str = "\u{e1ee}";
pub const DOTS_SIX_VERTICAL: &str = "\u{eae2}";
pub const DOTS_THREE: &str = "\u{e1fe}";
pub const DOWNLOAD_SIMPLE: &str = "\u{e20c}";
pub const ERASER: &str = "\u{e21e}";
pub const EXPORT: &str = "\u{eaf0}";
pub const EYE: &str = "\u{e220}";
pub const EYEDROPPER: &str = "\u{e568}";
pub const EYE_SLASH: &str = "\u{e224}";
pub const FEATHER: &str = "\u{e9c0}";
pub const FLOPPY_DISK: &str = "\u{e248}";
pub const FOLDER_OPEN: &str = "\u{e256}";
pub const FRAME_CORNERS: &str = "\u{e626}";
pub const GEAR_SIX: &str = "\u{e272}";
pub const GRID_NINE: &str = "\u{ec8c}";
pub const HAND: &str = "\u{e298}";
pub const IMAGE: &str = "\u{e2ca}";
pub const IMAGES: &str = "\u{e836}";
pub const IMAGES_SQUARE: &str = "\u{e834}";
pub const IMAGE_SQUARE: &str = "\u{e2cc}";
pub const INFINITY: &str = "\u{e634}";
pub const INFO: &str = "\u{e2ce}";
pub const KEYBOARD: &str = "\u{e2d8}";
pub const LASSO: &str = "\u{edc6}";
pub const LIGHTNING: &str = "\u{e2de}";
pub const LIST: &str = "\u{e2f0}";
pub const LOCK: &str = "\u{e2fa}";
pub const LOCK_OPEN: &str = "\u{e306}";
pub const MAGIC_WAND: &str = "\u{e6b6}";
pub const MAGNIFYING_GLASS: &str = "\u{e30c}";
pub const MINUS: &str = "\u{e32a}";
pub const MOON: &str = "\u{e330}";
pub const MOUNTAINS: &str = "\u{e7ae}";
pub const PAINT_BRUSH: &str = "\u{e6f0}";
pub const PAINT_BRUSH_BROAD: &str = "\u{e590}";
pub const PAINT_BUCKET: &str = "\u{e392}";
pub const PALETTE: &str = "\u{e6c8}";
pub const PAPERCLIP: &str = "\u{e39a}";
pub const PAUSE: &str = "\u{e39e}";
pub const PLAY: &str = "\u{e3d0}";
pub const PLUS: &str = "\u{e3d4}";
pub const POLYGON: &str = "\u{e6d0}";
pub const QUEUE: &str = "\u{e6ac}";
pub const SCAN: &str = "\u{ebb6}";
pub const SCRIBBLE_LOOP: &str = "\u{e662}";
pub const SELECTION: &str = "\u{e69a}";
pub const SELECTION_INVERSE: &str = "\u{e744}";
pub const SIDEBAR_SIMPLE: &str = "\u{ec24}";
pub const SLIDERS_HORIZONTAL: &str = "\u{e434}";
pub const SORT_DESCENDING: &str = "\u{e446}";
pub const SQUARE_SPLIT_HORIZONTAL: &str = "\u{e870}";
pub const STACK: &str = "\u{e466}";
pub const STAR: &str = "\u{e46a}";
pub const STOP: &str = "\u{e46c}";
pub const SUN: &str = "\u{e472}";
pub const SWAP: &str = "\u{e83c}";
pub const TAG: &str = "\u{e478}";
pub const TRASH: &str = "\u{e4a6}";
pub const WARNING: &str = "\u{e4e0}";
pub const WARNING_CIRCLE: &str = "\u{e4e2}";
pub const X: &str = "\u{e4f6}";

/// Every one of them.
pub const ALL: &[&str] = &[
    ARROWS_LEFT_RIGHT,
    ARROWS_OUT,
    ARROW_BEND_UP_LEFT,
    ARROW_CLOCKWISE,
    ARROW_COUNTER_CLOCKWISE,
    ARROW_LEFT,
    ARROW_LINE_UP,
    ARROW_SQUARE_OUT,
    ARROW_U_UP_LEFT,
    ARROW_U_UP_RIGHT,
    CARET_DOWN,
    CARET_LEFT,
    CARET_RIGHT,
    CARET_UP,
    CHECK,
    CHECK_CIRCLE,
    CIRCLE_HALF,
    CIRCLE_HALF_TILT,
    CLOCK,
    COPY,
    CORNERS_OUT,
    CUBE,
    DICE_FIVE,
    DOTS_SIX_VERTICAL,
    DOTS_THREE,
    DOWNLOAD_SIMPLE,
    ERASER,
    EXPORT,
    EYE,
    EYEDROPPER,
    EYE_SLASH,
    FEATHER,
    FLOPPY_DISK,
    FOLDER_OPEN,
    FRAME_CORNERS,
    GEAR_SIX,
    GRID_NINE,
    HAND,
    IMAGE,
    IMAGES,
    IMAGES_SQUARE,
    IMAGE_SQUARE,
    INFINITY,
    INFO,
    KEYBOARD,
    LASSO,
    LIGHTNING,
    LIST,
    LOCK,
    LOCK_OPEN,
    MAGIC_WAND,
    MAGNIFYING_GLASS,
    MINUS,
    MOON,
    MOUNTAINS,
    PAINT_BRUSH,
    PAINT_BRUSH_BROAD,
    PAINT_BUCKET,
    PALETTE,
    PAPERCLIP,
    PAUSE,
    PLAY,
    PLUS,
    POLYGON,
    QUEUE,
    SCAN,
    SCRIBBLE_LOOP,
    SELECTION,
    SELECTION_INVERSE,
    SIDEBAR_SIMPLE,
    SLIDERS_HORIZONTAL,
    SORT_DESCENDING,
    SQUARE_SPLIT_HORIZONTAL,
    STACK,
    STAR,
    STOP,
    SUN,
    SWAP,
    TAG,
    TRASH,
    WARNING,
    WARNING_CIRCLE,
    X,
];
