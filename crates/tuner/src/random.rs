//! Random numbers that depend on the seed, the number of the trial and the purpose alone.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// What random numbers are drawn for; each purpose has numbers of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Values of a configuration.
    Configuration,
    /// The bracket of a trial.
    Bracket,
    /// The learning curve of a trial.
    Curve,
    /// One of the configurations that are left, for a trial.
    Left,
    /// The curve that another one goes on with.
    Donor,
}

/// Random numbers for one trial and purpose.
///
/// PCG XSL RR 128/64 (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically
/// Good Algorithms for Random Number Generation"). No stream position is kept between trials, so
/// nothing but the seed and the number of a trial is needed to draw for it again.
#[derive(Debug)]
pub(crate) struct Draws(Pcg64);

impl Draws {
    pub(crate) fn new(seed: u64, trial: u64, purpose: Purpose) -> Self {
        let purpose = match purpose {
            Purpose::Configuration => 1,
            Purpose::Bracket => 2,
            Purpose::Curve => 3,
            Purpose::Left => 4,
            Purpose::Donor => 5,
        };
        // Seeds and trials that are neighbours must not give generators that are.
        let high = mixed(mixed(mixed(seed) ^ trial) ^ purpose);
        let state = u128::from(high) << 64 | u128::from(mixed(high));
        Self(Pcg64::new(state, 0))
    }

    /// Uniform on [0, 1), a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, at most 6.8 away from 0, from one random number.
    ///
    /// Direction and distance of a point in the plane, from two independent uniform numbers of 32 bits each (Box and Muller 1958, "A
    /// Note on the Generation of Random Normal Deviates").
    pub(crate) fn normal(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let unit = |bits: u64| (bits as f64 + 0.5) / (1u64 << 32) as f64;
        let (radius, angle) = (unit(bits >> 32), unit(bits & 0xFFFF_FFFF));
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(2.0 * std::f64::consts::PI * angle)
    }

    /// Uniform on 0..`count`, up to a bias of `count` / 2^64. `count` is 1 to 2^64.
    pub(crate) fn below(&mut self, count: u128) -> u64 {
        ((u128::from(self.0.next_u64()) * count) >> 64) as u64
    }
}

/// One step of `SplitMix64` (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number
/// Generators"): a bijection in which each bit depends on all others.
fn mixed(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, trial: u64, purpose: Purpose) -> u64 {
        Draws::new(seed, trial, purpose).0.next_u64()
    }

    /// First output for state 0 of the published `SplitMix64` programme.
    #[test]
    fn mixing_is_splitmix() {
        assert_eq!(mixed(0), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn seeds_trials_and_purposes_are_kept_apart() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..20 {
            for trial in 0..20 {
                seen.insert(first(seed, trial, Purpose::Configuration));
                seen.insert(first(seed, trial, Purpose::Bracket));
            }
        }
        assert_eq!(seen.len(), 800);
    }

    #[test]
    fn ranges_are_kept() {
        let mut draws = Draws::new(1, 2, Purpose::Bracket);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            assert!((0.0..1.0).contains(&draws.unit()));
            counts[draws.below(3) as usize] += 1;
        }
        // A fair draw leaves 850..=1150 with probability below 1e-8; the seed is fixed.
        assert!(counts.iter().all(|count| (850..=1150).contains(count)));
        draws.below(1 << 64);
        assert_eq!(draws.below(1), 0);
    }
}
