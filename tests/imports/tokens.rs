//! Rust source as tokens: no comments, no white space, and on demand no test code.

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// Counted from 1.
    pub line: usize,
}

impl Token<'_> {
    /// A name or a keyword.
    pub(crate) fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Literal strings stay whole, with their quotes; `::` is one token, all other punctuation is single.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if next.is_whitespace() {
            next.len_utf8()
        } else {
            let length = token(rest);
            found.push(Token { text: rest[..length].trim_start_matches("r#"), line });
            length
        };
        line += rest[..length].matches('\n').count();
        at += length;
    }
    found
}

/// Block comments nest.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(0, char::len_utf8);
        }
        if depth == 0 || at == text.len() {
            return at;
        }
    }
}

fn token(text: &str) -> usize {
    if let Some(length) = string(text) {
        return length;
    }
    if text.starts_with("::") {
        return 2;
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let word = |text: &str| text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    if let Some(raw) = text.strip_prefix("r#").filter(|raw| raw.starts_with(is_part)) {
        return 2 + word(raw);
    }
    match text.chars().next() {
        Some('\'') => character(text).unwrap_or_else(|| 1 + word(&text[1..])),
        Some(first) if is_part(first) => word(text),
        other => other.map_or(0, char::len_utf8),
    }
}

/// A character in quotes; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = &text[1..];
    if inner.starts_with('\\') {
        let escaped = inner.char_indices().nth(1)?;
        let after = escaped.0 + escaped.1.len_utf8();
        return Some(1 + after + inner[after..].find('\'')? + 1);
    }
    let length = inner.chars().next()?.len_utf8();
    inner[length..].starts_with('\'').then_some(length + 2)
}

/// A string in any of its forms: plain, raw, of bytes, of C.
fn string(text: &str) -> Option<usize> {
    let marks = text.find(|letter| !matches!(letter, 'b' | 'c' | 'r'))?;
    if marks > 2 {
        return None;
    }
    let body = &text[marks..];
    if text[..marks].ends_with('r') {
        let hashes = body.find(|letter| letter != '#')?;
        let closing = format!("\"{}", &body[..hashes]);
        let inner = body[hashes..].strip_prefix('"')?;
        return Some(marks + hashes + 1 + inner.find(&closing)? + closing.len());
    }
    let inner = body.strip_prefix('"')?;
    let mut escaped = false;
    for (at, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(marks + 1 + at + 1),
            _ => {}
        }
    }
    None
}

/// What is compiled for more than tests: items, fields and statements under `#[cfg(test)]` are left out.
pub(crate) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_for_tests = texts(tokens, at, &["#", "[", "cfg", "(", "test", ")"])
            || texts(tokens, at, &["#", "[", "cfg", "(", "all", "(", "test"]);
        if is_for_tests {
            at = end_of_item(tokens, at);
        } else if texts(tokens, at, &["#", "!", "[", "cfg", "(", "test", ")"]) {
            return Vec::new(); // The whole file.
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

pub(crate) fn texts(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    tokens.len() >= at + wanted.len() && tokens[at..].iter().zip(wanted).all(|(token, text)| token.text == *text)
}

/// The place behind the bracket that closes the one at `at`.
pub(crate) fn end_of_group(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < tokens.len() {
        match tokens[at].text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// From an attribute to behind what it stands for.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    while texts(tokens, at, &["#", "["]) {
        at = end_of_group(tokens, at + 1);
    }
    let block_ends = ["fn", "mod", "struct", "enum", "union", "trait", "impl", "unsafe", "macro_rules"];
    let (mut ends_by_block, mut is_field) = (false, true);
    while at < tokens.len() {
        match tokens[at].text {
            "use" | "static" | "const" | "type" | "let" => is_field = false,
            name if block_ends.contains(&name) => (ends_by_block, is_field) = (true, false),
            ";" => return at + 1,
            "," if is_field => return at + 1,
            ")" | "]" | "}" => return at, // A last field without a comma.
            "{" if ends_by_block || is_field => return end_of_group(tokens, at),
            "(" | "[" | "{" => {
                at = end_of_group(tokens, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    at
}
