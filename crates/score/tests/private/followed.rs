//! The bound on what is left out is one, and not much more.

use super::*;
use crate::{
    binomial::Chance,
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
                    let mut sum = ScaledSum::default();
                    for better in top + 1..top + 20_000 {
                        let arrivals = DoubleDouble::from_integer(walk.arrivals_at(better));
                        sum.add(chance.pmf(arrivals, (better as f64).into()));
                    }
                    let (sum, bound) = (sum.total().ln(), ln_rest_bound(&passages, top));
                    let place = (a, b, d, p, top);
                    assert!(bound >= sum - 1e-9, "{place:?}: {bound} {sum}");
                    // Terms fall from here on where they are beyond their mode; a bound of Chernoff lacks the root.
                    let is_beyond = top as f64 > 1.05 * p * walk.arrivals_at(top) as f64;
                    if is_beyond {
                        finite += 1;
                        let root = 0.5 * (2.0 * core::f64::consts::TAU * top as f64).ln();
                        let rounded_up = -(1.0 - a as f64 / b as f64).ln();
                        assert!(
                            bound <= sum + root + rounded_up + 2.0,
                            "{place:?}: {bound} {sum}"
                        );
                    }
                }
            }
        }
    }
    assert!(finite > 80, "{finite}");
}
