//! `inkwick help`: a subcommand's options, a page of the manual, or what the program is made of and on which terms.

use std::process::ExitCode;

use clap::{Args, CommandFactory};

use super::Arguments;
use super::output::{explain, say};
use crate::manual::{Licences, PAGES, Page};

/// What shows the licences, in both spellings.
const LICENCES: [&str; 2] = ["licences", "licenses"];

#[derive(Debug, Args)]
pub(super) struct HelpArguments {
    /// A subcommand, or a page of the manual; without one, all are listed
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

pub(super) fn run(arguments: &HelpArguments) -> ExitCode {
    match text(&arguments.topic) {
        Ok(text) => {
            say(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            explain(&format!("error: {sentence}"));
            ExitCode::from(2)
        }
    }
}

fn text(topic: &[String]) -> Result<String, String> {
    let mut command = Arguments::command();
    command.build();
    if topic.is_empty() {
        let pages = PAGES.map(|page| format!("  {:14} {}\n", page.topic, page.title())).concat();
        let licences = format!("  {:14} Third-party licences\n", LICENCES[0]);
        return Ok(format!("{}\nManual (inkwick help TOPIC):\n{pages}{licences}", command.render_long_help()));
    }
    let found = topic.iter().try_fold(&command, |command, name| command.find_subcommand(name));
    if let Some(command) = found {
        return Ok(command.clone().render_long_help().to_string());
    }
    match topic {
        [topic] if LICENCES.iter().any(|name| topic.eq_ignore_ascii_case(name)) => Ok(Licences::shipped().whole()),
        [topic] if Page::find(topic).is_some() => Ok(Page::find(topic).map(Page::plain).unwrap_or_default()),
        _ => {
            let subcommands = command.get_subcommands().filter(|command| !command.is_hide_set());
            let names =
                subcommands.map(clap::Command::get_name).chain(PAGES.map(|page| page.topic)).chain([LICENCES[0]]);
            let names: Vec<&str> = names.collect();
            Err(format!("there is no help on {}; there is on {}", topic.join(" "), names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(topic: &[&str]) -> Result<String, String> {
        text(&topic.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// Each subcommand's help, short and long, at so many columns.
    fn rendered(columns: usize) -> Vec<(String, String)> {
        fn collect(command: &clap::Command, columns: usize, all: &mut Vec<(String, String)>) {
            let mut shown = command.clone().term_width(columns);
            for text in [shown.render_help(), shown.render_long_help()] {
                all.push((command.get_name().to_owned(), text.to_string()));
            }
            command.get_subcommands().for_each(|command| collect(command, columns, all));
        }
        let mut command = Arguments::command();
        command.build();
        let mut all = Vec::new();
        collect(&command, columns, &mut all);
        all
    }

    #[test]
    fn no_text_is_squeezed_beside_long_names() {
        const LEAST: usize = 20;
        for columns in [80, 100, 120] {
            for (name, text) in rendered(columns) {
                for line in text.lines() {
                    let begins = line.chars().take_while(|letter| *letter == ' ').count();
                    assert!(columns - begins >= LEAST, "{name} at {columns} columns: {line}");
                    // The line of how to call it is one piece.
                    let is_usage = line.contains("[OPTIONS]");
                    assert!(is_usage || line.chars().count() <= columns, "{name} at {columns} columns: {line}");
                }
            }
        }
    }

    #[test]
    fn the_long_help_of_keyed_options_has_a_line_for_each_key() {
        let long = help(&["generate"]).unwrap();
        for key in ["image=FILE: ", "weight=F: ", "encoder=FOLDER: ", "negative=TEXT: "] {
            assert!(long.lines().any(|line| line.trim_start().starts_with(key)), "{key}");
        }
    }

    #[test]
    fn each_option_of_generate_stands_under_its_heading() {
        let command = Arguments::command();
        let generate = command.find_subcommand("generate").unwrap();
        let heading = |option: &str| {
            let found = generate.get_arguments().find(|argument| argument.get_long() == Some(option));
            found.unwrap().get_help_heading().unwrap_or_default().to_owned()
        };
        for (option, wanted) in [
            ("prompt", "Words"),
            ("steps", "Drawing"),
            ("mask", "Starting from a picture"),
            ("control", "Steering by pictures and areas"),
            ("device", "Device and memory"),
            ("memory", "Device and memory"),
            ("out", "Output"),
            ("json", "Output"),
        ] {
            assert_eq!(heading(option), wanted, "{option}");
        }
    }

    #[test]
    fn subcommands_and_pages_are_found() {
        assert!(help(&["generate"]).unwrap().contains("--mask-blur"));
        assert!(help(&["models", "pull"]).unwrap().contains("OWNER/NAME"));
        assert!(help(&["masks"]).unwrap().starts_with("# Painting a mask"));
        for spelling in ["licences", "Licenses"] {
            let licences = help(&[spelling]).unwrap();
            assert!(licences.contains("\ncandle-core ") && licences.contains("Apache License"), "{spelling}");
        }
        let all = help(&[]).unwrap();
        assert!(all.contains("generate") && all.contains("first-picture") && all.contains("licences"));
        let wrong = help(&["unicorns"]).unwrap_err();
        assert!(wrong.contains("unicorns") && wrong.contains("generate") && wrong.contains("trouble"));
    }
}
