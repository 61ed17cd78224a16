//! Every key of the window, in one table: the menu writes them, the sheet lists them, `pressed` turns them into actions.

use egui::{Key, KeyboardShortcut, Modifiers};

use crate::canvas::tools::Tool;
use crate::ui::action::MaskStep;

/// Something that a key can do. The names are those of the keys' file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    Generate,
    GenerateInFront,
    /// One picture after the other.
    Forever,
    /// Puts the cursor into the prompt.
    Prompt,
    OlderPrompt,
    NewerPrompt,
    /// What is selected in the prompt counts more.
    MoreWeight,
    LessWeight,
    Cancel,
    Accept,
    SetAside,
    Previous,
    Next,
    Compare,
    Trash,
    Star,
    NewCanvas,
    OpenPicture,
    Models,
    OpenByPath,
    LoadMask,
    SaveMask,
    AddModel,
    SaveAs,
    Copy,
    Undo,
    Redo,
    Tool(Tool),
    SwapTool,
    BrushSmaller,
    BrushLarger,
    Mask(MaskStep),
    ToggleMask,
    ToggleModelView,
    /// Draws along while one paints.
    Live,
    /// The live result beside the drawing, or over it.
    LivePlace,
    UseResult,
    /// Makes a larger picture of the shown one.
    Upscale,
    BlankCanvas,
    ZoomFit,
    Zoom100,
    Zoom200,
    Zoom400,
    Zoom800,
    ZoomIn,
    ZoomOut,
    Panels,
    PromptPanel,
    Gallery,
    GalleryView,
    FindPicture,
    UseSettings,
    RowUp,
    RowDown,
    ExtendLeft,
    ExtendRight,
    ExtendUp,
    ExtendDown,
    SelectPicture,
    SelectAll,
    Tag,
    Collect,
    Export,
    Info,
    Queue,
    PauseQueue,
    Settings,
    /// With other machines on the network.
    Share,
    Palette,
    DownloadModel,
    PicturesFolder,
    CancelAll,
    PhotographicModel,
    Log,
    Manual,
    About,
    Keys,
    Quit,
}

/// When a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// Not while a text is being written: there it is a letter.
    NotTyping,
    /// Not while a control has the keyboard: it wants the key for itself.
    NothingFocused,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub command: Command,
    /// In the keys' file.
    pub id: &'static str,
    /// In the sheet of keys.
    pub words: &'static str,
    pub key: KeyboardShortcut,
    pub when: When,
}

const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const COMMAND_ALT: Modifiers = Modifiers::COMMAND.plus(Modifiers::ALT);

const fn entry(
    command: Command,
    id: &'static str,
    words: &'static str,
    modifiers: Modifiers,
    key: Key,
    when: When,
) -> Entry {
    Entry { command, id, words, key: KeyboardShortcut::new(modifiers, key), when }
}

