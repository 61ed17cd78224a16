//! The prompts.

use clap::Args;

use super::values::one_of;
use crate::job::{PromptSyntax, Request};

#[derive(Debug, Args)]
#[command(next_help_heading = "Words")]
pub(crate) struct PromptArguments {
    #[allow(rustdoc::broken_intra_doc_links)] // Shown as help.
    /// What should be in the picture
    ///
    /// It may have (weights:1.2), [from:to:when], [this|that] by turns, parts joined by AND, {one|of}, __wildcard__ files
    /// and <lora:name:0.8>
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// What should not; "" is an empty negative prompt, leaving it out is none
    #[arg(long, value_name = "TEXT")]
    pub negative: Option<String>,
    /// Whether (brackets:1.2) and the other signs have their meaning or are text
    #[arg(long, value_name = "SYNTAX", default_value = "weighted", value_parser = one_of(&["weighted", "plain"], syntax_from_id))]
    pub prompt_syntax: PromptSyntax,
    /// Which of the text encoder's layers is read, from its end: 1 the last, 2 the one before [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=12))]
    pub clip_skip: Option<u32>,
}

impl PromptArguments {
    pub(crate) fn fill(&self, request: &mut Request) {
        request.prompt.clone_from(&self.prompt);
        request.negative.clone_from(&self.negative);
        request.prompt_syntax = self.prompt_syntax;
        request.clip_skip = self.clip_skip;
    }
}

fn syntax_from_id(id: &str) -> Option<PromptSyntax> {
    match id {
        "weighted" => Some(PromptSyntax::Weighted),
        "plain" => Some(PromptSyntax::Plain),
        _ => None,
    }
}
