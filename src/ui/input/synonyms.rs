//! What people of the field call the commands otherwise: the palette finds them by these words, too.

use super::shortcuts::Command;
use crate::canvas::tools::Tool;
use crate::ui::action::MaskStep;

/// Words that do not stand in the command's name.
pub(crate) fn synonyms(command: Command) -> &'static str {
    use Command as C;
    match command {
        C::Generate => "render make draw create image txt2img img2img inpaint run start",
        C::GenerateInFront => "priority next first queue",
        C::Forever => "loop endless infinite continuous repeat",
        C::Prompt => "positive text words",
        C::OlderPrompt | C::NewerPrompt => "history previous recall",
        C::MoreWeight => "emphasis attention stronger increase",
        C::LessWeight => "emphasis attention weaker decrease",
        C::Cancel => "stop interrupt abort",
        C::CancelAll => "stop interrupt abort clear queue",
        C::Accept => "keep apply use result",
        C::SetAside => "discard reject dismiss hide",
        C::Compare => "side by side difference slider before after ab",
        C::Steps => "branch resume intermediate latents denoising",
        C::DecodeAgain => "vae latents",
        C::Grid => "xyz plot matrix sweep parameters seeds cfg samplers compare",
        C::Trash => "delete remove erase bin",
        C::Star => "favourite favorite like rate bookmark",
        C::NewCanvas => "clear reset close document empty",
        C::BlankCanvas => "sketch paint blank empty",
        C::OpenPicture | C::OpenByPath => "load import image photo file init img2img",
        C::Models => "checkpoints library lora vae embeddings browser manager",
        C::LoadMask => "import open inpaint alpha",
        C::SaveMask => "export inpaint alpha",
        C::AddModel => "checkpoint folder path import install",
        C::SaveAs => "export download image file",
        C::OpenProject => "load file document",
        C::SaveProject | C::SaveProjectAs => "file document store",
        C::Copy | C::CopyFile => "clipboard image",
        C::Undo => "back revert history",
        C::Redo => "again repeat history",
        C::Tool(tool) => of_tool(tool),
        C::SwapTool => "foreground background exchange toggle",
        C::BrushSmaller => "size decrease diameter",
        C::BrushLarger => "size increase diameter",
        C::Mask(step) => of_mask(step),
        C::ToggleMask => "visibility overlay inpaint",
        C::ToggleModelView => "preview control inpaint input crop",
        C::Live => "realtime real-time interactive sketch",
        C::LivePlace => "realtime split overlay",
        C::UseResult => "img2img inpaint send to canvas edit",
        C::Upscale => "enlarge esrgan super resolution hires bigger larger",
        C::ZoomFit => "view whole window",
        C::Zoom100 => "view actual pixels size",
        C::Layers => "panel controlnet regions references",
        C::NewLayer => "controlnet control sketch drawing",
        C::LayerEye => "visibility hide show",
        C::DuplicateLayer => "copy clone",
        C::MergeDown => "flatten combine",
        C::PlaceLayer => "transform resize rotate free",
        C::Panels => "fullscreen focus mode distraction",
        C::PromptPanel => "sidebar left parameters settings",
        C::Gallery => "sidebar right history images outputs",
        C::GalleryView => "history images outputs browser png info metadata",
        C::FindPicture => "filter history image",
        C::UseSettings => "recall parameters png info metadata reuse remix",
        C::Tag | C::Collect => "label album folder organise organize category",
        C::Export => "save download convert jpeg webp",
        C::Info => "metadata png info parameters",
        C::Queue => "jobs batch waiting list",
        C::PauseQueue => "jobs hold resume stop",
        C::Settings => "preferences options configuration",
        C::Share => "server network remote api serve",
        C::DownloadModel => "hugging face hub checkpoint fetch get install",
        C::PicturesFolder => "outputs explorer finder directory images",
        C::PhotographicModel => "realistic checkpoint download sd sdxl",
        C::Log => "debug errors console",
        C::Manual => "help documentation guide tutorial",
        C::About => "version licences licenses credits",
        C::Keys => "keyboard shortcuts hotkeys help bindings",
        C::Quit => "exit close",
        C::Previous
        | C::Next
        | C::Zoom200
        | C::Zoom400
        | C::Zoom800
        | C::ZoomIn
        | C::ZoomOut
        | C::LayerAbove
        | C::LayerBelow
        | C::LayerUp
        | C::LayerDown
        | C::LayerLock
        | C::RenameLayer
        | C::RowUp
        | C::RowDown
        | C::ExtendLeft
        | C::ExtendRight
        | C::ExtendUp
        | C::ExtendDown
        | C::SelectPicture
        | C::SelectAll
        | C::Palette => "",
    }
}

fn of_tool(tool: Tool) -> &'static str {
    match tool {
        Tool::Hand => "pan drag scroll",
        Tool::Brush => "inpaint paint",
        Tool::Eraser => "inpaint unmask remove",
        Tool::Lasso | Tool::Polygon | Tool::Rectangle => "inpaint select marquee freehand",
        Tool::Bucket => "inpaint fill",
        Tool::Select => "segment anything sam magic wand object automatic mask",
        Tool::Colour => "paint sketch color draw img2img eyedropper picker",
        Tool::Extend => "outpaint outpainting uncrop expand enlarge border",
    }
}

fn of_mask(step: MaskStep) -> &'static str {
    match step {
        MaskStep::Invert => "inverse swap reverse inpaint",
        MaskStep::Clear => "delete remove deselect none inpaint",
        MaskStep::All => "select whole fill inpaint",
        MaskStep::Grow => "expand dilate larger inpaint",
        MaskStep::Shrink => "contract erode smaller inpaint",
        MaskStep::Feather => "soften soft feather inpaint",
    }
}
