//! First passages of a walk for any alpha = a/b, from one possible passage to the next: the seed's approximation.

use alloc::vec::Vec;

use super::followed;
use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings, bernoulli::Passages, walk::Walk,
    work::Work,
};

/// [`resume_probability`](crate::resume_probability) for any promotion quantile, from one possible first passage to the
/// next: the step-wise approximation of Syne Tune 0.13, work cubic in the number of better arrivals followed.
///
/// With exactly i better arrivals the rule can first be met after `l_i`
/// ([`first_passage_arrivals`](crate::first_passage_arrivals)). Let q(i, j) be the probability of j better ones among
/// the `l_i` - `l_{i-1}` arrivals between two such times, and m(i, r) that of r better ones among the first `l_i` without
/// the trial being promotable at `l_0`, ..., `l_i`. Then m(i, r) = sum over h of m(i - 1, r - h) q(i, h) for r > i; for r = i the
/// sum is a first passage, leaves the table and counts.
///
/// # Numerics
/// The table holds f(`l_i`, r) = m(i, r) / P(Bin(`l_i`, p) = r), the share of the orders of arrival that is left, which does not
/// depend on p and cannot underflow; the weights q then become hypergeometric: of r better arrivals among `l_i`, how many are
/// among the last `l_i` - `l_{i-1}`? They are built from their mode and normalised. Errors and sums without cut-off as for
/// [`quadratic`](super::quadratic()).
///
/// # Errors
/// As [`quadratic`](super::quadratic()); a weight counts as eight elementary steps.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, methods::{quadratic, step_wise}};
///
/// let promotion_quantile = PromotionQuantile::new(3, 7)?;
/// let position = PausedPosition { rank: 20, rung_len: 30, promotion_quantile, p: 0.3, time_ratio: 2.0 };
/// let settings = ScoreSettings { approx_steps: None, ..ScoreSettings::default() };
/// let difference = step_wise(&position, &settings)?.ln_probability() - quadratic(&position, &settings)?.ln_probability();
/// assert!(difference.abs() < 1e-13);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
pub fn step_wise(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    position
        .scorer(settings)?
        .by(position.rank, |passages, _| ln_by_gap(passages))
}

/// ln of the sum.
pub(crate) fn ln_by_gap(passages: &Passages) -> Result<f64, ScoreError> {
    let mut table = ByGap::default();
    followed::ln_sum(passages, |top, passage| {
        table.follow(&passages.walk, top, passage)
    })
}

/// A weight takes a division, an update of the quadratic method does not.
const WORK_OF_WEIGHT: u64 = 8;

/// The table f(`l_i`, .) for one i at a time.
#[derive(Default)]
struct ByGap {
    work: Work,
    shares: Vec<f64>,
}

impl ByGap {
    /// Follows the table up to `top` better arrivals. Calls `passage(l_i, i, f)` for each first passage.
    fn follow(
        &mut self,
        walk: &Walk,
        top: u64,
        mut passage: impl FnMut(u128, u64, f64),
    ) -> Result<(), ScoreError> {
        self.shares.clear();
        self.shares.resize(top as usize + 1, 1.0);
        let mut l = walk.arrivals_at(0);
        passage(l, 0, 1.0);
        self.shares[0] = 0.0;
        for (i, states) in (1..=top).zip((1..=top).rev()) {
            let end = walk.arrivals_at(i);
            let gap = (end - l) as u64;
            let weights = gap.min(top).saturating_mul(states);
            self.work.add(weights.saturating_mul(WORK_OF_WEIGHT), i)?;
            let before = l as f64;
            // In place from above: the new share at r rests on old ones at r and below.
            for r in (i..=u128::from(top).min(end) as u64).rev() {
                self.shares[r as usize] = share_after_gap(&self.shares, i, r, before, gap);
            }
            l = end;
            passage(l, i, self.shares[i as usize]);
            self.shares[i as usize] = 0.0;
        }
        Ok(())
    }
}

/// f(l + gap, r) from f(l, .), of which the states below `alive` are out: the mean of f(l, r - h) where h of the r better
/// arrivals are among the last `gap`, h being hypergeometric.
fn share_after_gap(shares: &[f64], alive: u64, r: u64, l: f64, gap: u64) -> f64 {
    let (least, most) = (r.saturating_sub(l as u64), r.min(gap));
    let (full_r, full_gap) = (r as f64, gap as f64);
    // Any start would do; the mode, which is next to the mean, keeps the weights in range.
    let mean = full_gap * full_r / (l + full_gap);
    let mode = (mean as u64).clamp(least, most);
    // C(gap, h) C(l, r - h) relative to its value at the mode.
    let mut total = 1.0;
    let mut left = if r - mode >= alive {
        shares[(r - mode) as usize]
    } else {
        0.0
    };
    let mut weight = 1.0;
    for h in mode..most {
        let taken = h as f64;
        weight *=
            (full_gap - taken) * (full_r - taken) / ((taken + 1.0) * (l - full_r + taken + 1.0));
        total += weight;
        if r - h > alive {
            left += weight * shares[(r - h - 1) as usize];
        }
    }
    weight = 1.0;
    for h in (least..mode).rev() {
        let taken = h as f64;
        weight *=
            (taken + 1.0) * (l - full_r + taken + 1.0) / ((full_gap - taken) * (full_r - taken));
        total += weight;
        if r - h >= alive {
            left += weight * shares[(r - h) as usize];
        }
    }
    left / total
}
