//! Schedules against AUTOMATIC1111's documented cases, and cases that its parser (lark's, run on these prompts) gave.

use super::*;

fn over(prompt: &str, steps: usize) -> Vec<(usize, String)> {
    stages(prompt, steps).into_iter().map(|stage| (stage.last_step, stage.text)).collect()
}

#[track_caller]
fn check(prompt: &str, wanted: &[(usize, &str)]) {
    let found = over(prompt, 10);
    let found: Vec<(usize, &str)> = found.iter().map(|(step, text)| (*step, text.as_str())).collect();
    assert_eq!(found, wanted, "{prompt}");
}

#[test]
fn edits_are_read_as_in_automatic1111() {
    check("test", &[(10, "test")]);
    check("a [b:3]", &[(3, "a "), (10, "a b")]);
    check("a [b: 3]", &[(3, "a "), (10, "a b")]);
    check("a [[[b]]:2]", &[(2, "a "), (10, "a [[b]]")]);
    check("[(a:2):3]", &[(3, ""), (10, "(a:2)")]);
    check("a [b : c : 1] d", &[(1, "a b  d"), (10, "a  c  d")]);
    check("a[b:[c:d:2]:1]e", &[(1, "abe"), (2, "ace"), (10, "ade")]);
    check("a [unbalanced", &[(10, "a [unbalanced")]);
    check("a [b:.5] c", &[(5, "a  c"), (10, "a b c")]);
    check("a [{b|d{:.5] c", &[(5, "a  c"), (10, "a {b|d{ c")]);
    check("((a][:b:c [d:3]", &[(3, "((a][:b:c "), (10, "((a][:b:c d")]);
}

#[test]
fn words_that_take_turns_change_at_every_step() {
    let turns = |prompt: &str| over(prompt, 10).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(turns("[a|(b:1.1)]"), ["a", "(b:1.1)"].repeat(5));
    assert_eq!(turns("[fe|]male"), ["female", "male"].repeat(5));
    let four = ["female", "male", "male", "male"];
    assert_eq!(turns("[fe|||]male"), [&four[..], &four[..], &four[..2]].concat());
    assert_eq!(turns("[a|[b|c]]")[..4], ["a", "c", "a", "c"]);
    assert_eq!(turns("[x:[a|b]:2]")[..5], ["x", "x", "a", "b", "a"]);
    assert_eq!(stages("[a|b]", 3).iter().map(|stage| stage.last_step).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_step_is_a_number_or_a_share() {
    check("[a:b:0]", &[(10, "b")]);
    check("[a:b:-2]", &[(10, "b")]);
    check("[a:b:0.01]", &[(10, "b")]);
    check("[a:b:10]", &[(10, "a")]);
    check("[a:b:99]", &[(10, "a")]);
    check("[a:b:1.0]", &[(10, "a")]);
    check("[a:b:1]", &[(1, "a"), (10, "b")]);
    check("[a:b:+3 ]", &[(3, "a"), (10, "b")]);
    check("[a:b:0.39]", &[(3, "a"), (10, "b")]);
    check("[a::4]x", &[(4, "ax"), (10, "x")]);
    check("[::4]x", &[(4, "x"), (10, "x")]);
    check("[:b:4]", &[(4, ""), (10, "b")]);
    check("[a:b:2][c:d:2][e:f:5]", &[(2, "ace"), (5, "bde"), (10, "bdf")]);
}

#[test]
fn what_is_no_edit_stays_text() {
    for prompt in [
        "[a]",
        "[[a]]",
        "[a:b]",
        "[a:b:c]",
        "[a:b:c:3]",
        "[a:b:0,5]",
        "[a:b:inf]",
        "[a:b:3",
        "a:b:3]",
        "(a:1.2), [b] | c \\",
        "[a:(b:c:1.2):3]",
        "\\[a:b:3\\]",
        "[a\\|b]",
    ] {
        check(prompt, &[(10, prompt)]);
    }
    assert_eq!(odd_steps("[a:b:0,5] [c:d] [e:f:3rd] [g:h:4]"), ["[a:b:0,5]", "[e:f:3rd]"]);
}

#[test]
fn brackets_without_end_take_no_long_time() {
    for sign in ["[", "(", "[a:", "([", "[a|"] {
        let prompt = sign.repeat(20_000);
        assert_eq!(over(&prompt, 3), [(3, prompt.clone())]);
    }
}
