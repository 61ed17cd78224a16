//! Asks a thread of its own, one question at a time: what takes a moment must not hold a frame up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Answers a question; called on a thread of its own.
pub(crate) type Answer<Q, A> = Arc<dyn Fn(&Q) -> A + Send + Sync>;

/// What changed while a question was answered is asked next.
pub(crate) struct Asker<Q, A> {
    questions: Option<Sender<Q>>,
    /// `None` for a question whose answer broke.
    answers: Receiver<Option<A>>,
    asked: Option<Q>,
    waiting_for_answer: bool,
}

impl<Q: Clone + Send + 'static, A: Send + 'static> Asker<Q, A> {
    /// Without someone who answers, or without a thread, it stays silent.
    #[must_use]
    pub(crate) fn start(thread: &str, answer: Option<Answer<Q, A>>, ctx: &egui::Context) -> Self {
        let (question_sender, questions) = bounded::<Q>(1);
        let (answer_sender, answers) = bounded(1);
        let ctx = ctx.clone();
        // Not joined: it only reads, and an answer that takes long must not hold the window's end up. Without the
        // questions' sender it ends by itself.
        let started = answer.map(|answer| {
            std::thread::Builder::new().name(thread.into()).spawn(move || {
                for question in questions {
                    let answered = catch_unwind(AssertUnwindSafe(|| answer(&question)));
                    if answered.is_err() {
                        tracing::error!("an answer ended in a panic");
                    }
                    if answer_sender.send(answered.ok()).is_err() {
                        return;
                    }
                    ctx.request_repaint();
                }
            })
        });
        let runs = matches!(started, Some(Ok(_)));
        Self { questions: runs.then_some(question_sender), answers, asked: None, waiting_for_answer: false }
    }

    /// The next question is asked although it may be the same.
    pub(crate) fn forget(&mut self) {
        self.asked = None;
    }

    /// Asks when the question is another than before, and gives an answer that has come.
    pub(crate) fn poll(&mut self, is_same: impl FnOnce(&Q) -> bool, question: impl FnOnce() -> Q) -> Option<A> {
        let answer = self.answers.try_recv().ok();
        self.waiting_for_answer &= answer.is_none();
        if let Some(questions) = &self.questions
            && !self.waiting_for_answer
            && !self.asked.as_ref().is_some_and(is_same)
        {
            let question = question();
            if questions.try_send(question.clone()).is_ok() {
                self.asked = Some(question);
                self.waiting_for_answer = true;
            }
        }
        answer.flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn after_a_panic_the_next_question_is_answered() {
        let answer: Answer<u32, u32> = Arc::new(|question| {
            assert_ne!(*question, 1, "as asked for");
            question * 2
        });
        let mut asker = Asker::start("asker test", Some(answer), &egui::Context::default());
        let mut ask = |question: u32| {
            let started = Instant::now();
            loop {
                if let Some(answer) = asker.poll(|asked| *asked == question, || question) {
                    return Some(answer);
                }
                if !asker.waiting_for_answer || started.elapsed() > Duration::from_secs(10) {
                    return None;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        assert_eq!(ask(1), None);
        assert_eq!(ask(21), Some(42));
    }
}
