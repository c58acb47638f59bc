//! The rank-aware sum for alpha = 1/eta, by recurrences.
//!
//! P = sum over r = 0, 1, ... of h(L) w(L),   L = d + eta r, of which r are better and m = L - r worse.
//!
//! What h(L) has in its denominator is in P(N' = L) too, so with v(L) = w(L) / P(N' = L)
//!
//! h(L) w(L) = d / L * nb(r; g) * nb(m; n + 1 - g) * v(L),   nb(i; s) = C(s - 1 + i, i) f^s (1 - f)^i:
//!
//! the numbers of better and of worse arrivals to come are independent and negative binomial. Going down from term r + 1 to
//! term r, the product y of the two is multiplied by a rational number, and v(l) = 1 + (1 - f) (n + 1 + l) / (l + 1) v(l + 1),
//! eta times. Only positive numbers are added, so nothing cancels. It begins where all that follows is negligible, at
//! values of Loader's form and a continued fraction, and ends where all that is left is.

#[cfg(test)]
#[path = "../../tests/private/unit_step.rs"]
mod tests;

use super::{BetaBinomial, NegativeBinomial};
use crate::{
    double_double::DoubleDouble,
    long_sum::{FARTHEST, Summable, least, long_sum},
    scaled::Scaled,
};

/// What is left out at either end is at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-15;

/// So far, as a logarithm, terms are to fall from the largest one to the last.
const FALL: f64 = 38.0;

/// Sums of more terms than this are integrated.
const MOST_TERMS: f64 = 32768.0;

/// Where terms still rise so far off, they are too many: 2^40.
const FARTHEST_PEAK: f64 = 1_099_511_627_776.0;

/// Beside sums that are larger than their last term by more than this, its logarithm is too large to be exact.
const MOST_RISE: f64 = 1e60;

/// More than the rounding errors of logarithms, so that what is above a limit is so for certain.
const ROUNDING: f64 = 1e-6;

/// Products of this many factors, each below 2^53, are within the range of doubles; with more no recurrence is done.
pub(crate) const MOST_FACTORS: u64 = 16;

/// The first passages of one trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstPassages<'a> {
    pub(crate) eta: u64,
    /// How far the trial is from a promotion, at least 1.
    pub(crate) d: u64,
    pub(crate) urn: BetaBinomial,
    pub(crate) to_come: &'a NegativeBinomial,
    /// (1 - f)^eta where eta is at most [`MOST_FACTORS`]; beyond it is not used.
    pub(crate) left_to_eta: DoubleDouble,
}

