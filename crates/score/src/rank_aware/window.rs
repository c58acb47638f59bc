//! Which terms of a sum for alpha = 1/eta count, and bounds on the others.

use super::short_sum::ShortSum;
use crate::lanes::Lanes;

/// The terms from r = `begin` to r = `last`; their number less one is a multiple of the lanes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) begin: f64,
    pub(super) last: f64,
}

/// So far (as a logarithm) terms are to fall from the largest one to the ends of the window.
const FALL: f64 = 42.0;

impl Window {
    /// From `begin` to `last` or the next term with which the number is right.
    pub(super) fn of(begin: f64, last: f64) -> Self {
        let lanes = Lanes::NUMBER as f64;
        let last = begin + lanes * libm::ceil((last - begin) / lanes);
        Self { begin, last }
    }
}

impl ShortSum<'_> {
    /// The terms that probably count.
    ///
    /// The ends are those of the terms h(L) P(N' = L), whose ratios are [`bound`](Self::bound) but for d / L: the terms
    /// themselves peak no later, and fall faster.
    pub(super) fn window(&self) -> Window {
        let peak = self.peak();
        // ln q is further from 0 than 2 (q - 1) / (q + 1)
        let change = |r: f64, length: f64| {
            let ratio = self.bound(r);
            length * libm::fabs(2.0 * (ratio - 1.0) / (ratio + 1.0))
        };
        let mut length = 4.0;
        while change(peak + 0.5 * length, length) < FALL {
            length *= 1.25;
        }
        let last = peak + length;
        // With fewer arrivals than expected w is not like P(N' = L): all terms from the first on.
        let (left, arrivals) = (self.arriving.left(), self.d + self.eta as f64 * peak);
        if arrivals * (1.0 - left) < (self.urn.rung_len + 1.0) * left {
            return Window::of(0.0, last);
        }
        let mut length = 4.0;
        while length < peak && change(peak - 0.5 * length, length) < FALL {
            length *= 1.25;
        }
        Window::of(libm::floor((peak - length).max(0.0)), last)
    }

    /// About where the bound on the ratio of successive terms comes down to 1.
    fn peak(&self) -> f64 {
        let (mut low, mut high) = (0.0, 0.0);
        let mut next = 4.0;
        while self.bound(high) > 1.0 {
            (low, high) = (high, next);
            next *= 2.0;
        }
        while high - low > 4.0 + 0.01 * high {
            let middle = 0.5 * (low + high);
            if self.bound(middle) > 1.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// A bound on the ratio of any two successive terms from r on.
    ///
    /// h(L) P(N' = L) = d / L times the probabilities of r better and of M = L - r worse arrivals, which are negative
    /// binomial and independent. So its ratio is below (1 - f)^eta (g + r) / (r + 1) times the product of
    /// (n - g + M + i) / (M + i), i = 1, ..., eta - 1, and all these factors fall with r. The terms fall faster still,
    /// since w(L) / P(N' = L) does not increase with L.
    pub(crate) fn bound(&self, r: f64) -> f64 {
        let left = self.arriving.left();
        left * (1..self.eta).fold(self.falling(r), |bound, _| bound * left)
    }

    /// A bound from below on the ratio of h at any two successive terms up to r: of its factors those of `falling` fall,
    /// and (L + i) / (n + 1 + L + i), i = 0, ..., eta - 1, rise from r = 0 on. The ratio of w falls, N' being log-concave.
    pub(super) fn least_rise(&self, r: f64) -> f64 {
        (0..self.eta).fold(self.falling(r), |bound, i| {
            let arrivals = self.d + i as f64;
            bound * arrivals / (self.urn.rung_len + 1.0 + arrivals)
        })
    }

    /// (g + r) / (r + 1) times the product of (n - g + M + i) / (M + i), i = 1, ..., eta - 1.
    fn falling(&self, r: f64) -> f64 {
        let worse = self.d + (self.eta as f64 - 1.0) * r;
        let behind = self.urn.rung_len - self.urn.gaps + worse;
        let (mut up, mut down) = (self.urn.gaps + r, r + 1.0);
        for i in 1..self.eta {
            let i = i as f64;
            up *= behind + i;
            down *= worse + i;
        }
        up / down
    }
}
