//! What the menus have, as a table: the bar in the window draws it, and so does the one that a Mac keeps above.

use std::path::PathBuf;

use egui::ThemePreference;

use crate::canvas::tools::Tool;
use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{
    Action, CanvasAction, FilesAction, GalleryAction, LiveAction, LookingAt, MaskStep, PromptAction, QueueAction,
    ResultsAction, WindowAction, WordsAction, Zoom,
};
use crate::ui::input::available;
use crate::ui::input::pressed;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;

/// One of the bar's menus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Menu {
    File,
    Edit,
    Canvas,
    View,
    Help,
}

impl Menu {
    pub(crate) const ALL: [Self; 5] = [Self::File, Self::Edit, Self::Canvas, Self::View, Self::Help];

    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::Canvas => "Canvas",
            Self::View => "View",
            Self::Help => "Help",
        }
    }

    /// As they are now.
    #[must_use]
    pub(crate) fn items(self, state: &AppState) -> Vec<Item> {
        let mut list = List { state, items: Vec::new() };
        match self {
            Self::File => file(&mut list),
            Self::Edit => edit(&mut list),
            Self::Canvas => canvas(&mut list),
            Self::View => view(&mut list),
            Self::Help => help(&mut list),
        }
        list.items
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Between two groups.
    Line,
    Entry(Entry),
    /// One of several, of which one holds.
    Choice {
        words: &'static str,
        holds: bool,
        action: Action,
    },
    /// Files under their names, each with its path.
    Files {
        words: &'static str,
        files: Vec<(String, String, Action)>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub words: &'static str,
    /// Whose key stands beside it.
    pub command: Command,
    /// `None` where it can do nothing now.
    pub action: Option<Action>,
    /// Why not, where that is known.
    pub reason: Option<&'static str>,
}

struct List<'a> {
    state: &'a AppState,
    items: Vec<Item>,
}

impl List<'_> {
    fn line(&mut self) {
        self.items.push(Item::Line);
    }

    /// What the key does, or why it cannot.
    fn key(&mut self, words: &'static str, command: Command) {
        let reason = available::cannot(command, self.state);
        let action = pressed::action_of(command, self.state).filter(|_| reason.is_none());
        let reason = reason.or(action.is_none().then_some("not with what is looked at now"));
        self.items.push(Item::Entry(Entry { words, command, action, reason }));
    }

    /// What means something else here than its key may mean at this moment.
    fn own(&mut self, words: &'static str, command: Command, action: Option<Action>) {
        self.items.push(Item::Entry(Entry { words, command, action, reason: None }));
    }
}

fn file(list: &mut List<'_>) {
    list.key("New canvas", Command::NewCanvas);
    list.key("White canvas to draw on", Command::BlankCanvas);
    list.key("Open picture…", Command::OpenPicture);
    list.key("Open picture by path…", Command::OpenByPath);
    list.key("Open project…", Command::OpenProject);
    recent_projects(list);
    list.key("Models…", Command::Models);
    list.key("Download a model…", Command::DownloadModel);
    list.key("Add model folder…", Command::AddModel);
    list.line();
    list.key("Save project", Command::SaveProject);
    list.key("Save project as…", Command::SaveProjectAs);
    list.key("Save picture as…", Command::SaveAs);
    if list.state.shown_file().is_some() {
        list.key("Upscale", Command::Upscale);
    }
    list.key("Show the pictures folder", Command::PicturesFolder);
    list.line();
    list.key("Share this machine…", Command::Share);
    list.key("Settings…", Command::Settings);
    list.key("Quit", Command::Quit);
}

fn recent_projects(list: &mut List<'_>) {
    let recent = &list.state.project.recent;
    if recent.is_empty() {
        return;
    }
    let files = recent.iter().map(|file| {
        let name = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        (name, file.display().to_string(), Action::Files(FilesAction::OpenProject(file.clone())))
    });
    let files = files.collect();
    list.items.push(Item::Files { words: "Open recent project", files });
}

