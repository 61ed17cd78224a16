//! Where a walk begins that starts from a picture.

/// img2img skips the first steps: N − ⌊N · strength⌋ of them.
pub(super) fn first_step(steps: usize, strength: f64) -> usize {
    let carried_out = ((steps as f64 * strength) as usize).min(steps);
    steps - carried_out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_decides_how_many_steps_are_left() {
        assert_eq!(first_step(20, 0.75), 5);
        assert_eq!(first_step(20, 1.0), 0);
        assert_eq!(first_step(20, 0.0), 20);
        // 0.29 · 100 is 28.999999999999996: diffusers cuts it, so do we.
        assert_eq!(first_step(100, 0.29), 72);
    }
}
