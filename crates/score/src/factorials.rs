//! A table of factorials.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    double_double::DoubleDouble,
    wide::{Wide, WideDoubleDouble},
};

/// The longest table, of 8 MB.
pub(crate) const MOST: u64 = 1 << 19;

/// 0!, 1!, 2!, ..., each right to the last bit but one.
///
/// They are the same for all that is scored, so the longest table that was needed is kept for the life of the program.
#[derive(Debug, Clone)]
pub(crate) struct Factorials(Arc<[Wide]>);

static KEPT: Mutex<Option<Factorials>> = Mutex::new(None);

impl Factorials {
    /// At least up to `most`!, which is at most [`MOST`]!.
    pub(crate) fn up_to(most: u64) -> Self {
        debug_assert!(most <= MOST);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(factorials) if factorials.reach(most) => factorials.clone(),
            _ => kept
                .insert(Self::computed(most.next_power_of_two().min(MOST)))
                .clone(),
        }
    }

    /// Whether `most`! is in the table.
    pub(crate) fn reach(&self, most: u64) -> bool {
        most < self.0.len() as u64
    }

    fn computed(most: u64) -> Self {
        let mut table = Vec::with_capacity(most as usize + 1);
        let mut last = WideDoubleDouble::ONE;
        table.push(last.rounded());
        for i in 1..=most {
            last = last.times(WideDoubleDouble::new(DoubleDouble::from(i as f64)));
            table.push(last.rounded());
        }
        Self(table.into())
    }

    /// n! / (n + `stride`)!, n = 0, 1, ..., up to the one with `most`!. They are above 2^-1000.
    pub(crate) fn falls(&self, stride: usize, most: u64) -> Vec<f64> {
        let all = &self.0[..=most as usize];
        let pairs = all.iter().zip(all.get(stride..).unwrap_or_default());
        pairs.map(|(&less, &more)| (less / more).over(0)).collect()
    }

    /// n!
    #[inline]
    pub(crate) fn of(&self, n: u64) -> Wide {
        self.0[n as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Factorials;

    #[test]
    fn small_ones_are_exact_and_large_ones_are_not_far() {
        let factorials = Factorials::up_to(100_000);
        let mut exact = 1.0;
        for n in 1..=18u64 {
            exact *= n as f64;
            assert_eq!(factorials.of(n).over(0), exact);
        }
        // From 40-digit arithmetic.
        let ln = factorials.of(100_000).ln();
        assert!((ln - 1_051_299.221_899_122).abs() < 1e-9, "{ln}");
    }
}
