//! What a person types into the gallery's search, and the question to `SQLite` that it becomes.
//!
//! Words, each of which must begin a word of the picture's prompt, model, LoRAs, sampler or file name; `"words in this
//! order"`; `-word` for pictures without it; and `seed:7`, `size:512x768`, `steps:20`, `date:2026-11`, `after:2026-11-22`,
//! `before:2026-12`, `prompt:`, `negative:`, `model:`, `lora:`, `sampler:`, `name:`, `tag:`, `collection:`. A word without a
//! key finds tags and collections as well.

use rusqlite::types::Value;

use crate::store::pictures::labels::{LabelKind, Labels};

/// The columns of the full-text index that can be named.
const COLUMNS: [&str; 6] = ["prompt", "negative", "model", "lora", "sampler", "name"];
/// Where a word without a key is looked for. What was not wanted in a picture is no reason to find it.
const EVERYWHERE: &str = "{prompt model lora sampler name}";

#[derive(Debug, Default, PartialEq)]
pub(super) struct Query {
    /// In the full-text index's language, all of which must fit.
    wanted: Vec<String>,
    /// None of which may fit.
    unwanted: Vec<String>,
    /// Conditions on the row, with their values and whether they are turned round.
    rows: Vec<(&'static str, Vec<Value>, bool)>,
    /// The pictures of labels.
    labelled: Vec<Labelled>,
}

/// What a term asks of labels.
#[derive(Debug, PartialEq)]
struct Labelled {
    /// As JSON.
    keys: String,
    /// Pictures fit too whose words fit this.
    or_words: Option<String>,
    is_unwanted: bool,
}

impl Query {
    pub(super) fn parse(text: &str, labels: &Labels) -> Self {
        let mut query = Self::default();
        for term in terms(text) {
            query.add(&term, labels);
        }
        query
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty() && self.rows.is_empty() && self.labelled.is_empty()
    }

    /// The statement that selects the pictures' keys, and its values.
    pub(super) fn sql(&self) -> (String, Vec<Value>) {
        const FITS: &str = "id IN (SELECT rowid FROM words WHERE words MATCH ?)";
        let mut values = Vec::new();
        let words_alone = self.unwanted.is_empty() && self.rows.is_empty() && self.labelled.is_empty();
        if words_alone && !self.wanted.is_empty() {
            // One pass through both tables, where the general question would gather all rows first.
            values.push(Value::Text(self.wanted.join(" AND ")));
            let sql = "SELECT key FROM words JOIN keys ON keys.id = words.rowid WHERE words MATCH ?";
            return (sql.to_owned(), values);
        }
        let mut conditions = Vec::new();
        if !self.wanted.is_empty() {
            conditions.push(FITS.to_owned());
            values.push(Value::Text(self.wanted.join(" AND ")));
        }
        if !self.unwanted.is_empty() {
            conditions.push(format!("NOT {FITS}"));
            values.push(Value::Text(self.unwanted.join(" OR ")));
        }
        for Labelled { keys, or_words, is_unwanted } in &self.labelled {
            let turned = if *is_unwanted { "NOT " } else { "" };
            let or_fits = or_words.as_ref().map(|_| format!(" OR {FITS}")).unwrap_or_default();
            conditions.push(format!("{turned}(key IN (SELECT value FROM json_each(?)){or_fits})"));
            values.push(Value::Text(keys.clone()));
            values.extend(or_words.clone().map(Value::Text));
        }
        for (condition, of_row, is_unwanted) in &self.rows {
            conditions.push(if *is_unwanted {
                format!("NOT coalesce({condition}, 0)")
            } else {
                (*condition).to_owned()
            });
            values.extend(of_row.iter().cloned());
        }
        let rows = if self.rows.is_empty() { "" } else { " JOIN pictures USING (id)" };
        (format!("SELECT key FROM keys{rows} WHERE {}", conditions.join(" AND ")), values)
    }

