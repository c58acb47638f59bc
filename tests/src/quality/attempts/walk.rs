//! The way of a paused trial through the arrivals of its rung, step by step.

use super::Arguments;

/// What the chance of being promoted is turned into.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Worth {
    /// The expected loss: level times probability.
    #[default]
    Loss,
    /// The expected loss over the time for which the slot is held, until the trial is promoted or
    /// the run ends: what a slot earns while it is not free.
    PerSlot,
    /// The largest such rate of any time after which the checkpoint is given up after all.
    Index,
}

/// Promotion after l arrivals, for each l at which it can come first.
///
/// h(l) and w(l) are those of the rank-aware score: h the chance that the trial can be promoted
/// after exactly l arrivals, w that so many still come. For alpha = 1 / eta they are exact; for
/// another alpha h is near, since the walk may then jump over the boundary.
#[derive(Debug)]
pub struct Walk {
    expected: f64,
    /// Sums up to each step: chance of promotion in time, arrivals during which the slot is held.
    steps: Vec<(f64, f64)>,
    /// Logarithm of what the chances are to be multiplied by.
    ln_scale: f64,
}

/// Chances that so many arrivals still come, below which the walk ends. They are found by
/// subtraction from 1, so this is far above the rounding errors of that.
const LEAST_CHANCE: f64 = 1e-9;

impl Walk {
    /// Follows the walk until hardly any more arrivals come.
    #[must_use]
    pub fn new(arguments: &Arguments) -> Self {
        let mut walk = Self {
            expected: arguments.expected,
            steps: Vec::new(),
            ln_scale: 0.0,
        };
        let (a, b) = arguments.promotion_quantile;
        let (k, n) = (arguments.rank, arguments.rung_len);
        if b * k > a * n {
            walk.follow(arguments);
        } else {
            walk.steps.push((1.0, 0.0));
        }
        walk
    }

    fn follow(&mut self, arguments: &Arguments) {
        let (a, b) = arguments.promotion_quantile;
        let (k, n) = (arguments.rank, arguments.rung_len);
        let distance = (b * k - a * n) as f64 / a as f64;
        let arrivals = |r: u64| (b * (k + r) - a * n).div_ceil(a);
        let gaps = arguments.better_gaps;
        let mut still = StillToCome::new(arguments);
        let (mut l, mut r) = (arrivals(0), 0);
        // The first step, in logarithms: none of the first l arrivals is better.
        let ln_first = (0..l)
            .map(|i| ln_ratio(n + 1 - gaps + i, n + 1 + i))
            .sum::<f64>();
        self.ln_scale = ln_first + libm::log(distance / l as f64);
        let (mut chance, mut promoted, mut held) = (1.0, 0.0, 0.0);
        let mut alive = 1.0;
        loop {
            held += alive * still.sum_until(l);
            if still.chance < LEAST_CHANCE {
                self.steps.push((promoted, held));
                return;
            }
            promoted += chance * still.chance;
            alive = (alive - chance * libm::exp(self.ln_scale)).max(0.0);
            self.steps.push((promoted, held));
            let next = arrivals(r + 1);
            chance *= step_ratio((gaps, n), (l, r), next);
            if chance > 1e200 {
                self.rescale(&mut chance, &mut promoted);
            }
            (l, r) = (next, r + 1);
        }
    }

    fn rescale(&mut self, chance: &mut f64, promoted: &mut f64) {
        const FACTOR: f64 = 1e-200;
        *chance *= FACTOR;
        *promoted *= FACTOR;
        self.ln_scale -= libm::log(FACTOR);
        for step in &mut self.steps {
            step.0 *= FACTOR;
        }
    }

    /// Logarithm of the time for which the slot is held, in units of the time that is left, in which
    /// the expected arrivals come. Minus infinity for a trial that can be promoted at once.
    #[must_use]
    pub fn ln_time_held(&self) -> f64 {
        let held = self.steps.last().map_or(0.0, |step| step.1);
        libm::log(held / self.expected)
    }

    /// Logarithm of the largest chance of promotion over the time held, of all times after which
    /// the checkpoint could be given up. Infinite for a trial that can be promoted at once.
    #[must_use]
    pub fn ln_best_rate(&self) -> f64 {
        let rates = self.steps.iter().map(|&(promoted, held)| promoted / held);
        libm::log(rates.fold(0.0, f64::max)) + self.ln_scale + libm::log(self.expected)
    }
}

fn ln_ratio(part: u64, whole: u64) -> f64 {
    libm::log(part as f64 / whole as f64)
}

/// h at the next step over h at this one, `r` better among `l` arrivals.
fn step_ratio((gaps, n): (u64, u64), (l, r): (u64, u64), next: u64) -> f64 {
    let gap = next - l;
    let (better, worse, all) = (
        (gaps + r) as f64,
        (n + 1 - gaps + l - r) as f64,
        (n + 1 + l) as f64,
    );
    let (l, r) = (l as f64, r as f64);
    // distance / l, then C(l, r), then the Beta function, whose arguments are better and worse.
    let mut ratio = l / (l + gap as f64) * better / (r + 1.0);
    for i in 0..gap {
        let i = i as f64;
        ratio *= (l + i + 1.0) / (all + i);
        if i + 1.0 < gap as f64 {
            ratio *= (worse + i) / (l - r + i + 1.0);
        }
    }
    ratio
}

/// How many arrivals still come: negative binomial (n + 1, f) with the expected number as mean.
struct StillToCome {
    shape: f64,
    /// 1 - f.
    left: f64,
    number: u64,
    /// P(at least `number` come).
    chance: f64,
    /// P(exactly `number` come), times exp(-ln_scale) while that is below the range of doubles.
    exactly: f64,
    ln_scale: f64,
}

impl StillToCome {
    fn new(arguments: &Arguments) -> Self {
        let shape = arguments.rung_len as f64 + 1.0;
        let left = arguments.expected / (arguments.expected + shape);
        Self {
            shape,
            left,
            number: 0,
            chance: 1.0,
            exactly: 1.0,
            ln_scale: shape * libm::log1p(-left),
        }
    }

    /// Moves on to a larger number l; returns the sum of P(more than j come) over the j from the
    /// last number up to l - 1.
    fn sum_until(&mut self, l: u64) -> f64 {
        let mut sum = 0.0;
        while self.number < l && self.chance >= LEAST_CHANCE {
            self.raise();
            if self.ln_scale == 0.0 {
                self.chance = (self.chance - self.exactly).max(0.0);
            }
            let number = self.number as f64;
            self.exactly *= (self.shape + number) / (number + 1.0) * self.left;
            self.number += 1;
            sum += self.chance;
        }
        sum
    }

    /// Does without the scale as soon as that is possible.
    fn raise(&mut self) {
        const SMALLEST: f64 = -600.0;
        if self.ln_scale == 0.0 {
            return;
        }
        if self.ln_scale > SMALLEST {
            self.exactly *= libm::exp(self.ln_scale);
            self.ln_scale = 0.0;
        } else if self.exactly > 1e100 {
            self.ln_scale += libm::log(self.exactly);
            self.exactly = 1.0;
        }
    }
}
