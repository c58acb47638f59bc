//! In which order good and bad trials come.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

/// How the quality of trials changes as a run goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arrivals {
    /// Not at all: each is drawn alike.
    Random,
    /// Later ones are better, as those of a search that learns.
    Improving,
    /// Later ones are worse, as those of a search whose best guesses come first.
    Deteriorating,
    /// Each is a small change of the best of five among the last fifty, one in five a fresh draw.
    Evolutionary,
}

/// Share of the way from the best quality to the worst that half of the quality moves by.
const DRIFT: f64 = 0.5;

impl Arrivals {
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Random => "in random order",
            Self::Improving => "later ones are better",
            Self::Deteriorating => "later ones are worse",
            Self::Evolutionary => "small changes of the best of five among the last fifty",
        }
    }

    /// The qualities of this many trials, 0 (best) to 1, in the order in which they come.
    pub(super) fn qualities(self, trials: usize, random: &mut impl Rng) -> Vec<f64> {
        let mut qualities: Vec<f64> = Vec::with_capacity(trials);
        for trial in 0..trials {
            let (fresh, time) = (random.random::<f64>(), trial as f64 / trials as f64);
            qualities.push(match self {
                Self::Random => fresh,
                Self::Improving => (1.0 - DRIFT) * fresh + DRIFT * (1.0 - time),
                Self::Deteriorating => (1.0 - DRIFT) * fresh + DRIFT * time,
                Self::Evolutionary if trial < 20 || random.random_bool(0.2) => fresh,
                Self::Evolutionary => changed(parent(&qualities, random), random),
            });
        }
        qualities
    }
}

fn parent(qualities: &[f64], random: &mut impl Rng) -> f64 {
    let last = &qualities[qualities.len().saturating_sub(50)..];
    let five = (0..5).map(|_| last[random.random_range(0..last.len() as u64) as usize]);
    five.fold(f64::INFINITY, f64::min)
}

fn changed(quality: f64, random: &mut impl Rng) -> f64 {
    let change = Normal::new(0.0, 0.05).expect("a positive deviation");
    (quality + change.sample(random)).abs().min(1.0)
}
