//! w(L) = P(N' >= L) along the first passages of a rung, with all that depends on L alone.
//!
//! At a far L it is P(N' = L) times a continued fraction. From there w(L) = w(L + 1) + P(N' = L) goes down by adding
//! positive numbers, each of them right to the last digits by a table of factorials. Where P(N' = L) changes slowly, only
//! some L are taken, and the sum over those between follows by Euler-Maclaurin. Where P(N' < L) is negligible, w = 1.

use super::{arriving::Arriving, exactly::Exactly};
use crate::{
    euler_maclaurin::{self, PAIRS},
    factorials::Factorials,
    wide::Wide,
};

/// P(N' < L) up to this is nothing beside 1.
const NEGLIGIBLE: f64 = 1e-18;

/// Where P(N' = m) gets above 2^200, sums are scaled down by that.
const SCALE_EXPONENT: i64 = 200;
const SCALE: f64 = 1.606_938_044_258_990_3e60;

/// Where Euler-Maclaurin is used, ln P(N' = L) changes by no more than this from one L to the next, ...
const LARGEST_CHANGE: f64 = 0.35;

/// ... they are no farther apart than this part of the standard deviation of N', ...
const LONGEST_STRIDE: f64 = 0.125;

/// ... so far that it would take longer to add up all, ...
const SHORT: u64 = 6;

/// ... and the mean of N' is at least so many standard deviations, so that all this is far above L = 0.
const LEAST_MEAN: f64 = 13.0;

/// There is room for so many entries from the start.
const MANY: usize = 1024;

/// Which first passages: from L = `far` down in steps of `eta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lattice {
    /// n
    pub(crate) rung_len: u64,
    pub(crate) eta: u64,
    /// Not below the mean of N'.
    pub(crate) far: u64,
    /// k - 1 + r at `far`, for trials without equals.
    pub(crate) ahead: u64,
}

impl Lattice {
    /// The largest m for which P(N' = m) may be needed.
    pub(crate) fn highest(&self, step: u64) -> u64 {
        self.far + PAIRS as u64 * self.eta * step
    }
}

/// w(L) (L - 1)! / (n + L)! (k - 1 + r)! (n - k + M)! for every `step`-th L of a lattice, as far down as was asked for.
#[derive(Debug)]
pub(crate) struct Tails {
    lattice: Lattice,
    /// 2^`step_bits`
    step: u64,
    step_bits: u32,
    mean: f64,
    left: f64,
    /// `NOT_YET` where nobody has asked.
    entries: Vec<Wide>,
    /// From so many steps of eta below `far` on, w = 1.
    whole: u64,
    exactly: Exactly,
    sums: Sums,
}

const NOT_YET: Wide = Wide {
    factor: 0.0,
    exponent: 0,
};

/// The sums of P(N' = m) down to each entry.
#[derive(Debug)]
struct Sums {
    /// w(L); with a stride, the sum by the trapezoidal rule, with one half of the last.
    at_entries: Vec<Wide>,
    /// The last one is `sum` * 2^`unit`, and P(N' = L) there `last` * 2^`unit`.
    unit: i64,
    sum: f64,
    last: f64,
    stride: Option<Stride>,
}

/// How to get from every so many P(N' = m) to the sum of all.
#[derive(Debug)]
struct Stride {
    /// At the entries, and at `PAIRS` places before the first and after the last.
    exactly: Vec<Wide>,
    weights: [f64; PAIRS],
    length: f64,
}

impl Tails {
    /// The longest step.
    pub(crate) fn longest_step(lattice: &Lattice, arriving: &Arriving) -> u64 {
        let stride = Self::longest_stride(lattice, arriving) / lattice.eta as f64;
        1 << (stride as u64).max(1).ilog2()
    }

    /// How far apart L may be for Euler-Maclaurin; 0 if they may not be.
    fn longest_stride(lattice: &Lattice, arriving: &Arriving) -> f64 {
        let deviation = arriving.deviation();
        if arriving.mean() < LEAST_MEAN * deviation {
            return 0.0;
        }
        (LARGEST_CHANGE / arriving.ln_fall(lattice.far as f64)).min(LONGEST_STRIDE * deviation)
    }

