//! The command line: a contract that other programs build on. One file a subcommand.

mod arguments;
mod backend;
mod cards;
mod cuda_program;
mod doctor;
mod generate;
mod help;
mod inspect_picture;
mod job_runs;
#[cfg(feature = "serve")]
mod machines;
#[cfg(feature = "serve")]
mod mcp;
mod models;
#[cfg(feature = "nats")]
mod node;
mod nvidia_smi;
mod output;
mod pages;
mod preprocess;
mod report;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_values;
#[cfg(feature = "serve")]
mod service;
mod settings;
#[cfg(feature = "serve")]
mod share;
mod upscale;
mod window;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::store::paths::Paths;
use crate::system::log;
use generate::GenerateArguments;

/// A native desktop studio for Stable Diffusion.
///
/// Without a subcommand the window opens.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Pictures for the canvas and model folders for the library, opened in the window
    #[arg(value_name = "IMAGE|MODEL")]
    open: Vec<PathBuf>,
    /// Opens another window although there is one
    #[arg(long)]
    new_window: bool,
    /// Says more on standard error and in the log: -v, -vv or -vvv
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a picture and write it to a file
    Generate(Box<GenerateArguments>),
    /// Make a picture larger by a network made for that
    Upscale(upscale::UpscaleArguments),
    /// Make a picture that steers of another one: edges, strokes, blur
    Preprocess(Box<preprocess::PreprocessArguments>),
    /// List models, look into files, fetch models, take them away
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Let other programs make pictures here, over HTTP
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArguments>),
    /// Give the programs of language models tools that make pictures, over standard input and output
    #[cfg(feature = "serve")]
    Mcp(mcp::McpArguments),
    /// Show what this machine and this build have: devices, number formats, memory, folders
    Doctor,
    /// Show a subcommand's options, or a page of the manual
    Help(help::HelpArguments),
    /// Write manual pages and completions, as packages want them
    #[command(hide = true)]
    Pages(pages::PagesArguments),
}

/// Arguments and logging, then the window or a subcommand; by the program for NVIDIA's cards where that can run.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let file = Paths::of_this_machine().ok().map(|paths| paths.log_file());
    log::start(file.as_deref(), arguments.verbose);
    cuda_program::take_over().unwrap_or_else(|| arguments.run())
}

impl Arguments {
    /// Runs the subcommand, or the window where there is none.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.command {
            Some(command) => command.run(),
            None => window::run(&self.open, self.new_window),
        }
    }
}

impl Command {
    /// Runs to the end. 0: done, 1: failed with a sentence, 130: cancelled. (2, usage, is given by the parser.)
    fn run(self) -> ExitCode {
        let is_answer = !matches!(self, Self::Generate(_) | Self::Upscale(_));
        let code = match self {
            Self::Generate(arguments) => generate::run(&arguments),
            Self::Upscale(arguments) => upscale::run(&arguments),
            Self::Preprocess(arguments) => preprocess::run(&arguments),
            Self::Models(command) => models::run(&command),
            #[cfg(feature = "serve")]
            Self::Serve(arguments) => serve::run(&arguments),
            #[cfg(feature = "serve")]
            Self::Mcp(arguments) => mcp::run(&arguments),
            Self::Doctor => doctor::run(),
            Self::Help(arguments) => help::run(&arguments),
            Self::Pages(arguments) => pages::run(&arguments),
        };
        // A picture is written to its own file; other subcommands are their answer.
        match output::lost() {
            Some(sentence) => {
                output::explain(&format!("inkwick: {sentence}"));
                if is_answer { ExitCode::FAILURE } else { code }
            }
            None => code,
        }
    }
}
