//! The built-in model with its adapter follows the outline that was drawn.
#![allow(clippy::unwrap_used, clippy::wildcard_imports)] // helpers of tests are tests

use crate::*;

const SIDE: usize = 256;

/// An outline in white on black, and the shape inside it.
fn drawing(centre: (f64, f64), radii: (f64, f64)) -> (Picture, Vec<bool>) {
    let distance = |x: usize, y: usize| {
        let (x, y) = ((x as f64 - centre.0) / radii.0, (y as f64 - centre.1) / radii.1);
        (x.hypot(y) - 1.0) * radii.0.min(radii.1)
    };
    let places = || (0..SIDE * SIDE).map(|place| distance(place % SIDE, place / SIDE));
    let ink = places().flat_map(|far| if far.abs() <= 2.5 { [255; 4] } else { [0, 0, 0, 255] });
    (Picture::from_rgba(SIDE as u32, SIDE as u32, ink.collect()).unwrap(), places().map(|far| far <= 0.0).collect())
}

/// What is not of the border's colour, specks gone and holes filled: the recipe's `segment`.
fn silhouette(picture: &Picture) -> Vec<bool> {
    let pixel = |x: usize, y: usize| &picture.rgba()[4 * (y * SIDE + x)..][..3];
    let rim = (0..SIDE * SIDE).map(|place| (place % SIDE, place / SIDE));
    let rim: Vec<(usize, usize)> =
        rim.filter(|(x, y)| [x, y].into_iter().any(|place| !(6..SIDE - 6).contains(place))).collect();
    let middle = |channel: usize| {
        let mut values: Vec<u8> = rim.iter().map(|(x, y)| pixel(*x, *y)[channel]).collect();
        values.sort_unstable();
        f64::from(values[values.len() / 2])
    };
    let border = [middle(0), middle(1), middle(2)];
    let is_far = |x: usize, y: usize| {
        let square: f64 = (0..3).map(|channel| (f64::from(pixel(x, y)[channel]) - border[channel]).powi(2)).sum();
        square.sqrt() > 0.16 * 255.0
    };
    let around = |place: usize| (0..5).map(move |step| (place + step).saturating_sub(2).min(SIDE - 1));
    let is_object = |x: usize, y: usize| {
        around(y).flat_map(|y| around(x).map(move |x| (x, y))).filter(|(x, y)| is_far(*x, *y)).count() > 12
    };
    let object: Vec<bool> = (0..SIDE * SIDE).map(|place| is_object(place % SIDE, place / SIDE)).collect();
    let mut outside = vec![false; SIDE * SIDE];
    let mut open: Vec<usize> = (0..SIDE)
        .flat_map(|step| [step, (SIDE - 1) * SIDE + step, step * SIDE, step * SIDE + SIDE - 1])
        .filter(|place| !object[*place])
        .collect();
    while let Some(place) = open.pop() {
        if std::mem::replace(&mut outside[place], true) {
            continue;
        }
        let (x, y) = (place % SIDE, place / SIDE);
        let near = [
            (x > 0).then(|| place - 1),
            (x + 1 < SIDE).then(|| place + 1),
            (y > 0).then(|| place - SIDE),
            (y + 1 < SIDE).then(|| place + SIDE),
        ];
        open.extend(near.into_iter().flatten().filter(|near| !object[*near] && !outside[*near]));
    }
    outside.iter().map(|outside| !outside).collect()
}

/// Where both are, of where either is.
fn overlap(a: &[bool], b: &[bool]) -> f64 {
    let count = |both: fn(bool, bool) -> bool| a.iter().zip(b).filter(|(a, b)| both(**a, **b)).count() as f64;
    count(|a, b| a && b) / count(|a, b| a || b).max(1.0)
}

#[test]
fn the_built_in_model_draws_into_the_outline() {
    let files = inkwick::checkpoint::builtin_model().unwrap();
    let mut pipeline = Pipeline::load(&files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    for (words, centre, radii) in [
        ("a red apple on a blue background", (150.0, 140.0), (70.0, 66.0)),
        ("a tennis ball on a purple background", (100.0, 110.0), (62.0, 62.0)),
    ] {
        let (drawing, shape) = drawing(centre, radii);
        let free = Request { prompt: words.into(), seed: 7, ..Request::default() };
        let control = Control::new(ControlNetworkRef::Scribble, Arc::new(drawing));
        let steered = drawn(&mut pipeline, &Request { controls: vec![control], ..free.clone() });
        let found = overlap(&silhouette(&steered), &shape);
        println!("{words}: {found:.3}");
        assert!(found >= 0.7, "{words}: the outline is met by {found}");
    }
}
