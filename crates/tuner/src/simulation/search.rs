//! New trials whose curves somebody chooses as the run goes on.

use rungkeeper_tuner_hooks::BoxError;
use rungkeeper_tuner_hooks::log::Event;

/// Chooses the curve of each new trial, in place of the order that a seed draws: a search that learns, on curves whose
/// hyper-parameters are known. [`Nearest`](crate::simulation::Nearest) finds the curve of a configuration.
///
/// ```
/// use rungkeeper_tuner::simulation::{CurveSearch, NextCurve};
/// use rungkeeper_tuner_hooks::BoxError;
/// use rungkeeper_tuner_hooks::log::Event;
///
/// /// The curves from the last to the first.
/// struct Backwards(usize);
///
/// impl CurveSearch for Backwards {
///     fn next(&mut self, _trial: &str) -> Result<NextCurve, BoxError> {
///         let Some(curve) = self.0.checked_sub(1) else {
///             return Ok(NextCurve::End);
///         };
///         self.0 = curve;
///         Ok(NextCurve::Curve(curve))
///     }
///
///     fn happened(&mut self, _event: &Event) {}
/// }
/// ```
pub trait CurveSearch {
    /// The curve of a new trial. A trial that was to wait, or never comes, is asked for under the same name again.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from choosing; the run ends with it.
    fn next(&mut self, trial: &str) -> Result<NextCurve, BoxError>;

    /// An event of the run, in their order: what it can learn from.
    fn happened(&mut self, event: &Event);
}

/// The curve of a new trial.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NextCurve {
    /// The one at this position of the table.
    Curve(usize),
    /// None before more has happened.
    Wait,
    /// None, and no other trial is started.
    End,
}
