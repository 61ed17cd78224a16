//! Where a walk begins that starts from a picture.

/// img2img skips the first steps: N − ⌊N · strength⌋ of them, and where a model matches flows ⌊N − N · strength⌋, as
/// diffusers' pipelines do.
pub(super) fn first_step(steps: usize, strength: f64, is_flow: bool) -> usize {
    if is_flow {
        let carried_out = (steps as f64 * strength).min(steps as f64);
        return (steps as f64 - carried_out).max(0.0) as usize;
    }
    let carried_out = ((steps as f64 * strength) as usize).min(steps);
    steps - carried_out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_decides_how_many_steps_are_left() {
        assert_eq!(first_step(20, 0.75, false), 5);
        assert_eq!(first_step(20, 1.0, false), 0);
        assert_eq!(first_step(20, 0.0, false), 20);
        // 0.29 · 100 is 28.999999999999996: diffusers cuts it, so do we.
        assert_eq!(first_step(100, 0.29, false), 72);
        assert_eq!([first_step(7, 0.6, false), first_step(7, 0.6, true)], [3, 2]);
        assert_eq!([first_step(8, 1.0, true), first_step(8, 0.0, true)], [0, 8]);
    }
}
