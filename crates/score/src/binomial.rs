//! Binomial probabilities by the saddle-point form of Loader (2000), "Fast and accurate computation of binomial
//! probabilities".
//!
//! P(Bin(l, p) = r) = sqrt(l / (2 pi r m)) * exp(s(l) - s(r) - s(m) - D), m = l - r, with the error s of Stirling's
//! formula and the deviance D = l KL(r/l || p). The distance r - l p, on which D rests, is taken to 106 bits: in
//! doubles the error of l p would be multiplied by sqrt(2 D l). So the exponent is right to a few units in its last
//! place for l up to 2^100. The form is smooth in r: `long_sum` uses it between the integers too.

use crate::{double_double::DoubleDouble, scaled::Scaled};

/// The chance p of a better arrival and what is derived from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) p: f64,
    /// What p has beyond a double.
    p_low: f64,
    /// ln(1 - p)
    pub(crate) ln_worse: f64,
    /// 1 - p, exactly.
    pub(crate) worse: DoubleDouble,
}

impl Chance {
    #[inline]
    pub(crate) fn new(p: f64) -> Self {
        Self::wide(p.into())
    }

    /// A chance known to 106 bits.
    pub(crate) fn wide(p: DoubleDouble) -> Self {
        let worse = DoubleDouble::sum(1.0, -p.high) + DoubleDouble::from(-p.low);
        Self {
            p: p.high,
            p_low: p.low,
            ln_worse: libm::log1p(-p.high) - p.low / worse.high,
            worse,
        }
    }

    /// P(Bin(l, p) = better), for real 16 <= better <= l - 16 the smooth continuation; 0 where better > l.
    pub(crate) fn pmf(&self, l: DoubleDouble, better: DoubleDouble) -> Scaled {
        let (r, m) = (better.high, (l - better).high);
        if r == 0.0 || m <= 0.0 {
            return self.pmf_at_end(l.high, r, m);
        }
        let mean = l * self.p + DoubleDouble::from(l.high * self.p_low);
        let above = (better - mean).high;
        let mean_worse = (l * self.worse.high + DoubleDouble::from(l.high * self.worse.low)).high;
        let deviance = deviance(r, mean.high, above) + deviance(m, mean_worse, -above);
        let stirling = stirling_error(l.high) - stirling_error(r) - stirling_error(m);
        Scaled {
            factor: libm::sqrt(l.high / (core::f64::consts::TAU * r * m)),
            exponent: stirling - deviance,
        }
    }

    /// r = 0, r = l, or r > l.
    fn pmf_at_end(&self, l: f64, r: f64, m: f64) -> Scaled {
        let (factor, exponent) = if m < 0.0 {
            (0.0, 0.0)
        } else if r == 0.0 {
            (1.0, l * self.ln_worse)
        } else {
            (1.0, l * (libm::log(self.p) + self.p_low / self.p))
        };
        Scaled { factor, exponent }
    }
}

/// Below this, the two terms of the deviance of a count do not cancel badly.
const SERIES_BELOW: f64 = 0.5;

/// x ln(x / mean) + mean - x, given `above` = x - mean to full accuracy; Loader's bd0.
///
/// With v = (x - mean) / (x + mean): ln(x / mean) = 2 artanh(v), whose series leaves positive-enough terms.
fn deviance(x: f64, mean: f64, above: f64) -> f64 {
    let v = above / (x + mean);
    if !(libm::fabs(v) < SERIES_BELOW) {
        let quotient = x / mean;
        let ln = if quotient < f64::INFINITY {
            libm::log(quotient)
        } else {
            libm::log(x) - libm::log(mean) // a mean next to the smallest double
        };
        return x * ln - above;
    }
    let square = v * v;
    let (mut power, mut sum) = (square, 0.0);
    for inverse in INVERSE_ODD {
        let term = power * inverse;
        sum += term;
        if term <= 1e-17 * sum {
            break;
        }
        power *= square;
    }
    above * v + 2.0 * x * v * sum
}

/// 1/3, 1/5, ...: enough for v^2 = 1/4.
const INVERSE_ODD: [f64; 28] = {
    let mut table = [0.0; 28];
    let mut i = 0;
    while i < table.len() {
        table[i] = 1.0 / (2 * i + 3) as f64;
        i += 1;
    }
    table
};

/// ln n! - ln(sqrt(2 pi n) (n / e)^n) for n = 0, ..., 15 (0 for n = 0), from 40-digit arithmetic.
const STIRLING_ERRORS: [f64; 16] = [
    0.0,
    0.081_061_466_795_327_26,
    0.041_340_695_955_409_3,
    0.027_677_925_684_998_34,
    0.020_790_672_103_765_093,
    0.016_644_691_189_821_193,
    0.013_876_128_823_070_748,
    0.011_896_709_945_891_77,
    0.010_411_265_261_972_096,
    0.009_255_462_182_712_733,
    0.008_330_563_433_362_87,
    0.007_573_675_487_951_841,
    0.006_942_840_107_209_53,
    0.006_408_994_188_004_207,
    0.005_951_370_112_758_847_5,
    0.005_554_733_551_962_801,
];

/// Error of Stirling's formula: a table for integers below 16, from there the asymptotic series, whose first term left
/// out is below 2e-16.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return STIRLING_ERRORS[n as usize];
    }
    let square = 1.0 / (n * n);
    let series = 1.0 / 1680.0 - square / 1188.0;
    let series = 1.0 / 1260.0 - square * series;
    let series = 1.0 / 360.0 - square * series;
    (1.0 / 12.0 - square * series) / n
}