impl FirstPassages<'_> {
    /// ln of the sum; once it is known to be above `most`, any number between the two.
    pub(crate) fn ln_sum(&self, most: f64) -> f64 {
        let by_recurrence = match self.eta {
            _ if self.eta > MOST_FACTORS || self.to_come.is_endless() => None,
            2 => self.sum_down(2, most),
            3 => self.sum_down(3, most),
            4 => self.sum_down(4, most),
            eta => self.sum_down(eta, most),
        };
        by_recurrence.unwrap_or_else(|| long_sum(self, 0.0.into(), f64::INFINITY.into()).ln())
    }

    /// The sum from its far end down to r = 0; None where it has too many terms, or terms too different in size.
    #[expect(clippy::inline_always, reason = "loops over eta are unrolled")]
    #[inline(always)]
    fn sum_down(&self, eta: u64, most: f64) -> Option<f64> {
        let last = self.last(eta)?;
        let (first_term, mut terms) = self.begin(eta, last);
        let enough = libm::exp(most - first_term + ROUNDING);
        // They rise up to their mode: all below one are at most r times as large together.
        while terms.last * terms.r > NEGLIGIBLE * terms.sum && terms.sum <= enough.min(MOST_RISE) {
            let steps = self.steps(eta, terms.r);
            for i in 0..BLOCK.min(terms.r as usize) {
                terms.go_down(&steps, i);
            }
            terms.make_up(self.left_to_eta);
        }
        let later = self.later_ratio(eta, last);
        let rest = later / (1.0 - later);
        let is_done = terms.sum > enough || rest <= NEGLIGIBLE * terms.sum;
        (is_done && terms.sum <= MOST_RISE).then(|| first_term + libm::log(terms.sum))
    }

    /// ln of the term number r, and the recurrence there, in units of it.
    fn begin(&self, eta: u64, r: f64) -> (f64, Terms) {
        let BetaBinomial { gaps, rung_len } = self.urn;
        let arrivals = self.d as f64 + eta as f64 * r;
        let better = self.to_come.pmf(gaps, r.into());
        let worse = self
            .to_come
            .pmf(rung_len + 1.0 - gaps, (arrivals - r).into());
        let v = self.to_come.survival_over_pmf(rung_len + 1.0, arrivals);
        let share = self.d as f64 / arrivals;
        let term = better.times_scaled(worse).times(v * share);
        let terms = Terms {
            r,
            y: 1.0 / (v * share),
            yv: 1.0 / share,
            last: 1.0,
            sum: 1.0,
        };
        (term.ln(), terms)
    }

    /// The steps from term r to r - 1, from there to r - 2, and so on. Those below 0 are of no use.
    #[expect(clippy::inline_always, reason = "loops over eta are unrolled")]
    #[inline(always)]
    fn steps(&self, eta: u64, r: f64) -> Steps {
        let (n, gaps, d) = (self.urn.rung_len, self.urn.gaps, self.d as f64);
        let (behind, left) = (n - gaps, self.to_come.left().high);
        let left_to_eta = self.left_to_eta.high;
        let mut steps = Steps::default();
        for (i, below) in BELOW.into_iter().enumerate() {
            let r = r - below;
            let l = d + eta as f64 * r;
            let m = l - r;
            let (mut up, mut down) = (r + 1.0, left_to_eta * (gaps + r));
            for j in 1..eta {
                up *= m + j as f64;
                down *= behind + m + j as f64;
            }
            let (mut rising, mut falling, mut inner) = (left_to_eta, 1.0, 0.0);
            // With `(1..=eta).rev()` the compiler would not do several steps side by side.
            for j in (0..eta).map(|j| eta - j) {
                let after = n + l + j as f64;
                falling *= l + j as f64;
                inner = falling + left * after * inner;
                rising *= after;
            }
            let (y, scale) = (up / down, 1.0 / (falling * l));
            steps.y[i] = y;
            steps.constant[i] = y * (inner * (l * scale));
            steps.slope[i] = y * (rising * (l * scale));
            steps.share[i] = d * (falling * scale);
        }
        steps
    }

    /// A bound on the ratio of any two successive terms from r on.
    ///
    /// Without d / L and v(L), which fall, the ratio is (1 - f)^eta (g + r) / (r + 1) times the product of (n - g + m + j) / (m + j),
    /// j = 1, ..., eta - 1. All its factors fall with r.
    #[inline]
    fn later_ratio(&self, eta: u64, r: f64) -> f64 {
        let m = self.d as f64 + (eta - 1) as f64 * r;
        let behind = self.urn.rung_len - self.urn.gaps;
        let (mut up, mut down) = (self.left_to_eta.high * (self.urn.gaps + r), r + 1.0);
        for j in 1..eta {
            up *= behind + m + j as f64;
            down *= m + j as f64;
        }
        up / down
    }

    /// A term so far off that those after it should be negligible, and not before the mean of N', as `v` demands.
    #[expect(clippy::inline_always, reason = "loops over eta are unrolled")]
    #[inline(always)]
    fn last(&self, eta: u64) -> Option<f64> {
        let falls = |r| self.later_ratio(eta, r) < 1.0;
        let peak = if falls(0.0) {
            0.0
        } else {
            // The widths of peaks are of the order of the square root of where they are.
            least(FARTHEST_PEAK, |r| 0.2 * libm::sqrt(r), falls)
        };
        let ln_ratio = |r: f64| libm::log(self.later_ratio(eta, peak + r));
        // Simpson's rule; the ratio at the peak is 1. Next to it terms fall like a bell, farther off like a geometric series.
        let mut fall = 8.0 * libm::sqrt(peak + 1.0);
        for _ in 0..8 {
            let found = -fall * (4.0 * ln_ratio(0.5 * fall) + ln_ratio(fall)) / 6.0;
            fall *= libm::sqrt(FALL / found).clamp(0.25, 4.0);
            if libm::fabs(found - FALL) < 0.1 * FALL {
                break;
            }
        }
        let mean = self.to_come.mean(self.urn.rung_len + 1.0);
        let last = libm::ceil((peak + fall).max((mean - self.d as f64) / eta as f64));
        // They rise about as fast as they fall.
        (last.min(2.0 * (last - peak)) <= MOST_TERMS).then_some(last)
    }

    /// L = d + eta r.
    fn arrivals(&self, r: DoubleDouble) -> DoubleDouble {
        DoubleDouble::from_integer(self.d.into()) + r * self.eta as f64
    }
}

