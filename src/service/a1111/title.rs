//! Titles of models as AUTOMATIC1111 has them: a name, and perhaps a hash behind it.

/// `name.safetensors [6ce0161689]` without the hash.
pub(super) fn bare(title: &str) -> &str {
    let title = title.trim();
    match title.rsplit_once(" [") {
        Some((name, hash))
            if hash.ends_with(']') && hash[..hash.len() - 1].bytes().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => title,
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_title_is_a_name_and_perhaps_a_hash() {
        for (title, name) in [
            ("a.safetensors [6ce0161689]", "a.safetensors"),
            (" Built-in ", "Built-in"),
            ("a [v2]", "a [v2]"),
            ("a []", "a"),
            ("", ""),
            (" [", "["),
        ] {
            assert_eq!(bare(title), name, "{title}");
        }
    }
}
