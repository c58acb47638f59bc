//! First passages of a walk for any alpha = a/b, from one possible passage to the next: the seed's approximation.

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    binomial::Chance,
    followed::{self, Table, Work, pmf},
    scaled::{Scaled, ScaledSum},
    walk::{Course, Walk},
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
/// among the last `l_i` - `l_{i-1}`? They are built from their mode and normalised. Errors, complements and sums without
/// cut-off as for [`quadratic`](crate::quadratic).
///
/// # Errors
/// As [`quadratic`](crate::quadratic); a weight counts as eight elementary steps.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, step_wise, quadratic};
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
    match Course::new(position, settings)? {
        Course::Known(probability) => Ok(probability),
        Course::Open(walk) => probability(&walk),
    }
}

pub(crate) fn probability(walk: &Walk) -> Result<ResumeProbability, ScoreError> {
    followed::probability(walk, &mut ByGap::new(walk.p))
}

/// A weight takes a division, an update of the quadratic method does not.
const WORK_OF_WEIGHT: u64 = 8;

/// The table f(`l_i`, .) for one i at a time.
struct ByGap {
    chance: Chance,
    work: Work,
    shares: Vec<f64>,
}

impl ByGap {
    fn new(p: f64) -> Self {
        Self {
            chance: Chance::new(p),
            work: Work::default(),
            shares: Vec::new(),
        }
    }

    /// Follows the table up to `top` better arrivals. Calls `passage(l_i, i, f)` for each first passage, and
    /// `before_gap(l_{i-1}, l_i - l_{i-1}, i, shares)` with the shares that are left after `l_{i-1}`.
    fn follow(
        &mut self,
        walk: &Walk,
        top: u64,
        mut passage: impl FnMut(u128, u64, f64),
        mut before_gap: impl FnMut(u128, u64, u64, &[f64]),
    ) -> Result<(), ScoreError> {
        self.shares.clear();
        self.shares.resize(top as usize + 1, 1.0);
        let mut l = walk.arrivals_at(0);
        passage(l, 0, 1.0);
        self.shares[0] = 0.0;
        for i in 1..=top {
            let end = walk.arrivals_at(i);
            let gap = (end - l) as u64;
            let weights = gap.min(top).saturating_mul(top - i + 1);
            self.work.add(weights.saturating_mul(WORK_OF_WEIGHT), i)?;
            before_gap(l, gap, i, &self.shares);
            let before = l as f64;
            // In place from above: the new share at r rests on old ones at r and below.
            for r in (i..=at_most(top, end)).rev() {
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
    // Any start would do; the mode keeps the weights in range.
    let mode = (full_gap + 1.0) * (full_r + 1.0) / (l + full_gap + 2.0);
    let mode = (mode as u64).clamp(least, most);
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

/// The smaller of the two.
fn at_most(x: u64, y: u128) -> u64 {
    u128::from(x).min(y) as u64
}

impl Table for ByGap {
    fn passage(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError> {
        let chance = self.chance;
        let mut sum = ScaledSum::default();
        self.follow(
            walk,
            top,
            |l, i, share| sum.add(pmf(&chance, l, i).times(share)),
            |_, _, _, _| {},
        )?;
        Ok(sum.total())
    }

    /// The number of better arrivals comes to exceed `top` before the trial has become promotable: before `l_0`, or in the
    /// gap between two possible passages.
    fn complement(&mut self, walk: &Walk, top: u64) -> Result<Scaled, ScoreError> {
        let chance = self.chance;
        let first = walk.arrivals_at(0);
        let mut sum = ScaledSum::default();
        if first > u128::from(top) {
            sum.add(chance.upper_tail(first, top + 1));
        }
        let mut tails = [UpperTails::default(), UpperTails::default()];
        let mut overflow = |l: u128, gap: u64, i: u64, shares: &[f64]| {
            let tails = &mut tails[(gap % 2) as usize];
            tails.prepare(&chance, gap, top - i + 1);
            let lowest = i.max((top + 1).saturating_sub(gap));
            for j in lowest..=at_most(top, l) {
                let tail = tails.at_least(top + 1 - j);
                sum.add(
                    pmf(&chance, l, j)
                        .times(shares[j as usize])
                        .times_scaled(tail),
                );
            }
        };
        self.follow(walk, top, |_, _, _| {}, &mut overflow)?;
        Ok(sum.total())
    }
}

/// P(Bin(gap, p) >= s) for s = 1, 2, ...; the gaps of one walk have at most two lengths, which differ by one.
#[derive(Debug, Default)]
struct UpperTails {
    gap: u64,
    tails: Vec<Scaled>,
}

impl UpperTails {
    /// For all s up to `most` and up to `gap`. `most` falls from call to call for one walk.
    fn prepare(&mut self, chance: &Chance, gap: u64, most: u64) {
        let most = most.min(gap);
        if self.gap == gap && self.tails.len() as u64 >= most {
            return;
        }
        self.gap = gap;
        let mut sum = ScaledSum::default();
        self.tails.clear();
        for s in (1..=most).rev() {
            if s == most {
                sum.add(chance.upper_tail(u128::from(gap), s));
            } else {
                sum.add(pmf(chance, u128::from(gap), s));
            }
            self.tails.push(sum.total());
        }
        self.tails.reverse();
    }

    fn at_least(&self, s: u64) -> Scaled {
        self.tails[(s - 1) as usize]
    }
}
