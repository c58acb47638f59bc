//! How few terms may stand for a bell of them.

use super::bounds::Bounds;

/// -ln of what the stride in a bell may leave out.
const LEFT_OUT: f64 = 31.0;

/// Where the square of the peak over the standard deviation is more than this, h is a bell.
const WHOLE: f64 = 4.0;

/// sqrt(3/2)
const TURN: f64 = 1.224_744_871_391_589;

/// E rises with a everywhere up to this ratio of k and K^2, since the slope of y^2 / 2 is above -0.053.
const MONOTONOUS: f64 = 18.5;

/// What ends a sum, N', in terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Its mean is at this r.
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// The terms of a trial around their peak: h, a bell itself, times w, which falls as N' ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bell {
    /// r of the largest term.
    peak: f64,
    /// The square of the peak over the standard deviation of h.
    own: f64,
    /// The same with that of what ends the sum.
    of_end: f64,
}

impl Bell {
    /// With the peak at r.
    pub(crate) fn new(r: f64, bounds: &Bounds, end: &End) -> Self {
        Self {
            peak: r,
            own: r * r * bounds.curvature(r),
            of_end: r * r / end.variance,
        }
    }

    /// Whether h falls off before r = 0.
    pub(crate) fn is_whole(&self) -> bool {
        self.own > WHOLE
    }

    /// About the standard deviation.
    pub(crate) fn deviation(&self) -> f64 {
        self.peak / libm::sqrt(self.own + self.of_end)
    }

    /// The longest stride that leaves out little, if there are such.
    pub(crate) fn stride(&self) -> Option<f64> {
        self.is_whole()
            .then(|| self.stride_at(self.nearest_split()))
    }

    /// Whether a stride is none too long, by a [split](Self::nearest_split) that may be that of a similar bell.
    pub(crate) fn allows(&self, stride: f64, split: &mut f64) -> bool {
        if !self.is_whole() {
            return false;
        }
        let may_do = self.is_monotonous() && self.exponent(*split) >= LEFT_OUT;
        if !may_do || self.stride_at(*split) < stride {
            *split = self.nearest_split();
        }
        self.stride_at(*split) >= stride
    }

    /// What tells from which frequency on the Fourier transform of the terms is below exp(-`LEFT_OUT`).
    ///
    /// That of h is about as for an inverse Gaussian distribution, exp(-K^2 (a - 1)) at K^2 a b with b = sqrt(a^2 - 1), a >= 1 and
    /// K^2 = `own`, in radians over all that is before the peak; that of w is exp(-s^2 / (2 k)) at s, k = `of_end`. The one of the
    /// product is the convolution of both. It is largest where the frequency is split such that both fall equally fast, at
    /// s = k y, y = b / (2 a^2 - 1): so it is exp(-E),
    ///
    /// E = K^2 (a - 1) + k y^2 / 2, at the frequency K^2 a b + k y.
    ///
    /// This is an a with E = `LEFT_OUT`, or a little more: that of the highest frequency. y rises up to a^2 = 3/2 and falls from
    /// there, so there may be two of them, unless k is not far above K^2.
    fn nearest_split(&self) -> f64 {
        let enough = LEFT_OUT + 0.5;
        // The far one is approached from above.
        let mut far = 1.0 + enough / self.own;
        for _ in 0..2 {
            if far > TURN {
                far += (enough - self.exponent(far)) / self.own;
            }
        }
        if far > TURN && self.is_monotonous() {
            return far;
        }
        // Up to the turn E is concave, so it is above its chords.
        let mut near = TURN;
        if self.exponent(TURN) >= enough {
            for _ in 0..2 {
                near = 1.0 + (near - 1.0) * enough / self.exponent(near);
            }
        }
        if far > TURN && self.frequency(far) > self.frequency(near) {
            far
        } else {
            near
        }
    }

    /// Whether E rises with a everywhere.
    fn is_monotonous(&self) -> bool {
        self.of_end <= MONOTONOUS * self.own
    }

    /// E
    fn exponent(&self, a: f64) -> f64 {
        self.own * (a - 1.0) + 0.5 * self.of_end * y(a) * y(a)
    }

    /// K^2 a b + k y
    fn frequency(&self, a: f64) -> f64 {
        a * libm::sqrt(a * a - 1.0) * self.own + self.of_end * y(a)
    }

    /// The stride that belongs to the frequency.
    fn stride_at(&self, a: f64) -> f64 {
        core::f64::consts::TAU * self.peak / self.frequency(a)
    }
}

/// b / (2 a^2 - 1)
fn y(a: f64) -> f64 {
    libm::sqrt(a * a - 1.0) / (2.0 * a * a - 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Bell, LEFT_OUT};

    /// With the minimum over all ways to split the frequency, at many places.
    #[test]
    fn strides_leave_out_no_more_than_they_may() {
        let geometric = |most: f64, number: i32| {
            (0..number).map(move |i| most.powf(f64::from(i) / f64::from(number)))
        };
        let mut allowed = 0;
        for own in geometric(2e3, 20).map(|own| 4.1 * own) {
            for of_end in geometric(1e5, 20) {
                let peak = 1000.0;
                let bell = Bell { peak, own, of_end };
                let least = |stride: f64| {
                    let frequency = core::f64::consts::TAU * peak / stride;
                    let ways = geometric(1e6, 20_000).map(|a| 1.0 + 1e-5 * a).map(|a| {
                        let rest = (frequency - own * a * (a * a - 1.0).sqrt()).max(0.0);
                        own * (a - 1.0) + rest * rest / (2.0 * of_end)
                    });
                    ways.fold(f64::INFINITY, f64::min)
                };
                let longest = bell.stride().expect("it is whole");
                assert!(least(longest) >= LEFT_OUT, "{bell:?} {}", least(longest));
                for split in [1.0, 1.01, 1.1, 1.2, 1.3, 2.0, 5.0] {
                    for stride in [0.8, 1.0, 1.1, 1.3, 2.0].map(|times| times * longest) {
                        if bell.allows(stride, &mut { split }) {
                            allowed += 1;
                            assert!(least(stride) >= LEFT_OUT, "{bell:?} {split} {stride}");
                        }
                    }
                }
            }
        }
        assert!(allowed > 2_000, "{allowed}");
    }
}