    /// `factorials` reach n + `lattice.highest(step)`. `arriving` is of a run that ends, with at least 1e-9 of it left.
    pub(crate) fn new(
        arriving: &Arriving,
        lattice: Lattice,
        step: u64,
        factorials: &Factorials,
    ) -> Self {
        let length = lattice.eta * step;
        let has_stride =
            length > SHORT && length as f64 <= Self::longest_stride(&lattice, arriving);
        debug_assert!(step.is_power_of_two() && (has_stride || step == 1 || length <= SHORT));
        let most = if has_stride {
            lattice.highest(step)
        } else {
            lattice.far
        };
        let mut exactly = Exactly::new(arriving, lattice.rung_len, most, length, factorials);
        let stride = has_stride.then(|| Stride::new(length, &mut exactly, factorials));
        let over_exactly = arriving.at_least_over_exactly(lattice.far as f64);
        Self {
            lattice,
            step,
            step_bits: step.trailing_zeros(),
            mean: arriving.mean(),
            left: arriving.left(),
            entries: Vec::with_capacity(MANY),
            whole: u64::MAX,
            sums: Sums::new(stride, over_exactly, &mut exactly, factorials),
            exactly,
        }
    }

    pub(crate) fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    pub(crate) fn step(&self) -> u64 {
        self.step
    }

    /// Whether w = 1 from there on, as far as is known.
    pub(crate) fn is_whole_from(&self, steps: u64) -> bool {
        steps >= self.whole
    }

    /// The value at L = far - eta `steps` >= 1. None if that is none of those with a value.
    #[inline]
    pub(crate) fn at(&mut self, steps: u64, factorials: &Factorials) -> Option<Wide> {
        if steps & (self.step - 1) == 0 {
            let entry = self.entries.get((steps >> self.step_bits) as usize);
            if let Some(&entry) = entry.filter(|entry| entry.factor > 0.0) {
                return Some(entry);
            }
        }
        self.asked_first(steps, factorials)
    }

    #[inline(never)]
    fn asked_first(&mut self, steps: u64, factorials: &Factorials) -> Option<Wide> {
        self.go_down(steps, factorials);
        let common = || self.common(steps, factorials);
        let is_whole = steps >= self.whole;
        if steps & (self.step - 1) != 0 {
            return is_whole.then(common);
        }
        let entry = (steps >> self.step_bits) as usize;
        let value = if is_whole {
            common()
        } else {
            self.sums.at_least(entry) * common()
        };
        if entry >= self.entries.len() {
            self.entries.resize(entry + 1, NOT_YET);
        }
        self.entries[entry] = value;
        Some(value)
    }

    /// Sums up to where w = 1, or to the entry at `steps` or the first one beyond.
    fn go_down(&mut self, steps: u64, factorials: &Factorials) {
        let mut at = self.step * (self.sums.at_entries.len() as u64 - 1);
        while at < steps && self.whole == u64::MAX {
            if self.is_whole(self.lattice.far - self.lattice.eta * at) {
                self.whole = at;
                return;
            }
            at += self.step;
            self.sums.go_down(&mut self.exactly, factorials);
        }
    }

    /// Whether P(N' < L) is negligible at the last entry: below their mean, P(N' = m - 1) / P(N' = m) =
    /// m / ((1 - f) (n + m)) rises with m and is below 1.
    fn is_whole(&self, arrivals: u64) -> bool {
        let l = arrivals as f64;
        if l >= self.mean {
            return false;
        }
        let ratio = l / (self.left * (self.lattice.rung_len as f64 + l));
        let last = Wide {
            factor: self.sums.last,
            exponent: self.sums.unit,
        };
        last.over(0) * ratio <= NEGLIGIBLE * (1.0 - ratio)
    }

    /// (L - 1)! / (n + L)! (k - 1 + r)! (n - k + M)!
    #[inline]
    fn common(&self, steps: u64, factorials: &Factorials) -> Wide {
        let all = self.lattice.rung_len + self.lattice.far - self.lattice.eta * steps;
        let ahead = self.lattice.ahead - steps;
        let of = |n| factorials.of(n);
        of(ahead) * of(all - 1 - ahead) * of(all - self.lattice.rung_len - 1) / of(all)
    }
}

impl Sums {
    /// At L = far alone, where w(L) / P(N' = L) is `over_exactly`.
    fn new(
        stride: Option<Stride>,
        over_exactly: f64,
        exactly: &mut Exactly,
        factorials: &Factorials,
    ) -> Self {
        let last = match &stride {
            Some(stride) => stride.exactly[PAIRS],
            None => exactly.go_down(factorials),
        };
        let mut sums = Self {
            at_entries: Vec::with_capacity(MANY),
            unit: last.exponent,
            sum: last.factor * over_exactly,
            last: last.factor,
            stride,
        };
        if let Some(stride) = &sums.stride {
            sums.sum -= stride.rest(0, sums.unit);
        }
        sums.push();
        sums
    }

