//! Counts the prompt's tokens on a thread of its own: a tokenizer is read from disk the first time.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::job::ModelRef;
use crate::prompt::WindowWords;

/// The tokens of a prompt, window by window.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenCount {
    pub windows: Vec<WindowWords>,
    /// Tokens that one window takes.
    pub room: usize,
}

impl TokenCount {
    /// "12 of 75", or "88 in 2 windows".
    #[must_use]
    pub fn words(&self) -> String {
        let used: usize = self.windows.iter().map(|window| window.tokens).sum();
        match self.windows.len() {
            ..=1 => format!("{used} of {}", self.room),
            count => format!("{used} in {count} windows"),
        }
    }

    /// Where each further window begins, a line for each.
    #[must_use]
    pub fn boundaries(&self) -> String {
        let line = |(index, window): (usize, &WindowWords)| {
            format!("Window {}: {} of {}, from “{}…”", index + 1, window.tokens, self.room, window.begins)
        };
        self.windows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Counts a prompt's tokens as the model reads them; `None` when its tokenizer cannot be had or takes no more. May take its time: it is called on a thread of its own.
pub type CountTokens = Arc<dyn Fn(&ModelRef, &str) -> Option<TokenCount> + Send + Sync>;

/// What was counted last.
#[derive(Clone, Debug, PartialEq)]
struct Question {
    model: ModelRef,
    prompt: String,
}

/// Asks at most one question at a time; a prompt typed meanwhile is asked next.
pub struct TokenCounter {
    questions: Option<Sender<Question>>,
    answers: Receiver<Option<TokenCount>>,
    asked: Option<Question>,
    waiting_for_answer: bool,
}

impl TokenCounter {
    /// Without a closure, or without a thread, the counter stays silent.
    #[must_use]
    pub fn start(count: Option<CountTokens>, ctx: &egui::Context) -> Self {
        let (question_sender, questions) = bounded::<Question>(1);
        let (answer_sender, answers) = bounded(1);
        let ctx = ctx.clone();
        let started = count.map(|count| {
            std::thread::Builder::new().name("inkwick-tokens".into()).spawn(move || {
                for question in questions {
                    if answer_sender.send(count(&question.model, &question.prompt)).is_err() {
                        return;
                    }
                    ctx.request_repaint();
                }
            })
        });
        let runs = matches!(started, Some(Ok(_)));
        Self { questions: runs.then_some(question_sender), answers, asked: None, waiting_for_answer: false }
    }

    /// Asks when the prompt has changed, and writes an answer that has come into `count`.
    pub fn poll(&mut self, model: &ModelRef, prompt: &str, count: &mut Option<TokenCount>) {
        let answer = self.answers.try_recv().ok();
        self.waiting_for_answer &= answer.is_none();
        let is_new = self.asked.as_ref().is_none_or(|asked| asked.model != *model || asked.prompt != prompt);
        if let Some(questions) = &self.questions
            && is_new
            && !self.waiting_for_answer
        {
            let question = Question { model: model.clone(), prompt: prompt.to_owned() };
            if questions.try_send(question.clone()).is_ok() {
                self.asked = Some(question);
                self.waiting_for_answer = true;
            }
        }
        if let Some(answer) = answer {
            *count = answer;
        }
    }
}
