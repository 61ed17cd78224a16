//! Small made-up crates: what the resolver must find in them, and what it must not.

use std::collections::BTreeMap;

use super::{Graph, Imports, circles, described};

fn imports(files: &[(&str, &str)]) -> Imports {
    let files: BTreeMap<_, _> = files.iter().map(|(place, text)| ((*place).to_owned(), (*text).to_owned())).collect();
    Imports::of(&files)
}

/// `a -> b` for each connection.
fn edges(graph: &Graph) -> Vec<String> {
    let pairs = graph.iter().flat_map(|(from, targets)| targets.keys().map(move |to| (from, to)));
    pairs.map(|(from, to)| format!("{} -> {}", from.join("/"), to.join("/"))).collect()
}

fn edges_between_files(files: &[(&str, &str)]) -> Vec<String> {
    edges(&imports(files).between_files())
}

fn circles_of_files(files: &[(&str, &str)]) -> Vec<String> {
    let graph = imports(files).between_files();
    let members = |circle: &std::collections::BTreeSet<super::Path>| {
        circle.iter().map(|path| path.join("/")).collect::<Vec<_>>().join(" ")
    };
    circles(&graph).iter().map(members).collect()
}

const TWO: &str = "mod a; mod b;";

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    let files = [("lib.rs", TWO), ("a.rs", "use crate::b::B;"), ("b.rs", "use super::a::A;")];
    assert_eq!(circles_of_files(&files), ["a b"]);
    let graph = imports(&files).between_files();
    let words = described(&graph, &circles(&graph)[0]);
    assert!(words.contains("a names b (line 1: crate::b::B)"), "{words}");
}

#[test]
fn a_line_of_imports_is_no_circle() {
    let files = [("lib.rs", "mod a; mod b; mod c;"), ("a.rs", "use crate::b::B; use crate::c::C;")];
    let rest = [("b.rs", "use crate::c::C;"), ("c.rs", "")];
    assert!(circles_of_files(&[&files[..], &rest].concat()).is_empty());
}

#[test]
fn nested_groups_are_taken_apart() {
    let a = "use crate::{b::{self, inner::{Deep, Deeper as D}}, c::C, d};";
    let rest = [("b/mod.rs", "pub mod inner;"), ("b/inner.rs", ""), ("c.rs", ""), ("d.rs", "")];
    let files = [&[("lib.rs", "mod a; mod b; mod c; mod d;"), ("a.rs", a)], &rest[..]].concat();
    assert_eq!(edges_between_files(&files), ["a -> b", "a -> b/inner", "a -> c", "a -> d"]);
}

#[test]
fn a_name_counts_where_it_is_defined_whoever_hands_it_on() {
    let hub = "mod first; mod second; pub use first::First; pub use self::second::Second as Renamed;";
    let files = [
        ("lib.rs", "mod hub; mod user; mod other;"),
        ("hub/mod.rs", hub),
        ("hub/first.rs", ""),
        ("hub/second.rs", "use crate::user::User;"),
        ("user.rs", "use crate::other::Twice;"),
        ("other.rs", "pub use crate::hub::Renamed as Twice;"),
    ];
    // `other` hands on what `hub` hands on: the name is `second`'s, so `user` depends on it.
    let wanted =
        ["hub -> hub/first", "hub -> hub/second", "hub/second -> user", "other -> hub/second", "user -> hub/second"];
    assert_eq!(edges_between_files(&files), wanted);
    assert_eq!(circles_of_files(&files), ["hub/second user"]);
}

#[test]
fn a_whole_module_that_is_handed_on_is_walked_through() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::deep::inner::Thing;"),
        ("b.rs", "pub use crate::c as deep;"),
        ("c/mod.rs", "pub mod inner;"),
        ("c/inner.rs", ""),
    ];
    assert_eq!(edges_between_files(&files), ["a -> c/inner", "b -> c"]);
}

#[test]
fn paths_in_code_count() {
    let a = "use crate::c; fn f() -> crate::b::B { c::inner::call::<super::d::D>(); <super::e::E as X>::new() }";
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
        ("a.rs", a),
        ("b.rs", ""),
        ("c/mod.rs", "mod inner; fn f() { inner::f() }"),
        ("c/inner.rs", ""),
        ("d.rs", ""),
        ("e.rs", ""),
    ];
    assert_eq!(edges_between_files(&files), ["a -> b", "a -> c", "a -> c/inner", "a -> d", "a -> e", "c -> c/inner"]);
}

