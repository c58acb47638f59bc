//! What learning curves look like.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

/// The form of the curves of a generator: losses that fall as the resource r grows.
///
/// Each has a quality q, 0 (best) to 1, which its loss approaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// q + a r^-b with a and b of its own, and noise of 0.02.
    PowerLaw,
    /// As the power laws, but what ends well begins badly.
    Crossing,
    /// Exponentials, rounded to twenty values between 0 and 1.
    Ties,
    /// Nothing learned until a resource of its own, then q at once.
    LateJump,
    /// Qualities that differ by less than the noise.
    MostlyNoise,
    /// q + r^-1/2 and next to no noise: the order is known from the first rung on.
    NearlyNoiseless,
}

impl Shape {
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::PowerLaw => "power laws of heights and slopes of their own",
            Self::Crossing => "power laws; what ends well begins badly",
            Self::Ties => "exponentials with twenty different values",
            Self::LateJump => "nothing learned until a resource of its own, then all",
            Self::MostlyNoise => "power laws whose differences are smaller than the noise",
            Self::NearlyNoiseless => "one power law at different heights",
        }
    }

    /// The losses of a trial of a quality at each resource.
    pub(super) fn losses(self, quality: f64, resources: &[u64], random: &mut impl Rng) -> Vec<f64> {
        let (height, slope) = (random.random::<f64>(), random.random::<f64>());
        let normal = Normal::new(0.0, 1.0).expect("a positive deviation");
        let largest = resources[resources.len() - 1] as f64;
        resources
            .iter()
            .map(|&resource| {
                let (r, noise) = (resource as f64, normal.sample(random));
                match self {
                    Self::PowerLaw => {
                        quality + (0.5 + height) * r.powf(-0.2 - 0.6 * slope) + 0.02 * noise
                    }
                    Self::Crossing => {
                        let start = 1.2 - quality + 0.3 * height;
                        quality + start * r.powf(-0.1 - 0.9 * slope) + 0.02 * noise
                    }
                    Self::Ties => {
                        let loss = quality + (1.0 - quality) * (-r / largest.powf(slope)).exp();
                        (20.0 * loss).round() / 20.0
                    }
                    Self::LateJump if r < largest.powf(slope) => 1.0 + 0.05 * noise,
                    Self::LateJump => quality + 0.02 * noise,
                    Self::MostlyNoise => 0.1 * quality + 0.5 * r.powf(-0.3) + 0.3 * noise,
                    Self::NearlyNoiseless => quality + r.powf(-0.5) + 1e-4 * noise,
                }
            })
            .collect()
    }
}
