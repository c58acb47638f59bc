//! The bound on what is left out is one, and not much more.

use super::*;
use crate::{
    binomial::Chance,
    scaled::Scaled,
    walk::{Last, Walk},
};

#[test]
fn the_rest_is_bounded() {
    let mut finite = 0;
    for (a, b) in [(1u64, 3u64), (2, 5), (3, 4), (1, 40)] {
        for d in [1, 7, 300] {
            for share in [0.1, 0.5, 0.9, 0.99, 1.2] {
                let (walk, last) = (Walk { a, b, d }, Last::Vast(f64::INFINITY));
                let p: f64 = share * a as f64 / b as f64;
                let chance = Chance::new(p);
                let passages = Passages { walk, chance, last };
                for top in [16, 256, 2048] {
                    let (mut sum, mut chernoff) = (ScaledSum::default(), ScaledSum::default());
                    for better in top + 1..top + 20_000 {
                        let i = better as f64;
                        let l = (d as f64 + b as f64 * i) / a as f64;
                        let exponent =
                            i * (l * p / i).ln() + (l - i) * (l * (1.0 - p) / (l - i)).ln();
                        chernoff.add(Scaled {
                            factor: 1.0,
                            exponent,
                        });
                        let arrivals = DoubleDouble::from_integer(walk.arrivals_at(better));
                        sum.add(chance.pmf(arrivals, (better as f64).into()));
                    }
                    let (sum, bound) = (sum.total().ln(), ln_rest_bound(&passages, top));
                    let place = (a, b, d, p, top);
                    assert!(bound >= sum - 1e-9, "{place:?}: {bound} {sum}");
                    // The first of the bounds of Chernoff and the slope there bound the sum of them.
                    let by_slope = bound + (1.0 - a as f64 / b as f64).ln();
                    let chernoff = chernoff.total().ln();
                    assert!(by_slope >= chernoff - 1e-9, "{place:?}: {bound}");
                    // It is as good as that sum where terms fall fast enough to be all within it.
                    let mean = p * walk.arrivals_at(top) as f64;
                    if top as f64 > 1.05 * mean + 2.0 * mean.sqrt() {
                        finite += 1;
                        assert!(by_slope <= chernoff + 0.1, "{place:?}: {bound}");
                    }
                }
            }
        }
    }
    assert!(finite > 70, "{finite}");
}
