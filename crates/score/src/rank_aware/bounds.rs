//! How fast the terms of a sum for alpha = 1/eta fall at last, and so where they end.

use super::urn::Urn;

/// The terms of one trial, as far as a bound on their ratios needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) urn: Urn,
    pub(crate) eta: f64,
    pub(crate) d: f64,
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

    /// Whether the ratio of successive terms falls all the way up to r: whether they are log-concave there.
    ///
    /// w is everywhere, N' being so. Of what the [curvature](Self::curvature) of ln h consists, the first part falls with r, beside
    /// the others. So it is enough to compare them at r, where twice the others is allowed for what differences are not derivatives.
    pub(crate) fn is_log_concave_to(&self, r: f64) -> bool {
        let (new, old) = self.curvatures(r);
        let step = self.eta / (self.d + self.eta * r);
        new >= 2.0 * (old + step * step)
    }

    /// Minus the second derivative of ln(L h) by r, about, but no less than 0.
    ///
    /// With x = r, y = M, x' = g + r, y' = n - g + M it is D(x, y) - D(x', y'), where
    ///
    /// D(x, y) = 1 / x + (eta - 1)^2 / y - eta^2 / (x + y) = ((eta - 1) x - y)^2 / (x y (x + y)).
    pub(crate) fn curvature(&self, r: f64) -> f64 {
        let (new, old) = self.curvatures(r);
        (new - old).max(0.0)
    }

    /// D(x, y) and D(x', y').
    ///
    /// (eta - 1) x - y = -d, and (eta - 1) x' - y' = eta g - n - d is none of r, and 0 for a trial without equals where the top
    /// fraction is promoted. As ratios of terms are between integers, all arguments are shifted by up to eta / 2, the first down
    /// and the second up.
    fn curvatures(&self, r: f64) -> (f64, f64) {
        let (Urn { gaps, rung_len }, d, eta) = (self.urn, self.d, self.eta);
        let shift = 0.5 * eta;
        let worse = d + (eta - 1.0) * r;
        let (x, y) = (r + 1.0, worse + shift);
        let new = (d - shift).max(0.0);
        let old = libm::fabs(eta * gaps - rung_len - d) + shift;
        (
            new * new / (x * y * (x + y)),
            old * old / ((gaps + r) * (rung_len - gaps + worse) * (rung_len + worse + r)),
        )
    }

    /// (g + r) / (r + 1) times the product of (n - g + M + i) / (M + i), i = 1, ..., eta - 1.
    pub(crate) fn falling(&self, r: f64) -> f64 {
        let (gaps, eta) = (self.urn.gaps, self.eta);
        let worse = self.d + (eta - 1.0) * r;
        let behind = self.urn.rung_len - gaps + worse;
        let mut product = (gaps + r) / (r + 1.0);
        let mut i = 1.0;
        while i < eta {
            product *= (behind + i) / (worse + i);
            i += 1.0;
        }
        product
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