    /// w(L) at an entry.
    fn at_least(&self, entry: usize) -> Wide {
        let sum = self.at_entries[entry];
        let rest = |stride: &Stride| stride.rest(entry, sum.exponent);
        Wide {
            factor: sum.factor + self.stride.as_ref().map_or(0.0, rest),
            ..sum
        }
    }

    /// To the next entry.
    fn go_down(&mut self, exactly: &mut Exactly, factorials: &Factorials) {
        let next = exactly.go_down(factorials);
        let last = match &mut self.stride {
            Some(stride) => {
                stride.exactly.push(next);
                stride.exactly[stride.exactly.len() - 1 - PAIRS]
            }
            None => next,
        };
        while last.exponent > self.unit + SCALE_EXPONENT {
            self.unit += SCALE_EXPONENT;
            self.sum /= SCALE;
            self.last /= SCALE;
        }
        let last = last.over(self.unit);
        self.sum += match &self.stride {
            Some(stride) => 0.5 * stride.length * (self.last + last),
            None => last * exactly.sum_over_last(),
        };
        self.last = last;
        self.push();
    }

    fn push(&mut self) {
        self.at_entries.push(Wide {
            factor: self.sum,
            exponent: self.unit,
        });
    }
}

impl Stride {
    /// Around the first L, to which `exactly` has `PAIRS` strides to go.
    fn new(length: u64, exactly: &mut Exactly, factorials: &Factorials) -> Self {
        let around = (0..=2 * PAIRS).map(|_| exactly.go_down(factorials));
        Self {
            exactly: around.collect(),
            weights: euler_maclaurin::weights(length as f64),
            length: length as f64,
        }
    }

    /// The sum of all down to an entry, less that by the trapezoidal rule, over 2^`unit`.
    fn rest(&self, entry: usize, unit: i64) -> f64 {
        let around = &self.exactly[entry..=entry + 2 * PAIRS];
        let at = |i: usize| around[i].over(unit);
        let corrections = self.weights.iter().zip(1..);
        let sum: f64 = corrections
            .map(|(weight, i)| weight * (at(PAIRS - i) - at(PAIRS + i)))
            .sum();
        0.5 * at(PAIRS) + self.length * sum
    }
}

#[cfg(test)]
mod tests {
    use super::{Arriving, Factorials, Lattice, Tails};

    /// Against the saddle-point form and the continued fraction, at every L.
    #[test]
    fn tails_are_those_of_the_distribution() {
        for (rung_len, time_ratio) in [(1, 0.1), (9, 30.0), (40, 1e-3), (300, 1.0), (3_000, 4.0)] {
            let arriving = Arriving::new(rung_len, time_ratio);
            for (eta, deviations) in [(2, 3.0), (3, 10.0), (7, 25.0)] {
                let far = arriving.mean() + deviations * arriving.deviation();
                let far = (far as u64).next_multiple_of(64 * eta);
                let lattice = Lattice {
                    rung_len,
                    eta,
                    far,
                    ahead: far / eta,
                };
                let longest = Tails::longest_step(&lattice, &arriving);
                for step in [1, longest] {
                    check(&arriving, lattice, step);
                }
            }
        }
    }

    fn check(arriving: &Arriving, lattice: Lattice, step: u64) {
        let most = lattice.rung_len + lattice.highest(step);
        let factorials = Factorials::up_to(most);
        let mut tails = Tails::new(arriving, lattice, step, &factorials);
        for steps in (0..lattice.far / lattice.eta).rev() {
            let arrivals = lattice.far - lattice.eta * steps;
            let Some(value) = tails.at(steps, &factorials) else {
                assert!(!steps.is_multiple_of(step) && steps < tails.whole);
                continue;
            };
            let found = (value / tails.common(steps, &factorials)).ln();
            let exact = arriving.at_least((arrivals as f64).into()).ln();
            assert!(
                (found - exact).abs() <= 1e-13 * exact.abs().max(1.0),
                "{lattice:?} {step} {arrivals}: {found} {exact}"
            );
        }
    }
}
