//! `inkwick preprocess` from outside: maps of areas by what somebody says is where.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn preprocess(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.arg("preprocess").args(arguments).current_dir(home).env("INKWICK_HOME", home.join("home")).output().unwrap()
}

/// White within these columns.
fn mask(home: &Path, name: &str, (width, height): (u32, u32), from: u32, to: u32) {
    let white = |x: u32, _| image::Luma([if (from..to).contains(&x) { 255 } else { 0 }]);
    image::GrayImage::from_fn(width, height, white).save(home.join(name)).unwrap();
}

#[test]
fn areas_have_the_colours_that_segmentation_networks_know() {
    let home = TempDir::new().unwrap();
    let home = home.path();
    image::RgbImage::from_pixel(30, 20, image::Rgb([90; 3])).save(home.join("photo.png")).unwrap();
    mask(home, "tree.png", (30, 20), 5, 15);
    mask(home, "sky.png", (30, 20), 0, 20);
    mask(home, "small.png", (10, 10), 0, 5);
    let common = ["photo.png", "--kind", "segmentation", "--out", "areas.png"];
    let asked = |areas: &[&str]| {
        let areas: Vec<&str> = areas.iter().flat_map(|area| ["--area", area]).collect();
        preprocess(home, &[&common[..], &areas].concat())
    };
    let output = asked(&["tree=tree.png", "the sky=sky.png"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = image::open(home.join("areas.png")).unwrap().to_rgb8();
    let found = [2, 10, 17, 25].map(|x| made.get_pixel(x, 10).0);
    // ADE20K's sky and tree; what nobody named is black.
    assert_eq!(found, [[6, 230, 230], [4, 200, 3], [6, 230, 230], [0; 3]]);
    std::fs::remove_file(home.join("areas.png")).unwrap();
    for (areas, words) in [
        (&[][..], ["--area"; 2]),
        (&["dragon=tree.png"], ["dragon", "windowpane"]),
        (&["tree"], ["tree=tree.png", "wanted"]),
        (&["sky=sky.png", "tree=small.png"], ["the mask of tree", "10×10"]),
        (&["sky=none.png"], ["none.png"; 2]),
    ] {
        let output = asked(areas);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && words.iter().all(|word| said.contains(word)), "{said}");
        assert!(!home.join("areas.png").exists(), "nothing is left behind");
    }
}