fn edit(list: &mut List<'_>) {
    let state = list.state;
    let shown = state.shown_file();
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    let busy = state.candidates.is_busy();
    let of_shown = |action: fn(PathBuf) -> Action| shown.clone().map(action);
    // Their keys are a text's own while one is written, and the canvas's here.
    let undo = state.canvas.can_undo().then_some(Action::Canvas(CanvasAction::Undo));
    list.own("Undo", Command::Undo, undo);
    let redo = state.canvas.document.can_redo().then_some(Action::Canvas(CanvasAction::Redo));
    list.own("Redo", Command::Redo, redo);
    list.line();
    let has_words = !state.prompt.prompt.is_empty() || !state.prompt.negative.is_empty();
    for (words, key, heavier) in
        [("The word counts more", Command::MoreWeight, true), ("The word counts less", Command::LessWeight, false)]
    {
        list.own(words, key, has_words.then_some(Action::Words(WordsAction::Weigh { heavier })));
    }
    list.line();
    let use_key = if state.gallery.view.is_open { Command::UseResult } else { Command::Accept };
    let accept = (over_canvas && shown.is_some()).then_some(Action::Results(ResultsAction::Accept));
    list.own("Use as input", use_key, accept);
    list.own("Set aside", Command::SetAside, over_canvas.then_some(Action::Results(ResultsAction::SetAside)));
    let settings = of_shown(|file| Action::Prompt(PromptAction::UseSettings(file)));
    list.own("Use these settings", Command::UseSettings, settings);
    gallery_entries(list);
    let trash = of_shown(|file| Action::Files(FilesAction::Trash(file))).filter(|_| over_canvas);
    list.own("Move to Trash", Command::Trash, trash);
    list.line();
    let pause = if state.queue.is_paused { "Go on with the queue" } else { "Pause the queue" };
    list.own(pause, Command::PauseQueue, Some(Action::Queue(QueueAction::Pause)));
    list.key("Grid over settings…", Command::Grid);
    list.own("Cancel", Command::Cancel, busy.then_some(Action::Results(ResultsAction::CancelRunning)));
    list.own("Cancel all", Command::CancelAll, busy.then_some(Action::Results(ResultsAction::CancelAll)));
    list.line();
    list.key("Go on from a step…", Command::Steps);
    list.key("Decode again…", Command::DecodeAgain);
    list.key("Copy the picture", Command::Copy);
    list.key("Copy the file", Command::CopyFile);
    list.key("Star", Command::Star);
    list.key("Write the prompt", Command::Prompt);
    list.key("Prompt before", Command::OlderPrompt);
    list.key("Prompt after", Command::NewerPrompt);
    list.key("Generate in front", Command::GenerateInFront);
}

/// What is done with the picture that is seen, or with the selected ones.
fn gallery_entries(list: &mut List<'_>) {
    let state = list.state;
    let shown = state.shown_file().filter(|_| state.is_over_canvas());
    let any = !state.gallery.selection.is_empty() || shown.is_some();
    let files = || {
        let selected = state.gallery.selected();
        if selected.is_empty() { shown.clone().into_iter().collect() } else { selected }
    };
    for (words, key, kind) in
        [("Tags…", Command::Tag, LabelKind::Tag), ("Collections…", Command::Collect, LabelKind::Collection)]
    {
        let open = any.then(|| Action::Gallery(GalleryAction::OpenLabels { files: files(), kind }));
        list.own(words, key, open);
    }
    list.own("Export…", Command::Export, any.then(|| Action::Gallery(GalleryAction::OpenExport(files()))));
    if state.gallery.view.is_open {
        list.own("Select all", Command::SelectAll, Some(Action::Gallery(GalleryAction::SelectAll)));
    }
}

