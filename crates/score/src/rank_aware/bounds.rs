//! How fast the terms of a sum for alpha = 1/eta fall at last, and so where they end.

use super::urn::Urn;

/// The terms of one trial, as far as a bound on their ratios needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) urn: Urn,
    pub(crate) eta: u64,
    pub(crate) d: u64,
    /// (1 - f)^eta
    pub(crate) left_to_eta: f64,
}

/// So far (as a logarithm) terms are to fall from the largest one to the last.
const FALL: f64 = 42.0;

impl Bounds {
    /// A bound on the ratio of any two successive terms from r on.
    ///
    /// h(L) P(N' = L) = d / L times the probabilities of r better and of M = L - r worse arrivals, which are negative
    /// binomial and independent. So its ratio is below (1 - f)^eta (g + r) / (r + 1) times the product of
    /// (n - g + M + i) / (M + i), i = 1, ..., eta - 1, and all these factors fall with r. The terms fall faster still,
    /// since w(L) / P(N' = L) does not increase with L.
    pub(crate) fn ratio(&self, r: f64) -> f64 {
        self.left_to_eta * self.falling(r)
    }

    /// (g + r) / (r + 1) times the product of (n - g + M + i) / (M + i), i = 1, ..., eta - 1.
    pub(crate) fn falling(&self, r: f64) -> f64 {
        let worse = self.d as f64 + (self.eta as f64 - 1.0) * r;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let first = (self.urn.gaps + r) / (r + 1.0);
        (1..self.eta).fold(first, |product, i| {
            product * (behind + i as f64) / (worse + i as f64)
        })
    }

    /// A term from which on none counts, most probably: those after the peak of the bound fall no slower than it says.
    pub(crate) fn end(&self, peak: f64) -> f64 {
        // ln q is further from 0 than 2 (q - 1) / (q + 1)
        let fall = |length: f64| {
            let ratio = self.ratio(peak + 0.5 * length);
            length * 2.0 * (1.0 - ratio) / (1.0 + ratio)
        };
        let mut length = 8.0;
        while fall(length) < FALL {
            length *= 1.125;
        }
        peak + libm::ceil(length)
    }

    /// About where the bound comes down to 1, and not before: the peak of the terms is no later.
    pub(crate) fn peak(&self) -> f64 {
        let (mut low, mut high) = (0.0, 0.0);
        let mut next = 4.0;
        while self.ratio(high) > 1.0 {
            (low, high) = (high, next);
            next *= 2.0;
        }
        while high - low > 4.0 + 0.01 * high {
            let middle = 0.5 * (low + high);
            if self.ratio(middle) > 1.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        libm::ceil(high)
    }
}
