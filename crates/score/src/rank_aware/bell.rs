//! How few terms may stand for a bell of them.

use super::bounds::Bounds;

/// -ln of what the stride in a bell may leave out.
const LEFT_OUT: f64 = 31.0;

/// Where the square of the peak over the standard deviation is more than this, h is a bell.
const WHOLE: f64 = 4.0;

/// sqrt(3/2)
const TURN: f64 = 1.224_744_871_391_589;

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
        if self.exponent(*split) < LEFT_OUT || self.stride_at(*split) < stride {
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
    /// This is the largest a with E = `LEFT_OUT`, or a little more. y rises up to a^2 = 3/2 and falls from there: a is approached
    /// from above.
    fn nearest_split(&self) -> f64 {
        let enough = LEFT_OUT + 0.5;
        let mut a = 1.0 + enough / self.own;
        for _ in 0..2 {
            if a > TURN {
                a = 1.0 + (enough - 0.5 * self.of_end * y(a) * y(a)) / self.own;
            }
        }
        if a < TURN {
            // From 1 to there E is concave, so it is above its chords.
            a = TURN;
            for _ in 0..2 {
                a = 1.0 + (a - 1.0) * enough / self.exponent(a);
            }
        }
        a
    }

    /// E
    fn exponent(&self, a: f64) -> f64 {
        self.own * (a - 1.0) + 0.5 * self.of_end * y(a) * y(a)
    }

    /// What belongs to the frequency there.
    fn stride_at(&self, a: f64) -> f64 {
        let frequency = a * libm::sqrt(a * a - 1.0) * self.own + self.of_end * y(a);
        core::f64::consts::TAU * self.peak / frequency
    }
}

/// b / (2 a^2 - 1)
fn y(a: f64) -> f64 {
    libm::sqrt(a * a - 1.0) / (2.0 * a * a - 1.0)
}