fn canvas(list: &mut List<'_>) {
    let state = list.state;
    for (words, step) in [
        ("Mask everything", MaskStep::All),
        ("Invert the mask", MaskStep::Invert),
        ("Clear the mask", MaskStep::Clear),
        ("Grow by 8 px", MaskStep::Grow),
        ("Shrink by 8 px", MaskStep::Shrink),
        ("Blur by 8 px", MaskStep::Feather),
    ] {
        list.key(words, Command::Mask(step));
    }
    list.line();
    list.key("Load mask…", Command::LoadMask);
    list.key("Save mask…", Command::SaveMask);
    list.line();
    list.key("Show the mask", Command::ToggleMask);
    list.key("See what the model sees", Command::ToggleModelView);
    list.key("Live painting", Command::Live);
    list.key("Live result beside or over the drawing", Command::LivePlace);
    let use_live = state.live_result().is_some().then_some(Action::Live(LiveAction::UseAsInput));
    list.own("Use the live result as input", Command::UseResult, use_live);
    let extend = state.canvas.has_picture().then_some(Action::Canvas(CanvasAction::ChooseTool(Tool::Extend)));
    list.own("Extend the canvas", Command::Tool(Tool::Extend), extend);
    list.line();
    list.key("New scribble layer", Command::NewLayer);
    list.key("Merge with the layer below", Command::MergeDown);
    list.key("Choose the layer above", Command::LayerAbove);
    list.key("Choose the layer below", Command::LayerBelow);
    list.key("Mask a polygon", Command::Tool(Tool::Polygon));
    list.key("Smaller brush", Command::BrushSmaller);
    list.key("Larger brush", Command::BrushLarger);
    list.key("Swap brush and eraser, or colours", Command::SwapTool);
}

fn view(list: &mut List<'_>) {
    let state = list.state;
    list.key("Prompt panel", Command::PromptPanel);
    list.key("Layers", Command::Layers);
    list.key("Gallery panel", Command::Gallery);
    let kept = !state.gallery.is_empty();
    let open = kept.then_some(Action::Gallery(GalleryAction::OpenView(None)));
    list.own("Gallery view", Command::GalleryView, open);
    let search = kept.then_some(Action::Gallery(GalleryAction::FocusSearch));
    list.own("Search the gallery", Command::FindPicture, search);
    list.key("Queue", Command::Queue);
    list.key("Both panels", Command::Panels);
    let can_compare = state.compare.is_open() || state.to_compare().len() > 1;
    let compare = can_compare.then(|| Action::Results(ResultsAction::Compare(state.to_compare())));
    list.own("Compare pictures", Command::Compare, compare);
    list.line();
    let has_picture = state.shown_picture().is_some();
    for (words, key, zoom) in [
        ("Fit", Command::ZoomFit, Zoom::Fit),
        ("100 %", Command::Zoom100, Zoom::To(1.0)),
        ("200 %", Command::Zoom200, Zoom::To(2.0)),
        ("400 %", Command::Zoom400, Zoom::To(4.0)),
        ("800 %", Command::Zoom800, Zoom::To(8.0)),
        ("Zoom in", Command::ZoomIn, Zoom::In),
        ("Zoom out", Command::ZoomOut, Zoom::Out),
    ] {
        list.own(words, key, has_picture.then_some(Action::Canvas(CanvasAction::Zoom(zoom))));
    }
    list.line();
    list.key("Picture before", Command::Previous);
    list.key("Picture after", Command::Next);
    list.line();
    for (words, theme) in
        [("Dark", ThemePreference::Dark), ("Light", ThemePreference::Light), ("As the system", ThemePreference::System)]
    {
        let action = Action::Window(WindowAction::SetTheme(theme));
        list.items.push(Item::Choice { words, holds: state.theme == theme, action });
    }
}

fn help(list: &mut List<'_>) {
    list.key("Keys…", Command::Keys);
    list.key("Manual", Command::Manual);
    list.key("Find an action…", Command::Palette);
    list.key("Get a photographic model…", Command::PhotographicModel);
    list.key("Show log", Command::Log);
    list.key("About Inkwick", Command::About);
}
