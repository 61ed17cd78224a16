//! Norms against plain loops.

use super::*;

#[test]
fn norms_keep_what_is_small_beside_a_large_mean() {
    for level in Level::available() {
        let mut random = Random(12);
        for [batch, height, width, channels, groups] in
            [[1, 1, 1, 4, 2], [2, 5, 7, 6, 3], [1, 40, 40, 32, 32], [3, 1, 1, 96, 4], [1, 65, 33, 130, 13]]
        {
            if !affordable(batch * height * width * channels) {
                continue;
            }
            let values: Vec<f32> =
                random.values(batch * height * width * channels).iter().map(|value| value * 0.5 + 40.0).collect();
            let x = Map::from_vec(values, batch, height, width, channels).unwrap();
            let (weight, bias) = (random.values(channels), random.values(channels));
            let norm = GroupNorm::new(weight.clone(), bias.clone(), groups, 1e-5, level).unwrap();
            let (area, per_group) = (height * width, channels / groups);
            let mut wanted = vec![0f64; x.values().len()];
            for picture in 0..batch {
                for group in 0..groups {
                    let places: Vec<usize> = (0..area * per_group)
                        .map(|i| (picture * area + i / per_group) * channels + group * per_group + i % per_group)
                        .collect();
                    let count = places.len() as f64;
                    let mean = places.iter().map(|place| f64::from(x.values()[*place])).sum::<f64>() / count;
                    let variance =
                        places.iter().map(|place| (f64::from(x.values()[*place]) - mean).powi(2)).sum::<f64>() / count;
                    for place in places {
                        let channel = place % channels;
                        let normed = (f64::from(x.values()[place]) - mean) / (variance + 1e-5).sqrt();
                        wanted[place] = normed * f64::from(weight[channel]) + f64::from(bias[channel]);
                    }
                }
            }
            let what = format!("{level:?} {batch}×{height}×{width}×{channels} in {groups}");
            assert_close(norm.forward(&x, false).unwrap().values(), &wanted, &what);
            let silu: Vec<f64> = wanted.iter().map(|value| activated(*value, Activation::Silu)).collect();
            assert_close(norm.forward(&x, true).unwrap().values(), &silu, &what);

            let layer = LayerNorm::new(weight.clone(), bias.clone(), 1e-5, level).unwrap();
            let wanted: Vec<f64> = x
                .values()
                .chunks(channels)
                .flat_map(|row| {
                    let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / channels as f64;
                    let variance =
                        row.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / channels as f64;
                    let (weight, bias) = (&weight, &bias);
                    row.iter().enumerate().map(move |(channel, value)| {
                        let normed = (f64::from(*value) - mean) / (variance + 1e-5).sqrt();
                        normed * f64::from(weight[channel]) + f64::from(bias[channel])
                    })
                })
                .collect();
            assert_close(layer.forward(&x).unwrap().values(), &wanted, &what);
        }
    }
}

#[test]
fn what_nobody_else_holds_is_written_over_and_what_somebody_does_stays() {
    for level in Level::available() {
        let mut random = Random(31);
        let (x, factors) = (random.map(2, 40, 41, 24), random.map(2, 40, 41, 24));
        let norm = GroupNorm::new(random.values(24), random.values(24), 4, 1e-5, level).unwrap();
        let before = x.values().to_vec();
        let copy = || Map::from_vec(before.clone(), 2, 40, 41, 24).unwrap();
        let statistics = norm.statistics(&x).unwrap();
        let elsewhere = norm.forward_by(x.clone(), &statistics, true).unwrap();
        assert!(x.values() == before && elsewhere.values() != before);
        let own = copy();
        let place = own.values().as_ptr();
        let in_place = norm.forward_by(own, &statistics, true).unwrap();
        assert_eq!((in_place.values().as_ptr(), in_place.values()), (place, elsewhere.values()), "{level:?}");

        let elsewhere = multiply(x.clone(), &factors).unwrap();
        let wanted: Vec<f32> = before.iter().zip(factors.values()).map(|(a, b)| a * b).collect();
        assert!(x.values() == before && elsewhere.values() == wanted);
        let own = copy();
        let place = own.values().as_ptr();
        let in_place = multiply(own, &factors).unwrap();
        assert_eq!((in_place.values().as_ptr(), in_place.values()), (place, elsewhere.values()));
        assert!(multiply(copy(), &random.map(2, 40, 41, 23)).is_err());
    }
}
