//! What losing a checkpoint costs in expectation.

use alloc::boxed::Box;

use rungkeeper_estimators::LevelEstimators;
use rungkeeper_rung_model::{ArrivalData, Candidate, RungView};

use crate::PolicyError;

/// Estimates what losing a checkpoint costs; [`Cheapest`](crate::Cheapest) makes a policy of it.
///
/// ```
/// use rungkeeper_policies::{Candidate, Cheapest, ExpectedCost, PolicyError, RungCost, RungView};
///
/// /// What it takes to train again, as if every trial were resumed.
/// struct Level;
///
/// impl ExpectedCost for Level {
///     fn name(&self) -> &'static str {
///         "cheapest_to_train"
///     }
///
///     fn of_rung<'a>(&'a self, rung: RungView<'a>, _: f64) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
///         let ln_level = (rung.level() as f64).ln();
///         Ok(Box::new(move |_: &Candidate<'_>| Ok(ln_level)))
///     }
///
///     fn falls_with_rank(&self) -> bool {
///         true // equal within a rung
///     }
/// }
///
/// rungkeeper_policies::conformance::check(&|| Box::new(Cheapest(Level)));
/// ```
pub trait ExpectedCost: Send {
    /// Name of the policy that chooses by this cost, as in experiment files and event logs.
    fn name(&self) -> &'static str;

    /// Learns from an arrival at a rung. Does nothing by default.
    ///
    /// # Errors
    ///
    /// Data that cannot be taken; the cost is then as before.
    fn observe(&mut self, _data: &ArrivalData) -> Result<(), PolicyError> {
        Ok(())
    }

    /// Prepares for the candidates of one rung. `time_ratio` is what is left of the run over what is used, at least 0.
    ///
    /// # Errors
    ///
    /// A rung or a time ratio outside its domain.
    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError>;

    /// Whether of two trials in one rung the worse-ranked never costs more, rounding aside: then only the worst of each
    /// rung are priced. False by default.
    fn falls_with_rank(&self) -> bool {
        false
    }

    /// The estimators of p, if the cost has any.
    fn estimators(&self) -> Option<&LevelEstimators> {
        None
    }
}

/// The cost of each candidate of one rung at one moment; closures of a candidate are such.
pub trait RungCost {
    /// Natural logarithm of what losing this candidate's checkpoint costs in expectation, in resource units; minus infinity
    /// for nothing, never NaN. It is not asked for trials without a finite metric: they are never resumed and cost nothing.
    ///
    /// Where the cost is above `enough`, any number between the two will do instead, if that takes less time: somebody else
    /// costs less.
    ///
    /// # Errors
    ///
    /// A candidate outside its domain.
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError>;

    /// A guess at the cost, by which the candidates of several rungs are priced in an order that leaves most of the work out.
    /// It changes no choice; by default all are alike.
    fn guess(&self, _candidate: &Candidate<'_>) -> f64 {
        0.0
    }
}

impl<F: FnMut(&Candidate<'_>) -> Result<f64, PolicyError>> RungCost for F {
    fn ln_cost(&mut self, candidate: &Candidate<'_>, _enough: f64) -> Result<f64, PolicyError> {
        self(candidate)
    }
}
