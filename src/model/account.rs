//! What was asked of a network's weights and not found: gathered, and said in one error.

use std::collections::BTreeMap;

use super::ModelError;
use super::weight_names::listed;

/// Numbers besides as many as the files hold.
const MOST_MADE_UP: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Account {
    /// Tensors that no layer has asked for yet, by the name that layers use, with their name in the file.
    pub untouched: BTreeMap<String, String>,
    pub missing: Vec<String>,
    pub misshapen: Vec<String>,
    /// Numbers that stand for what was missing or misshapen.
    made_up: usize,
    /// How many numbers the network has by now.
    pub read: usize,
}

impl Account {
    /// What is wrong with the weights of `what`, and `more`.
    pub(super) fn complaint(&self, what: &str, more: Option<String>) -> Option<ModelError> {
        let complaints: Vec<String> = [("missing", &self.missing), ("of another shape", &self.misshapen)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| listed(kind, names))
            .chain(more)
            .collect();
        let sentence = || ModelError::Misfit(format!("{}: {what}", complaints.join(", ")));
        (!complaints.is_empty()).then(sentence)
    }

    /// The same, what nobody has asked for included.
    pub(super) fn whole_complaint(&self, what: &str) -> Option<ModelError> {
        let left_over: Vec<&String> = self.untouched.values().collect();
        let more = (!left_over.is_empty()).then(|| listed("not in the config", &left_over));
        self.complaint(what, more)
    }

    /// So many numbers stand for what is missing, so that building goes on and everything that is wrong can be reported at
    /// once; until as much is made up as the files, which hold `numbers_total`, could ever have held.
    pub(super) fn make_up(&mut self, count: usize, numbers_total: usize, what: &str) -> Result<(), ModelError> {
        self.made_up += count;
        if self.made_up > numbers_total + MOST_MADE_UP
            && let Some(complaint) = self.complaint(what, None)
        {
            return Err(complaint);
        }
        Ok(())
    }
}
