use alloc::vec::Vec;

use rungkeeper_estimators::LevelEstimators;
use rungkeeper_rung_model::{ArrivalData, RungView};

use crate::{Choice, ExpectedCost, Need, PolicyError};

/// Chooses which checkpoints are removed.
///
/// A policy is a function of what it has been shown: the same calls in the same order give the same
/// choices, on every platform. One that removes what costs least is made of an [`ExpectedCost`] by
/// [`Cheapest`](crate::Cheapest).
///
/// ```
/// use rungkeeper_policies::{Choice, Need, PolicyError, RemovalPolicy, RungView, choose_in_order};
///
/// /// Removes what takes most room.
/// struct LargestFirst;
///
/// impl RemovalPolicy for LargestFirst {
///     fn name(&self) -> &'static str {
///         "largest_first"
///     }
///
///     fn choose<'m>(
///         &mut self,
///         rungs: &[RungView<'m>],
///         need: Need,
///         _time_ratio: f64,
///     ) -> Result<Vec<Choice<'m>>, PolicyError> {
///         let all = rungs.iter().enumerate();
///         let of = |(place, rung): (usize, &RungView<'m>)| rung.worst_first().map(move |it| (place, it));
///         let mut order: Vec<_> = all.flat_map(of).collect();
///         order.sort_by_key(|(_, it)| (it.metric.is_some(), u64::MAX - it.bytes, it.trial_id));
///         Ok(choose_in_order(order, need))
///     }
/// }
///
/// rungkeeper_policies::conformance::check(&|| Box::new(LargestFirst));
/// ```
pub trait RemovalPolicy: Send {
    /// Name of the policy, as in experiment files and event logs.
    fn name(&self) -> &'static str;

    /// Learns from an arrival at a rung. Does nothing by default.
    ///
    /// # Errors
    ///
    /// Data that cannot be taken; the policy is then as before.
    fn observe(&mut self, _data: &ArrivalData) -> Result<(), PolicyError> {
        Ok(())
    }

    /// Chooses what is removed, first to go first; all candidates if there are not enough.
    ///
    /// `time_ratio` is what is left of the run over what is used, at least 0.
    ///
    /// # Errors
    ///
    /// A rung or a time ratio outside the domain of the policy.
    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError>;

    /// The cost by which the policy chooses. `None`, the default: it estimates none.
    fn cost(&self) -> Option<&dyn ExpectedCost> {
        None
    }

    /// The estimators of p, if the policy has any.
    fn estimators(&self) -> Option<&LevelEstimators> {
        None
    }
}