/// The number of steps from one test of the end to the next; side by side, since they do not wait for each other.
const BLOCK: usize = 8;
const BELOW: [f64; BLOCK] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

/// From terms r + 1 to the ones before them.
#[derive(Debug, Default)]
struct Steps {
    /// y(r) / y(r + 1)
    y: [f64; BLOCK],
    /// y(r) v(L) = `constant` y(r + 1) + `slope` y(r + 1) v(L + eta)
    constant: [f64; BLOCK],
    slope: [f64; BLOCK],
    /// d / L
    share: [f64; BLOCK],
}

/// The recurrence at one r.
#[derive(Debug)]
struct Terms {
    r: f64,
    y: f64,
    /// y v, which does not leave the range of doubles where y and v do.
    yv: f64,
    last: f64,
    sum: f64,
}

impl Terms {
    #[inline]
    fn go_down(&mut self, steps: &Steps, i: usize) {
        self.yv = steps.constant[i] * self.y + steps.slope[i] * self.yv;
        self.y *= steps.y[i];
        self.last = self.yv * steps.share[i];
        self.sum += self.last;
        self.r -= 1.0;
    }

    /// (1 - f)^eta is no double; in a block of steps what it lacks is made up for.
    fn make_up(&mut self, left_to_eta: DoubleDouble) {
        let lacking = BLOCK as f64 * (left_to_eta.low / left_to_eta.high);
        self.yv -= self.y * lacking;
        self.y -= self.y * lacking;
        // Subnormal numbers may take long.
        if self.y < f64::MIN_POSITIVE / f64::EPSILON {
            self.y = 0.0;
        }
    }
}

impl Summable for FirstPassages<'_> {
    /// h(L) w(L)
    fn term(&self, r: DoubleDouble) -> Scaled {
        let arrivals = self.arrivals(r);
        self.urn
            .pmf(arrivals, r)
            .times(self.d as f64 / arrivals.high)
            .times_scaled(self.to_come.survival(self.urn.rung_len + 1.0, arrivals))
    }

    /// Over a step that changes them by more than their rounding errors. Peaks are wider than about n^(-1/2) >= 2^(-15) of
    /// where they are: the step passes few widths, and what is so near serves as the mode.
    fn rises_at(&self, r: f64) -> bool {
        let after = r + libm::floor(r / 1024.0).max(1.0);
        self.term(after.into()).ln() > self.term(r.into()).ln()
    }

    /// Without an end they fall like r^(-2).
    fn power_law_at_the_end(&self) -> Scaled {
        self.term(FARTHEST.into()).times(FARTHEST)
    }
}
