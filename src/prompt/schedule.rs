//! Prompts that change while a picture is drawn, as AUTOMATIC1111 reads them: `[from:to:when]`, `[to:when]`,
//! `[from::when]` and `[a|b]`, inside of each other and of weights.
//!
//! Brackets that are none of these, or are never closed, stay as they are: weights are read from the text that comes
//! out. Steps count from 1; `when` is the last step with the words before it.

use std::collections::{BTreeSet, HashSet};

/// A text and the last step that has it; the first one begins at step 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub last_step: usize,
    pub text: String,
}

/// Brackets further inside of each other than this are text.
const MOST_NESTED: usize = 100;

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Edit { before: Vec<Self>, after: Vec<Self>, when: When },
    Turns(Vec<Vec<Self>>),
}

/// When an edit takes place.
#[derive(Clone, Copy, Debug)]
struct When {
    number: f64,
    /// With a point it is a share of the steps, without one a step.
    is_share: bool,
}

impl When {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let starts = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        let number = text.parse::<f64>().ok().filter(|number| starts && number.is_finite())?;
        Some(Self { number, is_share: text.contains('.') })
    }

    /// The last step before the edit; below 1 the edit is there from the first step on.
    fn last_step(self, steps: usize) -> i64 {
        let step = if self.is_share { self.number * steps as f64 } else { self.number };
        (step as i64).min(steps as i64)
    }
}

/// The texts of a prompt over `steps` steps, at least one, the last with `last_step` equal to `steps`.
#[must_use]
pub fn stages(prompt: &str, steps: usize) -> Vec<Stage> {
    let steps = steps.max(1);
    let nodes = Parser::new(prompt).whole();
    let mut ends = BTreeSet::from([steps]);
    collect_ends(&nodes, steps, &mut ends);
    let stage = |last_step: usize| {
        let mut text = String::new();
        write_at(&nodes, last_step, steps, &mut text);
        Stage { last_step, text }
    };
    ends.into_iter().map(stage).collect()
}

/// The stage of a step, which counts from 1; the last one for all later steps.
#[must_use]
pub(crate) fn at_step(stages: &[Stage], step: usize) -> Option<&Stage> {
    stages.iter().find(|stage| step <= stage.last_step).or(stages.last())
}

/// What looks like an edit and is none, because what stands where its step should be is no number: `0,5` for one.
#[must_use]
pub(crate) fn odd_steps(prompt: &str) -> Vec<String> {
    let mut parser = Parser::new(prompt);
    parser.whole();
    parser.odd_steps
}

fn collect_ends(nodes: &[Node], steps: usize, ends: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Edit { before, after, when } => {
                ends.extend(usize::try_from(when.last_step(steps)).ok().filter(|step| *step >= 1));
                collect_ends(before, steps, ends);
                collect_ends(after, steps, ends);
            }
            Node::Turns(turns) => {
                ends.extend(1..=steps);
                for turn in turns {
                    collect_ends(turn, steps, ends);
                }
            }
        }
    }
}

fn write_at(nodes: &[Node], step: usize, steps: usize, text: &mut String) {
    for node in nodes {
        match node {
            Node::Text(words) => text.push_str(words),
            Node::Edit { before, after, when } => {
                let is_before = step as i64 <= when.last_step(steps);
                write_at(if is_before { before } else { after }, step, steps, text);
            }
            Node::Turns(turns) => write_at(&turns[(step - 1) % turns.len()], step, steps, text),
        }
    }
}

