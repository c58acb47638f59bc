//! The bound on what is left out is one, and not much more.

use super::*;

#[test]
fn the_rest_is_bounded() {
    let mut count = 0;
    for (a, b) in [(2u64, 5u64), (3, 4), (5, 7), (3, 1 << 11)] {
        for (rank, len) in [(3u64, 3u64), (9, 12), (40, 40)] {
            let d = i128::from(b * rank) - i128::from(a * len);
            let Ok(d) = u128::try_from(d) else { continue };
            for gaps in [rank, rank.div_ceil(3)] {
                for time_ratio in [0.3, 3.0, 300.0] {
                    let to_come = NegativeBinomial::new(time_ratio);
                    let urn = BetaBinomial {
                        gaps: gaps as f64,
                        rung_len: len as f64,
                    };
                    let walk = Walk { a, b, d };
                    let to_come = &to_come;
                    let passages = Passages { walk, urn, to_come };
                    for from in [1, 6, 50, 400] {
                        let place = (a, b, rank, len, gaps, time_ratio, from);
                        let rest = (from..from + 3000).map(|better| passages.most(better));
                        let mut sum = ScaledSum::default();
                        rest.for_each(|term| sum.add(term));
                        let (sum, bound) = (sum.total().ln(), passages.ln_rest(from));
                        let rounding = 1e-10 * sum.abs().max(1.0);
                        let come = passages.survival(passages.arrivals(from)).ln();
                        assert!(bound <= come + rounding, "{place:?}");
                        // Where all that come may lead there, the sum of what they count at most may be more than 1.
                        assert!(
                            bound >= sum.min(come) - rounding,
                            "{place:?}: {bound} {sum}"
                        );
                        count += 1;
                        if b > MAX_PERIOD {
                            continue; // nobody asks for the ratio
                        }
                        let ratio = passages.ratio_bound(from);
                        let now = passages.most(from).ln();
                        let next = passages.most(from + a).ln();
                        assert!(next - now <= ratio.ln() + rounding, "{place:?}: {ratio}");
                        // The urn forgets where it began, and the bound is met.
                        let lacking = ratio.ln() - (next - now);
                        let arrivals = passages.arrivals(from).high;
                        let most = 2.0 * (len + 1) as f64 * (b * b) as f64 / arrivals;
                        assert!(lacking <= most, "{place:?}: {lacking} {most}");
                    }
                }
            }
        }
    }
    assert!(count > 200, "{count}");
}
