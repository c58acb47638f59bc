//! Whether the walk ever comes down.

use crate::double_double::DoubleDouble;

/// -ln x, x being the smallest positive root of p x^eta - x + 1 - p = 0; 0 (x = 1) where p <= 1/eta.
///
/// x^d is the probability that a walk with an endless horizon ever comes down from d. With u = -ln x and
/// psi(v) = -ln((1 - e^-v) / v) the equation reads psi(eta u) - psi(u) = ln(eta p), where nothing cancels as u goes to 0;
/// eta p - 1 is taken exactly. psi is concave and Newton's method comes from the left. For eta of no more than 64 the
/// result is right to about an ulp.
pub(super) fn minus_ln_root(eta: u64, p: f64) -> f64 {
    let eta = eta as f64;
    let excess = (DoubleDouble::product(eta, p) - DoubleDouble::from(1.0)).high;
    if excess <= 0.0 {
        return 0.0;
    }
    let target = libm::log1p(excess);
    let most = -libm::log1p(-p); // x >= 1 - p
    let mut u = most.min(2.0 * target / (eta - 1.0));
    for _ in 0..MAX_NEWTON_STEPS {
        let missing = target - (psi(eta * u) - psi(u));
        let slope = eta * psi_slope(eta * u) - psi_slope(u);
        let next = (u + missing / slope).clamp(0.5 * u, most);
        let is_settled = libm::fabs(next - u) <= f64::EPSILON * u;
        u = next;
        if is_settled {
            break;
        }
    }
    if u >= core::f64::consts::LN_2 {
        far_from_one(eta as u64, p, u)
    } else if eta <= MAX_POLISHED_ETA {
        near_one(eta as u64, p, u)
    } else {
        u
    }
}

/// Up to here the root is followed by a step in pairs of doubles: x^d is to be right to 1e-12 down to 1e-300.
const MAX_POLISHED_ETA: f64 = 64.0;

/// One step of Newton's method for p (1 + x + ... + x^(eta - 1)) = 1, which is the equation divided by 1 - x, from the
/// nearest double to a root of about 30 digits.
fn near_one(eta: u64, p: f64, u: f64) -> f64 {
    let y = -libm::expm1(-u);
    let x = DoubleDouble::sum(1.0, -y);
    // -ln(1 - y - step) for a step far below the last place of 1 - y.
    -libm::log1p(-y) + newton_step(eta, p, x) / x.high
}

/// The same for x of at most about 1/2, where u may have few digits, since psi(eta u) - psi(u) hardly rises. Steps are
/// taken until the next one would change nothing.
fn far_from_one(eta: u64, p: f64, u: f64) -> f64 {
    let mut x = libm::exp(-u);
    for _ in 0..MAX_NEWTON_STEPS {
        let step = newton_step(eta.min(MAX_POWERS), p, x.into());
        x -= step;
        if libm::fabs(step) <= 1e-9 * x {
            break;
        }
    }
    -libm::log(x)
}

/// Later powers of 1/2 are below the last place of pairs of doubles.
const MAX_POWERS: u64 = 128;

/// By how much x is to be reduced.
fn newton_step(eta: u64, p: f64, x: DoubleDouble) -> f64 {
    let (mut sum, mut slope) = (DoubleDouble::from(1.0), 0.0);
    for _ in 1..eta {
        slope = slope * x.high + sum.high;
        sum = sum * x + DoubleDouble::from(1.0);
    }
    let excess = (sum * p - DoubleDouble::from(1.0)).high;
    excess / (p * slope)
}

/// Newton's method needs fewer than ten where the result matters.
const MAX_NEWTON_STEPS: u32 = 60;

/// -ln((1 - e^-v) / v) = v/2 - ln(sinh(v/2) / (v/2)).
fn psi(v: f64) -> f64 {
    if v >= 0.25 {
        return libm::log(v / -libm::expm1(-v));
    }
    let half = 0.5 * v;
    let square = half * half;
    let series = 1.0 / 2835.0 - square * (1.0 / 37800.0 - square / 467_775.0);
    half - square * (1.0 / 6.0 - square * (1.0 / 180.0 - square * series))
}

/// The derivative of psi, good enough to steer by.
fn psi_slope(v: f64) -> f64 {
    if v < 1e-3 {
        0.5 - v / 12.0
    } else {
        1.0 / v - 1.0 / libm::expm1(v)
    }
}

#[cfg(test)]
mod tests {
    use super::minus_ln_root;

    #[test]
    fn roots_for_two_are_known() {
        // p x^2 - x + 1 - p = (x - 1) (p x - (1 - p))
        for p in [0.5 + 1e-12, 0.500_001, 0.51, 0.6, 0.75] {
            let exact = -libm::log1p((1.0 - 2.0 * p) / p);
            let u = minus_ln_root(2, p);
            assert!((u / exact - 1.0).abs() < 4e-15, "{p}: {u} {exact}");
        }
        assert_eq!(minus_ln_root(2, 0.5), 0.0);
        assert_eq!(minus_ln_root(3, 1.0 / 3.0), 0.0); // the double is below a third
    }

    /// Next to p = 1 the root is 1 - p and hardly more, and its logarithm as exact as elsewhere.
    #[test]
    fn tiny_roots_are_exact() {
        let all = [2, 3, 64, 65, 1000].into_iter();
        for (eta, exponent) in all.flat_map(|eta| (1..=15).map(move |exponent| (eta, exponent))) {
            let p = 1.0 - 10f64.powi(-exponent);
            // p x (1 + x + ... + x^(eta - 2)) = 1 - p, of which a few powers are enough
            let mut x = 0.0;
            for _ in 0..40 {
                let powers = (2..eta.min(60)).fold(1.0, |sum, _| 1.0 + x * sum);
                x = (1.0 - p) / (p * powers);
            }
            let u = minus_ln_root(eta, p);
            let exact = -libm::log(x);
            assert!((u / exact - 1.0).abs() < 1e-15, "{eta} {p}: {u} {exact}");
        }
    }

    #[test]
    fn roots_solve_their_equation() {
        for (eta, p) in [
            (3u64, 0.334),
            (3, 0.4),
            (10, 0.11),
            (1000, 0.002),
            (1_000_000, 0.05),
        ] {
            let u = minus_ln_root(eta, p);
            let left = -p * libm::expm1(-(eta as f64) * u);
            let right = -libm::expm1(-u);
            assert!(
                (left / right - 1.0).abs() < 1e-14,
                "{eta} {p}: {left} {right}"
            );
        }
    }
}
