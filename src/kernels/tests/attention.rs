//! Attention against plain loops.

use super::*;

fn attend(q: &Map, k: &Map, v: &Map, heads: usize, causal: bool) -> Vec<f64> {
    let (queries, keys, channels) = (q.height * q.width, k.height * k.width, q.channels);
    let depth = channels / heads;
    let mut out = vec![0f64; q.values().len()];
    for picture in 0..q.batch {
        for head in 0..heads {
            for query in 0..queries {
                let at = |map: &Map, count: usize, row: usize, column: usize| {
                    f64::from(map.values()[(picture * count + row) * channels + head * depth + column])
                };
                let seen = if causal { query + 1 } else { keys };
                let scores: Vec<f64> = (0..seen)
                    .map(|key| {
                        let dot: f64 = (0..depth).map(|c| at(q, queries, query, c) * at(k, keys, key, c)).sum();
                        dot / (depth as f64).sqrt()
                    })
                    .collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let total: f64 = weights.iter().sum();
                for column in 0..depth {
                    let sum: f64 = weights.iter().enumerate().map(|(key, w)| w * at(v, keys, key, column)).sum();
                    out[(picture * queries + query) * channels + head * depth + column] = sum / total;
                }
            }
        }
    }
    out
}

#[test]
fn attention_of_bfloat16() {
    let rounded = |map: &Map| {
        let values = map.values().iter().map(|value| half::bf16::from_f32(*value).to_f32()).collect();
        Map::from_vec(values, map.batch, map.height, map.width, map.channels).unwrap()
    };
    for level in Level::available() {
        let mut random = Random(17);
        for [batch, queries, keys, heads, depth] in
            [[1, 1, 1, 1, 1], [2, 20, 77, 2, 5], [1, 97, 513, 1, 40], [1, 30, 300, 2, 100]]
        {
            if !affordable(batch * queries * keys * heads * depth) {
                continue;
            }
            let q = random.map(batch, 1, queries, heads * depth);
            let (k, v) = (random.map(batch, 1, keys, heads * depth), random.map(batch, 1, keys, heads * depth));
            let wanted = attend(&q, &rounded(&k), &rounded(&v), heads, false);
            for scores in [Scores::Tiled, Scores::Heads(1), Scores::Heads(1000)] {
                let way = Heads { count: heads, causal: false, in_pairs: true };
                let found = attention(&q, &k, &v, way, scores, level).unwrap();
                let largest = wanted.iter().fold(0f64, |largest, value| largest.max(value.abs()));
                for (found, wanted) in found.values().iter().zip(&wanted) {
                    // Queries and weights are rounded too, by up to a 256th.
                    let error = (f64::from(*found) - wanted).abs() / largest;
                    assert!(error < 0.01, "{level:?} {scores:?} {keys} {depth}: {found} instead of {wanted}");
                }
            }
        }
    }
}

#[test]
fn attention_in_tiles_and_by_heads() {
    for level in Level::available() {
        let mut random = Random(11);
        let mut shapes =
            vec![[1, 1, 1, 1, 1], [2, 97, 77, 3, 40], [1, 300, 513, 1, 64], [1, 100, 256, 2, 100], [2, 77, 77, 2, 8]];
        shapes.extend(
            (0..6).map(|_| [random.size(3), random.size(220), random.size(600), random.size(4), random.size(80)]),
        );
        shapes.retain(|[batch, queries, keys, heads, depth]| affordable(batch * queries * keys * heads * depth));
        for [batch, queries, keys, heads, depth] in shapes {
            for causal in [false, true] {
                let keys = if causal { queries } else { keys };
                let mut q = random.map(batch, 1, queries, heads * depth);
                // Large scores, so that the running largest has to be corrected.
                q = Map::from_vec(
                    q.values().iter().map(|value| value * 9.0).collect(),
                    batch,
                    1,
                    queries,
                    heads * depth,
                )
                .unwrap();
                let (k, v) = (random.map(batch, 1, keys, heads * depth), random.map(batch, 1, keys, heads * depth));
                let wanted = attend(&q, &k, &v, heads, causal);
                for scores in [Scores::Tiled, Scores::Heads(1), Scores::Heads(3), Scores::Heads(1000)] {
                    let found =
                        attention(&q, &k, &v, Heads { count: heads, causal, in_pairs: false }, scores, level).unwrap();
                    let what = format!("{level:?} {scores:?} {batch}×{queries}×{keys} {heads}×{depth} {causal}");
                    assert_close(found.values(), &wanted, &what);
                }
            }
        }
    }
}
