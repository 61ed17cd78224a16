//! What a person types into the gallery's search, and the question to `SQLite` that it becomes.
//!
//! Words, each of which must begin a word of the picture's prompt, model, LoRAs, sampler or file name; `"words in this
//! order"`; `-word` for pictures without it; and `seed:7`, `size:512x768`, `steps:20`, `date:2026-11`, `prompt:`,
//! `negative:`, `model:`, `lora:`, `sampler:`, `name:`.

use rusqlite::types::Value;

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
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for term in terms(text) {
            query.add(&term);
        }
        query
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty() && self.rows.is_empty()
    }

    /// The statement that selects paths, and its values.
    pub(super) fn sql(&self) -> (String, Vec<Value>) {
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        if !self.wanted.is_empty() {
            conditions.push("id IN (SELECT rowid FROM words WHERE words MATCH ?)".to_owned());
            values.push(Value::Text(self.wanted.join(" AND ")));
        }
        if !self.unwanted.is_empty() {
            conditions.push("id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)".to_owned());
            values.push(Value::Text(self.unwanted.join(" OR ")));
        }
        for (condition, of_row, is_unwanted) in &self.rows {
            conditions.push(if *is_unwanted {
                format!("NOT coalesce({condition}, 0)")
            } else {
                (*condition).to_owned()
            });
            values.extend(of_row.iter().cloned());
        }
        (format!("SELECT path FROM pictures WHERE {}", conditions.join(" AND ")), values)
    }

    fn add(&mut self, term: &Term) {
        let Term { is_unwanted, key, text, is_phrase } = term;
        let row = key.as_deref().and_then(|key| row_condition(key, text));
        if let Some((condition, values)) = row {
            self.rows.push((condition, values, *is_unwanted));
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
        let list = if *is_unwanted { &mut self.unwanted } else { &mut self.wanted };
        list.push(format!("{place} : {quoted}{ending}"));
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
        "date" => {
            let is_date = value.starts_with(|first: char| first.is_ascii_digit())
                && value.chars().all(|letter| letter.is_ascii_digit() || letter == '-');
            is_date.then(|| ("substr(day, 1, length(?)) = ?", vec![Value::Text(value.into()); 2]))
        }
        _ => None,
    }
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
        let query = Query::parse(text);
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
            assert!(Query::parse(text).is_empty(), "{text:?}: {:?}", Query::parse(text));
        }
    }

    #[test]
    fn rows_are_asked_for_their_values() {
        let (sql, values) = Query::parse("seed:7 -size:512×768 date:2026-11").sql();
        assert!(
            sql.ends_with("seed = ? AND NOT coalesce((width = ? AND height = ?), 0) AND substr(day, 1, length(?)) = ?")
        );
        assert_eq!(values.len(), 5);
    }
}