    fn add(&mut self, term: &Term, labels: &Labels) {
        let Term { is_unwanted, key, text, is_phrase } = term;
        let is_unwanted = *is_unwanted;
        let row = key.as_deref().and_then(|key| row_condition(key, text));
        if let Some((condition, values)) = row {
            self.rows.push((condition, values, is_unwanted));
            return;
        }
        if let Some(kind) = key.as_deref().and_then(LabelKind::of_key) {
            // Of a key that is still without a word nothing is wanted yet.
            if !text.is_empty() {
                let keys = labels.keys_json(kind, text, *is_phrase);
                self.labelled.push(Labelled { keys, or_words: None, is_unwanted });
            }
            return;
        }
        let column = key.as_deref().and_then(|key| COLUMNS.into_iter().find(|column| column.eq_ignore_ascii_case(key)));
        // A key that is none belongs to the word: "re:zero".
        let text = match (column, key) {
            (None, Some(key)) => &format!("{key}:{text}"),
            _ => text,
        };
        // A text of signs alone has no word that could be found.
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let quoted = format!("\"{}\"", text.replace('"', "\"\""));
        let ending = if *is_phrase { "" } else { "*" };
        let place = column.unwrap_or(EVERYWHERE);
        let words = format!("{place} : {quoted}{ending}");
        if column.is_none()
            && let Some(keys) = labels.any_keys_json(text, *is_phrase)
        {
            self.labelled.push(Labelled { keys, or_words: Some(words), is_unwanted });
            return;
        }
        let list = if is_unwanted { &mut self.unwanted } else { &mut self.wanted };
        list.push(words);
    }
}

/// What stands in the row itself; `None` where the value is none of its kind, so that it is looked for as a word.
fn row_condition(key: &str, value: &str) -> Option<(&'static str, Vec<Value>)> {
    match key.to_lowercase().as_str() {
        "seed" => {
            let seed: u64 = value.parse().ok()?;
            Some(("seed = ?", vec![Value::Text(seed.to_string())]))
        }
        "steps" => Some(("steps = ?", vec![Value::Integer(value.parse::<u32>().ok()?.into())])),
        "size" => {
            let (width, height) = value.split_once(['x', 'X', '×'])?;
            let [width, height] = [width, height].map(|side| side.parse::<u32>().ok());
            Some(("(width = ? AND height = ?)", vec![Value::Integer(width?.into()), Value::Integer(height?.into())]))
        }
        "date" if is_date(value) => Some(("substr(day, 1, length(?)) = ?", vec![Value::Text(value.into()); 2])),
        "after" if is_date(value) => Some(("day >= ?", vec![Value::Text(value.into())])),
        "before" if is_date(value) => Some(("day < ?", vec![Value::Text(value.into())])),
        _ => None,
    }
}

/// A year, with a month or a day behind it, or the beginning of that.
fn is_date(value: &str) -> bool {
    value.starts_with(|first: char| first.is_ascii_digit())
        && value.chars().all(|letter| letter.is_ascii_digit() || letter == '-')
}

#[derive(Debug, Default, PartialEq)]
struct Term {
    is_unwanted: bool,
    key: Option<String>,
    text: String,
    is_phrase: bool,
}

/// `-key:"several words"` is one term; a quote that is never closed goes on to the end.
fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(&first) = letters.peek() {
        if first.is_whitespace() {
            letters.next();
            continue;
        }
        let mut term = Term::default();
        if first == '-' {
            term.is_unwanted = true;
            letters.next();
        }
        while let Some(&letter) = letters.peek() {
            match letter {
                '"' if term.text.is_empty() => {
                    letters.next();
                    term.is_phrase = true;
                    term.text = letters.by_ref().take_while(|letter| *letter != '"').collect();
                    break;
                }
                ':' if term.key.is_none() && !term.text.is_empty() => term.key = Some(std::mem::take(&mut term.text)),
                letter if letter.is_whitespace() => break,
                letter => term.text.push(letter),
            }
            letters.next();
        }
        terms.push(term);
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fulltext(text: &str) -> (Vec<String>, Vec<String>) {
        let query = Query::parse(text, &Labels::default());
        (query.wanted, query.unwanted)
    }

    #[test]
    fn words_phrases_and_what_is_not_wanted() {
        let everywhere = |text: &str| format!("{EVERYWHERE} : {text}");
        assert_eq!(fulltext(" red  fox"), (vec![everywhere("\"red\"*"), everywhere("\"fox\"*")], Vec::new()));
        assert_eq!(fulltext("\"red fox\" -dog"), (vec![everywhere("\"red fox\"")], vec![everywhere("\"dog\"*")]));
        assert_eq!(fulltext("model:\"dream shaper\""), (vec!["model : \"dream shaper\"".into()], Vec::new()));
        assert_eq!(fulltext("-lora:ink").1, ["lora : \"ink\"*"]);
        // A key that is none, and a value that is none of its key's.
        assert_eq!(fulltext("re:zero").0, [everywhere("\"re:zero\"*")]);
        assert_eq!(fulltext("seed:lucky").0, [everywhere("\"seed:lucky\"*")]);
        assert_eq!(fulltext("\"never closed").0, [everywhere("\"never closed\"")]);
    }

    #[test]
    fn signs_alone_say_nothing() {
        for text in ["", "  ", "-", "\"\"", "((", "- -", ":", "-\"", "*"] {
            let query = Query::parse(text, &Labels::default());
            assert!(query.is_empty(), "{text:?}: {query:?}");
        }
    }

    #[test]
    fn rows_are_asked_for_their_values() {
        let (sql, values) = Query::parse("seed:7 -size:512×768 date:2026-11", &Labels::default()).sql();
        assert!(
            sql.ends_with("seed = ? AND NOT coalesce((width = ? AND height = ?), 0) AND substr(day, 1, length(?)) = ?")
        );
        assert_eq!(values.len(), 5);
    }
}