/// In the order of the sheet.
pub(crate) const TABLE: &[Entry] = {
    use Command as C;
    use Modifiers as M;
    use When::{Always, NotTyping, NothingFocused};
    &[
        entry(C::Generate, "generate", "Generate, or queue the next", M::COMMAND, Key::Enter, Always),
        entry(
            C::GenerateInFront,
            "generate-in-front",
            "Generate in front of what waits",
            COMMAND_SHIFT,
            Key::Enter,
            Always,
        ),
        entry(C::Forever, "forever", "Generate forever, or stop that", COMMAND_ALT, Key::Enter, Always),
        entry(C::Prompt, "prompt", "Write the prompt (Escape leaves it)", M::COMMAND, Key::P, Always),
        entry(C::OlderPrompt, "older-prompt", "Prompt before this one", M::ALT, Key::ArrowUp, Always),
        entry(C::NewerPrompt, "newer-prompt", "Prompt after this one", M::ALT, Key::ArrowDown, Always),
        entry(C::MoreWeight, "more-weight", "The word counts more", M::COMMAND, Key::ArrowUp, Always),
        entry(C::LessWeight, "less-weight", "The word counts less", M::COMMAND, Key::ArrowDown, Always),
        entry(C::Cancel, "cancel", "Cancel what is being made", M::SHIFT, Key::X, NotTyping),
        entry(C::Accept, "accept", "Accept the shown picture", M::NONE, Key::Enter, NothingFocused),
        entry(C::SetAside, "set-aside", "Set the shown picture aside", M::NONE, Key::Escape, NothingFocused),
        entry(C::Previous, "previous", "Picture before", M::NONE, Key::ArrowLeft, NothingFocused),
        entry(C::Next, "next", "Picture after", M::NONE, Key::ArrowRight, NothingFocused),
        entry(C::Compare, "compare", "Compare the chosen pictures, or the last two", M::NONE, Key::C, NotTyping),
        entry(C::Trash, "trash", "Move the shown picture to the Trash", M::NONE, Key::Delete, NothingFocused),
        entry(C::Star, "star", "Give the shown picture a star, or take it away", M::NONE, Key::Period, NothingFocused),
        entry(C::NewCanvas, "new-canvas", "New canvas", M::COMMAND, Key::N, Always),
        entry(C::BlankCanvas, "blank-canvas", "White canvas to draw on", COMMAND_SHIFT, Key::N, Always),
        entry(C::OpenPicture, "open-picture", "Open a picture", M::COMMAND, Key::O, Always),
        entry(C::Models, "models", "All models, and more of them", M::COMMAND, Key::M, Always),
        entry(C::OpenByPath, "open-by-path", "Open a picture by its path", M::COMMAND, Key::L, Always),
        entry(C::LoadMask, "load-mask", "Load a mask", COMMAND_SHIFT, Key::L, Always),
        entry(C::SaveMask, "save-mask", "Save the mask", COMMAND_SHIFT, Key::K, Always),
        entry(C::AddModel, "add-model", "Add a model folder", COMMAND_SHIFT, Key::O, Always),
        entry(C::SaveAs, "save-as", "Save the shown picture as", COMMAND_SHIFT, Key::S, Always),
        entry(C::Copy, "copy", "Copy the shown picture, or what is masked", M::COMMAND, Key::C, NotTyping),
        entry(C::Undo, "undo", "Undo on the canvas", M::COMMAND, Key::Z, NotTyping),
        entry(C::Redo, "redo", "Redo on the canvas", COMMAND_SHIFT, Key::Z, NotTyping),
        entry(C::Tool(Tool::Hand), "hand", "Move the picture (or hold Space)", M::NONE, Key::H, NotTyping),
        entry(C::Tool(Tool::Brush), "brush", "Mask brush", M::NONE, Key::B, NotTyping),
        entry(C::Tool(Tool::Eraser), "eraser", "Mask eraser (or hold Alt)", M::NONE, Key::E, NotTyping),
        entry(C::Tool(Tool::Lasso), "lasso", "Mask with a lasso", M::NONE, Key::L, NotTyping),
        entry(C::Tool(Tool::Polygon), "polygon", "Mask a polygon", M::SHIFT, Key::L, NotTyping),
        entry(C::Tool(Tool::Rectangle), "rectangle", "Mask a rectangle", M::NONE, Key::R, NotTyping),
        entry(C::Tool(Tool::Bucket), "fill-outline", "Mask what an outline encloses", M::NONE, Key::G, NotTyping),
        entry(C::Tool(Tool::Select), "select", "Select a thing by a click", M::NONE, Key::W, NotTyping),
        entry(C::Tool(Tool::Colour), "colour-brush", "Colour brush (Alt picks a colour)", M::NONE, Key::D, NotTyping),
        entry(C::Tool(Tool::Extend), "extend", "Extend the canvas", M::NONE, Key::O, NotTyping),
        entry(C::BrushSmaller, "brush-smaller", "Smaller brush", M::NONE, Key::OpenBracket, NotTyping),
        entry(C::BrushLarger, "brush-larger", "Larger brush", M::NONE, Key::CloseBracket, NotTyping),
        entry(C::SwapTool, "swap", "Swap brush and eraser, or the two colours", M::NONE, Key::X, NotTyping),
        entry(C::Mask(MaskStep::Invert), "mask-invert", "Invert the mask", M::SHIFT, Key::V, NotTyping),
        entry(C::Mask(MaskStep::Clear), "mask-clear", "Clear the mask", M::SHIFT, Key::C, NotTyping),
        entry(C::Mask(MaskStep::All), "mask-all", "Mask everything", M::SHIFT, Key::A, NotTyping),
        entry(C::Mask(MaskStep::Grow), "mask-grow", "Grow the mask", M::SHIFT, Key::G, NotTyping),
        entry(C::Mask(MaskStep::Shrink), "mask-shrink", "Shrink the mask", M::SHIFT, Key::S, NotTyping),
        entry(C::Mask(MaskStep::Feather), "mask-feather", "Blur the mask's edge", M::SHIFT, Key::F, NotTyping),
        entry(C::ToggleMask, "show-mask", "Show or hide the mask", M::NONE, Key::M, NotTyping),
        entry(C::ToggleModelView, "show-model-view", "See what the model sees", M::NONE, Key::V, NotTyping),
        entry(C::Live, "live", "Live painting", M::NONE, Key::Y, NotTyping),
        entry(C::LivePlace, "live-place", "Live result beside the drawing, or over it", M::SHIFT, Key::Y, NotTyping),
        entry(
            C::UseResult,
            "use-result",
            "Use the shown picture, or the live result, as input",
            M::COMMAND,
            Key::I,
            Always,
        ),
        entry(C::Upscale, "upscale", "Upscale the shown picture", COMMAND_SHIFT, Key::U, Always),
        entry(C::ZoomFit, "zoom-fit", "Fit the picture", M::COMMAND, Key::Num0, Always),
        entry(C::Zoom100, "zoom-100", "Zoom to 100 %", M::COMMAND, Key::Num1, Always),
        entry(C::Zoom200, "zoom-200", "Zoom to 200 %", M::COMMAND, Key::Num2, Always),
        entry(C::Zoom400, "zoom-400", "Zoom to 400 %", M::COMMAND, Key::Num3, Always),
        entry(C::Zoom800, "zoom-800", "Zoom to 800 %", M::COMMAND, Key::Num4, Always),
        entry(C::ZoomIn, "zoom-in", "Zoom in", M::COMMAND, Key::Plus, Always),
        entry(C::ZoomOut, "zoom-out", "Zoom out", M::COMMAND, Key::Minus, Always),
        entry(C::Panels, "panels", "Hide or show both panels", M::NONE, Key::Tab, NothingFocused),
        entry(C::PromptPanel, "prompt-panel", "Prompt panel", COMMAND_SHIFT, Key::P, Always),
        entry(C::Gallery, "gallery", "Gallery panel", COMMAND_SHIFT, Key::G, Always),
        entry(C::GalleryView, "gallery-view", "Gallery view (Escape returns)", M::COMMAND, Key::G, Always),
        entry(C::FindPicture, "find-picture", "Search the gallery", M::COMMAND, Key::F, Always),
        entry(C::UseSettings, "use-settings", "Use all settings of the shown picture", M::COMMAND, Key::U, Always),
        entry(C::RowUp, "row-up", "Gallery: the row above", M::NONE, Key::ArrowUp, NothingFocused),
        entry(C::RowDown, "row-down", "Gallery: the row below", M::NONE, Key::ArrowDown, NothingFocused),
        entry(C::SelectPicture, "select-picture", "Gallery: select the picture", M::NONE, Key::Space, NothingFocused),
        entry(
            C::ExtendLeft,
            "extend-left",
            "Gallery: select up to the one before",
            M::SHIFT,
            Key::ArrowLeft,
            NothingFocused,
        ),
        entry(
            C::ExtendRight,
            "extend-right",
            "Gallery: select up to the next",
            M::SHIFT,
            Key::ArrowRight,
            NothingFocused,
        ),
        entry(C::ExtendUp, "extend-up", "Gallery: select up to the row above", M::SHIFT, Key::ArrowUp, NothingFocused),
        entry(
            C::ExtendDown,
            "extend-down",
            "Gallery: select down to the row below",
            M::SHIFT,
            Key::ArrowDown,
            NothingFocused,
        ),
        entry(C::SelectAll, "select-all", "Gallery: select all that are listed", M::COMMAND, Key::A, NothingFocused),
        entry(C::Tag, "tag", "Tag the picture, or the selected", M::NONE, Key::T, NothingFocused),
        entry(C::Collect, "collect", "Put it, or the selected, into a collection", M::SHIFT, Key::T, NothingFocused),
        entry(C::Export, "export", "Export it, or the selected", M::COMMAND.plus(M::ALT), Key::S, NotTyping),
        entry(C::Info, "info", "Gallery: settings over the picture", M::NONE, Key::I, NothingFocused),
        entry(C::Queue, "queue", "Queue, in the gallery's place", M::NONE, Key::Q, NotTyping),
        entry(C::PauseQueue, "pause-queue", "Pause the queue, or go on", M::SHIFT, Key::Q, NotTyping),
        entry(C::Settings, "settings", "Settings", M::COMMAND, Key::Comma, Always),
        entry(C::Share, "share", "Share this machine with others", COMMAND_SHIFT, Key::H, Always),
        entry(C::Palette, "palette", "Find an action or a setting by its name", M::COMMAND, Key::K, Always),
        entry(C::DownloadModel, "download-model", "Download a model", COMMAND_SHIFT, Key::M, Always),
        entry(C::PicturesFolder, "pictures-folder", "Show the pictures folder", COMMAND_SHIFT, Key::E, Always),
        entry(C::CancelAll, "cancel-all", "Cancel all that waits or is being made", COMMAND_SHIFT, Key::X, Always),
        entry(C::PhotographicModel, "photographic-model", "Get a photographic model", M::COMMAND, Key::F1, Always),
        entry(C::Log, "log", "Show the log", M::NONE, Key::F12, Always),
        entry(C::Manual, "manual", "Manual", COMMAND_SHIFT, Key::F1, Always),
        entry(C::About, "about", "About Inkwick", M::SHIFT, Key::F1, Always),
        entry(C::Keys, "keys", "All keys", M::NONE, Key::F1, Always),
        entry(C::Quit, "quit", "Quit", M::COMMAND, Key::Q, Always),
    ]
};
