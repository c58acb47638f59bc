//! Probabilities of the first passages' counts, one after the other, by ratios.

use crate::{binomial::Chance, double_double::DoubleDouble, walk::Walk};

/// Largest b / a for which a ratio is a short product; 16 factors below 2^53 do not overflow.
const MAX_GAP: u64 = 16;

/// No more ratios than this follow each other: their rounding errors add up to less than 1e-13.
const MAX_RATIOS: u64 = 256;

/// Integers below this are doubles.
const EXACT: u128 = 1 << 53;

/// P(Bin(`l_i`, p) = i) / P(Bin(`l_0`, p) = 0) for i = 0, 1, ...
///
/// With g = `l_{i+1}` - `l_i` and m = `l_i` - i, each is the one before times
///
/// p (1 - p)^(g - 1) (l + 1) ... (l + g) / ((i + 1) (m + 1) ... (m + g - 1)).
pub(crate) struct Weights {
    arrivals: f64,
    better: f64,
    weight: f64,
    gap: u64,
    /// p (1 - p)^(g - 1) for g = floor(b / a), and for one more.
    per_gap: [f64; 2],
}

impl Weights {
    /// At i = 0, if ratios will do up to i = `top`.
    pub(crate) fn new(walk: &Walk, chance: &Chance, top: u64) -> Option<Self> {
        let gap = walk.b / walk.a;
        if gap >= MAX_GAP || top > MAX_RATIOS || walk.arrivals_at(top) >= EXACT {
            return None;
        }
        let mut shorter = DoubleDouble::from(chance.p);
        for _ in 1..gap {
            shorter = shorter * chance.worse;
        }
        Some(Self {
            arrivals: walk.arrivals_at(0) as f64,
            better: 0.0,
            weight: 1.0,
            gap,
            per_gap: [shorter.high, (shorter * chance.worse).high],
        })
    }

    /// At the next i, after `arrivals` arrivals.
    pub(crate) fn next(&mut self, arrivals: u128) -> f64 {
        let arrivals = arrivals as f64;
        let gap = (arrivals - self.arrivals) as u64;
        let worse = self.arrivals - self.better;
        let mut numerator = self.per_gap[(gap - self.gap) as usize] * (self.arrivals + 1.0);
        let mut denominator = self.better + 1.0;
        for step in 1..gap {
            let step = step as f64;
            numerator *= self.arrivals + 1.0 + step;
            denominator *= worse + step;
        }
        self.weight *= numerator / denominator;
        self.arrivals = arrivals;
        self.better += 1.0;
        self.weight
    }
}
