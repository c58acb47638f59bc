//! A score put together from ideas.

use anyhow::Result;
use rungkeeper_rung_model::Candidate;

use super::{Arguments, Known, Rates, Walk, Worth};
use crate::attempt::{Attempt, View};

/// The rank-aware score with known arrivals, another rate of arrivals, or another worth of a slot;
/// by default it is the rank-aware score itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Composed {
    /// Which arrivals are known beforehand.
    pub known: Known,
    /// How many are expected.
    pub rates: Rates,
    /// What the probability is turned into.
    pub worth: Worth,
}

impl Composed {
    fn ln_loss(&self, view: &View<'_>, expected: &[f64], candidate: &Candidate<'_>) -> Result<f64> {
        if candidate.bad_metric {
            return Ok(f64::NEG_INFINITY);
        }
        let rung = view.rung_of(candidate);
        let arguments = Arguments {
            expected: expected[rung],
            ..Arguments::of(candidate, view.time_ratio)
        };
        let arguments = self.known.applied(view, candidate, arguments);
        let worth = self.worth.ln(&arguments)?;
        Ok(libm::log(candidate.level as f64) + worth)
    }
}

impl Attempt for Composed {
    fn ln_losses(&mut self, view: &View<'_>) -> Result<Vec<f64>> {
        let expected = self.rates.expected(view);
        let losses = view.candidates.iter();
        losses
            .map(|candidate| self.ln_loss(view, &expected, candidate))
            .collect()
    }

    /// Without occupancy, of two trials in a rung the worse-ranked one is worth less.
    fn needs_all(&self) -> bool {
        self.worth != Worth::Loss
    }
}

impl Worth {
    fn ln(self, arguments: &Arguments) -> Result<f64> {
        match self {
            Self::Loss => super::walk::ln_probability(arguments),
            _ => Ok(Walk::new(arguments).ln_worth(self)),
        }
    }
}
