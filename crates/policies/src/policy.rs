use rungkeeper_estimators::LevelEstimators;
use rungkeeper_rung_model::{ArrivalData, Candidate};

use crate::{Choice, Need, PolicyError, choose_cheapest};

/// Chooses which checkpoints are given up.
///
/// A policy is a function of what it has been shown: the same calls in the same order give the same
/// choices, on every platform.
///
/// ```
/// use rungkeeper_policies::{Candidate, PolicyError, RemovalPolicy};
///
/// /// Gives up what took least to train.
/// struct CheapestToTrain;
///
/// impl RemovalPolicy for CheapestToTrain {
///     fn name(&self) -> &'static str {
///         "cheapest_to_train"
///     }
///
///     fn ln_losses(&self, candidates: &[Candidate<'_>], _: f64) -> Result<Vec<f64>, PolicyError> {
///         Ok(candidates.iter().map(|candidate| (candidate.level as f64).ln()).collect())
///     }
/// }
///
/// rungkeeper_policies::conformance::check(&|| Box::new(CheapestToTrain));
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

    /// Natural logarithm of what the policy expects to lose with each candidate's checkpoint, in
    /// the order of the candidates. A policy that estimates no cost
    /// ([`RemovalPolicy::estimates_costs`]) answers with whatever its order minimizes.
    ///
    /// `time_ratio` is what is left of the run over what is used, at least 0.
    ///
    /// # Errors
    ///
    /// A candidate or a time ratio outside its domain.
    fn ln_losses(
        &self,
        candidates: &[Candidate<'_>],
        time_ratio: f64,
    ) -> Result<Vec<f64>, PolicyError>;

    /// Chooses what is given up, first to go first; all candidates if there are not enough. By
    /// default those of lowest [`RemovalPolicy::ln_losses`], as [`choose_cheapest`] does.
    ///
    /// # Errors
    ///
    /// As [`RemovalPolicy::ln_losses`].
    fn choose(
        &mut self,
        candidates: &[Candidate<'_>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice>, PolicyError> {
        choose_of_all(self, candidates, need, time_ratio)
    }

    /// Whether [`RemovalPolicy::choose`] must be shown all candidates. If not, it chooses the same
    /// when of each rung only the worst-ranked are shown, as many as must go: that is so where of
    /// two trials in one rung the worse-ranked always goes first. True by default.
    fn needs_all(&self, _need: Need) -> bool {
        true
    }

    /// Whether [`RemovalPolicy::ln_losses`] are costs in resource units; then each
    /// [`Choice`] names its own. True by default.
    fn estimates_costs(&self) -> bool {
        true
    }

    /// The estimators of p, if the policy has any.
    fn estimators(&self) -> Option<&LevelEstimators> {
        None
    }
}

/// Chooses the cheapest, with the losses of all candidates.
pub(crate) fn choose_of_all<P: RemovalPolicy + ?Sized>(
    policy: &P,
    candidates: &[Candidate<'_>],
    need: Need,
    time_ratio: f64,
) -> Result<Vec<Choice>, PolicyError> {
    if need.is_none() {
        return Ok(Vec::new());
    }
    let losses = policy.ln_losses(candidates, time_ratio)?;
    Ok(choose_cheapest(candidates, &losses, need))
}

impl<P: RemovalPolicy + ?Sized> RemovalPolicy for Box<P> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        (**self).observe(data)
    }

    fn ln_losses(
        &self,
        candidates: &[Candidate<'_>],
        time_ratio: f64,
    ) -> Result<Vec<f64>, PolicyError> {
        (**self).ln_losses(candidates, time_ratio)
    }

    fn choose(
        &mut self,
        candidates: &[Candidate<'_>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice>, PolicyError> {
        (**self).choose(candidates, need, time_ratio)
    }

    fn needs_all(&self, need: Need) -> bool {
        (**self).needs_all(need)
    }

    fn estimates_costs(&self) -> bool {
        (**self).estimates_costs()
    }

    fn estimators(&self) -> Option<&LevelEstimators> {
        (**self).estimators()
    }
}