#[test]
fn supers_climb_out_of_folders_and_inline_modules() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod x;"),
        (
            "a/x.rs",
            "use super::super::b::B; mod inline { use super::super::super::b; pub(super) fn f() {} } use self::inline::f;",
        ),
        ("b.rs", "mod inner { pub use super::super::a::x::f; } fn g() { inner::f() }"),
    ];
    assert_eq!(edges_between_files(&files), ["a/x -> b", "b -> a/x"]);
    assert_eq!(circles_of_files(&files), ["a/x b"]);
}

#[test]
fn a_folders_own_mod_is_common_ground() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod x; mod y; pub struct Common; pub fn f() { x::f(); }"),
        ("a/x.rs", "use super::Common; fn f() { crate::a::f() }"),
        ("a/y.rs", ""),
        ("b.rs", "use crate::a::Common;"),
    ];
    assert_eq!(edges_between_files(&files), ["a -> a/x", "b -> a"]);
}

#[test]
fn what_only_tests_take_does_not_count() {
    let a = "
        #[cfg(test)] use crate::b::One;
        #[cfg(all(test, unix))] fn helper<T, U>(t: T, u: [U; 2]) -> crate::b::Two { crate::b::two() }
        struct S { #[cfg(test)] seen: crate::b::Three, kept: crate::c::C }
        #[cfg(test)] #[path = \"a_tests.rs\"] mod tests;
        #[cfg(test)] mod more { use crate::b::Four; mod deeper { use crate::b::Five; } }
        use crate::d::D;";
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; #[cfg(test)] mod e;"),
        ("a.rs", a),
        ("a_tests.rs", "use crate::b::B;"),
        ("b.rs", ""),
        ("c.rs", ""),
        ("d.rs", "#![cfg(test)] use crate::a::A;"),
        ("e.rs", "use crate::a::A;"),
    ];
    assert_eq!(edges_between_files(&files), ["a -> c", "a -> d"]);
}

#[test]
fn comments_strings_and_other_crates_do_not_count() {
    let a = r##"
        //! use crate::b::B;
        /* use crate::b::B; /* nested */ crate::b::B */
        use std::b::B; use ::b::B; use serde::{b, Serialize as b2};
        const S: &[&str] = &["crate::b::B", r#"a " crate::b::B"#, "\" crate::b::B"];
        const C: [char; 3] = ['"', '\'', '\u{22}']; fn f<'a>(b: &'a u8) -> u8 { b.crate_b + ::b::B }
        use crate::c::r#type;"##;
    let files = [("lib.rs", "mod a; mod b; mod c;"), ("a.rs", a), ("b.rs", ""), ("c.rs", "")];
    assert_eq!(edges_between_files(&files), ["a -> c"]);
}

#[test]
fn circles_of_folders_are_found_where_no_files_form_one() {
    let files = [
        ("lib.rs", TWO),
        ("a/mod.rs", "pub mod low; pub mod high;"),
        ("a/low.rs", ""),
        ("a/high.rs", "use crate::b::high::B;"),
        ("b/mod.rs", "pub mod high;"),
        ("b/high.rs", "use crate::a::low::A;"),
    ];
    assert!(circles_of_files(&files).is_empty());
    let graph = imports(&files).between_folders();
    assert_eq!(edges(&graph), ["a -> b", "b -> a"]);
    assert_eq!(circles(&graph).len(), 1);
}

#[test]
fn two_circles_are_two() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::a::A; use crate::c::C;"),
        ("c.rs", "use crate::d::D;"),
        ("d.rs", "use crate::c::C;"),
    ];
    assert_eq!(circles_of_files(&files), ["a b", "c d"]);
}

#[test]
fn files_are_found_where_rust_looks_for_them() {
    let files = [
        ("lib.rs", "mod a; mod outer { mod within; } #[path = \"odd/place.rs\"] mod placed;"),
        ("a.rs", "mod under; #[path = \"beside.rs\"] mod beside;"),
        ("a/under.rs", "use crate::placed::P;"),
        ("beside.rs", "use crate::outer::within::W;"),
        ("outer/within.rs", ""),
        ("odd/place.rs", ""),
    ];
    assert_eq!(edges_between_files(&files), ["a/beside -> outer/within", "a/under -> placed"]);
}

#[test]
fn a_glob_of_a_module_is_seen_and_one_of_an_enum_is_not() {
    let a =
        "use crate::b::*; use crate::b::Kind; fn f() { use Kind::*; use rayon::prelude::*; use super::b::Kind::{*}; }";
    let files = [("lib.rs", TWO), ("a.rs", a), ("b.rs", "pub enum Kind { One }")];
    assert_eq!(imports(&files).globs_of_modules(), ["a line 1: crate::b::*"]);
    assert_eq!(edges_between_files(&files), ["a -> b"]);
}