/// AUTOMATIC1111's grammar, read from the left. A place is a byte of the text.
struct Parser<'a> {
    text: &'a str,
    /// Brackets that open no group, so that each is tried once.
    failed: HashSet<usize>,
    depth: usize,
    odd_steps: Vec<String>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, failed: HashSet::new(), depth: 0, odd_steps: Vec::new() }
    }

    /// Outside of groups, brackets and signs are text.
    fn whole(&mut self) -> Vec<Node> {
        let (mut nodes, mut at) = (Vec::new(), 0);
        while at < self.text.len() {
            let (mut found, end) = self.sequence(at);
            nodes.append(&mut found);
            at = end;
            if let Some(next) = self.text[at..].chars().next() {
                nodes.push(Node::Text(next.into()));
                at += next.len_utf8();
            }
        }
        nodes
    }

    /// Groups and plain text, up to what is neither.
    fn sequence(&mut self, start: usize) -> (Vec<Node>, usize) {
        let (mut nodes, mut at) = (Vec::new(), start);
        while let Some(next) = self.text[at..].chars().next() {
            let found = match next {
                '[' | '(' => self.group(at),
                _ => self.plain(at).map(|end| (vec![Node::Text(self.text[at..end].to_owned())], end)),
            };
            let Some((mut found, end)) = found else { break };
            nodes.append(&mut found);
            at = end;
        }
        (nodes, at)
    }

    /// Where the plain text that begins here ends. A backslash takes the next character along.
    fn plain(&self, start: usize) -> Option<usize> {
        let mut characters = self.text[start..].char_indices();
        let mut end = start;
        while let Some((at, character)) = characters.next() {
            match character {
                '[' | ']' | '(' | ')' | ':' | '|' => break,
                '\\' => match characters.next() {
                    Some((at, escaped)) if escaped != '\n' => end = start + at + escaped.len_utf8(),
                    _ => break,
                },
                other => end = start + at + other.len_utf8(),
            }
        }
        (end > start).then_some(end)
    }

    fn group(&mut self, open: usize) -> Option<(Vec<Node>, usize)> {
        if self.depth == MOST_NESTED || self.failed.contains(&open) {
            return None;
        }
        self.depth += 1;
        let found = if self.text[open..].starts_with('(') { self.round(open) } else { self.square(open) };
        self.depth -= 1;
        if found.is_none() {
            self.failed.insert(open);
        }
        found
    }

    /// `(a)` and `(a:b)`: a weight, which stays text.
    fn round(&mut self, open: usize) -> Option<(Vec<Node>, usize)> {
        let mut nodes = vec![Node::Text("(".into())];
        let (mut inside, mut at) = self.sequence(open + 1);
        nodes.append(&mut inside);
        if self.text[at..].starts_with(':') {
            let (mut weight, end) = self.sequence(at + 1);
            nodes.push(Node::Text(":".into()));
            nodes.append(&mut weight);
            at = end;
        }
        nodes.push(Node::Text(")".into()));
        self.text[at..].starts_with(')').then_some((nodes, at + 1))
    }

    fn square(&mut self, open: usize) -> Option<(Vec<Node>, usize)> {
        let (first, mut at) = self.sequence(open + 1);
        let mut parts = vec![(0, first)];
        let mut signs = Vec::new();
        while let Some(sign) = self.text[at..].chars().next().filter(|sign| matches!(sign, ':' | '|')) {
            signs.push(sign);
            let start = at + 1;
            let (part, end) = self.sequence(start);
            parts.push((start, part));
            at = end;
        }
        if !self.text[at..].starts_with(']') {
            return None;
        }
        let end = at + 1;
        let only = |(_, nodes): (usize, Vec<Node>)| nodes;
        if signs.iter().all(|sign| *sign == '|') {
            let mut parts: Vec<Vec<Node>> = parts.into_iter().map(only).collect();
            if signs.is_empty() {
                let bracket = |text: &str| vec![Node::Text(text.into())];
                return Some(([bracket("["), parts.swap_remove(0), bracket("]")].concat(), end));
            }
            return Some((vec![Node::Turns(parts)], end));
        }
        // The last part is the step; a bar is text here.
        let (Some((start, _)), Some(':')) = (parts.pop(), signs.pop()) else { return None };
        let colons = signs.iter().filter(|sign| **sign == ':').count();
        let when = When::read(&self.text[start..at]);
        if when.is_none() && self.text[start..at].contains(|c: char| c.is_ascii_digit()) {
            self.odd_steps.push(self.text[open..end].to_owned());
        }
        let (when, true) = (when?, colons < 2) else { return None };
        let mut texts = vec![Vec::new()];
        for (index, part) in parts.into_iter().enumerate() {
            match index.checked_sub(1).map(|before| signs[before]) {
                Some(':') => texts.push(Vec::new()),
                Some(bar) => texts.last_mut()?.push(Node::Text(bar.into())),
                None => {}
            }
            texts.last_mut()?.append(&mut only(part));
        }
        let after = texts.pop()?;
        Some((vec![Node::Edit { before: texts.pop().unwrap_or_default(), after, when }], end))
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
