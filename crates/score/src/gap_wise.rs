//! A few first passages for alpha = a/b, gap by gap, in probabilities relative to that of the first.
//!
//! With m(i, r) as in [`step_wise`](crate::step_wise), the table m(i, .) / (1 - p)^`l_0` follows from the one before by a
//! short convolution with the binomial weights of g = `l_i` - `l_{i-1}` arrivals, and g is floor(b / a) or one more. The
//! first passage at i = 0 has the value 1, so what underflows beside it is negligible.

use crate::{binomial::Chance, double_double::EXACT, walk::Walk};

/// Most arrivals in a gap: beyond, a convolution is no longer short.
const MAX_GAP: usize = 16;

/// No more better arrivals than this are followed: rounding errors add up to less than 2e-13.
const MAX_TOP: u64 = 256;

/// Memory for the table, one for many walks. The entry of r better arrivals is at [`MAX_GAP`] + r.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    at: Vec<f64>,
    next: Vec<f64>,
}

impl Tables {
    /// The sum over the first passages with at most `top` better arrivals, divided by (1 - p)^`l_0`. None where other
    /// methods are needed.
    pub(crate) fn passage(&mut self, walk: &Walk, chance: &Chance, top: u64) -> Option<f64> {
        let gap = usize::try_from(walk.b / walk.a).ok()?;
        if gap >= MAX_GAP || top > MAX_TOP || walk.arrivals_at(top) >= EXACT {
            return None;
        }
        let weights = [gap, gap + 1].map(|gap| binomial_weights(gap, chance));
        self.begin(walk.arrivals_at(0) as f64, chance, top as usize);
        let (mut sum, mut arrivals) = (1.0, walk.arrivals_at(0));
        for i in 1..=top {
            let after = walk.arrivals_at(i);
            let longer = after - arrivals > gap as u128;
            arrivals = after;
            sum += self.advance(i as usize, gap, longer, &weights[usize::from(longer)]);
        }
        sum.is_finite().then_some(sum)
    }

    /// P(Bin(`l_0`, p) = r) / (1 - p)^`l_0` for r = 1, ..., `top`; r = 0 is the first passage, and out.
    fn begin(&mut self, arrivals: f64, chance: &Chance, top: usize) {
        let size = MAX_GAP + top + 1;
        for table in [&mut self.at, &mut self.next] {
            table.clear();
            table.resize(size, 0.0);
        }
        let odds = chance.p / chance.worse.high;
        let mut entry = 1.0;
        for (r, place) in (1..).zip(&mut self.at[MAX_GAP + 1..]) {
            let r = f64::from(r);
            entry *= (arrivals - (r - 1.0)) * odds / r;
            *place = entry;
        }
    }

    /// From i - 1 to i better arrivals; returns the first passage there, which is out then.
    fn advance(&mut self, i: usize, gap: usize, longer: bool, weights: &Weights) -> f64 {
        match gap + usize::from(longer) {
            1 => self.convolve::<2>(i, weights),
            2 => self.convolve::<3>(i, weights),
            3 => self.convolve::<4>(i, weights),
            4 => self.convolve::<5>(i, weights),
            _ => self.convolve::<{ MAX_GAP + 1 }>(i, weights),
        }
        core::mem::swap(&mut self.at, &mut self.next);
        core::mem::take(&mut self.at[MAX_GAP + i])
    }

    fn convolve<const TAPS: usize>(&mut self, i: usize, weights: &Weights) {
        let mut taps = [0.0; TAPS];
        taps.copy_from_slice(&weights[..TAPS]);
        let first = MAX_GAP + i;
        self.next[first - 1] = 0.0;
        let windows = self.at[first + 1 - TAPS..].windows(TAPS);
        for (next, window) in self.next[first..].iter_mut().zip(windows) {
            let mut sum = 0.0;
            for (tap, entry) in taps.iter().zip(window.iter().rev()) {
                sum += tap * entry;
            }
            *next = sum;
        }
    }
}

/// Of h better among the arrivals of a gap, for h = 0, 1, ...; 0 beyond.
type Weights = [f64; MAX_GAP + 1];

fn binomial_weights(gap: usize, chance: &Chance) -> Weights {
    let (better, worse) = (chance.p, chance.worse.high);
    let mut weights = [0.0; MAX_GAP + 1];
    weights[0] = 1.0;
    for arrivals in 1..=gap {
        for h in (1..=arrivals).rev() {
            weights[h] = weights[h] * worse + weights[h - 1] * better;
        }
        weights[0] *= worse;
    }
    weights
}
