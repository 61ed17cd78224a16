//! What of a prompt is read otherwise than it may be meant: sentences for a person, before the work starts.

use super::composable::{between, split};
use super::extra_tags::read_tags;
use super::parse::odd_weights;
use super::schedule::{at_step, odd_steps, stages};

/// Stands where a tag was.
const MARK: char = '\u{FFFC}';

/// What is remarkable about a prompt whose choices are made. LoRA tags have remarks of their own.
#[must_use]
pub fn remarks(prompt: &str) -> Vec<String> {
    let tags = read_tags(prompt);
    let mut found = tags.remarks;
    let parts = split(&tags.text);
    if let [(_, weight)] = parts[..]
        && (weight - 1.0).abs() > f32::EPSILON
    {
        found.push(format!("the number behind the colon at the prompt's end weighs the whole prompt {weight} times"));
    }
    if tags.loras.iter().any(|tag| tag.unet_weight != 0.0 || tag.text_weight != 0.0) && changes_tags(prompt) {
        found.push("LoRA tags hold for all steps, inside of [from:to:when] and [a|b] as well".to_owned());
    }
    found.extend(of_brackets(&tags.text));
    found
}

/// What is remarkable about a negative prompt.
#[must_use]
pub fn remarks_on_negative(prompt: &str) -> Vec<String> {
    remarks_on_words(prompt, "the negative prompt")
}

/// What is remarkable about a region's prompt.
#[must_use]
pub fn remarks_on_region(prompt: &str) -> Vec<String> {
    remarks_on_words(prompt, "a region's prompt")
}

fn remarks_on_words(prompt: &str, whose: &str) -> Vec<String> {
    let mut found = Vec::new();
    let tags = read_tags(prompt);
    if !tags.loras.is_empty() || !tags.remarks.is_empty() {
        found.push(format!("tags in {whose} are not read, they are words there; put them into the prompt"));
    }
    if between(prompt, "AND").len() > 1 {
        found.push(format!("AND parts the prompt only; in {whose} it is a word"));
    }
    found.extend(of_brackets(prompt));
    found
}

fn of_brackets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for number in odd_weights(text) {
        found
            .push(format!("“:{number})” is no weight, because {number} is no number such as 1.2: it is read as words"));
    }
    for edit in odd_steps(text) {
        found.push(format!("{edit} is read as words: behind its last colon stands no step such as 5 or 0.25"));
    }
    if text.contains('#') {
        found.push("what follows a # is read as words; AUTOMATIC1111 takes it for a comment".to_owned());
    }
    found
}

/// Whether a tag stands inside of brackets that change.
fn changes_tags(prompt: &str) -> bool {
    const STEPS: usize = 1000;
    let mut marked = String::new();
    let mut rest = prompt;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        marked.push_str(before);
        let end = from.find('>').filter(|end| !read_tags(&from[..=*end]).loras.is_empty());
        if let Some(end) = end {
            marked.push(MARK);
            rest = &from[end + 1..];
        } else {
            marked.push('<');
            rest = &from[1..];
        }
    }
    marked.push_str(rest);
    let stages = stages(&marked, STEPS);
    let count = |text: &str| text.matches(MARK).count();
    let all = count(&marked);
    [1, 2, STEPS].iter().filter_map(|step| at_step(&stages, *step)).any(|stage| count(&stage.text) != all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_it_seems_is_reported_once() {
        for (prompt, said) in [
            ("<hypernet:x:1> a", "<hypernet:…> is not known"),
            ("a photo at 12:30", "weighs the whole prompt 30 times"),
            ("(a:1,2)", "1,2 is no number"),
            ("[a:b:0,5]", "[a:b:0,5] is read as words"),
            ("a\n# b", "comment"),
            ("[<lora:x:1>a:b:5]", "all steps"),
            ("[a|<lora:x:1>]", "all steps"),
        ] {
            let found = remarks(prompt);
            assert_eq!(found.len(), 1, "{prompt}: {found:?}");
            assert!(found[0].contains(said), "{prompt}: {found:?}");
        }
        for (prompt, said) in [("<lora:x:1> a", "tags in the negative"), ("a AND b", "AND parts"), ("(a:1e2)", "1e2")] {
            let found = remarks_on_negative(prompt);
            assert_eq!(found.len(), 1, "{prompt}: {found:?}");
            assert!(found[0].contains(said), "{prompt}: {found:?}");
        }
    }

    #[test]
    fn what_is_read_as_written_has_no_remark() {
        for prompt in ["a (b:1.2) [c] [d:e:0.5] [f|g] :x", "a :0.5 AND b :-1", "<lora:x:0:1> a < b > c", "[a:b] {c|d}"]
        {
            assert_eq!(remarks(prompt), Vec::<String>::new(), "{prompt}");
        }
    }
}
