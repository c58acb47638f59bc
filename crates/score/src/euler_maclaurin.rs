//! Trapezoidal sums with a long stride instead of a short one.

/// Differences on so many pairs of points are taken.
pub(crate) const PAIRS: usize = 8;

/// `B_2k` / 2k, k = 1, ..., `PAIRS`, with the Bernoulli numbers.
const BERNOULLI: [f64; PAIRS] = [
    1.0 / 12.0,
    -1.0 / 120.0,
    1.0 / 252.0,
    -1.0 / 240.0,
    1.0 / 132.0,
    -691.0 / 32_760.0,
    1.0 / 12.0,
    -3617.0 / 8160.0,
];

/// What takes the trapezoidal sum with one stride, from a point on, to that with a `strides`-th of it.
///
/// With f(j) for the function j long strides after the point, smooth around it and nothing at last, and one half of f(0) in
/// both sums,
///
/// short stride times its sum = long stride times (its sum + w(1) (f(1) - f(-1)) + w(2) (f(2) - f(-2)) + ...).
///
/// By Euler-Maclaurin the difference is the sum of `B_2k` / (2k)! times the (2k - 1)-th derivative times the 2k-th power of
/// the stride, k = 1, 2, .... The derivatives are those of the polynomial through all the points: where f changes by a factor
/// of exp(0.35) from one of them to the next, the error is 1e-14 of the sum.
pub(crate) const fn weights(strides: f64) -> [f64; PAIRS] {
    let mut weights = [0.0; PAIRS];
    let (mut k, mut short) = (0, 1.0);
    while k < PAIRS {
        short /= strides * strides;
        let mut pair = 0;
        while pair < PAIRS {
            weights[pair] += (1.0 - short) * DERIVATIVES[k][pair];
            pair += 1;
        }
        k += 1;
    }
    weights
}

/// What the (2k - 1)-th derivative gets from each pair of points, times `B_2k` / (2k)!.
const DERIVATIVES: [[f64; PAIRS]; PAIRS] = {
    let mut derivatives = [[0.0; PAIRS]; PAIRS];
    let mut pair = 0;
    while pair < PAIRS {
        let coefficients = odd_polynomial(pair);
        let mut k = 0;
        while k < PAIRS {
            derivatives[k][pair] = BERNOULLI[k] * coefficients[k];
            k += 1;
        }
        pair += 1;
    }
    derivatives
};

/// Coefficients of x, x^3, ... in the odd polynomial that is 1 / 2 at the point of a pair, and 0 at those of all others.
const fn odd_polynomial(pair: usize) -> [f64; PAIRS] {
    let point = (pair + 1) as f64;
    let mut coefficients = [0.0; PAIRS];
    coefficients[0] = 0.5 / point;
    let mut other = 0;
    while other < PAIRS {
        if other != pair {
            let root = ((other + 1) * (other + 1)) as f64;
            let scale = 1.0 / (point * point - root);
            let mut i = PAIRS - 1;
            while i > 0 {
                coefficients[i] = (coefficients[i - 1] - root * coefficients[i]) * scale;
                i -= 1;
            }
            coefficients[0] *= -root * scale;
        }
        other += 1;
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::weights;

    /// From exact rational numbers.
    #[test]
    fn weights_for_two_strides() {
        let exact = [
            255_954_401.0,
            -98_631_259.0,
            36_755_993.0,
            -11_596_597.0,
            2_867_853.0,
            -513_447.0,
            58_773.0,
            -3217.5,
        ];
        for (weight, exact) in weights(2.0).into_iter().zip(exact) {
            assert!((weight - exact / 2f64.powi(32)).abs() < 1e-16, "{weight}");
        }
    }

    /// Sums of exp(-0.35 x), x = 0, 1/s, 2/s, ..., from those with x = 0, 1, ....
    #[test]
    fn geometric_series() {
        for strides in [2.0, 3.0, 10.0, 40.0] {
            let f = |x: f64| (-0.35 * x).exp();
            let sum = |stride: f64| stride * (1.0 / (1.0 - f(stride)) - 0.5);
            let corrections = weights(strides).into_iter().zip(1u8..);
            let difference: f64 = corrections
                .map(|(weight, j)| weight * (f(f64::from(j)) - f(-f64::from(j))))
                .sum();
            let error = sum(1.0) + difference - sum(1.0 / strides);
            assert!(error.abs() < 1e-14 * sum(1.0), "{strides}: {error}");
        }
    }
}
